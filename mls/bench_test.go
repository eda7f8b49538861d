package mls

import (
	"fmt"
	"testing"

	"bulle/protocol/secret"
)

// A crowd is a large group whose members' private keys are all known, so that any
// member's state can be made without a thousand joins. Every parent of its tree
// has a key, as in a group that has been used.
type crowd struct {
	tb      testing.TB
	cfg     Config
	suite   Suite
	signers []*SignatureKey
	keys    map[nodeIndex]*secret.Bytes
	model   *Group // without a leaf of its own
}

func newCrowd(tb testing.TB, s Suite, n int) *crowd {
	tb.Helper()
	cfg := testConfig()
	a := mustAlgorithms(tb, s)
	c := &crowd{tb: tb, cfg: cfg, suite: s, keys: map[nodeIndex]*secret.Bytes{}}
	var tree *ratchetTree
	for i := range n {
		signer, err := GenerateSignatureKey(s, cfg.Rand)
		if err != nil {
			tb.Fatal(err)
		}
		leaf, key, err := newLeaf(a, &cfg, BasicCredential(fmt.Appendf(nil, "member %d", i)), signer, KeyPackageOptions{})
		if err != nil {
			tb.Fatal(err)
		}
		if tree == nil {
			tree = newTree(leaf)
		} else {
			tree.add(leaf)
		}
		c.signers = append(c.signers, signer)
		c.keys[LeafIndex(i).node()] = key
	}
	id := []byte("crowd")
	for i := 0; i < n; i += 2 {
		l := LeafIndex(i)
		leaf, key, err := tree.leaf(l).successor(a, &cfg, nil, SourceCommit)
		if err != nil {
			tb.Fatal(err)
		}
		f, err := tree.renewPath(a, &cfg, l, leaf, c.signers[i], id)
		if err != nil {
			tb.Fatal(err)
		}
		for x, k := range f.keys {
			c.keys[x] = k
		}
		c.keys[l.node()] = key
	}
	epoch, _ := cfg.random(a.nh)
	c.model = &Group{
		alg: a, tree: tree, secrets: a.splitEpoch(epoch),
		context: groupContext{suite: s, groupID: id, epoch: 7, treeHash: tree.rootHash(a), confirmedHash: a.zeros()},
	}
	return c
}

// member makes the state of one member.
func (c *crowd) member(l LeafIndex) *client {
	c.tb.Helper()
	m := c.model
	cfg, err := c.cfg.checked()
	if err != nil {
		c.tb.Fatal(err)
	}
	g := &Group{cfg: cfg, alg: m.alg, context: m.context, tree: m.tree.clone(), own: l, signer: c.signers[l].Clone(), secrets: new(epochSecrets)}
	for label, s := range m.secrets.byLabel() {
		*g.secrets.byLabel()[label] = (*s).Clone()
	}
	held := map[nodeIndex]*secret.Bytes{l.node(): c.keys[l.node()]}
	for _, x := range directPath(l.node(), g.tree.leaves()) {
		held[x] = c.keys[x]
	}
	g.keys = g.tree.heldKeys(held)
	g.start(g.makeTag())
	return &client{t: c.tb, cfg: c.cfg, suite: c.suite, name: fmt.Sprintf("member %d", l), key: c.signers[l], g: g}
}

func TestCrowdIsAGroup(t *testing.T) {
	for _, n := range []int{2, 3, 16, 33} {
		c := newCrowd(t, X25519AES128, n)
		first, last := c.member(0), c.member(LeafIndex(n-1))
		agree(t, first, last)
		newcomer := newClient(t, X25519AES128, "new")
		first.add([]*client{last}, newcomer)
		agree(t, first, last, newcomer)
	}
}

// BenchmarkGroup measures each operation at several sizes; bytes are what travels
// or is stored.
func BenchmarkGroup(b *testing.B) {
	for _, s := range []Suite{Hybrid, P384AES256, X25519AES128} {
		for _, n := range []int{2, 16, 256, 1000} {
			b.Run(fmt.Sprintf("suite=%04x/members=%d", uint16(s), n), func(b *testing.B) { benchGroup(b, s, n) })
		}
	}
}

func benchGroup(b *testing.B, s Suite, n int) {
	b.Helper()
	c := newCrowd(b, s, n)
	from, to := c.member(0), c.member(LeafIndex(n-1))
	data := make([]byte, 1024)
	b.Run("op=create", func(b *testing.B) { benchCreate(b, s, n) })
	b.Run("op=seal", func(b *testing.B) {
		var m []byte
		for b.Loop() {
			m, _ = from.g.Seal(nil, data)
		}
		b.ReportMetric(float64(len(m)), "message-B")
	})
	b.Run("op=open", func(b *testing.B) {
		from, to := c.member(0), c.member(LeafIndex(n-1))
		for b.Loop() {
			b.StopTimer()
			m, _ := from.g.Seal(nil, data)
			b.StartTimer()
			if _, err := to.g.Receive(m); err != nil {
				b.Fatal(err)
			}
		}
		ratchet, _ := to.g.MarshalRatchet()
		b.ReportMetric(float64(len(ratchet)), "ratchet-state-B")
	})
	newcomer := newClient(b, s, "new")
	bundle := newcomer.keyPackage()
	add := benchCommit(b, c, "add", CommitOptions{Add: []*KeyPackage{bundle.Public}})
	benchCommit(b, c, "remove", CommitOptions{Remove: []LeafIndex{LeafIndex(n / 2)}})
	benchCommit(b, c, "update", CommitOptions{})
	b.Run("op=join", func(b *testing.B) {
		tree, _ := add.Tree()
		for b.Loop() {
			if _, err := Join(newcomer.cfg, JoinOptions{Welcome: add.Welcome(), Tree: tree, Bundles: []*KeyPackageBundle{bundle}, Key: newcomer.key}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(tree)), "tree-B")
	})
	b.Run("op=restore", func(b *testing.B) {
		epoch, _ := to.g.MarshalEpoch()
		ratchet, _ := to.g.MarshalRatchet()
		for b.Loop() {
			if _, err := Restore(to.g.cfg, epoch, ratchet); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(epoch)), "epoch-state-B")
	})
}

// benchCommit measures a commit of the first member, and how the last follows it.
func benchCommit(b *testing.B, c *crowd, name string, o CommitOptions) *PendingCommit {
	b.Helper()
	from, to := c.member(0), c.member(LeafIndex(len(c.signers)-1))
	p, err := from.g.Commit(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("op="+name, func(b *testing.B) {
		for b.Loop() {
			if _, err := from.g.Commit(o); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(p.Message())), "commit-B")
		b.ReportMetric(float64(len(p.Welcome())), "welcome-B")
	})
	b.Run("op=follow-"+name, func(b *testing.B) {
		for b.Loop() {
			r, err := to.g.Receive(p.Message())
			if err != nil {
				b.Fatal(err)
			}
			r.(*StagedCommit).Wipe()
		}
	})
	return p
}

// benchCreate measures the founding of a group with all its members at once.
func benchCreate(b *testing.B, s Suite, n int) {
	b.Helper()
	founder := newClient(b, s, "founder")
	var o CommitOptions
	for i := range n - 1 {
		o.Add = append(o.Add, newClient(b, s, fmt.Sprintf("client %d", i)).keyPackage().Public)
	}
	var p *PendingCommit
	for b.Loop() {
		founder.create()
		p = founder.commit(o)
	}
	b.ReportMetric(float64(len(p.Welcome())), "welcome-B")
}
