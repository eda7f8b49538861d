package conversation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"bulle/device/client/conversation"
)

func TestPagesJoinWithoutGaps(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	var ids []conversation.MessageID
	for i := range 10 {
		ids = append(ids, alice.say(bob, fmt.Sprint(i)))
	}
	id := alice.Direct(bob.id())
	page := func(found []conversation.Message, err error) (cursors []conversation.Cursor) {
		t.Helper()
		for _, m := range must(found, err)(t) {
			cursors = append(cursors, m.Cursor)
		}
		return cursors
	}
	for _, c := range []struct {
		what string
		got  []conversation.Cursor
		want []conversation.Cursor
	}{
		{"from the first", page(alice.Later(t.Context(), id, 0, 3)), []conversation.Cursor{1, 2, 3}},
		{"the next", page(alice.Later(t.Context(), id, 3, 3)), []conversation.Cursor{4, 5, 6}},
		{"the last", page(alice.Later(t.Context(), id, 8, 3)), []conversation.Cursor{9, 10}},
		{"past the end", page(alice.Later(t.Context(), id, 10, 3)), nil},
		{"around the middle", page(alice.Around(t.Context(), id, ids[4], 4)), []conversation.Cursor{4, 5, 6, 7}},
		{"around the first", page(alice.Around(t.Context(), id, ids[0], 4)), []conversation.Cursor{1, 2, 3}},
		{"around the last", page(alice.Around(t.Context(), id, ids[9], 4)), []conversation.Cursor{7, 8, 9, 10}},
		{"itself alone", page(alice.Around(t.Context(), id, ids[4], 1)), []conversation.Cursor{5}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if _, err := alice.Around(t.Context(), id, conversation.MessageID{1}, 4); !errors.Is(err, conversation.ErrNoMessage) {
		t.Errorf("around a message that is not there: %v", err)
	}
}
