package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the length in bytes of the longest name of a member or group.
const MaxName = 64

// CheckName returns [ErrName] unless a name can be shown on one line without
// surprise: 1 to [MaxName] bytes of UTF-8, no control or direction-changing
// characters, no space at either end, and no # at its beginning, where a person
// writes it before the identifier of a conversation.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name || name[0] == '#' {
		return ErrName
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ErrName
		}
	}
	return nil
}

// SameName reports whether two names are too alike to tell two members apart: equal
// once case, accents written apart, and letters that look the same are folded.
func SameName(a, b string) bool { return fold(a) == fold(b) }

// CheckOwnName is [CheckName] for a name that somebody chooses now: it also refuses
// one that mixes scripts whose letters look alike. Names that are there already are
// shown as they are.
func CheckOwnName(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if mixed(name) {
		return ErrName
	}
	return nil
}
