// Package syntax is the TLS presentation language (RFC 8446, section 3) with the
// variable-length vectors of RFC 9420, section 2.1.2. Everything that Bulle puts
// on the wire, in the governance log, at rest or inside a message is written in it.
//
// Most callers need two functions: [Marshal] and [Unmarshal]. A type takes part
// by having one method, Code, which names its fields in order; the same method
// both writes and reads, so the two directions agree by construction:
//
//	func (m *Message) Code(c *syntax.Codec) {
//		c.Uint16(&m.Kind)
//		c.Opaque(&m.Body)
//	}
//
// Exactly one encoding of each value is accepted. Lengths are minimal, optional
// markers are 0 or 1, and nothing may follow the value.
package syntax

import (
	"errors"
	"fmt"
)

// Sentinels that a caller can decide on. Every decoding error wraps ErrMalformed.
var (
	// ErrMalformed says that the input is not the one encoding of a value.
	ErrMalformed = errors.New("malformed encoding")
	// ErrTooLong says that a value cannot be encoded: a vector exceeds [MaxVector].
	ErrTooLong = errors.New("vector too long to encode")
)

// MaxVector is the largest length in bytes that a vector header can carry (RFC
// 9420, section 2.1.2: two bits of the first byte give the header's own size).
const MaxVector = 1<<30 - 1

// A Value has one encoding, described by Code. Code is called with a writing or
// a reading codec; it must name the same fields in the same order for both, and
// may branch only on fields that it has already coded.
type Value interface {
	Code(c *Codec)
}

// Marshal returns the encoding of v. It fails only when v cannot be encoded:
// a vector is too long, or v called [Codec.Fail].
func Marshal(v Value) ([]byte, error) {
	return Append(nil, v)
}

// Append appends the encoding of v to b and returns the extended slice.
func Append(b []byte, v Value) ([]byte, error) {
	c := Codec{buf: b}
	v.Code(&c)
	if c.err != nil {
		return nil, c.err
	}
	return c.buf, nil
}

// Unmarshal reads v from b, which must be exactly one encoding of it. Byte
// slices read into v are copies: b may be reused or wiped afterwards. After an
// error v holds whatever was read before it and must be discarded.
func Unmarshal(b []byte, v Value) error {
	rest, err := UnmarshalPrefix(b, v)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return fmt.Errorf("%w: %d bytes after the end", ErrMalformed, len(rest))
	}
	return nil
}

// UnmarshalPrefix reads v from the start of b and returns what follows it, for
// the few formats that are a sequence of values with no outer length.
func UnmarshalPrefix(b []byte, v Value) (rest []byte, err error) {
	c := Codec{buf: b, reading: true}
	v.Code(&c)
	if c.err != nil {
		return nil, c.err
	}
	return c.buf, nil
}
