package conversation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bulle/device/client/conversation"
	"bulle/device/client/link"
)

// take empties a device's pool of everything but the last resort, as a member of the
// category can.
func (d *device) drain() (taken int) {
	d.world.t.Helper()
	at, _ := d.world.Now().Device(d.key.ID())
	seen := map[string]bool{}
	for {
		item := must(d.world.relay.Session().Take(d.world.t.Context(), at.Card.Pool.ID, at.Card.Pool.Take))(d.world.t)
		if seen[string(item)] {
			return len(seen) - 1 // the last resort came a second time
		}
		seen[string(item)] = true
	}
}

// TestAnEmptyPoolStopsNobody: when all key packages are taken there is the last
// resort, which several may use, and which is replaced.
func TestAnEmptyPoolStopsNobody(t *testing.T) {
	w := newWorld(t)
	bob := w.join("bob")
	bob.sync()
	if n := bob.drain(); n != 20 {
		t.Errorf("the pool held %d packages", n)
	}
	var want []string
	for n := range 3 {
		friend := w.join(fmt.Sprintf("friend %d", n))
		friend.say(bob, "hello")
		friend.sync()
		want = append(want, friend.name+": hello")
	}
	bob.sync()
	var got []string
	for _, c := range must(bob.Conversations(t.Context()))(t) {
		got = append(got, bob.said(c.ID)...)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("bob has %q", got)
	}
	w.now = w.now.Add(25 * time.Hour)
	bob.sync()
	if n := bob.drain(); n != 20 {
		t.Errorf("a day later the pool holds %d packages", n)
	}
}

// TestAWrongClockStopsNobody: devices whose clocks are weeks apart add one another,
// whoever begins.
func TestAWrongClockStopsNobody(t *testing.T) {
	for _, skew := range []time.Duration{-27 * 24 * time.Hour, 27 * 24 * time.Hour} {
		w := newWorld(t)
		wrong, first, second := w.join("wrong"), w.join("first"), w.join("second")
		wrong.skew = skew
		for _, d := range []*device{wrong, first, second} {
			d.sync()
		}
		for _, pair := range [][2]*device{{first, wrong}, {wrong, second}} {
			from, to := pair[0], pair[1]
			from.say(to, "hello")
			from.sync()
			to.sync()
			var got []string
			for _, c := range must(to.Conversations(t.Context()))(t) {
				got = append(got, to.said(c.ID)...)
			}
			if !slices.Contains(got, from.name+": hello") {
				t.Errorf("%v: %s has %q of %s", skew, to.name, got, from.name)
			}
		}
	}
}

// TestAForgottenPoolIsMadeAnew: the relay drops what nobody has used for long.
func TestAForgottenPoolIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	bob := w.join("bob")
	bob.sync()
	bob.session = newRelaySession()
	w.now = w.now.Add(40 * 24 * time.Hour)
	bob.sync()
}

// TestManyMessagesRenewTheKeys commits after so many messages of our own.
func TestManyMessagesRenewTheKeys(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	alice.healing = conversation.Healing{Messages: 3}
	alice.restart()
	id := group(t, "much", alice, bob)
	channels := map[link.ID]int{}
	for n := range 9 {
		alice.tell(id, fmt.Sprint(n))
		alice.sync()
		channels[must(alice.Channel(t.Context(), id))(t).ID]++
	}
	if len(channels) != 3 {
		t.Errorf("nine messages took %d epochs", len(channels))
	}
	bob.sync()
	if got := bob.said(id); len(got) != 9 {
		t.Errorf("bob has %q", got)
	}
}
