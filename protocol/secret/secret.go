// Package secret gives every secret one owner and an end, and keeps the registry
// of the labels that keys are derived with.
//
// Most callers need [New] or [Random] to own a secret, [Bytes.Wipe] to end it,
// and [DeriveSHA256] or [DeriveSHA3] to make a key from it under a [Label].
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"runtime"
)

// Bytes is secret data with one owner. The owner calls Wipe when it is done;
// whoever borrows the bytes with [Bytes.Reveal] must neither keep nor change
// them. It prints as a fixed word in every format and log. A nil *Bytes behaves
// as an empty secret. It may be read concurrently, but not while it is wiped.
type Bytes struct {
	b []byte
}

// New takes ownership of b: b is wiped when the secret is.
func New(b []byte) *Bytes { return &Bytes{b: b} }

// Copy makes a secret from a copy of b and leaves b to its owner.
func Copy(b []byte) *Bytes { return New(append(make([]byte, 0, len(b)), b...)) }

// Random returns a secret of n bytes from the system's generator.
func Random(n int) *Bytes {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return New(b)
}

// Reveal lends the bytes, nil after Wipe.
func (s *Bytes) Reveal() []byte {
	if s == nil {
		return nil
	}
	return s.b
}

// Len returns the number of bytes, 0 after Wipe.
func (s *Bytes) Len() int { return len(s.Reveal()) }

// Clone returns a second secret with the same bytes and its own end.
func (s *Bytes) Clone() *Bytes { return Copy(s.Reveal()) }

// Equal compares two secrets in a time that depends on their lengths only.
func (s *Bytes) Equal(t *Bytes) bool {
	return subtle.ConstantTimeCompare(s.Reveal(), t.Reveal()) == 1
}

// Wipe overwrites the bytes with zeros and forgets them. It may be called again.
func (s *Bytes) Wipe() {
	if s == nil {
		return
	}
	Wipe(s.b)
	s.b = nil
}

// String keeps the secret out of every fmt verb that asks for a string.
func (*Bytes) String() string { return "[secret]" }

// GoString keeps the secret out of %#v.
func (*Bytes) GoString() string { return "[secret]" }

// Wipe overwrites b with zeros in a way that the compiler keeps.
func Wipe(b []byte) {
	clear(b)
	runtime.KeepAlive(b)
}
