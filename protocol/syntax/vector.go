package syntax

// Vector codes a vector of values with its length in bytes before it: T v<V>.
// each codes one element. Reading stops at the vector's end; an element that
// takes no bytes is malformed, so that a short input cannot make an endless list.
func Vector[T any](c *Codec, v *[]T, each func(*Codec, *T)) {
	if c.reading {
		readVector(c, v, each)
		return
	}
	c.Sized(func(c *Codec) {
		for i := range *v {
			each(c, &(*v)[i])
		}
	})
}

func readVector[T any](c *Codec, v *[]T, each func(*Codec, *T)) {
	out := []T{}
	c.Sized(func(c *Codec) {
		for len(c.buf) > 0 && c.err == nil {
			before := len(c.buf)
			var e T
			each(c, &e)
			if c.err == nil && len(c.buf) == before {
				c.Fail("an element of no bytes")
			}
			out = append(out, e)
		}
	})
	if c.err == nil {
		*v = out
	}
}

// Values is [Vector] for elements whose pointers are values.
func Values[T any, P interface {
	*T
	Value
}](c *Codec, v *[]T) {
	Vector(c, v, func(c *Codec, e *T) { P(e).Code(c) })
}

// Sized codes whatever body codes, with its length in bytes before it. Reading,
// body sees the vector's bytes alone and must use all of them.
func (c *Codec) Sized(body func(*Codec)) {
	if c.reading {
		var n int
		c.length(&n)
		in := c.take(n)
		if c.err != nil {
			return
		}
		inner := Codec{buf: in, reading: true}
		body(&inner)
		if inner.err == nil && len(inner.buf) != 0 {
			inner.Fail("%d bytes after the end of a vector", len(inner.buf))
		}
		c.err = inner.err
		return
	}
	if c.err != nil {
		return
	}
	start := len(c.buf)
	c.buf = append(c.buf, make([]byte, maxHeader)...)
	body(c)
	if c.err == nil {
		c.closeVector(start)
	}
}

// Optional codes optional<T> (RFC 9420, section 2.1.1): a byte that is 0 or 1,
// then the value if it is there. A nil pointer is an absent value.
func Optional[T any](c *Codec, v **T, each func(*Codec, *T)) {
	present := *v != nil
	c.Bool(&present)
	if c.err != nil || !present {
		if c.reading {
			*v = nil
		}
		return
	}
	if c.reading {
		*v = new(T)
	}
	each(c, *v)
}

// Enum8 codes an enumeration of one byte. It does not check the value.
func Enum8[T ~uint8](c *Codec, v *T) {
	b := uint8(*v)
	c.Uint8(&b)
	*v = T(b)
}

// Enum16 codes an enumeration of two bytes. It does not check the value.
func Enum16[T ~uint16](c *Codec, v *T) {
	b := uint16(*v)
	c.Uint16(&b)
	*v = T(b)
}
