package conversation_test

import (
	"errors"
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// block has a device block others from its next start on.
func (d *device) block(others ...*device) {
	d.blocked = others
	d.restart()
}

// TestABlockedMemberIsNotHeard: what it says in the conversation of two is dropped,
// stays relayed for it, and does not come later; in a group it is heard.
func TestABlockedMemberIsNotHeard(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	ctx := t.Context()
	id := group(t, "both", alice, bob)
	direct := alice.Direct(bob.id())
	bob.say(alice, "before")
	settled(bob, alice)
	alice.block(bob)
	check(t, alice.MarkRead(ctx, direct, 1, true))
	text := bob.say(alice, "during")
	bob.tell(id, "in the group")
	settled(bob, alice)
	if got := alice.said(direct); !slices.Equal(got, []string{"bob: before"}) {
		t.Errorf("alice has %q", got)
	}
	if got := alice.said(id); !slices.Equal(got, []string{"bob: in the group"}) {
		t.Errorf("in the group alice has %q", got)
	}
	for _, m := range must(bob.History(ctx, direct, 0, 10))(t) {
		want := conversation.Delivered // of what came before; that it was read is not told any more
		if m.ID == text {
			want = conversation.Relayed
		}
		if m.State != want {
			t.Errorf("for bob %q is %v", m.Text, m.State)
		}
	}
	if c := must(alice.Conversation(ctx, direct))(t); c.Unread != 0 || c.Count != 1 {
		t.Errorf("alice has %d unread of %d", c.Unread, c.Count)
	}
	alice.say(bob, "alice may still write")
	settled(alice, bob)
	alice.block()
	bob.say(alice, "after")
	settled(bob, alice)
	if got := alice.said(direct); !slices.Equal(got, []string{"alice: alice may still write", "bob: after", "bob: before"}) {
		t.Errorf("unblocked, alice has %q", got)
	}
}

// TestMuting is kept with the conversation.
func TestMuting(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "loud", alice, bob)
	check(t, alice.Mute(t.Context(), id, true))
	alice.restart()
	if !must(alice.Conversation(t.Context(), id))(t).Muted {
		t.Error("it is loud again")
	}
	if err := alice.Mute(t.Context(), conversation.ID{1}, true); !errors.Is(err, conversation.ErrNoConversation) {
		t.Errorf("muting nothing: %v", err)
	}
}

func (d *device) isBlocked(_ *vault.Tx, member governance.MemberID) (bool, error) {
	return slices.ContainsFunc(d.blocked, func(x *device) bool { return x.id() == member }), nil
}
