// Package passphrase makes passphrases, judges them, and brings the same phrase
// typed on two machines to the same bytes. It needs no network: its words are
// built in.
//
// Most callers need [Generate] and [Check].
package passphrase

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"bulle/protocol/secret"
	"bulle/protocol/text"
)

// Sentinels that a caller can decide on.
var (
	// ErrInvalid says that a passphrase is empty, too long, not UTF-8, or has
	// control characters in it.
	ErrInvalid = errors.New("not a passphrase")
	// ErrWeak says that a passphrase is too easy to guess; see [WeakError].
	ErrWeak = errors.New("weak passphrase")
)

// MaxSize is the most bytes that a passphrase may have.
const MaxSize = 1024

// Normalize returns the bytes that stand for a passphrase, however it was typed:
// in Unicode normalisation form C (UAX 15), without white space around it, and with
// one space for each run of white space. The last two go beyond the OpaqueString
// profile (RFC 8265), so that a phrase of words can be typed over several lines. It
// fails with [ErrInvalid]. The result is the caller's to wipe.
func Normalize(p *secret.Bytes) (*secret.Bytes, error) {
	in := p.Reveal()
	if len(in) > MaxSize || !utf8.Valid(in) {
		return nil, ErrInvalid
	}
	// Composition never makes UTF-8 more than three times as long (UAX 15, 9).
	out := make([]byte, 0, 3*MaxSize)
	ok := true
	secret.Do(func() { out, ok = normalize(out, in) })
	if !ok || len(out) == 0 {
		secret.Wipe(out[:cap(out)])
		return nil, ErrInvalid
	}
	return secret.New(out), nil
}

// normalize appends to out, which has the room.
func normalize(out, in []byte) ([]byte, bool) {
	composed := text.AppendNFC(make([]byte, 0, 3*MaxSize), in)
	defer secret.Wipe(composed[:cap(composed)])
	space := false
	for len(composed) > 0 {
		r, n := utf8.DecodeRune(composed)
		composed = composed[n:]
		switch {
		case unicode.IsSpace(r):
			space = len(out) > 0
			continue
		case unicode.IsControl(r):
			return out, false
		case space:
			out = append(out, ' ')
			space = false
		}
		out = utf8.AppendRune(out, r)
	}
	return out, true
}

// Floor is the least strength, in bits, that [Check] lets pass.
const Floor = 50

// A WeakError tells how weak a passphrase is and how to do better. It wraps
// [ErrWeak], and tells nothing of the passphrase but its strength.
type WeakError struct {
	Strength
}

// Error implements error.
func (e *WeakError) Error() string {
	return fmt.Sprintf("%v: about %.0f bits, where %d are needed; %s", ErrWeak, e.Bits, Floor, e.Weakness)
}

// Unwrap returns [ErrWeak].
func (*WeakError) Unwrap() error { return ErrWeak }

// Check fails with a [WeakError] when the estimate is below [Floor], and with
// [ErrInvalid].
func Check(p *secret.Bytes) error {
	s, err := Estimate(p)
	if err != nil {
		return err
	}
	if s.Bits < Floor {
		return &WeakError{s}
	}
	return nil
}
