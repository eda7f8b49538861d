package conversation

import "unicode/utf8"

// maxEmoji is the length in bytes of the longest emoji; families of five with
// their joiners are shorter.
const maxEmoji = 32

const (
	joiner         = 0x200D
	emojiSelector  = 0xFE0F
	keycap         = 0x20E3
	firstFlagPart  = 0x1F1E6
	lastFlagPart   = 0x1F1FF
	firstSkinTone  = 0x1F3FB
	lastSkinTone   = 0x1F3FF
	firstTag       = 0xE0020
	lastTag        = 0xE007F
	maxEmojiJoints = 4
)

// IsEmoji reports whether s is one emoji: a base with its selector, skin tone or
// tags, several of these joined, a flag of two letters, or a keycap (Unicode
// Technical Standard 51, section 1.4.9). It goes by the blocks that emoji are in and
// not by a table of each, so that next year's are emoji too; text is never one.
func IsEmoji(s string) bool {
	if s == "" || len(s) > maxEmoji || !utf8.ValidString(s) {
		return false
	}
	rest := []rune(s)
	if flagPart(rest[0]) {
		return len(rest) == 2 && flagPart(rest[1])
	}
	for range maxEmojiJoints + 1 {
		var ok bool
		if rest, ok = emojiElement(rest); !ok {
			return false
		}
		if len(rest) == 0 {
			return true
		}
		if rest[0] != joiner {
			return false
		}
		rest = rest[1:]
	}
	return false
}

// emojiElement takes one element off a sequence.
func emojiElement(r []rune) (rest []rune, ok bool) {
	if len(r) == 0 {
		return nil, false
	}
	base := r[0]
	r = r[1:]
	if base == '#' || base == '*' || base >= '0' && base <= '9' {
		if len(r) > 0 && r[0] == emojiSelector {
			r = r[1:]
		}
		return nil, len(r) == 1 && r[0] == keycap
	}
	if !emojiBase(base) {
		return nil, false
	}
	if len(r) > 0 && (r[0] == emojiSelector || r[0] >= firstSkinTone && r[0] <= lastSkinTone) {
		r = r[1:]
	}
	for len(r) > 0 && r[0] >= firstTag && r[0] <= lastTag {
		r = r[1:]
	}
	return r, true
}

func flagPart(r rune) bool { return r >= firstFlagPart && r <= lastFlagPart }

// emojiBase reports whether a rune is in a block that emoji are in.
func emojiBase(r rune) bool {
	switch {
	case flagPart(r):
		return false
	case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2190 && r <= 0x21FF, r >= 0x2300 && r <= 0x23FF,
		r >= 0x25A0 && r <= 0x27BF, r >= 0x2900 && r <= 0x297F, r >= 0x2B00 && r <= 0x2BFF:
		return true
	}
	switch r {
	case 0x00A9, 0x00AE, 0x203C, 0x2049, 0x2122, 0x2139, 0x24C2, 0x3030, 0x303D, 0x3297, 0x3299:
		return true
	}
	return false
}
