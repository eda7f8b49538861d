package conversation_test

import (
	"strings"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/syntax"
	"bulle/protocol/syntax/syntaxtest"
)

func TestFormatsKeepTheirBytes(t *testing.T) { syntaxtest.KeepBytes(t, conversation.Formats()) }

func FuzzFormats(f *testing.F) { syntaxtest.FuzzBytes(f, conversation.Formats()) }

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
