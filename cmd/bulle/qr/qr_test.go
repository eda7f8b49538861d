package qr_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"bulle/cmd/bulle/qr"
)

func TestPlainIsASquareWithFinders(t *testing.T) {
	code, err := qr.Plain("https://127.0.0.1:1/#abc")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(code, "\n"), "\n")
	width := utf8.RuneCountInString(lines[0])
	if height := 2 * len(lines); height < width || height > width+1 {
		t.Errorf("%d columns, %d half rows", width, height)
	}
	for i, line := range lines {
		if utf8.RuneCountInString(line) != width {
			t.Errorf("line %d has another width", i)
		}
	}
	// The finder pattern at the upper left: seven dark modules, drawn as absence, after the quiet zone.
	if !strings.HasPrefix(lines[1], "██ ▄▄▄▄▄ ") {
		t.Errorf("no finder pattern in %q", lines[1])
	}
}

func TestTerminalNamesItsColours(t *testing.T) {
	code, err := qr.Terminal("x")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(code) {
		if !strings.HasPrefix(line, "\x1b[38;5;16;48;5;231m") || !strings.HasSuffix(line, "\x1b[0m\n") {
			t.Errorf("line without colours of its own: %q", line)
		}
	}
}

func TestTooLongIsRefused(t *testing.T) {
	if _, err := qr.Plain(strings.Repeat("x", 3000)); err == nil {
		t.Error("drew more than a code holds")
	}
}
