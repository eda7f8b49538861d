package enrol_test

import (
	"errors"
	"testing"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/clienttest"
	"bulle/device/client/enrol"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	pass := secret.Copy([]byte("one long phrase that nobody would ever think of"))
	v, err := vault.Create(t.Context(), memory.New(), pass, clienttest.VaultOptions())
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	return v
}

// restart is a vault as a fresh one would be, without the cost of making one.
func restart(t *testing.T, v *vault.Vault) {
	t.Helper()
	check(t, v.Update(t.Context(), func(tx *vault.Tx) error {
		for _, name := range []string{"identity", "log"} {
			if tx.HasSegment(name) {
				if err := tx.Shred(name); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func config(v *vault.Vault, n *clienttest.Network) enrol.Config {
	return enrol.Config{Vault: v, Dial: n.Governance, Clock: time.Now}
}

// invitation makes a link by the founder's vault.
func invitation(t *testing.T, v *vault.Vault, n *clienttest.Network) string {
	t.Helper()
	id, err := bubble.Load(t.Context(), v)
	check(t, err)
	l, err := bubble.Open(t.Context(), bubble.Config{Vault: v, Identity: id, Dial: n.Governance})
	check(t, err)
	url, err := l.Invite(t.Context(), 1, time.Hour, time.Now())
	check(t, err)
	return url
}

var errCrash = errors.New("a crash")

// crashing stops at the n-th step.
func crashing(c enrol.Config, n int) (enrol.Config, *int) {
	steps := 0
	c.Hook = func(string) error {
		if steps++; steps == n {
			return errCrash
		}
		return nil
	}
	return c, &steps
}

// enrolledOnce checks that the log has exactly one device with the vault's name.
func enrolledOnce(t *testing.T, v *vault.Vault, members int) {
	t.Helper()
	id, err := bubble.Load(t.Context(), v)
	check(t, err)
	if id == nil || !id.Enrolled || id.Ticket != nil {
		t.Fatalf("the vault is not enrolled: %+v", id)
	}
	l, err := bubble.Open(t.Context(), bubble.Config{Vault: v, Identity: id})
	check(t, err)
	if got := len(l.Now().Members()); got != members {
		t.Errorf("the log has %d members, want %d", got, members)
	}
	if _, ok := l.Now().Device(id.DeviceKey().ID()); !ok {
		t.Error("the log does not have the device")
	}
}

func TestAClaimGoesOnAfterACrashAtAnyStep(t *testing.T) {
	v := newVault(t)
	for n, last := 1, 1; n <= last; n++ {
		restart(t, v)
		b := clienttest.New(time.Now)
		c, steps := crashing(config(v, b.Network()), n)
		if err := enrol.Claim(t.Context(), c, b.ClaimLink(), "alice"); err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		last = max(last, *steps+1)
		err := enrol.Claim(t.Context(), config(v, b.Network()), b.ClaimLink(), "alice")
		if err != nil && !errors.Is(err, enrol.ErrEnrolled) {
			t.Fatalf("after a crash at step %d: %v", n, err)
		}
		enrolledOnce(t, v, 1)
		if n > *steps {
			break
		}
	}
}

func TestAJoinGoesOnAfterACrashAtAnyStep(t *testing.T) {
	founder, v := newVault(t), newVault(t)
	for n := 1; ; n++ {
		restart(t, founder)
		restart(t, v)
		b := clienttest.New(time.Now)
		check(t, enrol.Claim(t.Context(), config(founder, b.Network()), b.ClaimLink(), "alice"))
		url := invitation(t, founder, b.Network())
		c, steps := crashing(config(v, b.Network()), n)
		if err := enrol.Join(t.Context(), c, url, "bob"); err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		err := enrol.Join(t.Context(), config(v, b.Network()), url, "bob")
		if err != nil && !errors.Is(err, enrol.ErrEnrolled) {
			t.Fatalf("after a crash at step %d: %v", n, err)
		}
		enrolledOnce(t, v, 2)
		if n > *steps {
			return
		}
	}
}

func TestALostAnswerIsNoSecondMember(t *testing.T) {
	founder, v := newVault(t), newVault(t)
	b := clienttest.New(time.Now)
	lossy := b.Network()
	lost := 0
	lossy.Lose = func() bool { lost++; return lost == 1 }
	if err := enrol.Claim(t.Context(), config(founder, lossy), b.ClaimLink(), "alice"); !errors.Is(err, link.ErrTimeout) {
		t.Fatal(err)
	}
	check(t, enrol.Claim(t.Context(), config(founder, lossy), b.ClaimLink(), "alice"))
	enrolledOnce(t, founder, 1)
	url := invitation(t, founder, b.Network())
	lost = 0
	if err := enrol.Join(t.Context(), config(v, lossy), url, "bob"); !errors.Is(err, link.ErrTimeout) {
		t.Fatal(err)
	}
	check(t, enrol.Join(t.Context(), config(v, lossy), url, "bob"))
	enrolledOnce(t, v, 2)
}

func TestSomebodyElseClaimedIt(t *testing.T) {
	one, two := newVault(t), newVault(t)
	b := clienttest.New(time.Now)
	c, _ := crashing(config(two, b.Network()), 3) // with keys, before it submits
	if err := enrol.Claim(t.Context(), c, b.ClaimLink(), "mallory"); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	check(t, enrol.Claim(t.Context(), config(one, b.Network()), b.ClaimLink(), "alice"))
	if err := enrol.Claim(t.Context(), config(two, b.Network()), b.ClaimLink(), "mallory"); !errors.Is(err, link.ErrClaimed) {
		t.Errorf("a second founder: %v", err)
	}
}

// TestARelayThatShowsAnotherLog is refused: the link pins the root key.
func TestARelayThatShowsAnotherLog(t *testing.T) {
	founder, v := newVault(t), newVault(t)
	b := clienttest.New(time.Now)
	check(t, enrol.Claim(t.Context(), config(founder, b.Network()), b.ClaimLink(), "alice"))
	url := invitation(t, founder, b.Network())
	other, otherVault := clienttest.New(time.Now), newVault(t)
	check(t, enrol.Claim(t.Context(), config(otherVault, other.Network()), other.ClaimLink(), "mallory"))
	lying := b.Network()
	lying.Edit = func(from uint64, _ [][]byte) [][]byte {
		return other.Statements()[min(from, uint64(len(other.Statements()))):]
	}
	if err := enrol.Join(t.Context(), config(v, lying), url, "bob"); !errors.Is(err, bubble.ErrFork) || !errors.Is(err, governance.ErrRefused) {
		t.Errorf("another log: %v", err)
	}
}
