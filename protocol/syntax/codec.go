package syntax

import (
	"encoding/binary"
	"fmt"
)

// A Codec writes or reads the fields that a Code method names. After the first
// failure every method does nothing, so Code methods need no error checks; loops
// and branches that depend on what was read should stop when [Codec.Err] is set.
// A Codec must not be used concurrently.
type Codec struct {
	buf     []byte // writing: what was written; reading: what is left to read
	err     error
	reading bool
}

// Reading reports whether fields are being read; otherwise they are written.
func (c *Codec) Reading() bool { return c.reading }

// Err returns the first failure, nil if there was none.
func (c *Codec) Err() error { return c.err }

// Fail stops the codec with a rule of the format that the value breaks. The
// error wraps [ErrMalformed]. Later calls keep the first failure.
func (c *Codec) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
}

// FailTooLong is [Codec.Fail] for a value that exceeds a limit of its format: the
// error wraps [ErrTooLong] as well, so that a reader can tell the two apart.
func (c *Codec) FailTooLong(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %w: %s", ErrMalformed, ErrTooLong, fmt.Sprintf(format, args...))
	}
}

// take returns the next n bytes of the input without copying, or nil.
func (c *Codec) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.buf) {
		c.Fail("%d bytes where %d are needed", len(c.buf), n)
		return nil
	}
	b := c.buf[:n:n]
	c.buf = c.buf[n:]
	return b
}

// Uint8 codes one byte.
func (c *Codec) Uint8(v *uint8) {
	if !c.reading {
		c.buf = append(c.buf, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

// Uint16 codes two bytes, most significant first, as all integers are.
func (c *Codec) Uint16(v *uint16) {
	if !c.reading {
		c.buf = binary.BigEndian.AppendUint16(c.buf, *v)
	} else if b := c.take(2); b != nil {
		*v = binary.BigEndian.Uint16(b)
	}
}

// Uint32 codes four bytes.
func (c *Codec) Uint32(v *uint32) {
	if !c.reading {
		c.buf = binary.BigEndian.AppendUint32(c.buf, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
}

// Uint64 codes eight bytes.
func (c *Codec) Uint64(v *uint64) {
	if !c.reading {
		c.buf = binary.BigEndian.AppendUint64(c.buf, *v)
	} else if b := c.take(8); b != nil {
		*v = binary.BigEndian.Uint64(b)
	}
}

// Bool codes one byte that is 0 or 1.
func (c *Codec) Bool(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	c.Uint8(&b)
	if c.reading && c.err == nil {
		if b > 1 {
			c.Fail("a boolean is %d", b)
		}
		*v = b == 1
	}
}

// Fixed codes exactly len(b) bytes: opaque b[n].
func (c *Codec) Fixed(b []byte) {
	if !c.reading {
		c.buf = append(c.buf, b...)
	} else if in := c.take(len(b)); in != nil {
		copy(b, in)
	}
}

// Opaque codes a byte vector with its length before it: opaque b<V>. Reading an
// empty vector gives an empty slice that is not nil.
func (c *Codec) Opaque(b *[]byte) {
	n := len(*b)
	c.length(&n)
	if c.err != nil {
		return
	}
	if !c.reading {
		c.buf = append(c.buf, *b...)
		return
	}
	if in := c.take(n); c.err == nil {
		*b = append(make([]byte, 0, n), in...)
	}
}

// View codes a byte vector as [Codec.Opaque] does, but what it reads is a part of
// the input, not a copy: the input must stay as it is while the view is used. It
// is for large fields whose reader owns the input.
func (c *Codec) View(b *[]byte) {
	if !c.reading {
		c.Opaque(b)
		return
	}
	var n int
	c.length(&n)
	if in := c.take(n); c.err == nil {
		*b = in
	}
}

// String codes a string as [Codec.Opaque] codes bytes. It does not check UTF-8.
func (c *Codec) String(s *string) {
	b := []byte(*s)
	c.Opaque(&b)
	if c.reading {
		*s = string(b)
	}
}

// length codes the header of a vector: a QUIC variable-length integer of one,
// two or four bytes (RFC 9000, section 16), in the shortest form.
func (c *Codec) length(n *int) {
	if c.err != nil {
		return
	}
	if c.reading {
		c.readLength(n)
		return
	}
	switch {
	case *n < 1<<6:
		c.buf = append(c.buf, byte(*n&0x3f))
	case *n < 1<<14:
		c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(*n)|1<<14)
	case *n <= MaxVector:
		c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(*n)|2<<30)
	default:
		c.err = fmt.Errorf("%w: %d bytes", ErrTooLong, *n)
	}
}

func (c *Codec) readLength(n *int) {
	if len(c.buf) == 0 {
		c.Fail("no bytes where a length is needed")
		return
	}
	prefix := c.buf[0] >> 6
	if prefix == 3 {
		c.Fail("a length header of eight bytes")
		return
	}
	b := c.take(1 << prefix)
	if b == nil {
		return
	}
	v := int(b[0] & 0x3f)
	for _, x := range b[1:] {
		v = v<<8 | int(x)
	}
	if prefix == 1 && v < 1<<6 || prefix == 2 && v < 1<<14 {
		c.Fail("a length of %d in %d bytes", v, len(b))
		return
	}
	*n = v
}

// Uvarint codes n as the header of a vector is coded; n is at most [MaxVector].
func (c *Codec) Uvarint(n *int) { c.length(n) }

// Rest codes all bytes up to the end of the enclosing vector, or of the input.
func (c *Codec) Rest(b *[]byte) {
	if !c.reading {
		c.buf = append(c.buf, *b...)
		return
	}
	if c.err == nil {
		*b = append(make([]byte, 0, len(c.buf)), c.buf...)
		c.buf = nil
	}
}

// RestView is [Codec.Rest] without the copy, under the promise of [Codec.View].
func (c *Codec) RestView(b *[]byte) {
	if !c.reading {
		c.buf = append(c.buf, *b...)
		return
	}
	if c.err == nil {
		*b = c.buf
		c.buf = nil
	}
}

// maxHeader is the size of the longest header of a vector.
const maxHeader = 4

// closeVector puts the header of a vector before its content, which starts
// maxHeader bytes after start, and moves the content to the header's end.
func (c *Codec) closeVector(start int) {
	n := len(c.buf) - start - maxHeader
	end := c.buf
	c.buf = c.buf[:start]
	if c.length(&n); c.err != nil {
		return
	}
	c.buf = append(c.buf, end[start+maxHeader:]...)
}
