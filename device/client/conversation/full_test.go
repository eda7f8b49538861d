package conversation_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"bulle/device/client/clienttest"
	"bulle/device/vault"
	"bulle/device/vault/memory"
)

// disk is a backend that can be full.
type disk struct {
	*memory.Backend
	full atomic.Bool
}

func (d *disk) Apply(ctx context.Context, batch *vault.Batch) error {
	if d.full.Load() {
		return vault.ErrFull
	}
	return d.Backend.Apply(ctx, batch)
}

// A round that failed for want of space says so: the caller would look for the fault at the relay otherwise.
func TestAFullVaultIsToldAndRecovers(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	space := &disk{Backend: alice.backend}
	if err := alice.vault.Close(); err != nil {
		t.Fatal(err)
	}
	alice.vault = must(vault.Open(t.Context(), space, passphrase(), clienttest.VaultOptions()))(t)
	alice.restart()
	alice.say(bob, "hello")
	space.full.Store(true)
	if err := alice.trySync(); !errors.Is(err, vault.ErrFull) {
		t.Errorf("a full vault: %v", err)
	}
	space.full.Store(false)
	alice.sync()
	bob.sync()
	if got := bob.history(bob.Direct(alice.id())); !slices.Equal(got, []string{"alice: hello"}) {
		t.Errorf("bob has %q", got)
	}
}
