package wire

import "bulle/protocol/syntax"

// The calls below travel on governance connections only. What a statement says is
// the business of package governance; here it is bytes.

// Head asks for the head of the log. It has no fields.
type Head struct{}

// LogHead is the length of the log in statements and the hash of its last one.
// It is the reply to HEAD, SUBMIT and WATCH.
//
//	struct {
//	    uint64 length;
//	    opaque hash[32];
//	} LogHead, HeadEvent;
type LogHead struct {
	Length uint64
	Hash   [32]byte
}

// HeadEvent says that the log has grown, to one who watches. It has the layout of
// [LogHead]. Heads between may be left out; the newest never is.
type HeadEvent struct{ LogHead }

// Fetch asks for statements from a position on, counted from 0. A position after
// the end is refused with Ahead.
//
//	struct {
//	    uint64 from;
//	    uint32 max;                 1 to MaxFetch
//	} Fetch;
type Fetch struct {
	From uint64
	Max  uint32
}

// Statements is the reply to FETCH: consecutive statements, as many as fit, none
// only at the end of the log.
//
//	struct { opaque statement<V>; } ... statements<V>;
type Statements struct{ Statements [][]byte }

// Submit offers statements for the end of the log, all or none.
//
//	struct { opaque statement<V>; } ... statements<V>;    1 to MaxSubmit
type Submit struct{ Statements [][]byte }

// Watch asks for an event at each growth of the log. It has no fields.
type Watch struct{}

// Kind is KindHead.
func (*Head) Kind() Kind { return KindHead }

// Kind is KindLogHead.
func (*LogHead) Kind() Kind { return KindLogHead }

// Kind is KindHeadEvent.
func (*HeadEvent) Kind() Kind { return KindHeadEvent }

// Kind is KindFetch.
func (*Fetch) Kind() Kind { return KindFetch }

// Kind is KindStatements.
func (*Statements) Kind() Kind { return KindStatements }

// Kind is KindSubmit.
func (*Submit) Kind() Kind { return KindSubmit }

// Kind is KindWatch.
func (*Watch) Kind() Kind { return KindWatch }

// Code codes nothing.
func (*Head) Code(*syntax.Codec) {}

// Code codes nothing.
func (*Watch) Code(*syntax.Codec) {}

// Code codes the fields in the order of the layout.
func (b *LogHead) Code(c *syntax.Codec) {
	c.Uint64(&b.Length)
	c.Fixed(b.Hash[:])
}

// Code codes the fields in the order of the layout.
func (b *Fetch) Code(c *syntax.Codec) {
	c.Uint64(&b.From)
	c.Uint32(&b.Max)
	if c.Err() == nil && b.Max == 0 {
		c.Fail("a fetch of no statements")
	}
	if c.Err() == nil && b.Max > MaxFetch {
		c.FailTooLong("%d statements where %d are allowed", b.Max, MaxFetch)
	}
}

// Code codes the fields in the order of the layout.
func (b *Statements) Code(c *syntax.Codec) { statements(c, &b.Statements, 0, MaxFetch) }

// Code codes the fields in the order of the layout.
func (b *Submit) Code(c *syntax.Codec) { statements(c, &b.Statements, 1, MaxSubmit) }

func statements(c *syntax.Codec, list *[][]byte, least, most int) {
	n := 0
	syntax.Vector(c, list, func(c *syntax.Codec, s *[]byte) {
		if n++; n > most {
			c.FailTooLong("more than %d statements", most)
			return
		}
		bounded(c, s, MaxStatement)
		if c.Err() == nil && len(*s) == 0 {
			c.Fail("a statement of no bytes")
		}
	})
	if c.Err() == nil && len(*list) < least {
		c.Fail("no statements")
	}
}
