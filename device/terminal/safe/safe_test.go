package safe_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"bulle/device/terminal/safe"
)

func TestText(t *testing.T) {
	for name, test := range map[string][2]string{
		"plain":                 {"héllo 你好 👩‍👩‍👧", "héllo 你好 👩‍👩‍👧"},
		"lines kept":            {"a\r\nb\nc", "a\nb\nc"},
		"colour":                {"\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		"window title":          {"\x1b]0;owned\x07", "␛]0;owned␇"},
		"one-byte CSI":          {"\u009b2J", "\ufffd2J"},
		"backspace":             {"abc\b\b\bxyz", "abc␈␈␈xyz"},
		"bare return":           {"good\rbad", "good␍bad"},
		"direction override":    {"annexe\u202efdp.exe", "annexefdp.exe"},
		"isolates and marks":    {"a\u2066b\u2069c\u200ed", "abcd"},
		"zero width":            {"pay\u200bpal\ufeff", "paypal"},
		"tabulator":             {"a\tb", "a    b"},
		"not UTF-8":             {"a\xffb", "a\ufffdb"},
		"marks in reason":       {"e\u0301", "e\u0301"},
		"marks beyond reason":   {"e" + strings.Repeat("\u0301", 50), "e" + strings.Repeat("\u0301", 4)},
		"paragraph separator":   {"a\u2029b", "a\nb"},
		"tags":                  {"a\U000E0041b", "ab"},
		"delete":                {"a\x7f", "a␡"},
		"nothing but invisible": {"\u200b\u3164", ""},
	} {
		if got := safe.Text(test[0]); got != test[1] {
			t.Errorf("%s: Text(%q) = %q, want %q", name, test[0], got, test[1])
		}
	}
}

func TestLineIsOneLine(t *testing.T) {
	if got := safe.Line(" a\nb\u2028c\r\n "); got != "a b c␍" {
		t.Errorf("got %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b[31m\u202e\u009b\xff\r\n\te\u0301")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{safe.Text(s), safe.Line(s)} {
			if !utf8.ValidString(got) {
				t.Fatalf("%q is not UTF-8", got)
			}
			for _, r := range got {
				if unicode.IsControl(r) && r != '\n' || safe.Invisible(r) {
					t.Fatalf("%U survived in %q", r, got)
				}
			}
			if again := safe.Text(got); again != got {
				t.Fatalf("cleaning twice changed %q to %q", got, again)
			}
		}
		if strings.Contains(safe.Line(s), "\n") {
			t.Fatal("Line broke the line")
		}
	})
}
