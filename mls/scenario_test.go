package mls

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestRandomOperations drives a group through random changes, stores and restores
// members at random, and compares everybody after each.
func TestRandomOperations(t *testing.T) {
	for _, s := range []Suite{X25519AES128, Hybrid} {
		t.Run(s.String(), func(t *testing.T) {
			r := mathrand.New(mathrand.NewPCG(1, 2))
			in := team(t, s, 3)
			rounds := 60
			if runtime.GOOS == "js" {
				rounds = 15
			}
			for round := range rounds {
				in = randomStep(t, r, s, in, round)
				if round%4 == 0 {
					agree(t, in...)
				}
				c := in[r.IntN(len(in))]
				c.g = restored(t, c.g)
			}
			agree(t, in...)
		})
	}
}

// randomStep proposes a few changes, lets a member commit with some more, and has
// the others follow or join.
func randomStep(t *testing.T, r *mathrand.Rand, s Suite, in []*client, round int) []*client {
	t.Helper()
	committer := in[r.IntN(len(in))]
	var joiners []*client
	var bundles []*KeyPackageBundle
	var gone []*client
	for _, c := range in {
		if c == committer || len(in)-len(gone) < 3 {
			continue
		}
		var m []byte
		var err error
		switch r.IntN(6) {
		case 0:
			m, err = c.g.ProposeUpdate(LeafOptions{}, nil)
		case 1:
			m, err = c.g.Propose(ProposeRemove(c.g.Own()), nil)
			gone = append(gone, c)
		default:
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range in {
			if d != c {
				if _, err := d.g.Receive(m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	o := CommitOptions{InlineTree: r.IntN(2) == 0, NoPath: r.IntN(3) == 0, Public: r.IntN(4) == 0}
	for i := range r.IntN(4) {
		n := newClient(t, s, fmt.Sprintf("client %d.%d", round, i))
		joiners, bundles = append(joiners, n), append(bundles, n.keyPackage())
		o.Add = append(o.Add, bundles[i].Public)
	}
	if len(in)-len(gone) > 4 && r.IntN(3) == 0 {
		for _, c := range in {
			if c != committer && !slices.Contains(gone, c) {
				o.Remove = append(o.Remove, c.g.Own())
				gone = append(gone, c)
				break
			}
		}
	}
	p := committer.commit(o)
	for _, c := range in {
		if c != committer {
			c.follow(p.Message())
		}
	}
	tree, err := committer.g.Tree()
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range joiners {
		g, err := Join(n.cfg, JoinOptions{Welcome: p.Welcome(), Tree: tree, Bundles: bundles[i : i+1], Key: n.key})
		if err != nil {
			t.Fatal(err)
		}
		n.g = g
	}
	in = slices.DeleteFunc(slices.Clone(in), func(c *client) bool { return slices.Contains(gone, c) })
	for _, c := range gone {
		if c.g.Active() {
			t.Fatalf("%s was removed and does not know", c.name)
		}
	}
	return append(in, joiners...)
}

func TestTwoCommitters(t *testing.T) {
	c := team(t, Hybrid, 3)
	n := newClient(t, Hybrid, "new")
	p0, err := c[0].g.Commit(CommitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p1, err := c[1].g.Commit(CommitOptions{Add: []*KeyPackage{n.keyPackage().Public}})
	if err != nil {
		t.Fatal(err)
	}
	// The first commit wins; the second committer follows it and commits again.
	if err := c[0].g.MergePending(p0); err != nil {
		t.Fatal(err)
	}
	c[1].follow(p0.Message())
	c[2].follow(p0.Message())
	if err := c[1].g.MergePending(p1); !errors.Is(err, ErrStale) {
		t.Fatalf("merged a commit that lost: %v", err)
	}
	p1.Wipe()
	c[0].refuses(p1.Message(), ErrWrongEpoch)
	c[1].add([]*client{c[0], c[2]}, n)
	agree(t, append(c, n)...)
}

func TestWelcomeForOne(t *testing.T) {
	c := team(t, Hybrid, 1)
	var bundles []*KeyPackageBundle
	var public []*KeyPackage
	for i := range 5 {
		c = append(c, newClient(t, Hybrid, fmt.Sprintf("new %d", i)))
		bundles = append(bundles, c[i+1].keyPackage())
		public = append(public, bundles[i].Public)
	}
	p := c[0].commit(CommitOptions{Add: public, InlineTree: true})
	if refs := must(WelcomeRefs(p.Welcome())); len(refs) != 5 {
		t.Fatalf("the Welcome is for %d", len(refs))
	}
	for i, b := range bundles {
		one := must(WelcomeFor(p.Welcome(), b.Ref()))
		if refs := must(WelcomeRefs(one)); len(refs) != 1 || len(one) >= len(p.Welcome()) {
			t.Fatalf("for %d, %d bytes of %d", len(refs), len(one), len(p.Welcome()))
		}
		c[i+1].g = must(Join(c[i+1].cfg, JoinOptions{Welcome: one, Bundles: []*KeyPackageBundle{b}, Key: c[i+1].key}))
	}
	agree(t, c...)
	if _, err := WelcomeFor(p.Welcome(), []byte("nobody")); !errors.Is(err, ErrNotForUs) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestStagedCommitMayBeRefused(t *testing.T) {
	c := team(t, X25519AES128, 3)
	p, err := c[0].g.Commit(CommitOptions{Remove: []LeafIndex{c[2].g.Own()}})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := c[1].g.MarshalEpoch()
	ratchet, _ := c[1].g.MarshalRatchet()
	for range 2 {
		r, err := c[1].g.Receive(p.Message())
		if err != nil {
			t.Fatal(err)
		}
		st := r.(*StagedCommit)
		if k := st.Changes(); len(k.Removed) != 1 || string(k.Removed[0].Credential.Identity) != "client 2" || string(k.Committer.Credential.Identity) != "client 0" {
			t.Fatalf("changes: %+v", k)
		}
		st.Wipe()
	}
	after, _ := c[1].g.MarshalEpoch()
	equal(t, "epoch part", after, before)
	after, _ = c[1].g.MarshalRatchet()
	equal(t, "ratchet part", after, ratchet)
}

func TestCommitChangesOnlyTheHandshakeRatchet(t *testing.T) {
	c := team(t, X25519AES128, 2)
	before, _ := c[0].g.MarshalEpoch()
	var messages [][]byte
	for range 3 {
		p, err := c[0].g.Commit(CommitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, p.Message())
		p.Wipe()
	}
	after, _ := c[0].g.MarshalEpoch()
	equal(t, "epoch part", after, before)
	if g := c[0].g.ratchets.generation(0, ContentCommit); g != 3 {
		t.Fatalf("three commits used %d keys", g)
	}
	c[1].follow(messages[2])
}

func TestPendingCommitSurvivesARestart(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 2)
		n := newClient(t, s, "new")
		b := n.keyPackage()
		p, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{b.Public}})
		if err != nil {
			t.Fatal(err)
		}
		stored, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		c[0].g = restored(t, c[0].g)
		q, err := UnmarshalPendingCommit(c[0].cfg, stored)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := q.Marshal()
		equal(t, "pending commit", again, stored)
		equal(t, "message", q.Message(), p.Message())
		r, err := c[0].g.Receive(q.Message())
		if own, ok := r.(*OwnMessage); err != nil || !ok || own.Unknown {
			t.Fatalf("the echo of our commit is %+v, %v", r, err)
		}
		want, _ := p.Export("x", nil, 16)
		if err := c[0].g.MergePending(q); err != nil {
			t.Fatal(err)
		}
		if got, _ := c[0].g.Export("x", nil, 16); !got.Equal(want) {
			t.Fatal("the next epoch is another one")
		}
		c[1].follow(q.Message())
		tree, _ := c[0].g.Tree()
		if n.g, err = Join(n.cfg, JoinOptions{Welcome: q.Welcome(), Tree: tree, Bundles: []*KeyPackageBundle{b}, Key: n.key}); err != nil {
			t.Fatal(err)
		}
		agree(t, c[0], c[1], n)
	})
}

func TestPSKs(t *testing.T) {
	c := team(t, X25519AES128, 3)
	for _, d := range c {
		d.g.cfg.PSKs = pskMap{"shared": []byte("a key that all have")}
		d.g.cfg.Limits.ResumptionEpochs = 2
	}
	epoch := c[0].g.Epoch()
	p := c[1].commit(CommitOptions{})
	c[0].follow(p.Message())
	c[2].follow(p.Message())
	p = c[0].commit(CommitOptions{NoPath: true, PSKs: []PSKID{ExternalPSK([]byte("shared")), ResumptionPSK(c[0].g.ID(), epoch)}})
	if p.Changes().Path {
		t.Fatal("a path where none is needed")
	}
	c[1].follow(p.Message())
	c[2].follow(p.Message())
	agree(t, c...)
	// A newcomer has the external key and not the old epoch.
	n := newClient(t, X25519AES128, "new")
	n.cfg.PSKs = pskMap{"shared": []byte("a key that all have")}
	b := n.keyPackage()
	p = c[2].commit(CommitOptions{Add: []*KeyPackage{b.Public}, PSKs: []PSKID{ExternalPSK([]byte("shared"))}, InlineTree: true})
	c[0].follow(p.Message())
	c[1].follow(p.Message())
	g, err := Join(n.cfg, JoinOptions{Welcome: p.Welcome(), Bundles: []*KeyPackageBundle{b}, Key: n.key})
	if err != nil {
		t.Fatal(err)
	}
	n.g = g
	agree(t, append(c, n)...)
	if _, err := c[0].g.Commit(CommitOptions{PSKs: []PSKID{ExternalPSK([]byte("unknown"))}}); !errors.Is(err, ErrPSK) {
		t.Fatalf("an unknown key: %v", err)
	}
	if _, err := c[0].g.Commit(CommitOptions{PSKs: []PSKID{ResumptionPSK(g.ID(), 0)}}); !errors.Is(err, ErrPSK) {
		t.Fatalf("an epoch that is forgotten: %v", err)
	}
}

// successors makes fresh key packages for the members of a group but the first.
func successors(c []*client, s Suite) (bundles []*KeyPackageBundle, public []*KeyPackage, keys []*SignatureKey) {
	for _, d := range c {
		key := d.key
		if s != d.suite {
			key, _ = GenerateSignatureKey(s, d.cfg.Rand)
		}
		b, err := NewKeyPackage(d.cfg, s, d.credential(), key, KeyPackageOptions{})
		if err != nil {
			d.t.Fatal(err)
		}
		bundles, public, keys = append(bundles, b), append(public, b.Public), append(keys, key)
	}
	return bundles, public, keys
}

func TestBranch(t *testing.T) {
	c := team(t, Hybrid, 4)
	bundles, public, _ := successors(c[1:3], Hybrid)
	branch, p, err := c[0].g.Branch(SuccessorOptions{Credential: c[0].credential(), Key: c[0].key, Add: public, InlineTree: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := branch.MergePending(p); err != nil {
		t.Fatal(err)
	}
	small := []*client{{t: t, g: branch, name: "founder"}}
	for i, b := range bundles {
		d := c[i+1]
		o := JoinOptions{Welcome: p.Welcome(), Bundles: []*KeyPackageBundle{b}, Key: d.key}
		if _, err := Join(d.cfg, o); !errors.Is(err, ErrPSK) {
			t.Fatalf("joined a branch without its parent: %v", err)
		}
		o.Parent = d.g
		g, err := Join(d.cfg, o)
		if err != nil {
			t.Fatal(err)
		}
		small = append(small, &client{t: t, g: g, name: d.name})
	}
	agree(t, small...)
	agree(t, c...)
	stranger := newClient(t, Hybrid, "stranger")
	_, _, err = c[0].g.Branch(SuccessorOptions{Credential: c[0].credential(), Key: c[0].key, Add: []*KeyPackage{stranger.keyPackage().Public}})
	if !isRule(err, RuleLinkBranchMembers) {
		t.Fatalf("a branch with a stranger: %v", err)
	}
}

func TestReInit(t *testing.T) {
	c := team(t, X25519AES128, 3)
	p := c[1].commit(CommitOptions{ReInit: &ReInit{GroupID: []byte("next"), Suite: Hybrid}})
	if k := c[0].follow(p.Message()).Changes(); k.ReInit == nil || k.ReInit.Suite != Hybrid {
		t.Fatalf("changes: %+v", k)
	}
	c[2].follow(p.Message())
	for _, d := range c {
		d.g = restored(t, d.g)
		if _, err := d.g.Seal(nil, nil); !errors.Is(err, ErrReInit) || d.g.Active() {
			t.Fatalf("a closed group sends: %v", err)
		}
		if _, err := d.g.Commit(CommitOptions{}); !errors.Is(err, ErrReInit) {
			t.Fatalf("a closed group commits: %v", err)
		}
	}
	bundles, public, keys := successors(c, Hybrid)
	g, p, err := c[0].g.FinishReInit(SuccessorOptions{Credential: c[0].credential(), Key: keys[0], Add: public[1:]})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.MergePending(p); err != nil {
		t.Fatal(err)
	}
	tree, _ := g.Tree()
	next := []*client{{t: t, g: g, name: "founder"}}
	for i := 1; i < 3; i++ {
		g, err := Join(c[i].cfg, JoinOptions{Welcome: p.Welcome(), Tree: tree, Bundles: bundles[i : i+1], Key: keys[i], Parent: c[i].g})
		if err != nil {
			t.Fatal(err)
		}
		next = append(next, &client{t: t, g: g, name: c[i].name})
	}
	agree(t, next...)
	_, _, err = c[1].g.FinishReInit(SuccessorOptions{Credential: c[1].credential(), Key: keys[1], Add: public[2:]})
	if !isRule(err, RuleLinkReInitMembers) {
		t.Fatalf("a re-initialisation that forgets a member: %v", err)
	}
}

func TestProposalsFromOutside(t *testing.T) {
	admin, err := GenerateSignatureKey(Hybrid, testConfig().Rand)
	if err != nil {
		t.Fatal(err)
	}
	senders := ExternalSenders(ExternalSender{admin.Public(), BasicCredential([]byte("admin"))})
	c := newClient(t, Hybrid, "founder")
	c.create(senders)
	d := newClient(t, Hybrid, "member")
	c.add(nil, d)
	n := newClient(t, Hybrid, "new")
	b := n.keyPackage()
	m, err := NewMemberProposal(c.g.ID(), c.g.Epoch(), b.Public, n.key)
	if err != nil {
		t.Fatal(err)
	}
	m2, err := ExternalProposal(Hybrid, c.g.ID(), c.g.Epoch(), 0, ProposeRemove(d.g.Own()), admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range [][]byte{m, m2} {
		for _, e := range []*client{c, d} {
			e.g.cfg.NewMemberProposals = true
			r, err := e.g.Receive(m)
			if err != nil {
				t.Fatal(err)
			}
			if p, ok := r.(*StoredProposal); !ok || p.Sender != nil {
				t.Fatalf("received %+v", r)
			}
		}
	}
	c.g = restored(t, c.g)
	p := c.commit(CommitOptions{InlineTree: true})
	d.follow(p.Message())
	if n.g, err = Join(n.cfg, JoinOptions{Welcome: p.Welcome(), Bundles: []*KeyPackageBundle{b}, Key: n.key}); err != nil {
		t.Fatal(err)
	}
	agree(t, c, n)
	if d.g.Active() {
		t.Fatal("the admin's removal did not happen")
	}
}

func TestLeafKeysMayChange(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 3)
		key, _ := GenerateSignatureKey(s, c[0].cfg.Rand)
		p := c[0].commit(CommitOptions{Leaf: &LeafOptions{Key: key}})
		c[1].follow(p.Message())
		c[2].follow(p.Message())
		agree(t, c...)
		key, _ = GenerateSignatureKey(s, c[0].cfg.Rand)
		m, err := c[1].g.ProposeUpdate(LeafOptions{Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*client{c[0], c[2]} {
			if _, err := d.g.Receive(m); err != nil {
				t.Fatal(err)
			}
		}
		p = c[2].commit(CommitOptions{})
		c[0].follow(p.Message())
		c[1].follow(p.Message())
		agree(t, c...)
		if m, _ := c[0].g.Member(c[1].g.Own()); string(m.SignatureKey) != string(key.Public()) {
			t.Fatal("the signature key did not change")
		}
	})
}

// isRule reports whether an error names a rule.
func isRule(err error, r Rule) bool {
	var e *RuleError
	return errors.As(err, &e) && e.Rule == r && errors.Is(err, ErrInvalid)
}
