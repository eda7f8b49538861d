package conversation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/governance"
)

// sender returns who wrote a message, by name.
func (d *device) members(id conversation.ID) []string {
	d.world.t.Helper()
	var out []string
	for _, m := range must(d.Conversation(d.world.t.Context(), id))(d.world.t).Members {
		member, _ := d.world.Now().Member(m)
		out = append(out, member.Name)
	}
	slices.Sort(out)
	return out
}

// TestTwoChangesInOneMoment has two members change a group at once: the first seal
// wins, the other change goes through after it.
func TestTwoChangesInOneMoment(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol, dave := w.join("alice"), w.join("bob"), w.join("carol"), w.join("dave")
	carol.sync()
	dave.sync()
	id := group(t, "race", alice, bob)
	ctx := t.Context()
	check(t, alice.SetRole(ctx, id, bob.id(), true))
	alice.sync()
	bob.sync()
	for range 5 {
		if err := alice.AddMembers(ctx, id, []governance.MemberID{carol.id()}); err != nil {
			t.Fatal(err)
		}
		if err := bob.AddMembers(ctx, id, []governance.MemberID{dave.id(), carol.id()}); err != nil {
			t.Fatal(err)
		}
		alice.start()
		bob.start()
		alice.tell(id, "while changing")
		bob.tell(id, "while changing")
		for range 3 {
			alice.sync()
			bob.sync()
		}
		for _, d := range []*device{carol, dave} {
			d.sync()
		}
		for _, d := range []*device{alice, bob, carol, dave} {
			if got := d.members(id); !slices.Equal(got, []string{"alice", "bob", "carol", "dave"}) {
				t.Fatalf("%s sees %v", d.name, got)
			}
		}
		if err := alice.RemoveMembers(ctx, id, []governance.MemberID{carol.id()}); err != nil {
			t.Fatal(err)
		}
		if err := bob.RemoveMembers(ctx, id, []governance.MemberID{dave.id()}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			alice.sync()
			bob.sync()
		}
		for _, d := range []*device{alice, bob} {
			if got := d.members(id); !slices.Equal(got, []string{"alice", "bob"}) {
				t.Fatalf("%s sees %v", d.name, got)
			}
			if err := d.halt(); err != nil {
				t.Fatal(err)
			}
		}
		carol.sync()
		dave.sync()
	}
	if got := alice.said(id); len(got) != 10 || !slices.Equal(got, bob.said(id)) {
		t.Errorf("alice has %q, bob %q", got, bob.said(id))
	}
}

// TestAMemberWhoWasAwayFor50EpochsCatchesUp has one member offline while the group
// moves on.
func TestAMemberWhoWasAwayFor50EpochsCatchesUp(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "busy", alice, bob)
	bob.tell(id, "bye for now")
	bob.sync()
	alice.start()
	var want []string
	for n := range 50 {
		if err := alice.Rename(t.Context(), id, fmt.Sprintf("busy %d", n)); err != nil {
			t.Fatal(err)
		}
		alice.sync()
		alice.tell(id, fmt.Sprintf("epoch %02d", n))
		want = append(want, fmt.Sprintf("alice: epoch %02d", n))
	}
	alice.sync()
	bob.sync()
	if got := bob.said(id); !slices.Equal(got, append(want, "bob: bye for now")) {
		t.Errorf("bob has %q", got)
	}
	bob.tell(id, "back")
	bob.sync()
	alice.sync()
	if got := alice.said(id); !slices.Contains(got, "bob: back") {
		t.Errorf("alice has %q", got)
	}
}

// TestBothBeginAtOnce has two members write to each other before either has heard of
// the other: it is one conversation, and both settle on one group.
func TestBothBeginAtOnce(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	alice.sync()
	bob.sync()
	alice.say(bob, "from alice")
	bob.say(alice, "from bob")
	// Neither reads its inbox before it has made its group.
	for _, d := range []*device{alice, bob} {
		d.relay = &hostile{Session: d.session, hidden: must(delivery.NewInbox(d.inbox))(t).ID()}
		if err := d.trySync(); !errors.Is(err, link.ErrRate) {
			t.Fatal(err)
		}
		d.relay = nil
	}
	for range 2 {
		bob.sync()
		alice.sync()
	}
	alice.say(bob, "again")
	bob.say(alice, "again")
	for range 2 {
		alice.sync()
		bob.sync()
	}
	id := alice.Direct(bob.id())
	want := []string{"alice: again", "alice: from alice", "bob: again", "bob: from bob"}
	for _, d := range []*device{alice, bob} {
		if got := d.said(id); !slices.Equal(got, want) {
			t.Errorf("%s has %q", d.name, got)
		}
		if all := must(d.Conversations(t.Context()))(t); len(all) != 1 {
			t.Errorf("%s has %d conversations", d.name, len(all))
		}
	}
}
