package bubble_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/clienttest"
	"bulle/device/client/enrol"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// founder claims a bubble and returns its network, vault and identity.
func founder(t *testing.T) (*clienttest.Bubble, *vault.Vault, *bubble.Identity) {
	t.Helper()
	pass := secret.Copy([]byte("one long phrase that nobody would ever think of"))
	v, err := vault.Create(t.Context(), memory.New(), pass, clienttest.VaultOptions())
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	b := clienttest.New(time.Now)
	check(t, enrol.Claim(t.Context(), enrol.Config{Vault: v, Dial: b.Network().Governance, Clock: time.Now}, b.ClaimLink(), "alice"))
	id, err := bubble.Load(t.Context(), v)
	check(t, err)
	return b, v, id
}

// ledger opens one that is shown the log through edit, and counts forks.
func ledger(t *testing.T, b *clienttest.Bubble, v *vault.Vault, id *bubble.Identity, edit func(uint64, [][]byte) [][]byte) (*bubble.Ledger, *int) {
	t.Helper()
	n, forks := b.Network(), 0
	n.Edit = edit
	l, err := bubble.Open(t.Context(), bubble.Config{
		Vault: v, Identity: id, Dial: n.Governance, OnFork: func() { forks++ }, Retry: time.Millisecond,
	})
	check(t, err)
	return l, &forks
}

func TestTheLogIsKeptAndReadOnce(t *testing.T) {
	b, v, id := founder(t)
	l, forks := ledger(t, b, v, id, nil)
	for range 3 {
		_, err := l.Invite(t.Context(), 1, time.Hour, time.Now())
		check(t, err)
	}
	again, _ := ledger(t, b, v, id, func(uint64, [][]byte) [][]byte { return nil })
	if again.Head() != l.Head() || l.Head().Length != 7 {
		t.Errorf("kept %v, read %v", again.Head(), l.Head())
	}
	if len(again.Now().Members()) != 1 || *forks != 0 || again.Forked() {
		t.Errorf("%d members, %d forks", len(again.Now().Members()), *forks)
	}
}

func TestForks(t *testing.T) {
	b, v, id := founder(t)
	full, _ := ledger(t, b, v, id, nil)
	short := full.Head()
	_, err := full.Invite(t.Context(), 1, time.Hour, time.Now())
	check(t, err)
	// A vault that has not seen the invitation.
	check(t, v.Update(t.Context(), func(tx *vault.Tx) error {
		return tx.Delete("log", string([]byte{0, 0, 0, 0, 0, 0, 0, byte(short.Length)}))
	}))
	hide := func(uint64, [][]byte) [][]byte { return nil }
	forged := full.Head()
	forged.Hash[0] ^= 1
	for name, c := range map[string]struct {
		edit  func(uint64, [][]byte) [][]byte
		heard governance.Head
		forks int
	}{
		"the same":            {nil, short, 0},
		"longer, then shown":  {nil, full.Head(), 0},
		"longer, and hidden":  {hide, full.Head(), 1},
		"another of that age": {nil, forged, 1},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, v.Update(t.Context(), func(tx *vault.Tx) error {
				return tx.Delete("log", string([]byte{0, 0, 0, 0, 0, 0, 0, byte(short.Length)}))
			}))
			l, forks := ledger(t, b, v, id, c.edit)
			if l.Head() != short {
				t.Fatalf("the log has length %d", l.Head().Length)
			}
			l.Heard(c.heard)
			check(t, l.Refresh(t.Context()))
			l.Heard(c.heard) // told once
			if *forks != c.forks || l.Forked() != (c.forks > 0) {
				t.Errorf("%d forks, want %d", *forks, c.forks)
			}
		})
	}
}

func TestARelayThatContradictsItself(t *testing.T) {
	b, v, id := founder(t)
	other, _, _ := founder(t)
	l, forks := ledger(t, b, v, id, func(uint64, [][]byte) [][]byte { return other.Statements()[3:] })
	if err := l.Refresh(t.Context()); !errors.Is(err, bubble.ErrFork) || *forks != 1 {
		t.Errorf("foreign statements: %v, %d forks", err, *forks)
	}
}

func TestFollowHearsWhatIsNew(t *testing.T) {
	b, v, id := founder(t)
	grown := make(chan struct{}, 100)
	l, err := bubble.Open(t.Context(), bubble.Config{
		Vault: v, Identity: id, Dial: b.Network().Governance, Retry: time.Millisecond,
		OnChange: func() { grown <- struct{}{} },
	})
	check(t, err)
	writer, _ := ledger(t, b, v, id, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Follow(ctx)
	}()
	_, err = writer.Invite(t.Context(), 1, time.Hour, time.Now())
	check(t, err)
	for l.Head() != writer.Head() {
		<-grown
	}
	stop()
	<-done
}

func TestOnlyTheFounderInvites(t *testing.T) {
	b, v, id := founder(t)
	l, _ := ledger(t, b, v, id, nil)
	if _, err := l.Invite(t.Context(), 0, time.Hour, time.Now()); err == nil {
		t.Error("an invitation for nobody")
	}
	if _, err := l.Invite(t.Context(), 1, -time.Hour, time.Now()); err == nil {
		t.Error("an invitation that has ended")
	}
	id.Founder = nil
	if _, err := l.Invite(t.Context(), 1, time.Hour, time.Now()); !errors.Is(err, bubble.ErrNotAllowed) {
		t.Errorf("a member invites: %v", err)
	}
}

func identity() *bubble.Identity {
	s := func(b byte) *secret.Bytes { return secret.New(bytes.Repeat([]byte{b}, 32)) }
	return &bubble.Identity{
		Enrolled: true, Address: "relay.test:443", Pin: [32]byte{1}, Root: governance.RootID{2}, Category: governance.CategoryID{3}, Name: "Zoé",
		Directory: s(4), Member: s(5), Device: s(6), Inbox: s(7), Pool: s(8), Founder: s(9),
	}
}

func TestTheIdentityKeepsItsBytes(t *testing.T) {
	got, err := syntax.Marshal(identity())
	check(t, err)
	want, err := os.ReadFile("testdata/identity.bin")
	if os.IsNotExist(err) && os.Getenv("BULLE_GOLDEN") == "write" {
		check(t, os.WriteFile("testdata/identity.bin", got, 0o600))
		return
	}
	check(t, err)
	var again bubble.Identity
	check(t, syntax.Unmarshal(want, &again))
	back, err := syntax.Marshal(&again)
	check(t, err)
	if !bytes.Equal(got, want) || !bytes.Equal(back, want) || again.Ticket != nil {
		t.Errorf("the identity is %x, want %x", got, want)
	}
}

func FuzzIdentity(f *testing.F) {
	b, err := syntax.Marshal(identity())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var i bubble.Identity
		if syntax.Unmarshal(b, &i) != nil {
			return
		}
		if again, err := syntax.Marshal(&i); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x becomes %x (%v)", b, again, err)
		}
	})
}
