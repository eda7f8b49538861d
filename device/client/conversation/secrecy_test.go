package conversation_test

import (
	"slices"
	"testing"
	"time"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// TestAStolenVaultOpensNothingThatWasSentBefore takes what a relay ever held and a
// whole vault, both sides', and tries to open it.
func TestAStolenVaultOpensNothingThatWasSentBefore(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "past", alice, bob)
	ctx := t.Context()
	for _, text := range []string{"one", "two", "three"} {
		alice.tell(id, text)
		alice.sync()
	}
	channel := must(alice.Channel(ctx, id))(t)
	_, cells := w.relay.Cells(channel.ID)
	if n := must(bob.OpenAll(ctx, id, channel, cells))(t); n != 3 {
		t.Fatalf("before he reads them, bob opens %d messages", n)
	}
	bob.sync()
	for _, d := range []*device{alice, bob} {
		if n := must(d.OpenAll(ctx, id, channel, cells))(t); n != 0 {
			t.Errorf("a copy of %s's vault opens %d messages", d.name, n)
		}
	}
}

// TestARemovedMemberIsOut: the next channel cannot be found, read or written by who
// was removed, even with everything its vault ever held.
func TestARemovedMemberIsOut(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "three", alice, bob, carol)
	ctx := t.Context()
	carol.tell(id, "still here")
	carol.sync()
	old := must(carol.Channel(ctx, id))(t)
	check(t, alice.RemoveMembers(ctx, id, []governance.MemberID{carol.id()}))
	alice.sync()
	bob.sync()
	alice.tell(id, "among us")
	alice.sync()
	bob.sync()
	next := must(alice.Channel(ctx, id))(t)
	if next.ID == old.ID || next.Secret == old.Secret {
		t.Fatal("the channel is still the same")
	}
	_, cells := w.relay.Cells(next.ID)
	if n := must(carol.OpenAll(ctx, id, conversation.Channel{ID: next.ID, Secret: old.Secret}, cells))(t); n != 0 {
		t.Errorf("carol opens %d messages", n)
	}
	carol.sync()
	if c := must(carol.Conversation(ctx, id))(t); c.Active {
		t.Error("carol believes to be in the group")
	}
	if _, err := carol.SendText(ctx, id, governance.MemberID{}, "hello?"); err == nil {
		t.Error("carol can still write")
	}
	if got := carol.said(id); !slices.Equal(got, []string{"carol: still here"}) {
		t.Errorf("carol has %q", got)
	}
	check(t, alice.AddMembers(ctx, id, []governance.MemberID{carol.id()}))
	alice.sync()
	carol.sync()
	alice.tell(id, "welcome back")
	alice.sync()
	carol.sync()
	if got := carol.said(id); !slices.Equal(got, []string{"alice: welcome back", "carol: still here"}) {
		t.Errorf("back again, carol has %q", got)
	}
}

// TestAForgottenConversationIsGone shreds one, and begins it anew.
func TestAForgottenConversationIsGone(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	id := alice.Direct(bob.id())
	alice.say(bob, "to be forgotten")
	alice.sync()
	bob.sync()
	check(t, bob.Forget(t.Context(), id))
	if got := bob.history(id); len(got) != 0 {
		t.Errorf("bob still has %q", got)
	}
	bob.sync()
	w.now = w.now.Add(time.Minute)
	bob.say(alice, "who are you?")
	bob.sync()
	alice.sync()
	if got := alice.said(id); !slices.Contains(got, "bob: who are you?") {
		t.Errorf("alice has %q", got)
	}
	alice.say(bob, "still me")
	alice.sync()
	bob.sync()
	if got := bob.said(id); !slices.Equal(got, []string{"alice: still me", "bob: who are you?"}) {
		t.Errorf("bob has %q", got)
	}
}

// TestRemovedAndInvitedWhileAway: the Welcome back is read before the commit that it
// comes after.
func TestRemovedAndInvitedWhileAway(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "two", alice, bob)
	ctx := t.Context()
	for n := range 3 {
		check(t, alice.RemoveMembers(ctx, id, []governance.MemberID{bob.id()}))
		alice.sync()
		check(t, alice.AddMembers(ctx, id, []governance.MemberID{bob.id()}))
		alice.sync()
		alice.tell(id, "again")
		alice.sync()
		channel := must(bob.Channel(ctx, id))(t)
		if n > 0 { // first its inbox, then its channel
			bob.relay = &hostile{Session: bob.session, hidden: channel.ID}
			_ = bob.trySync() // its channel cannot be read
			bob.relay = nil
		}
		bob.sync()
		if c := must(bob.Conversation(ctx, id))(t); !c.Active || len(bob.said(id)) != n+1 {
			t.Fatalf("bob has %q, active %v", bob.said(id), c.Active)
		}
	}
}
