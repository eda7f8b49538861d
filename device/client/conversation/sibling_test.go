package conversation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulle/device/client/clienttest"
	"bulle/device/client/contact"
	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// link makes a further device of a member, as linking does: with a history to come
// from the device that linked it.
func (d *device) link(name string) *device {
	w := d.world
	w.t.Helper()
	x := &device{
		world: w, name: name, member: d.member, key: governance.NewDeviceKey(secret.Random(governance.SeedSize)),
		inbox: secret.Random(delivery.InboxSecretSize), pool: secret.Random(delivery.InboxSecretSize),
		backend: memory.New(), session: w.relay.Session(), events: make(chan conversation.Event, 10_000),
	}
	x.vault = must(vault.Create(w.t.Context(), x.backend, passphrase(), clienttest.VaultOptions()))(w.t)
	transfer := secret.Random(delivery.ChannelSecretSize)
	ctx := context.Background()
	check(w.t, d.vault.Update(ctx, func(tx *vault.Tx) error { return d.OfferHistory(tx, x.key.ID(), transfer) }))
	check(w.t, x.vault.Update(ctx, func(tx *vault.Tx) error { return conversation.ExpectHistory(tx, transfer) }))
	w.state(x)
	x.open()
	w.t.Cleanup(func() { _ = x.halt() })
	return x
}

// state puts a further device into the log.
func (w *world) state(x *device) {
	w.t.Helper()
	inbox := must(delivery.NewInbox(x.inbox))(w.t)
	pool := must(delivery.NewPool(x.pool))(w.t)
	card := must((&contact.DeviceCard{Inbox: *inbox.Address(), Pool: pool.Address()}).Seal(w.directory, x.key.ID()))(w.t)
	place := governance.Place{Head: w.log.Head(), Time: w.now}
	w.append([][]byte{must(governance.AddDevice(place, x.member, x.key, card))(w.t)})
}

// remove takes a device out of the log.
func (w *world) remove(x *device) {
	w.t.Helper()
	place := governance.Place{Head: w.log.Head(), Time: w.now}
	w.append([][]byte{must(governance.RemoveDevice(place, x.member, x.key.ID()))(w.t)})
}

// rounds lets all devices sync until nothing moves any more.
func rounds(all ...*device) {
	for range 6 {
		for _, d := range all {
			d.sync()
		}
	}
}

func sameHistory(t *testing.T, id conversation.ID, devices ...*device) []string {
	t.Helper()
	want := devices[0].history(id)
	for _, d := range devices[1:] {
		if got := d.history(id); !slices.Equal(got, want) {
			t.Errorf("%s has\n  %s\n%s has\n  %s", devices[0].name, strings.Join(want, "\n  "), d.name, strings.Join(got, "\n  "))
		}
	}
	return want
}

// TestALinkedDeviceHasTheHistoryAndWhatFollows: what was said before, and by whom it
// was read, and then everything that anybody says.
func TestALinkedDeviceHasTheHistoryAndWhatFollows(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	rounds(alice, bob, carol)
	direct := alice.Direct(bob.id())
	alice.say(bob, "one")
	group := must(alice.CreateGroup(t.Context(), "team", []governance.MemberID{bob.id(), carol.id()}))(t)
	rounds(alice, bob, carol)
	bob.say(alice, "two")
	must(bob.SendText(t.Context(), group, governance.MemberID{}, "hello team"))(t)
	rounds(alice, bob, carol)
	check(t, alice.MarkRead(t.Context(), direct, 1, true))

	phone := alice.link("phone")
	rounds(alice, phone, bob, carol)
	sameHistory(t, direct, alice, phone)
	sameHistory(t, group, alice, phone)
	unread := must(phone.Conversation(t.Context(), direct))(t).Unread
	if want := must(alice.Conversation(t.Context(), direct))(t).Unread; unread != want || want == 0 {
		t.Errorf("the phone has %d unread, the other device %d", unread, want)
	}

	must(phone.SendText(t.Context(), direct, bob.id(), "from the phone"))(t)
	bob.say(alice, "to both")
	must(carol.SendText(t.Context(), group, governance.MemberID{}, "to both in the team"))(t)
	rounds(alice, phone, bob, carol)
	lines := sameHistory(t, direct, alice, phone)
	if !slices.Contains(lines, "alice: from the phone") || !slices.Contains(lines, "bob: to both") || !slices.Contains(lines, "alice device") {
		t.Errorf("the history is %q", lines)
	}
	if got := bob.history(direct); !slices.Contains(got, "alice device") || !slices.Contains(got, "alice: from the phone") {
		t.Errorf("bob's history is %q", got)
	}
	if got := sameHistory(t, group, alice, phone); !slices.Contains(got, "carol: to both in the team") {
		t.Errorf("the group's history is %q", got)
	}
	own := must(alice.History(t.Context(), direct, 0, 500))(t)
	i := slices.IndexFunc(own, func(m conversation.Message) bool { return m.Text == "from the phone" })
	if !own[i].Own || own[i].State != conversation.Delivered {
		t.Errorf("what the phone said is %+v", own[i])
	}

	last := must(phone.Conversation(t.Context(), direct))(t)
	check(t, phone.MarkRead(t.Context(), direct, conversation.Cursor(last.Count), false)) // without receipts
	rounds(phone, alice)
	if c := must(alice.Conversation(t.Context(), direct))(t); c.Unread != 0 {
		t.Errorf("%d unread after the phone read them", c.Unread)
	}
	for _, c := range must(alice.Conversations(t.Context()))(t) {
		if c.Peer == alice.id() {
			t.Error("the conversation of the own devices is listed")
		}
	}
}

// TestWhatOneDeletesIsGoneFromAllDevices, whether it was there already or comes later,
// and from nobody else's.
func TestWhatOneDeletesIsGoneFromAllDevices(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	rounds(alice, bob)
	direct := alice.Direct(bob.id())
	alice.say(bob, "one")
	rounds(alice, bob)
	phone := alice.link("phone")
	rounds(alice, phone, bob)
	bob.say(alice, "two")
	bob.say(alice, "three")
	rounds(alice, phone, bob)
	find := func(text string) conversation.MessageID {
		all := must(alice.History(t.Context(), direct, 0, 500))(t)
		return all[slices.IndexFunc(all, func(m conversation.Message) bool { return m.Text == text })].ID
	}
	for _, text := range []string{"one", "two"} {
		check(t, alice.Delete(t.Context(), direct, find(text), false))
	}
	rounds(alice, phone, bob)
	got := strings.Join(sameHistory(t, direct, alice, phone), "\n")
	if strings.Contains(got, "one") || strings.Contains(got, "two") || !strings.Contains(got, "three") {
		t.Errorf("the devices have\n%s", got)
	}
	if got := bob.history(direct); !slices.Contains(got, "alice: one") || !slices.Contains(got, "bob: two") {
		t.Errorf("bob has %q", got)
	}
	if c := must(phone.Conversation(t.Context(), direct))(t); c.Unread != 1 {
		t.Errorf("the phone has %d unread", c.Unread)
	}

	late := must(bob.SendText(t.Context(), direct, alice.id(), "late"))(t)
	check(t, phone.HeardRemoved(t.Context(), direct, late)) // the word of it is faster
	rounds(alice, phone, bob)
	if got := phone.history(direct); slices.Contains(got, "bob: late") {
		t.Errorf("the phone has %q", got)
	}
	if c := must(phone.Conversation(t.Context(), direct))(t); c.Unread != 1 {
		t.Errorf("the phone has %d unread with one that was deleted before it came", c.Unread)
	}
}

// TestARemovedDeviceLeavesEveryGroup: its siblings take its leaves out, and what is
// said then it does not get.
func TestARemovedDeviceLeavesEveryGroup(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	rounds(alice, bob)
	direct := alice.Direct(bob.id())
	alice.say(bob, "one")
	rounds(alice, bob)
	phone := alice.link("phone")
	rounds(alice, phone, bob)
	w.remove(phone)
	bob.say(alice, "after") // bob commits it out before he speaks
	bob.sync()
	alice.sync()
	phone.sync() // the relay would not let it: its groups have
	if got := phone.history(direct); slices.Contains(got, "bob: after") {
		t.Errorf("the removed device reads %q", got)
	}
	rounds(alice, bob)
	if got := alice.history(direct); !slices.Contains(got, "alice device-gone") || !slices.Contains(got, "bob: after") {
		t.Errorf("the history is %q", got)
	}
}

// TestLeavingTakesAllDevicesOut: who leaves a group on one device has left it on all.
func TestLeavingTakesAllDevicesOut(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	rounds(alice, bob)
	group := must(bob.CreateGroup(t.Context(), "team", []governance.MemberID{alice.id()}))(t)
	rounds(alice, bob)
	phone := alice.link("phone")
	rounds(alice, phone, bob)
	check(t, phone.Leave(t.Context(), group))
	rounds(phone, alice, bob)
	for _, d := range []*device{alice, phone} {
		if c := must(d.Conversation(t.Context(), group))(t); c.Active {
			t.Errorf("%s is still in the group", d.name)
		}
	}
	if got := bob.history(group); got[len(got)-1] != "alice left" {
		t.Errorf("bob's history is %q", got)
	}
}

// TestAHistorySurvivesEveryCrash links a device and crashes one of the two at one step
// of what follows: all of the history is there at the end, once, and nothing was
// sealed twice with the same key.
func TestAHistorySurvivesEveryCrash(t *testing.T) {
	for i := range 4 { // an item that is sent twice: the reader once waited for ever, mostly not at the first time
		t.Run(fmt.Sprintf("giver step 6, %d", i), func(t *testing.T) { crashAmidHistory(t, true, 6) })
	}
	for _, side := range []string{"giver", "taker"} {
		reached := true
		for n := 1; reached; n += 8 * stride() {
			t.Run(fmt.Sprintf("%s step %d", side, n), func(t *testing.T) { reached = crashAmidHistory(t, side == "giver", n) })
		}
	}
}

func crashAmidHistory(t *testing.T, giver bool, n int) (reached bool) {
	t.Helper()
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	rounds(alice, bob)
	direct := alice.Direct(bob.id())
	alice.say(bob, "one")
	bob.say(alice, "two")
	rounds(alice, bob)
	o := newOnce(t)
	alice.watch(o)
	phone := alice.link("phone")
	phone.watch(o)
	crashing := phone
	if giver {
		crashing = alice
	}
	steps := crashing.crashAt(n)
	for range 6 {
		alice.surviveSync()
		phone.surviveSync()
		bob.sync()
	}
	reached = *steps >= n
	crashing.hook = nil
	crashing.restart()
	phone.surviveText(direct, bob.id(), "after")
	rounds(alice, phone, bob)
	got := sameHistory(t, direct, alice, phone)
	for _, line := range []string{"alice: one", "bob: two", "alice: after"} {
		if i := slices.Index(got, line); i < 0 || slices.Contains(got[i+1:], line) {
			t.Errorf("%q is not there once:\n  %s", line, strings.Join(got, "\n  "))
		}
	}
	return reached
}
