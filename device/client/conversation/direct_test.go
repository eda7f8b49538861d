package conversation_test

import (
	"slices"
	"testing"

	"bulle/device/client/conversation"
)

func TestTwoMembersTalk(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	id := alice.say(bob, "hello")
	alice.sync()
	bob.sync()
	bob.say(alice, "hello yourself")
	bob.sync()
	alice.sync()
	want := []string{"alice: hello", "bob: hello yourself"}
	for _, d := range []*device{alice, bob} {
		if got := d.history(alice.Direct(bob.id())); !slices.Equal(got, want) {
			t.Errorf("%s sees %q, want %q", d.name, got, want)
		}
	}
	m := must(alice.Message(t.Context(), alice.Direct(bob.id()), id))(t)
	if m.State != conversation.Delivered {
		t.Errorf("the message is %v", m.State)
	}
}
