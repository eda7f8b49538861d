package mls

import (
	"bytes"
	"errors"
	"testing"
)

// RFC 9420, section 9.2: what is consumed is gone. These tests read the state, in
// memory and as it is stored.

// stored is the whole state of a group, as it goes to a disk.
func stored(tb testing.TB, g *Group) []byte {
	tb.Helper()
	epoch, err1 := g.MarshalEpoch()
	ratchet, err2 := g.MarshalRatchet()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	return append(epoch, ratchet...)
}

// gone checks that none of some secrets is in the stored state.
func gone(t *testing.T, g *Group, when string, secrets map[string][]byte) {
	t.Helper()
	state := stored(t, g)
	for name, s := range secrets {
		if len(s) < 12 {
			t.Fatalf("%s: %s has %d bytes", when, name, len(s))
		}
		if bytes.Contains(state, s) {
			t.Errorf("%s: %s is still there", when, name)
		}
	}
}

// wiped checks that secrets were overwritten in memory.
func wiped(t *testing.T, when string, secrets map[string][]byte) {
	t.Helper()
	for name, s := range secrets {
		if len(bytes.Trim(s, "\x00")) != 0 {
			t.Errorf("%s: %s is not overwritten", when, name)
		}
	}
}

// keyChain derives, from the secret of a leaf's ratchet, the keys of its first
// generations.
func keyChain(a *algorithms, s []byte, n int) (secrets, keys [][]byte) {
	for i := range uint32(n) {
		secrets = append(secrets, s)
		keys = append(keys, a.deriveTree(s, "key", i, a.keySize))
		s = a.deriveTree(s, "secret", i, a.nh)
	}
	return append(secrets, s), keys
}

func TestMessageKeysAreDeletedWhenUsed(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 4)
		a := c[0].g.alg
		// The tree of secrets of the epoch: root, inner nodes, leaf 0, its ratchet.
		root := bytes.Clone(c[1].g.ratchets.nodes[rootOf(4)].Reveal())
		inner := a.expand(root, "tree", []byte("left"), a.nh)
		leaf := a.expand(inner, "tree", []byte("left"), a.nh)
		chain, keys := keyChain(a, a.expand(leaf, "application", nil, a.nh), 4)
		if !bytes.Contains(stored(t, c[1].g), root) {
			t.Fatal("the encryption secret is not where this test looks for it")
		}
		var messages [][]byte
		for range 4 {
			messages = append(messages, c[0].seal("x"))
		}
		gone(t, c[0].g, "sealed four messages", map[string][]byte{
			"root": root, "inner node": inner, "leaf": leaf, "ratchet secret 0": chain[0], "ratchet secret 3": chain[3],
			"key 0": keys[0], "key 3": keys[3],
		})
		if !bytes.Contains(stored(t, c[0].g), chain[4]) {
			t.Fatal("the next ratchet secret of the sender is not where this test looks for it")
		}
		// Opened out of order: what is skipped stays until it is used, and nothing else.
		c[1].reads(messages[2], "x")
		gone(t, c[1].g, "opened generation 2", map[string][]byte{
			"root": root, "inner node": inner, "leaf": leaf, "ratchet secret 0": chain[0], "ratchet secret 2": chain[2], "key 2": keys[2],
		})
		for i := range 2 {
			if !bytes.Contains(stored(t, c[1].g), keys[i]) {
				t.Fatalf("the skipped key %d is not kept", i)
			}
		}
		c[1].reads(messages[0], "x")
		gone(t, c[1].g, "opened generation 0", map[string][]byte{"key 0": keys[0]})
		c[1].reads(messages[3], "x")
		c[1].reads(messages[1], "x")
		gone(t, c[1].g, "opened all", map[string][]byte{"key 1": keys[1], "key 3": keys[3], "ratchet secret 3": chain[3]})
	})
}

// epochBytes are the secrets that an epoch keeps, and private keys.
func epochBytes(g *Group) map[string][]byte {
	all := map[string][]byte{"leaf key": g.keys[g.own.node()].Reveal()}
	for label, s := range g.secrets.byLabel() {
		if (*s).Len() > 0 {
			all[label] = (*s).Reveal()
		}
	}
	for x, k := range g.keys {
		if x == g.tree.root() {
			all["root key"] = k.Reveal()
		}
	}
	return all
}

func cloned(m map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for k, v := range m {
		out[k] = bytes.Clone(v)
	}
	return out
}

func TestEpochSecretsAreDeletedByTheNextEpoch(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		t.Helper()
		c := team(t, s, 4)
		for _, d := range c {
			if d.g.secrets.confirmation.Len() > 0 || d.g.secrets.encryption.Len() > 0 {
				t.Error("the epoch keeps its confirmation or encryption secret")
			}
		}
		// A commit of everybody else, so that no path leads back.
		sent, received := epochBytes(c[0].g), epochBytes(c[1].g)
		sentBefore, receivedBefore := cloned(sent), cloned(received)
		p := c[0].commit(CommitOptions{})
		c[1].follow(p.Message())
		wiped(t, "the committer", sent)
		gone(t, c[0].g, "the committer", sentBefore)
		delete(received, "leaf key") // the receiver's own leaf did not change
		delete(receivedBefore, "leaf key")
		wiped(t, "the receiver", received)
		gone(t, c[1].g, "the receiver", receivedBefore)
	})
}

func TestRemovedMemberKeepsNothing(t *testing.T) {
	c := team(t, Hybrid, 3)
	all := epochBytes(c[2].g)
	before := cloned(all)
	before["signature key"] = bytes.Clone(c[2].g.signer.private.Reveal())
	p := c[0].commit(CommitOptions{Remove: []LeafIndex{2}})
	c[2].follow(p.Message())
	wiped(t, "removed", all)
	gone(t, c[2].g, "removed", before)
	if n := len(stored(t, c[2].g)); n > 1024 {
		t.Errorf("a removed member stores %d bytes", n)
	}
}

func TestProposedUpdateIsDeletedWithItsEpoch(t *testing.T) {
	c := team(t, Hybrid, 3)
	must(c[0].g.ProposeUpdate(LeafOptions{}, nil))
	kept := map[string][]byte{"leaf key of the update": c[0].g.updates[0].leafKey.Reveal()}
	before := cloned(kept)
	p := c[1].commit(CommitOptions{})
	c[0].follow(p.Message())
	wiped(t, "update that was not committed", kept)
	gone(t, c[0].g, "update that was not committed", before)
}

func TestWipe(t *testing.T) {
	c := team(t, Hybrid, 2)
	c[0].g.cfg.Limits.PastEpochs, c[0].g.cfg.Limits.ResumptionEpochs = 1, 1
	c[0].commit(CommitOptions{})
	c[0].seal("x")
	all := epochBytes(c[0].g)
	all["signature key"] = c[0].g.signer.private.Reveal()
	all["resumption secret"] = c[0].g.resumption[0].secret.Reveal()
	all["past sender data"] = c[0].g.past[0].senderData.Reveal()
	all["own ratchet"] = c[0].g.ratchets.senders[0].application.secret.Reveal()
	pending := must(c[0].g.Commit(CommitOptions{}))
	c[0].g.Wipe()
	wiped(t, "Wipe", all)
	// What is wiped says so, whatever is asked of it.
	calls := map[string]func() error{
		"Seal":            func() error { _, err := c[0].g.Seal(nil, nil); return err },
		"Commit":          func() error { _, err := c[0].g.Commit(CommitOptions{}); return err },
		"Propose":         func() error { _, err := c[0].g.Propose(ProposeRemove(1), nil); return err },
		"ProposeUpdate":   func() error { _, err := c[0].g.ProposeUpdate(LeafOptions{}, nil); return err },
		"Receive":         func() error { _, err := c[0].g.Receive(c[1].seal("x")); return err },
		"Export":          func() error { _, err := c[0].g.Export("x", nil, 1); return err },
		"GroupInfo":       func() error { _, err := c[0].g.GroupInfo(true); return err },
		"Tree":            func() error { _, err := c[0].g.Tree(); return err },
		"MarshalEpoch":    func() error { _, err := c[0].g.MarshalEpoch(); return err },
		"MarshalRatchet":  func() error { _, err := c[0].g.MarshalRatchet(); return err },
		"MergePending":    func() error { return c[0].g.MergePending(pending) },
		"SkipGenerations": func() error { return c[0].g.SkipGenerations(1) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrWiped) {
			t.Errorf("%s of a wiped group: %v", name, err)
		}
	}
}

// TestForwardSecrecy: a copy of a member's whole state opens nothing that was opened
// before.
func TestForwardSecrecy(t *testing.T) {
	c := team(t, Hybrid, 3)
	var old [][]byte
	for range 3 {
		m := c[0].seal("old")
		c[1].reads(m, "old")
		old = append(old, m)
	}
	p := c[2].commit(CommitOptions{})
	c[0].follow(p.Message())
	c[1].follow(p.Message())
	m := c[0].seal("newer")
	c[1].reads(m, "newer")
	old = append(old, m)
	thief := *c[1]
	thief.g = restored(t, c[1].g)
	for i, m := range old {
		if _, err := thief.g.Receive(m); !errors.Is(err, ErrWrongEpoch) && !errors.Is(err, ErrConsumed) {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

// TestPostCompromiseSecurity: a copy of a member's whole state opens nothing after
// that member's next commit or update, and everything until then.
func TestPostCompromiseSecurity(t *testing.T) {
	heal := map[string]func(c []*client) []byte{
		"commit": func(c []*client) []byte { return c[1].commit(CommitOptions{}).Message() },
		"update committed by another": func(c []*client) []byte {
			m := must(c[1].g.ProposeUpdate(LeafOptions{}, nil))
			must(c[0].g.Receive(m))
			must(c[2].g.Receive(m))
			p := c[0].commit(CommitOptions{})
			c[1].follow(p.Message())
			return p.Message()
		},
	}
	for name, f := range heal {
		t.Run(name, func(t *testing.T) {
			c := team(t, Hybrid, 3)
			thief := *c[1]
			thief.g = restored(t, c[1].g)
			thief.reads(c[0].seal("before"), "before")
			m := f(c)
			for _, d := range c {
				if d.g.Epoch() == thief.g.Epoch() {
					d.follow(m)
				}
			}
			r, err := thief.g.Receive(m)
			if s, ok := r.(*StagedCommit); ok && thief.g.Merge(s) == nil {
				t.Fatal("the thief follows the commit that heals")
			}
			t.Logf("the thief at the commit: %v", err)
			thief.refuses(c[0].seal("after"), ErrWrongEpoch)
			agree(t, c...)
		})
	}
}

// TestRemovedMembersAreDeaf: a removed member that ignores its removal learns
// nothing of later epochs.
func TestRemovedMembersAreDeaf(t *testing.T) {
	c := team(t, Hybrid, 4)
	ghost := *c[3]
	ghost.g = restored(t, c[3].g)
	p := c[0].commit(CommitOptions{Remove: []LeafIndex{3}})
	c[1].follow(p.Message())
	c[2].follow(p.Message())
	m := c[1].seal("after")
	ghost.refuses(m, ErrWrongEpoch)
	// It holds the key of no node that the update path was encrypted to.
	parsed := must(parseMessage(p.Message()))
	data := must(ghost.g.alg.openSenderData(parsed.private, ghost.g.secrets.senderData))
	o := must(ghost.g.ratchets.open(ghost.g.alg, data.leaf, ContentCommit, data.generation, ghost.g.cfg.Limits))
	content := must(ghost.g.alg.decryptContent(parsed.private, data, o.key))
	path := content.content.commit.path
	for _, n := range path.nodes {
		for _, ct := range n.encrypted {
			for x, k := range ghost.g.keys {
				if _, err := ghost.g.alg.decryptWithLabel(k, labelPathNode, nil, ct); err == nil {
					t.Errorf("the key of node %d opens a path secret", x)
				}
			}
		}
	}
	agree(t, c[:3]...)
}
