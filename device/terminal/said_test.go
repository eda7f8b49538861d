package terminal

import (
	"strings"
	"testing"
	"time"

	"bulle/device/client"
)

// TestWhatStandsAroundAMessage draws quotes, reactions and what became of messages,
// and lets one go.
func TestWhatStandsAroundAMessage(t *testing.T) {
	f := newFake()
	bob := f.addContact(2, "Bob", false)
	r := f.addRoom(3, client.KindDirect, "Bob", bob)
	first := f.say(r, bob, "the ferry leaves at nine", time.Hour, client.StateRead)
	m := &model{cfg: Config{Client: f, Now: func() time.Time { return f.now }}, transfers: map[client.MessageID]client.Progress{}}
	m.theme = newTheme(true, false)
	m.room = &room{conv: r.conv, messages: []client.Message{
		first,
		{
			ID: mid(7), Cursor: 2, FromName: "Bob", Text: "fine", Edited: true, Lifetime: time.Hour,
			ReplyTo:   &client.Quote{Message: first.ID, FromName: "Bob", Text: "the ferry\nleaves"},
			Reactions: []client.Reaction{{Emoji: "👍", Members: []client.Contact{bob, f.self}}},
		},
		{ID: mid(8), Cursor: 3, FromName: "Bob", Deleted: true},
	}}
	draw := func() string {
		var out []string
		for _, l := range m.historyLines(80) {
			out = append(out, l.text)
		}
		return strings.Join(out, "\n")
	}
	for _, want := range []string{"> Bob: the ferry leaves", "fine", "(edited)", "disappears 1h0m0s", "👍 Bob, you", "This message was deleted."} {
		if !strings.Contains(draw(), want) {
			t.Errorf("%q is not in\n%s", want, draw())
		}
	}
	m.room.forget(first.ID)
	if got := draw(); strings.Contains(got, "nine") || !strings.Contains(got, "no longer here") {
		t.Errorf("after it went:\n%s", got)
	}
}
