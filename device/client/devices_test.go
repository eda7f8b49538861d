package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"bulle/device/client"
	"bulle/device/client/clienttest"
)

// linkTo links a further device of p; confirm is given both codes and says whether the
// member confirms.
func (p *person) linkTo(b *clienttest.Bubble, name string) *person {
	p.t.Helper()
	x := &person{t: p.t, network: b.Network(), vault: newVault(p.t)}
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	l, err := p.LinkDevice(ctx)
	check(p.t, err)
	code, linked := make(chan string, 8), make(chan error, 1)
	go func() {
		var err error
		x.Client, err = client.Link(ctx, x.config(), l.URL(), name, func(s string) { code <- s })
		linked <- err
	}()
	asks, err := l.Wait(ctx)
	check(p.t, err)
	if shown := <-code; asks.Name != name || asks.Code != shown || len(shown) != 7 {
		p.t.Errorf("%q asks with %q, its screen shows %q", asks.Name, asks.Code, shown)
	}
	check(p.t, l.Confirm(ctx))
	check(p.t, <-linked)
	p.t.Cleanup(func() { check(p.t, x.Close()) })
	return x
}

func settle(all ...*person) {
	for range 5 {
		for _, p := range all {
			p.sync()
		}
	}
}

// names returns what a device calls the member's devices, itself first.
func (p *person) names() (out []string) {
	p.t.Helper()
	all, err := p.Devices(p.t.Context())
	check(p.t, err)
	for _, d := range all {
		out = append(out, d.Name)
	}
	return out
}

// TestALinkedDeviceIsTheSameMember: identity, history, notes and names come along,
// and go on in step.
func TestALinkedDeviceIsTheSameMember(t *testing.T) {
	b, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	alice.say("bob", "before")
	settle(alice, bob)
	check(t, alice.MarkVerified(bob.Self().ID, true))
	phone := alice.linkTo(b, "phone")
	settle(alice, phone, bob)
	if phone.Self().ID != alice.Self().ID || phone.Self().Name != "alice" || !phone.Bubble().Founder {
		t.Errorf("the phone is %+v", phone.Self())
	}
	if got := phone.heard("bob"); !slices.Equal(got, []string{"alice: before"}) {
		t.Errorf("the phone has %q", got)
	}
	if c, err := phone.Contact("bob"); err != nil || !c.Verified {
		t.Errorf("the phone's contact is %+v, %v", c, err)
	}
	phone.say("bob", "after")
	bob.say("alice", "answer")
	settle(phone, bob, alice)
	for _, p := range []*person{alice, phone} {
		if got := p.heard("bob"); !slices.Contains(got, "alice: after") || !slices.Contains(got, "bob: answer") {
			t.Errorf("a device has %q", got)
		}
	}
	if got := phone.names(); len(got) != 2 || got[0] != "phone" {
		t.Errorf("the devices are %q", got)
	}
	devices, err := alice.Devices(t.Context())
	check(t, err)
	check(t, alice.RenameDevice(t.Context(), devices[0].ID, "desk"))
	check(t, phone.MarkVerified(bob.Self().ID, false))
	settle(alice, phone)
	if got := phone.names(); !slices.Equal(got, []string{"phone", "desk"}) {
		t.Errorf("the phone calls them %q", got)
	}
	if c, err := alice.Contact("bob"); err != nil || c.Verified {
		t.Errorf("the mark of what was compared is not in step: %+v, %v", c, err)
	}
	if c, err := bob.Contact("alice"); err != nil || c.Devices != 2 {
		t.Errorf("bob sees %+v, %v", c, err)
	}
	check(t, alice.Block(bob.Self().ID, true))
	settle(alice, phone)
	if c, err := phone.Contact("bob"); err != nil || !c.Blocked {
		t.Errorf("the phone does not know who is blocked: %+v, %v", c, err)
	}
	bob.say("alice", "unheard")
	settle(bob, alice, phone)
	check(t, phone.Block(bob.Self().ID, false))
	settle(phone, alice)
	if c, err := alice.Contact("bob"); err != nil || c.Blocked {
		t.Errorf("who is blocked is not in step: %+v, %v", c, err)
	}
	for _, p := range []*person{alice, phone} {
		if got := p.heard("bob"); slices.Contains(got, "bob: unheard") {
			t.Errorf("a device has %q", got)
		}
	}
}

// TestARemovedDeviceWipesItself: at once while it is connected, and at its next start
// otherwise. Nothing of it is left but the word that it was removed.
func TestARemovedDeviceWipesItself(t *testing.T) {
	b, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	alice.say("bob", "before")
	settle(alice, bob)
	phone, tablet := alice.linkTo(b, "phone"), alice.linkTo(b, "tablet")
	settle(alice, phone, tablet, bob)
	check(t, phone.Start(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	events := phone.Events(ctx)
	started := time.Now()
	for _, d := range must(alice.Devices(ctx))(t) {
		if !d.Self {
			check(t, alice.RemoveDevice(ctx, d.ID))
		}
	}
	for e := range events {
		if e.Kind == client.EventRemoved {
			break
		}
	}
	if ctx.Err() != nil {
		t.Fatal("the phone never learned that it was removed")
	}
	if d := time.Since(started); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
	if err := tablet.Sync(ctx); !errors.Is(err, client.ErrRemoved) {
		t.Errorf("the removed tablet syncs: %v", err)
	}
	if _, err := phone.Send(bob.to("alice").ID, client.Draft{Text: "x"}); err == nil {
		t.Error("the removed phone sends")
	}
	for _, p := range []*person{phone, tablet} {
		check(t, p.Close())
		segments, err := p.vault.Segments(ctx)
		if err != nil || !slices.Equal(segments, []string{"removed"}) {
			t.Errorf("the vault holds %q, %v", segments, err)
		}
		if _, err := client.Open(ctx, p.config()); !errors.Is(err, client.ErrRemoved) {
			t.Errorf("opened again: %v", err)
		}
	}
	if got := alice.names(); len(got) != 1 {
		t.Errorf("alice has %q", got)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

// TestALinkEndsUnused: cancelled, raced, or left behind by a crash, its ticket goes.
func TestALinkEndsUnused(t *testing.T) {
	b, all := people(t, "alice")
	alice := all[0]
	tickets := func() int { return len(b.Tickets()) }
	ask := func(ctx context.Context, url string) <-chan error {
		out := make(chan error, 1)
		cfg := client.Config{Vault: newVault(t), Network: b.Network()}
		go func() {
			c, err := client.Link(ctx, cfg, url, "phone", func(string) {})
			if c != nil {
				err = errors.Join(err, c.Close())
			}
			out <- err
		}()
		return out
	}
	t.Run("cancelled", func(t *testing.T) {
		l := must(alice.LinkDevice(t.Context()))(t)
		asked := ask(t.Context(), l.URL())
		must(l.Wait(t.Context()))(t)
		check(t, l.Cancel(t.Context()))
		if err := <-asked; !errors.Is(err, client.ErrLinkCancelled) && !errors.Is(err, client.ErrLinkOver) {
			t.Errorf("the phone hears %v", err)
		}
		if n := tickets(); n != 0 {
			t.Errorf("%d tickets are left", n)
		}
		if err := <-ask(t.Context(), l.URL()); !errors.Is(err, client.ErrLinkOver) {
			t.Errorf("the link is used again: %v", err)
		}
	})
	t.Run("raced", func(t *testing.T) {
		l := must(alice.LinkDevice(t.Context()))(t)
		first := ask(t.Context(), l.URL())
		must(l.Wait(t.Context()))(t)
		second := ask(t.Context(), l.URL())
		if err := <-second; !errors.Is(err, client.ErrLinkRaced) {
			t.Errorf("who comes second hears %v", err)
		}
		if err := l.Confirm(t.Context()); !errors.Is(err, client.ErrLinkRaced) {
			t.Errorf("confirmed after a race: %v", err)
		}
		if err := <-first; err == nil {
			t.Error("the first one came in")
		}
		if n := tickets(); n != 0 {
			t.Errorf("%d tickets are left", n)
		}
	})
	t.Run("another one replaces it", func(t *testing.T) {
		must(alice.LinkDevice(t.Context()))(t)
		l := must(alice.LinkDevice(t.Context()))(t)
		if n := tickets(); n != 1 {
			t.Errorf("%d tickets", n)
		}
		check(t, l.Cancel(t.Context()))
	})
	t.Run("crashed", func(t *testing.T) {
		cfg := alice.config()
		cfg.Hook = func(step string) error {
			if step == "ticket submit done" {
				return errStop
			}
			return nil
		}
		c := must(client.Open(t.Context(), cfg))(t)
		if _, err := c.LinkDevice(t.Context()); !errors.Is(err, errStop) {
			t.Errorf("the crash: %v", err)
		}
		check(t, c.Close())
		if n := tickets(); n != 1 {
			t.Fatalf("%d tickets after the crash", n)
		}
		c = must(client.Open(t.Context(), alice.config()))(t)
		defer c.Close() //nolint:errcheck // the test is over
		check(t, c.Sync(t.Context()))
		for range 100 { // the sweep runs beside the round
			if tickets() == 0 {
				return
			}
			check(t, c.Sync(t.Context()))
		}
		t.Errorf("%d tickets are left", tickets())
	})
}

var errStop = errors.New("stopped")
