package conversation_test

import (
	"slices"
	"testing"
	"time"

	"bulle/device/client/clienttest"
	"bulle/device/client/conversation"
	"bulle/device/vault"
	"bulle/device/vault/memory"
)

// copyVault copies a device's vault as it is now, as a backup program would.
func (d *device) copyVault() *memory.Backend {
	t := d.world.t
	t.Helper()
	ctx := t.Context()
	out := memory.New()
	for i, slot := range must(d.backend.Slots(ctx))(t) {
		if slot != nil {
			check(t, out.SetSlot(ctx, i, slot))
		}
	}
	var batch vault.Batch
	check(t, d.backend.Load(ctx, func(k vault.Key, label []byte) error {
		batch.Puts = append(batch.Puts, vault.Entry{Key: k, Label: slices.Clone(label)})
		return nil
	}))
	for i := range batch.Puts {
		values := must(d.backend.Get(ctx, []vault.Key{batch.Puts[i].Key}))(t)
		batch.Puts[i].Value = values[0]
	}
	check(t, out.Apply(ctx, &batch))
	return out
}

// restore puts a copy in place of the device's vault.
func (d *device) restore(from *memory.Backend) {
	t := d.world.t
	t.Helper()
	check(t, d.halt())
	check(t, d.vault.Close())
	d.backend = from
	d.vault = must(vault.Open(t.Context(), from, passphrase(), clienttest.VaultOptions()))(t)
	d.open()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// warned reports whether the device was told of something since the last call.
func (d *device) warned(w conversation.Warning) bool {
	found := false
	for len(d.events) > 0 {
		if e := <-d.events; e.Kind == conversation.EventWarning && e.Warning == w {
			found = true
		}
	}
	return found
}

// TestAnOlderVaultSealsNothingTwice restores an older copy of a vault after the
// device has said more: it notices, renews its keys, and goes on.
func TestAnOlderVaultSealsNothingTwice(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.sync()
	id := alice.Direct(bob.id())
	alice.say(bob, "before")
	alice.sync()
	bob.sync()
	bob.say(alice, "heard")
	bob.sync()
	alice.sync()
	old := alice.copyVault()
	for _, text := range []string{"lost one", "lost two", "lost three"} {
		alice.say(bob, text)
		alice.sync()
	}
	alice.restore(old)
	alice.say(bob, "after")
	alice.sync()
	if !alice.warned(conversation.WarningRollback) {
		t.Error("nobody was told that the vault was an older one")
	}
	bob.sync()
	want := []string{"alice: after", "alice: before", "alice: lost one", "alice: lost three", "alice: lost two", "bob: heard"}
	if got := bob.said(id); !slices.Equal(got, want) {
		t.Errorf("bob has %q", got)
	}
	bob.say(alice, "and back")
	bob.sync()
	alice.sync()
	if got := alice.said(id); !slices.Contains(got, "bob: and back") {
		t.Errorf("alice has %q", got)
	}
}

// TestAnOlderVaultAfterTruncation restores a copy whose channel has been swept
// since: what it did not read is gone, and that says that it is old.
func TestAnOlderVaultAfterTruncation(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.sync()
	id := alice.Direct(bob.id())
	alice.say(bob, "before")
	alice.sync()
	bob.sync()
	alice.sync()
	old := alice.copyVault()
	for _, text := range []string{"one", "two", "three"} { // each acknowledged, and swept
		alice.say(bob, text)
		alice.sync()
		bob.sync()
		bob.say(alice, text)
		bob.sync()
		alice.sync()
		bob.sync()
	}
	alice.restore(old)
	alice.say(bob, "after")
	alice.sync()
	if !alice.warned(conversation.WarningTruncated) {
		t.Error("nothing was missing: the channel was not swept")
	}
	bob.sync()
	if got := bob.said(id); !slices.Contains(got, "alice: after") {
		t.Errorf("bob has %q", got)
	}
}

// TestAnOlderVaultThatLostItsOwnCommit cannot follow: two members begin anew.
func TestAnOlderVaultThatLostItsOwnCommit(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.sync()
	id := alice.Direct(bob.id())
	alice.say(bob, "before")
	alice.sync()
	bob.sync()
	alice.sync()
	old := alice.copyVault()
	w.now = w.now.Add(25 * time.Hour) // the next message comes with a commit
	alice.say(bob, "lost")
	alice.sync()
	alice.restore(old)
	alice.say(bob, "after")
	alice.sync()
	if !alice.warned(conversation.WarningLost) {
		t.Error("the lost commit went unnoticed")
	}
	bob.sync()
	alice.sync()
	bob.sync()
	want := []string{"alice: after", "alice: before", "alice: lost"}
	if got := bob.said(id); !slices.Equal(got, want) {
		t.Errorf("bob has %q", got)
	}
	bob.say(alice, "back")
	bob.sync()
	alice.sync()
	if got := alice.said(id); !slices.Contains(got, "bob: back") {
		t.Errorf("alice has %q", got)
	}
}

// TestKeysAreRenewed shows that a copy of a whole vault opens nothing that the device
// sends after its next commit.
func TestKeysAreRenewed(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "secret", alice, bob)
	alice.tell(id, "one")
	alice.sync()
	bob.sync()
	stolen := alice.copyVault()
	w.now = w.now.Add(25 * time.Hour)
	alice.tell(id, "after healing")
	alice.sync()
	bob.sync()
	bob.tell(id, "answer")
	bob.sync()
	if got := bob.said(id); !slices.Contains(got, "alice: after healing") {
		t.Fatalf("bob has %q", got)
	}
	// The thief runs the copy on the relay as it is, with everything still there.
	thief := &device{
		world: w, name: "thief", member: alice.member, key: alice.key, inbox: alice.inbox, pool: alice.pool,
		session: w.relay.Session(), events: make(chan conversation.Event, 10_000), backend: stolen,
	}
	thief.vault = must(vault.Open(t.Context(), stolen, passphrase(), clienttest.VaultOptions()))(t)
	thief.open()
	_ = thief.trySync() // it cannot follow: that is the point
	for _, text := range thief.said(id) {
		if text == "alice: after healing" || text == "bob: answer" {
			t.Errorf("the thief reads %q", text)
		}
	}
}
