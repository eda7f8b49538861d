package mls

import (
	"errors"
	"fmt"
	"testing"
)

// A client of the tests: a name, a signature key, and the group it is in.
type client struct {
	t     testing.TB
	cfg   Config
	suite Suite
	name  string
	key   *SignatureKey
	g     *Group
}

func newClient(tb testing.TB, s Suite, name string) *client {
	tb.Helper()
	cfg := testConfig()
	key, err := GenerateSignatureKey(s, cfg.Rand)
	if err != nil {
		tb.Fatal(err)
	}
	return &client{t: tb, cfg: cfg, suite: s, name: name, key: key}
}

func (c *client) credential() Credential { return BasicCredential([]byte(c.name)) }

func (c *client) keyPackage() *KeyPackageBundle {
	c.t.Helper()
	b, err := NewKeyPackage(c.cfg, c.suite, c.credential(), c.key, KeyPackageOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *client) create(extensions ...Extension) {
	c.t.Helper()
	g, err := Create(c.cfg, GroupOptions{Suite: c.suite, GroupID: []byte("group"), Credential: c.credential(), Key: c.key, Extensions: extensions})
	if err != nil {
		c.t.Fatal(err)
	}
	c.g = g
}

// commit commits and merges, and returns what was sent.
func (c *client) commit(o CommitOptions) *PendingCommit {
	c.t.Helper()
	p, err := c.g.Commit(o)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.g.MergePending(p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// add adds clients, who join; the others follow.
func (c *client) add(others []*client, newcomers ...*client) {
	c.t.Helper()
	var bundles []*KeyPackageBundle
	var o CommitOptions
	for _, n := range newcomers {
		b := n.keyPackage()
		bundles = append(bundles, b)
		o.Add = append(o.Add, b.Public)
	}
	p := c.commit(o)
	for _, m := range others {
		m.follow(p.Message())
	}
	tree, err := c.g.Tree()
	if err != nil {
		c.t.Fatal(err)
	}
	for i, n := range newcomers {
		g, err := Join(n.cfg, JoinOptions{Welcome: p.Welcome(), Tree: tree, Bundles: bundles[i : i+1], Key: n.key})
		if err != nil {
			c.t.Fatalf("%s joins: %v", n.name, err)
		}
		n.g = g
	}
}

// follow receives a commit and merges it.
func (c *client) follow(message []byte) *StagedCommit {
	c.t.Helper()
	r, err := c.g.Receive(message)
	if err != nil {
		c.t.Fatalf("%s receives a commit: %v", c.name, err)
	}
	s, ok := r.(*StagedCommit)
	if !ok {
		c.t.Fatalf("%s receives %T, want a commit", c.name, r)
	}
	if err := c.g.Merge(s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *client) seal(text string) []byte {
	c.t.Helper()
	m, err := c.g.Seal([]byte("aad"), []byte(text))
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// reads checks that a message opens to a text.
func (c *client) reads(message []byte, text string) {
	c.t.Helper()
	r, err := c.g.Receive(message)
	if err != nil {
		c.t.Fatalf("%s reads %q: %v", c.name, text, err)
	}
	a, ok := r.(*Application)
	if !ok || string(a.Data) != text || string(a.AAD) != "aad" {
		c.t.Fatalf("%s read %+v, want %q", c.name, r, text)
	}
}

// refuses checks that a message is refused with an error.
func (c *client) refuses(message []byte, want error) {
	c.t.Helper()
	if r, err := c.g.Receive(message); !errors.Is(err, want) {
		c.t.Fatalf("%s got %T, %v, want %v", c.name, r, err, want)
	}
}

// agree checks that clients are in the same epoch, with the same secrets, and that
// what one seals the others read.
func agree(tb testing.TB, clients ...*client) {
	tb.Helper()
	first := clients[0].g
	want, err := first.Export("test", nil, 32)
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range clients {
		got, err := c.g.Export("test", nil, 32)
		if err != nil {
			tb.Fatal(err)
		}
		if !got.Equal(want) || c.g.Epoch() != first.Epoch() {
			tb.Fatalf("%s in epoch %d disagrees with %s in epoch %d", c.name, c.g.Epoch(), clients[0].name, first.Epoch())
		}
		checkPrivate(tb, c.g)
	}
	for _, c := range clients {
		m := c.seal("from " + c.name)
		for _, d := range clients {
			if d != c {
				d.reads(m, "from "+c.name)
			}
		}
	}
}

// checkPrivate checks that each private key belongs to the public key in the tree.
func checkPrivate(tb testing.TB, g *Group) {
	tb.Helper()
	for x, k := range g.keys {
		public, err := g.alg.publicKey(k)
		if err != nil {
			tb.Fatal(err)
		}
		equal(tb, fmt.Sprintf("public key of node %d", x), public, g.tree.nodes[x].encryptionKey())
	}
	if g.keys[g.own.node()].Len() == 0 {
		tb.Fatal("no private key of the own leaf")
	}
}

// team makes clients in one group, the first its creator.
func team(tb testing.TB, s Suite, n int) []*client {
	tb.Helper()
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = newClient(tb, s, fmt.Sprintf("client %d", i))
	}
	clients[0].create()
	if n > 1 {
		clients[0].add(nil, clients[1:]...)
	}
	return clients
}

func everySuite(t *testing.T, f func(t *testing.T, s Suite)) {
	t.Helper()
	for _, s := range Suites() {
		t.Run(s.String(), func(t *testing.T) {
			if slowHere(s) {
				t.Skip("P-521 is too slow in a browser; its vectors run")
			}
			f(t, s)
		})
	}
}
