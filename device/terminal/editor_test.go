package terminal

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// press makes the key that a terminal would send for name.
func press(name string) tea.KeyPressMsg {
	if special, ok := specialKeys()[name]; ok {
		return special
	}
	var mod tea.KeyMod
	rest := name
	for {
		prefix, tail, found := strings.Cut(rest, "+")
		if !found || tail == "" {
			break
		}
		mod |= map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "alt": tea.ModAlt, "shift": tea.ModShift}[prefix]
		rest = tail
	}
	if special, ok := specialKeys()[rest]; ok {
		special.Mod = mod
		special.Text = ""
		return special
	}
	r := []rune(rest)[0]
	if mod == 0 {
		return tea.KeyPressMsg{Code: r, Text: rest}
	}
	return tea.KeyPressMsg{Code: r, Mod: mod}
}

func specialKeys() map[string]tea.KeyPressMsg {
	return map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "tab": {Code: tea.KeyTab}, "esc": {Code: tea.KeyEscape},
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete}, "space": {Code: ' ', Text: " "},
		"f1": {Code: tea.KeyF1},
	}
}

func TestEditing(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		keys []string
		want string
	}{
		"insert in the middle":   {"ac", []string{"left", "b"}, "abc"},
		"backspace takes accent": {"e\u0301", []string{"backspace"}, ""},
		"backspace takes family": {"a👩‍👩‍👧", []string{"backspace"}, "a"},
		"accent joins":           {"e", []string{"\u0301", "left", "x"}, "xe\u0301"},
		"delete a word":          {"one two ", []string{"ctrl+w"}, "one "},
		"delete to start":        {"one two", []string{"ctrl+u"}, ""},
		"delete to end":          {"one", []string{"home", "ctrl+k"}, ""},
		"word left":              {"one two", []string{"ctrl+left", "x"}, "one xtwo"},
		"word right":             {"one two", []string{"home", "ctrl+right", "x"}, "onex two"},
		"new line":               {"a", []string{"alt+enter", "b"}, "a\nb"},
		"up and down":            {"ab\ncd", []string{"up", "x", "down", "y"}, "abx\ncdy"},
		"home on second line":    {"ab\ncd", []string{"home", "x"}, "ab\nxcd"},
		"delete joins lines":     {"ab\ncd", []string{"up", "end", "delete"}, "abcd"},
		"past both ends":         {"", []string{"left", "backspace", "right", "delete", "up", "down"}, ""},
		"escape is no text":      {"", []string{"\x1b"}, "␛"},
	} {
		e := editor{multiline: true}
		e.set(test.text)
		for _, k := range test.keys {
			e.key(press(k), 40)
		}
		if got := e.value(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestOneLineStaysOne(t *testing.T) {
	var e editor
	e.insert("a\r\nb\x1b[31m")
	if e.key(press("alt+enter"), 40) || strings.ContainsAny(e.value(), "\n\x1b") {
		t.Errorf("%q", e.value())
	}
	e.set("0123456789")
	shown, x := e.scroll(5)
	if shown != "6789" || x != 4 {
		t.Errorf("shows %q with the cursor in column %d", shown, x)
	}
}

func TestLimitCutsBetweenClusters(t *testing.T) {
	e := editor{limit: 6}
	e.insert("abcé\u0301x")
	if e.value() != "abc" && len(e.value()) > 6 {
		t.Errorf("%q", e.value())
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 8, "one two|three"},
		{"one two three", 7, "one two|three"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"a\n\nb", 4, "a||b"},
		{"你好世界", 5, "你好|世界"},
		{"你好", 1, "你|好"},
		{"  indented", 20, "  indented"},
		{"see https://example.org/very/long", 12, "see|https://exam|ple.org/very|/long"},
	} {
		if got := strings.Join(wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("héllo 你好 👩‍👩‍👧 \x1b[31m\u202e", 7, []byte("ab\x00\x01\x02\x03\x04\x05"))
	f.Fuzz(func(t *testing.T, s string, width int, keys []byte) {
		width = 2 + (width&0xff)%100
		names := []string{"left", "right", "up", "down", "backspace", "delete", "ctrl+w", "home", "end", "alt+enter", "ctrl+u", "ctrl+k"}
		e := editor{multiline: true, limit: 200}
		e.insert(s)
		for _, k := range keys[:min(len(keys), 100)] {
			e.key(press(names[int(k)%len(names)]), width)
			if e.cursor < 0 || e.cursor > len(e.text) {
				t.Fatalf("cursor %d of %d", e.cursor, len(e.text))
			}
			shown, x, y := e.view(width, 3)
			if x >= width || y >= 3 || y < 0 || len(shown) > 3 {
				t.Fatalf("cursor at %d,%d of %d lines in %d columns", x, y, len(shown), width)
			}
			for _, line := range shown {
				if ansi.StringWidth(line) > width {
					t.Fatalf("line %q is wider than %d", line, width)
				}
			}
		}
	})
}
