package syntax_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"bulle/protocol/syntax"
)

// note has one of everything.
type note struct {
	Kind  uint8
	Port  uint16
	Seq   uint32
	Time  uint64
	Fresh bool
	ID    [4]byte
	Body  []byte
	Name  string
	Tags  []uint16
	Reply *note
}

func (n *note) Code(c *syntax.Codec) {
	c.Uint8(&n.Kind)
	c.Uint16(&n.Port)
	c.Uint32(&n.Seq)
	c.Uint64(&n.Time)
	c.Bool(&n.Fresh)
	c.Fixed(n.ID[:])
	c.Opaque(&n.Body)
	c.String(&n.Name)
	syntax.Vector(c, &n.Tags, (*syntax.Codec).Uint16)
	syntax.Optional(c, &n.Reply, func(c *syntax.Codec, r *note) { r.Code(c) })
}

func TestRoundTripIsByteExact(t *testing.T) {
	in := &note{
		Kind: 1, Port: 2, Seq: 3, Time: 4, Fresh: true, ID: [4]byte{5, 6, 7, 8},
		Body: []byte("body"), Name: "name", Tags: []uint16{9, 10}, Reply: &note{Body: []byte{}, Tags: []uint16{}},
	}
	b, err := syntax.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	golden := "\x01\x00\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\x01\x05\x06\x07\x08" +
		"\x04body\x04name\x04\x00\x09\x00\x0a\x01" + strings.Repeat("\x00", 24)
	if string(b) != golden {
		t.Fatalf("encoded as %q, want %q", b, golden)
	}
	var out note
	if err := syntax.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	again, err := syntax.Marshal(&out)
	if err != nil || !bytes.Equal(again, b) {
		t.Fatalf("encoded again as %q, %v", again, err)
	}
	for n := range b {
		if err := syntax.Unmarshal(b[:n], &out); !errors.Is(err, syntax.ErrMalformed) {
			t.Errorf("the first %d bytes: got %v, want ErrMalformed", n, err)
		}
	}
	if err := syntax.Unmarshal(append(b, 0), &out); !errors.Is(err, syntax.ErrMalformed) {
		t.Errorf("a trailing byte: got %v, want ErrMalformed", err)
	}
}

type opaque []byte

func (o *opaque) Code(c *syntax.Codec) { c.Opaque((*[]byte)(o)) }

func TestLengthHeadersAreMinimal(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 16383, 16384, 1 << 20} {
		in := opaque(make([]byte, n))
		b, err := syntax.Marshal(&in)
		if err != nil {
			t.Fatal(err)
		}
		var out opaque
		if err := syntax.Unmarshal(b, &out); err != nil || len(out) != n {
			t.Errorf("length %d: read %d, %v", n, len(out), err)
		}
	}
	for _, bad := range []string{"", "\x40\x01a", "\x80\x00\x00\x01a", "\xc0\x00\x00\x00\x00\x00\x00\x01a", "\x40", "\x02a"} {
		var out opaque
		if err := syntax.Unmarshal([]byte(bad), &out); !errors.Is(err, syntax.ErrMalformed) {
			t.Errorf("%q: got %v, want ErrMalformed", bad, err)
		}
	}
}

type list []empty

type empty struct{}

func (*empty) Code(*syntax.Codec) {}

func (l *list) Code(c *syntax.Codec) { syntax.Values(c, (*[]empty)(l)) }

func TestElementsOfNoBytesAreMalformed(t *testing.T) {
	var l list
	if err := syntax.Unmarshal([]byte{1, 0}, &l); !errors.Is(err, syntax.ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
}

func TestBooleansAreZeroOrOne(t *testing.T) {
	var n note
	b, err := syntax.Marshal(&n)
	if err != nil {
		t.Fatal(err)
	}
	b[15] = 2
	if err := syntax.Unmarshal(b, &n); !errors.Is(err, syntax.ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	seed, err := syntax.Marshal(&note{Name: "name", Tags: []uint16{1}, Reply: &note{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		var n note
		if syntax.Unmarshal(b, &n) != nil {
			return
		}
		again, err := syntax.Marshal(&n)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x decodes, but encodes as %x, %v", b, again, err)
		}
	})
}

// nest is a vector in a vector with something before and behind.
type nest struct {
	Before  uint8
	Content []byte
	Behind  uint8
}

func (n *nest) Code(c *syntax.Codec) {
	c.Uint8(&n.Before)
	c.Sized(func(c *syntax.Codec) {
		c.Sized(func(c *syntax.Codec) { c.RestView(&n.Content) })
		c.Uint8(&n.Behind)
	})
}

func TestSizedWritesMinimalHeadersInPlace(t *testing.T) {
	for _, n := range []int{0, 1, 61, 62, 63, 64, 16380, 16381, 16382, 16383, 16384, 1 << 20} {
		in := nest{Before: 1, Content: bytes.Repeat([]byte{7}, n), Behind: 2}
		b, err := syntax.Append([]byte("frame"), &in)
		if err != nil {
			t.Fatal(err)
		}
		var out nest
		if err := syntax.Unmarshal(b[len("frame"):], &out); err != nil {
			t.Fatalf("content of %d bytes: %v", n, err)
		}
		if out.Before != 1 || out.Behind != 2 || !bytes.Equal(out.Content, in.Content) {
			t.Errorf("content of %d bytes does not come back", n)
		}
	}
}

type view []byte

func (v *view) Code(c *syntax.Codec) { c.View((*[]byte)(v)) }

func TestViewSharesTheInput(t *testing.T) {
	in := view("body")
	b, err := syntax.Marshal(&in)
	if err != nil {
		t.Fatal(err)
	}
	var out view
	if err := syntax.Unmarshal(b, &out); err != nil || string(out) != "body" {
		t.Fatalf("read %q, %v", out, err)
	}
	if b[1] = 'B'; string(out) != "Body" || cap(out) != len(out) {
		t.Errorf("the view is %q with room for %d", out, cap(out))
	}
}

type short struct{ limit int }

func (s *short) Code(c *syntax.Codec) { c.FailTooLong("more than %d", s.limit) }

func TestFailTooLongIsMalformedToo(t *testing.T) {
	_, err := syntax.Marshal(&short{1})
	if !errors.Is(err, syntax.ErrTooLong) || !errors.Is(err, syntax.ErrMalformed) {
		t.Fatalf("got %v", err)
	}
}
