package conversation_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/syntax"
)

func TestFormatsKeepTheirBytes(t *testing.T) {
	for name, value := range conversation.Formats() {
		got := must(syntax.Marshal(value))(t)
		path := "testdata/" + name
		want, err := os.ReadFile(path)
		if os.IsNotExist(err) && os.Getenv("BULLE_GOLDEN") == "write" {
			check(t, os.WriteFile(path, got, 0o600))
			continue
		}
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s is %x, want %x", name, got, want)
		}
		empty := conversation.Empty(name)
		check(t, syntax.Unmarshal(want, empty))
		if again := must(syntax.Marshal(empty))(t); !bytes.Equal(again, want) {
			t.Errorf("%s does not survive: %x", name, again)
		}
		for n := range want {
			if syntax.Unmarshal(want[:n], conversation.Empty(name)) == nil {
				t.Errorf("the first %d bytes of %s are accepted", n, name)
				break
			}
			if n > 200 {
				break // long cells would take long
			}
		}
	}
}

func FuzzFormats(f *testing.F) {
	for name, value := range conversation.Formats() {
		if b, err := syntax.Marshal(value); err == nil && len(b) < 1000 {
			f.Add(name, b)
		}
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		value := conversation.Empty(name)
		if value == nil || syntax.Unmarshal(b, value) != nil {
			return
		}
		again, err := syntax.Marshal(value)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: %x becomes %x (%v)", name, b, again, err)
		}
	})
}

func TestContentLimits(t *testing.T) {
	content := conversation.Content{Kind: conversation.KindText, Body: []byte{}, Extensions: []conversation.Extension{}}
	long := conversation.Text{Text: strings.Repeat("x", conversation.MaxText)}
	if _, err := syntax.Marshal(&long); err != nil {
		t.Errorf("the longest text: %v", err)
	}
	for name, value := range map[string]syntax.Value{
		"an empty text":       &conversation.Text{},
		"a text too long":     &conversation.Text{Text: long.Text + "x"},
		"a text that is none": &conversation.Text{Text: "\xff"},
		"no receipts":         &conversation.Receipts{},
		"too many receipts":   &conversation.Receipts{Read: make([]conversation.MessageID, 257)},
		"no contents":         &conversation.Envelope{},
		"too many contents":   &conversation.Envelope{Contents: make([]conversation.Content, 257)},
		"a reaction of words": &conversation.Reaction{Emoji: "ok"},
		"two reactions":       &conversation.Reaction{Emoji: "👍👍"},
		"an edit too long":    &conversation.Edit{Text: long.Text + "x"},
		"a preview too large": &conversation.Media{Preview: make([]byte, conversation.MaxPreview+1)},
		"a picture too large": &conversation.Media{Width: 1<<16 + 1},
		"extensions twice":    &conversation.Content{Extensions: []conversation.Extension{{Type: 1}, {Type: 1}}},
		"too many extensions": &conversation.Content{Extensions: make([]conversation.Extension, 17)},
	} {
		if _, err := syntax.Marshal(value); err == nil {
			t.Errorf("%s is encoded", name)
		}
	}
	if _, err := syntax.Marshal(&content); err != nil {
		t.Errorf("an empty content: %v", err)
	}
}

func TestEmojiAreEmoji(t *testing.T) {
	for _, s := range []string{"👍", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🇫🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "☺", "🏳️‍🌈", "©️", "🫡"} {
		if !conversation.IsEmoji(s) {
			t.Errorf("%q is no emoji", s)
		}
	}
	for _, s := range []string{
		"", "a", "ok", "1", "👍a", "a👍", "👍👍", "👍\n", "\u202e", "\u200d", "👍\u200d", "🇫", "🇫🇷🇫", "\xff", " ", "é", "中",
		strings.Repeat("👍\u200d", 5) + "👍", "\ufe0f", "👍\ufe0f\ufe0f",
	} {
		if conversation.IsEmoji(s) {
			t.Errorf("%q is an emoji", s)
		}
	}
}
