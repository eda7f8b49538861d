package mls

import (
	"errors"
	"testing"
)

func TestGroupInEverySuite(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 3)
		agree(t, c...)
		c[1].add([]*client{c[0], c[2]}, newClient(t, s, "late"))
		p := c[2].commit(CommitOptions{})
		c[0].follow(p.Message())
		c[1].follow(p.Message())
		agree(t, c...)
		p = c[0].commit(CommitOptions{Remove: []LeafIndex{c[1].g.Own()}})
		c[2].follow(p.Message())
		st := c[1].follow(p.Message())
		if !st.Changes().RemovedSelf || c[1].g.Active() {
			t.Fatal("the removed member does not know")
		}
		agree(t, c[0], c[2])
		c[1].refuses(c[0].seal("after"), ErrRemoved)
		restored(t, c[1].g)
	})
}

func TestProposalsByReference(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 4)
		late := newClient(t, s, "late")
		bundle := late.keyPackage()
		for _, step := range []func() ([]byte, error){
			func() ([]byte, error) { return c[1].g.ProposeUpdate(LeafOptions{}, nil) },
		} {
			m, err := step()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range []*client{c[0], c[2], c[3]} {
				if _, err := d.g.Receive(m); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, p := range []Proposal{ProposeAdd(bundle.Public), ProposeRemove(c[3].g.Own())} {
			m, err := c[i].g.Propose(p, nil)
			if err != nil {
				t.Fatal(err)
			}
			for j, d := range c {
				if j != i {
					if _, err := d.g.Receive(m); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if _, err := c[2].g.Seal(nil, nil); !errors.Is(err, ErrPendingProposals) {
			t.Fatalf("sealed with proposals waiting: %v", err)
		}
		for _, d := range c {
			d.g = restored(t, d.g)
		}
		p := c[2].commit(CommitOptions{InlineTree: true})
		if k := p.Changes(); len(k.Added) != 1 || len(k.Removed) != 1 || len(k.Updated) != 1 || !k.Path {
			t.Fatalf("changes: %+v", k)
		}
		c[0].follow(p.Message())
		c[1].follow(p.Message())
		c[3].follow(p.Message())
		g, err := Join(late.cfg, JoinOptions{Welcome: p.Welcome(), Bundles: []*KeyPackageBundle{bundle}, Key: late.key})
		if err != nil {
			t.Fatal(err)
		}
		late.g = g
		agree(t, c[0], c[1], c[2], late)
	})
}

func TestExternalJoinAndResync(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 3)
		join := func(n *client, resync bool) {
			t.Helper()
			info, err := c[0].g.GroupInfo(true)
			if err != nil {
				t.Fatal(err)
			}
			g, m, err := JoinExternal(n.cfg, ExternalJoinOptions{GroupInfo: info, Credential: n.credential(), Key: n.key, Resync: resync})
			if err != nil {
				t.Fatal(err)
			}
			c[0].follow(m)
			if !resync {
				c[2].follow(m)
			}
			st := c[1].follow(m)
			if k := st.Changes(); !k.External || k.Committer.Leaf != g.Own() {
				t.Fatalf("changes: %+v", k)
			}
			n.g = g
		}
		late := newClient(t, s, "late")
		join(late, false)
		agree(t, append(c, late)...)
		join(c[2], true)
		p := c[1].commit(CommitOptions{})
		c[0].follow(p.Message())
		c[2].follow(p.Message())
		agree(t, c...)
	})
}
