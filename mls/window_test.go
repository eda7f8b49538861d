package mls

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestMessagesOutOfOrder(t *testing.T) {
	c := team(t, X25519AES128, 2)
	c[1].g.cfg.Limits.SkippedKeys = 3
	var m [][]byte
	for range 6 {
		m = append(m, c[0].seal("x"))
	}
	c[1].reads(m[5], "x")
	if kept := c[1].g.ratchets.senders[0].application.skipped; len(kept) != 3 || kept[0].generation != 2 {
		t.Fatalf("kept %d keys, from generation %d", len(kept), kept[0].generation)
	}
	for _, i := range []int{4, 2, 3} {
		c[1].reads(m[i], "x")
		c[1].g = restored(t, c[1].g)
	}
	for i := range m {
		c[1].refuses(m[i], ErrConsumed)
	}
}

func TestForwardDistanceIsBounded(t *testing.T) {
	c := team(t, X25519AES128, 2)
	c[1].g.cfg.Limits.ForwardDistance = 5
	for range 5 {
		c[0].seal("skipped")
	}
	near := c[0].seal("near")
	far := c[0].seal("far")
	before := stored(t, c[1].g)
	c[1].refuses(far, ErrTooFar)
	equal(t, "state after a jump too far", stored(t, c[1].g), before)
	c[1].reads(near, "near")
	c[1].reads(far, "far")
}

// TestGenerationJump: a member that claims the last generation costs the others
// nothing.
func TestGenerationJump(t *testing.T) {
	c := team(t, X25519AES128, 2)
	own := c[0].g.ratchets
	must(own.next(c[0].g.alg, 0, ContentApplication)).wipe()
	own.senders[0].application.generation = math.MaxUint32
	m := c[0].seal("x")
	c[1].refuses(m, ErrTooFar)
	if _, err := c[0].g.Seal(nil, nil); !errors.Is(err, ErrTooFar) {
		t.Fatalf("the ratchet goes on after its end: %v", err)
	}
	restored(t, c[0].g)
}

func TestPastEpochs(t *testing.T) {
	for limit := range 3 {
		c := team(t, Hybrid, 3)
		c[1].g.cfg.Limits.PastEpochs = limit
		late := []string{"one", "two", "three"}
		var m [][]byte
		for i := range late {
			m = append(m, c[0].seal(late[i]))
			p := c[2].commit(CommitOptions{})
			c[0].follow(p.Message())
			c[1].follow(p.Message())
			c[1].g = restored(t, c[1].g)
		}
		for i := range late {
			if i < len(late)-limit {
				c[1].refuses(m[i], ErrWrongEpoch)
				continue
			}
			c[1].reads(m[i], late[i])
			c[1].g = restored(t, c[1].g)
			c[1].refuses(m[i], ErrConsumed)
		}
	}
}

func TestPastEpochsTakeNoHandshakes(t *testing.T) {
	c := team(t, X25519AES128, 3)
	c[1].g.cfg.Limits.PastEpochs = 2
	late := c[0].forgesProposal(ProposeRemove(2))
	own := c[1].seal("own")
	p := c[2].commit(CommitOptions{})
	c[1].follow(p.Message())
	c[1].refuses(late, ErrWrongEpoch)
	if r := must(c[1].g.Receive(own)).(*OwnMessage); r.Unknown {
		t.Error("our own late message is unknown")
	}
}

// TestOldCopyIsFound: a client restored from an old copy meets its own newer
// messages.
func TestOldCopyIsFound(t *testing.T) {
	c := team(t, Hybrid, 2)
	c[0].seal("before the copy")
	backup := restored(t, c[0].g)
	first := c[0].seal("lost one")
	second := c[0].seal("lost two")
	proposal := must(c[0].g.Propose(ProposeRemove(0), nil))
	c[0].g = backup
	echo := func(m []byte) *OwnMessage {
		t.Helper()
		return must(c[0].g.Receive(m)).(*OwnMessage)
	}
	if r := echo(second); !r.Unknown || r.Generation != 2 || r.ContentType != ContentApplication {
		t.Fatalf("a message that the copy never sent: %+v", r)
	}
	if r := echo(first); r.Unknown {
		t.Fatalf("behind the ratchet: %+v", r)
	}
	if r := echo(proposal); !r.Unknown || r.ContentType != ContentProposal {
		t.Fatalf("a proposal that the copy never sent: %+v", r)
	}
	c[1].reads(first, "lost one")
	c[1].reads(second, "lost two")
	// The ratchet was moved past what was used: the next key is a fresh one.
	c[1].reads(c[0].seal("after"), "after")
	if err := c[0].g.SkipGenerations(10); err != nil {
		t.Fatal(err)
	}
	c[1].reads(c[0].seal("after the jump"), "after the jump")
	if g := c[0].g.ratchets.generation(0, ContentCommit); g != 11 {
		t.Errorf("the handshake ratchet is at %d", g)
	}
	if err := c[0].g.SkipGenerations(math.MaxUint32); !errors.Is(err, ErrLimit) {
		t.Errorf("a jump over the limit: %v", err)
	}
}

// TestForgedOwnMessage: nobody can make us believe that our state is old.
func TestForgedOwnMessage(t *testing.T) {
	c := team(t, X25519AES128, 3)
	mallory := c[1]
	f := framedContent{contentType: ContentApplication, application: []byte("x"), aad: []byte{}, groupID: mallory.g.context.groupID, epoch: mallory.g.context.epoch, sender: memberSender(0)}
	m := &authenticatedContent{wireFormat: WirePrivateMessage, content: f}
	if err := m.sign(mallory.g.alg, mallory.key, encode(&mallory.g.context)); err != nil {
		t.Fatal(err)
	}
	// Mallory knows the keys of our ratchet, and not our signature key.
	o := must(mallory.g.ratchets.open(mallory.g.alg, 0, ContentApplication, 5, mallory.g.cfg.Limits))
	p := must(mallory.g.alg.encryptContent(m, o.key, mallory.g.secrets.senderData, &mallory.g.cfg))
	before := stored(t, c[0].g)
	c[0].refuses(encode(&Message{private: p}), ErrDecrypt)
	equal(t, "state", stored(t, c[0].g), before)
}

func TestResumptionSecretsAreBounded(t *testing.T) {
	c := team(t, X25519AES128, 2)
	c[0].g.cfg.Limits.ResumptionEpochs = 2
	for range 5 {
		c[0].commit(CommitOptions{})
	}
	if n := len(c[0].g.resumption); n != 2 || c[0].g.resumption[0].epoch != c[0].g.Epoch()-2 {
		t.Fatalf("%d resumption secrets", n)
	}
	now := c[0].g.Epoch()
	for _, epoch := range []uint64{now, now - 2} {
		if s := must(c[0].g.ResumptionSecret(epoch)); s.Len() == 0 {
			t.Errorf("no secret of epoch %d", epoch)
		}
	}
	if _, err := c[0].g.ResumptionSecret(now - 3); !errors.Is(err, ErrPSK) {
		t.Errorf("a forgotten epoch: %v", err)
	}
}

func TestProposalsAreBounded(t *testing.T) {
	c := team(t, X25519AES128, 2)
	c[1].g.cfg.Limits.Proposals = 2
	named := func(id string) Proposal {
		p := psk(32)
		p.PSK.ID = []byte(id)
		return p
	}
	for _, id := range []string{"a", "b", "b"} {
		c[0].proposesTo(named(id), c[1])
	}
	c[1].refuses(c[0].forgesProposal(named("c")), ErrLimit)
	if len(c[1].g.StoredProposals()) != 2 {
		t.Fatalf("%d proposals are stored", len(c[1].g.StoredProposals()))
	}
	c[1].g.ClearProposals()
	c[1].seal("x")
}

func TestExportIsBounded(t *testing.T) {
	c := team(t, Hybrid, 1)
	for _, size := range []int{-1, 255*48 + 1, math.MaxInt} {
		if _, err := c[0].g.Export("x", nil, size); !errors.Is(err, ErrLimit) {
			t.Errorf("export of %d bytes: %v", size, err)
		}
	}
	if s := must(c[0].g.Export("x", nil, 255*48)); s.Len() != 255*48 {
		t.Errorf("exported %d bytes", s.Len())
	}
}

// TestNoKeyAndNonceRepeat seals through lost commits, restarts from what was stored
// and failures, and compares every key and nonce that encrypted.
func TestNoKeyAndNonceRepeat(t *testing.T) {
	used := map[string]bool{}
	watch := func(key, nonce []byte) {
		pair := string(key) + string(nonce)
		if used[pair] {
			t.Error("a key and nonce encrypt twice")
		}
		used[pair] = true
	}
	c := team(t, Hybrid, 3)
	for _, d := range c {
		d.g.cfg.Sealing = watch
	}
	for range 20 {
		c[0].seal("x")
		must(c[0].g.Commit(CommitOptions{})).Wipe() // it lost
		c[0].g = restored(t, c[0].g)
		c[1].seal("x")
		p := c[1].commit(CommitOptions{})
		c[0].follow(p.Message())
		c[2].follow(p.Message())
		must(c[2].g.Propose(ProposeRemove(2), nil))
		c[2].g.ClearProposals()
	}
	if len(used) != 100 {
		t.Errorf("%d encryptions were seen", len(used))
	}
}

func TestInviter(t *testing.T) {
	c := team(t, X25519AES128, 2)
	n := newClient(t, X25519AES128, "new")
	c[1].add([]*client{c[0]}, n)
	if l, ok := n.g.Inviter(); !ok || l != c[1].g.Own() {
		t.Errorf("invited by %d, %v", l, ok)
	}
	if _, ok := c[0].g.Inviter(); ok {
		t.Error("the creator was invited")
	}
}

func TestPadding(t *testing.T) {
	c := team(t, X25519AES128, 2)
	c[0].g.cfg.Padding = 256
	var sizes []int
	for _, n := range []int{0, 1, 100} {
		text := string(make([]byte, n))
		m := c[0].seal(text)
		c[1].reads(m, text)
		sizes = append(sizes, len(m))
	}
	if len(slices.Compact(sizes)) != 1 {
		t.Errorf("sizes %v", sizes)
	}
}

func TestSpoiledProposalsAreLeftOut(t *testing.T) {
	c := team(t, X25519AES128, 4)
	// Two newcomers with one encryption key: each is valid, together they are not.
	n, m := newClient(t, X25519AES128, "n"), newClient(t, X25519AES128, "m")
	k := n.keyPackage().Public
	twin := m.forgedKeyPackage(func(l *LeafNode) { l.EncryptionKey = k.Leaf.EncryptionKey }, nil)
	for _, p := range []Proposal{ProposeAdd(k), ProposeAdd(twin), psk(32), ProposeRemove(0), ProposeRemove(3), c[2].forgedUpdate(nil)} {
		from := 1
		if p.Type == ProposalUpdate {
			from = 2
		}
		message := c[from].forgesProposal(p)
		for i, d := range c {
			if i != from {
				must(d.g.Receive(message))
			}
		}
	}
	p := must(c[0].g.Commit(CommitOptions{}))
	k0 := p.Changes()
	if len(k0.Added) != 1 || len(k0.Removed) != 1 || k0.Removed[0].Leaf != 3 || len(k0.Updated) != 1 || len(k0.PSKs) != 0 {
		t.Fatalf("committed %+v", k0)
	}
}
