package conversation_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// once fails the test when something that must never be there twice is.
type once struct {
	t    *testing.T
	mu   sync.Mutex
	seen map[string]bool
}

func newOnce(t *testing.T) *once {
	t.Helper()
	return &once{t: t, seen: map[string]bool{}}
}

func (o *once) note(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[string(b)] {
		o.t.Errorf("a key and nonce, or a salt, sealed twice")
	}
	o.seen[string(b)] = true
}

// watch shows an observer everything that the device seals, from its next start on.
func (d *device) watch(o *once) {
	d.sealing = o.note
	d.restart()
}

var errCrash = errors.New("a crash")

// restart throws the engine away, as the end of the process does, and opens a new
// one on the vault.
func (d *device) restart() {
	_ = d.halt() // it may have been stopped by the hook
	d.open()
}

// crashAt makes the device crash once, at its n-th step from now.
func (d *device) crashAt(n int) (steps *int) {
	var mu sync.Mutex
	count := 0
	d.hook = func(step string) error {
		mu.Lock()
		defer mu.Unlock()
		if count++; count == n {
			return fmt.Errorf("%w at %q", errCrash, step)
		}
		return nil
	}
	d.restart()
	return &count
}

// survive repeats something until no crash interrupts it.
func (d *device) survive(what func() error) {
	d.world.t.Helper()
	for range 10 {
		err := what()
		if err == nil {
			return
		}
		if !errors.Is(err, conversation.ErrStopped) && !errors.Is(err, conversation.ErrNotRunning) {
			d.world.t.Fatalf("%s: %v", d.name, err)
		}
		d.restart()
	}
	d.world.t.Fatalf("%s does not survive", d.name)
}

func (d *device) surviveSync() {
	d.world.t.Helper()
	d.survive(d.trySync)
}

// surviveText sends a text once, whatever happens in between.
func (d *device) surviveText(id conversation.ID, peer governance.MemberID, text string) {
	d.world.t.Helper()
	ctx := d.world.t.Context()
	d.survive(func() error {
		if slices.Contains(d.history(id), d.name+": "+text) {
			return nil
		}
		_, err := d.SendText(ctx, id, peer, text)
		return err
	})
	d.surviveSync()
}

// said returns the texts of a history, sorted.
func (d *device) said(id conversation.ID) []string {
	d.world.t.Helper()
	var out []string
	for _, line := range d.history(id) {
		if strings.Contains(line, ": ") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// groupStory lives through the life of a group: creation, texts both ways, another
// name, a member who leaves.
func groupStory(t *testing.T, a, b *device, name string) {
	t.Helper()
	ctx := t.Context()
	var id conversation.ID
	a.survive(func() error {
		for _, c := range must(a.Conversations(ctx))(t) {
			if c.Name == name {
				id = c.ID
				return nil
			}
		}
		var err error
		id, err = a.CreateGroup(ctx, name, []governance.MemberID{b.id()})
		return err
	})
	a.surviveSync()
	b.surviveSync()
	a.surviveText(id, a.id(), "one")
	b.surviveText(id, b.id(), "two")
	a.surviveText(id, a.id(), "three")
	a.survive(func() error { return a.Rename(ctx, id, name+"!") })
	a.surviveSync()
	b.surviveText(id, b.id(), "four")
	a.surviveSync()
	want := []string{"alice: one", "alice: three", "bob: four", "bob: two"}
	for _, d := range []*device{a, b} {
		if got := d.said(id); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", d.name, got, want)
		}
	}
	b.survive(func() error {
		err := b.Leave(ctx, id)
		if errors.Is(err, conversation.ErrNotMember) {
			return nil // it was written down before the crash
		}
		return err
	})
	b.surviveSync()
	a.surviveSync()
	b.surviveSync()
	c := must(b.Conversation(ctx, id))(t)
	if c.Active || c.Name != name+"!" {
		t.Errorf("bob has %+v after leaving", c)
	}
	if members := must(a.Conversation(ctx, id))(t).Members; len(members) != 1 {
		t.Errorf("alice still has %d members", len(members))
	}
}

// stride is how many steps the crash tests go on at a time: all of them natively.
func stride() int {
	if runtime.GOOS == "js" || testing.Short() {
		return 17
	}
	return 1
}

// TestNothingIsLostOrDoubledByACrashInAGroup kills each side at each of its steps.
func TestNothingIsLostOrDoubledByACrashInAGroup(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.watch(o)
	bob.sync()
	for _, victim := range []*device{alice, bob} {
		victim.crashAt(0)
		for n, steps := 1, 1; n <= steps && !t.Failed(); n += stride() {
			count := victim.crashAt(n)
			groupStory(t, alice, bob, fmt.Sprintf("%s %d", victim.name, n))
			steps = *count
		}
		victim.hook = nil
		victim.restart()
	}
}

// TestNothingIsLostOrDoubledByACrashOfTwo kills each side at each of its steps while
// two members get to know each other.
func TestNothingIsLostOrDoubledByACrashOfTwo(t *testing.T) {
	for _, name := range []string{"alice", "bob"} {
		t.Run(name, func(t *testing.T) {
			for n, steps := 1, 1; n <= steps && !t.Failed(); n += 3 * stride() {
				steps = directStory(t, name, n)
			}
		})
	}
}

func directStory(t *testing.T, victim string, n int) (steps int) {
	t.Helper()
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.watch(o)
	bob.sync()
	var count *int
	if victim == "alice" {
		count = alice.crashAt(n)
	} else {
		count = bob.crashAt(n)
	}
	id := alice.Direct(bob.id())
	alice.surviveText(id, bob.id(), "one")
	bob.surviveSync()
	bob.surviveText(id, alice.id(), "two")
	alice.surviveSync()
	alice.surviveText(id, bob.id(), "three")
	bob.surviveSync()
	alice.surviveSync()
	want := []string{"alice: one", "alice: three", "bob: two"}
	for _, d := range []*device{alice, bob} {
		if got := d.said(id); !slices.Equal(got, want) {
			t.Errorf("crash %d of %s: %s has %q, want %q", n, victim, d.name, got, want)
		}
	}
	for _, m := range must(alice.History(t.Context(), id, 0, 10))(t) {
		if m.Own && m.State != conversation.Delivered {
			t.Errorf("crash %d of %s: %q is %v", n, victim, m.Text, m.State)
		}
	}
	return *count
}
