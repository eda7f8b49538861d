package core

import (
	"encoding/json"
	"strings"
	"testing"

	"bulle/device/client"
	"bulle/web/wasm/page"
	"bulle/web/wasm/veil"
)

// TestMaskedViewShowsNoText fills everything that carries text with one word, and
// looks for it in what the page gets.
func TestMaskedViewShowsNoText(t *testing.T) {
	const word = "lighthouse"
	who := client.Contact{Name: word, Verified: true}
	said := client.Message{
		FromName: word, Text: word, ReplyTo: &client.Quote{FromName: word, Text: word},
		Reactions: []client.Reaction{{Emoji: word, Members: []client.Contact{who}}}, File: &client.FileInfo{Name: word, MediaType: "text/plain", Size: 9, Shown: client.Shown{Preview: []byte(word)}},
		Change: &client.Change{Members: []client.Contact{who}, Name: word},
	}
	talk := client.Conversation{Name: word, Members: []client.Contact{who}, Last: &said, Unread: 3}
	for _, v := range []view{{}, {veil: veil.New(func() {})}} {
		masked := v.veil != nil
		row := v.conversation(talk)
		all := []any{v.contact(who), row, v.message(said)}
		b, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), word); masked && n != 0 || !masked && n < 20 {
			t.Errorf("masked %v: the word is there %d times", masked, n)
		}
		if shown := v.message(said).File.Preview; masked != (len(shown) == 0) || len(row.Last.File.Preview) != 0 {
			t.Errorf("masked %v: a preview of %d bytes", masked, len(shown))
		}
		if row.Sealed != masked || row.Last.Sealed != masked || row.Members[0].Sealed != masked || row.Unread != 3 {
			t.Errorf("masked %v: %+v", masked, row)
		}
	}
}

// TestMaskedPageMayNotAsk tries what would tell the page more than it shows.
func TestMaskedPageMayNotAsk(t *testing.T) {
	c := New(Config{Announce: func(string, any) {}})
	c.client, c.mask.On = &client.Client{}, true
	_, searched := c.Search(t.Context(), page.Query{Text: "lighthouse"})
	_, off := c.SetMask(t.Context(), page.NewMask{})
	_, revealed := c.Reveal(t.Context(), page.Reveal{Conversation: "c", Item: "m"})
	_, opened := c.Unseal(t.Context(), page.Sealed{Conversation: "c", Item: "m", Sealed: []string{"AAAA"}})
	for name, err := range map[string]error{
		"search": searched, "mask off": off, "reveal": revealed, "unseal": opened, "file": c.mayRead("c", "m"),
	} {
		if Code(err) != "masked" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
