// Package safe makes text that other people wrote harmless to show.
//
// A terminal obeys what it prints: an escape sequence in a message could repaint the screen, rename the
// window or answer on the keyboard's behalf, and a direction override makes a file name read backwards.
// [Text] is for messages and keeps their lines; [Line] is for names and titles and gives exactly one.
// Both are pure, total and may be called concurrently.
package safe

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one letter keeps. Vietnamese, Hebrew and Thai need up to three;
// a stack of hundreds would paint over the neighbouring lines.
const maxMarks = 4

// tab replaces a tabulator, whose width would depend on the column it lands on.
const tab = "    "

// Text returns s with its line breaks kept and everything gone that could act on the terminal: control
// characters become their visible pictures (ESC is shown as ␛), direction overrides and other invisible
// characters vanish, and bytes that are not UTF-8 become the replacement character.
func Text(s string) string { return clean(strings.ReplaceAll(s, "\r\n", "\n"), "\n") }

// Line is Text on one line: breaks become spaces, and surrounding space is trimmed.
func Line(s string) string { return strings.TrimSpace(clean(s, " ")) }

func clean(s, lineBreak string) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range s {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		switch {
		case r == '\n', r == 0x0b, r == 0x0c, r == 0x85, r == 0x2028, r == 0x2029:
			b.WriteString(lineBreak)
		case r == '\t':
			b.WriteString(tab)
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case r < 0xa0 && r >= 0x80:
			b.WriteRune(utf8.RuneError)
		case invisible(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Invisible reports whether r draws nothing and can make two different names look the same, or text read
// in another order than it is stored: direction marks, overrides and isolates, zero-width spaces, tags,
// fillers. The joiners that emoji and Persian need are not counted.
func Invisible(r rune) bool { return invisible(r) }

func invisible(r rune) bool {
	switch {
	case r == 0x200c, r == 0x200d: // joiners
		return false
	case r >= 0xfe00 && r <= 0xfe0f: // variation selectors choose between text and emoji form
		return false
	case r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // Hangul fillers
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r >= 0xe0000
}
