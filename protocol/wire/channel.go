package wire

import (
	"crypto/sha256"
	"crypto/subtle"

	"bulle/protocol/syntax"
)

// An ID names a channel, a pool or a blob. Clients make it unguessable.
type ID [32]byte

// A Cap is the right to do one thing with one object. The relay stores and
// compares its hash only. It prints as a fixed word.
type Cap [32]byte

// A CapHash is the SHA-256 of a cap.
type CapHash [32]byte

// Hash returns what the relay stores of the cap.
func (c Cap) Hash() CapHash { return sha256.Sum256(c[:]) }

// String keeps the cap out of texts.
func (Cap) String() string { return "[cap]" }

// GoString keeps the cap out of %#v.
func (Cap) GoString() string { return "[cap]" }

// Accepts reports whether h is the hash of the cap, in constant time.
func (h CapHash) Accepts(c Cap) bool {
	have := c.Hash()
	return subtle.ConstantTimeCompare(h[:], have[:]) == 1
}

// A Class is how long a relay keeps what nobody deletes: at least the time it
// names and at most one bucket more (docs/protocol.md, Expiry).
type Class uint8

// The classes.
const (
	Hour  Class = 1 // 1 hour, buckets of an hour
	Day   Class = 2 // 24 hours, buckets of an hour
	Week  Class = 3 // 7 days, buckets of a day
	Month Class = 4 // 30 days, buckets of a day
)

// Create makes a channel for the category of the circuit. Doing it again with the
// same parameters is Done; with others it is refused with Exists.
//
//	struct {
//	    opaque channel[32];
//	    opaque read_hash[32];       SHA-256 of the cap that SUBSCRIBE needs
//	    opaque write_hash[32];      ... that APPEND needs
//	    opaque control_hash[32];    ... that TRUNCATE and a sealing APPEND need
//	    uint8  class;
//	} Create;
type Create struct {
	Channel              ID
	Read, Write, Control CapHash
	Class                Class
}

// AppendCells is APPEND: it adds 1 to [MaxCells] cells, all or none, one behind
// the other. Its reply comes after they are durable. With the control cap it also
// seals the channel: these are its last cells.
//
//	struct {
//	    opaque channel[32];
//	    opaque write[32];
//	    optional<opaque[32]> control;
//	    opaque cells<V>;            a multiple of CellSize
//	} Append;
type AppendCells struct {
	Channel ID
	Write   Cap
	Control *Cap
	Cells   Cells
}

// Appended is the reply to APPEND: the sequence number of the first of its cells.
//
//	struct { uint64 first; } Appended;
type Appended struct{ First uint64 }

// Subscribe asks for all cells of a channel from a position on, those that are
// there and those to come. Its request number names the subscription. A position
// before the first cell there is, is refused with Truncated; after the end of the
// channel with Ahead.
//
//	struct {
//	    opaque channel[32];
//	    opaque read[32];
//	    uint64 from;
//	    uint32 credit;              cells that may be sent, at most MaxCredit
//	} Subscribe;
type Subscribe struct {
	Channel ID
	Read    Cap
	From    uint64
	Credit  uint32
}

// Subscribed is the reply to SUBSCRIBE: the first cell that is there, the number
// that the next one will have, and whether the channel is sealed.
//
//	struct {
//	    uint64 first;
//	    uint64 next;
//	    uint8  sealed;              0 or 1
//	} Subscribed;
type Subscribed struct {
	First, Next uint64
	Sealed      bool
}

// CellsEvent is an event of a subscription: cells in order, each against one of
// its credit. A first number above the expected one says that the cells between
// were deleted before they could be sent.
//
//	struct {
//	    uint64 first;
//	    opaque cells<V>;            a multiple of CellSize, not empty
//	} Cells;
type CellsEvent struct {
	First uint64
	Cells Cells
}

// End is the last event of a subscription: the channel is sealed and all its
// cells were sent. Next is the number that no cell will have.
//
//	struct { uint64 next; } End;
type End struct{ Next uint64 }

// Credit lets the relay send more cells of a subscription. It has no reply, and
// its message carries the number of the subscription. More than [MaxCredit] in
// sum is refused with TooMany; credit for a subscription that has ended is ignored.
//
//	struct { uint32 cells; } Credit;
type Credit struct{ Cells uint32 }

// Unsubscribe ends a subscription of this circuit. It is Done also when the
// subscription has ended already.
//
//	struct { uint32 subscription; } Unsubscribe;
type Unsubscribe struct{ Subscription uint32 }

// Truncate deletes all cells before a sequence number. A number above the next
// one is refused with Ahead; one already deleted is Done.
//
//	struct {
//	    opaque channel[32];
//	    opaque control[32];
//	    uint64 up_to;
//	} Truncate;
type Truncate struct {
	Channel ID
	Control Cap
	UpTo    uint64
}

// Kind is KindCreate.
func (*Create) Kind() Kind { return KindCreate }

// Kind is KindAppend.
func (*AppendCells) Kind() Kind { return KindAppend }

// Kind is KindAppended.
func (*Appended) Kind() Kind { return KindAppended }

// Kind is KindSubscribe.
func (*Subscribe) Kind() Kind { return KindSubscribe }

// Kind is KindSubscribed.
func (*Subscribed) Kind() Kind { return KindSubscribed }

// Kind is KindCells.
func (*CellsEvent) Kind() Kind { return KindCells }

// Kind is KindEnd.
func (*End) Kind() Kind { return KindEnd }

// Kind is KindCredit.
func (*Credit) Kind() Kind { return KindCredit }

// Kind is KindUnsubscribe.
func (*Unsubscribe) Kind() Kind { return KindUnsubscribe }

// Kind is KindTruncate.
func (*Truncate) Kind() Kind { return KindTruncate }

// Code codes the fields in the order of the layout.
func (b *Create) Code(c *syntax.Codec) {
	c.Fixed(b.Channel[:])
	c.Fixed(b.Read[:])
	c.Fixed(b.Write[:])
	c.Fixed(b.Control[:])
	b.Class.code(c)
}

// Code codes the fields in the order of the layout.
func (b *AppendCells) Code(c *syntax.Codec) {
	c.Fixed(b.Channel[:])
	c.Fixed(b.Write[:])
	syntax.Optional(c, &b.Control, func(c *syntax.Codec, control *Cap) { c.Fixed(control[:]) })
	b.Cells.code(c)
}

// Code codes the fields in the order of the layout.
func (b *Appended) Code(c *syntax.Codec) { c.Uint64(&b.First) }

// Code codes the fields in the order of the layout.
func (b *Subscribe) Code(c *syntax.Codec) {
	c.Fixed(b.Channel[:])
	c.Fixed(b.Read[:])
	c.Uint64(&b.From)
	c.Uint32(&b.Credit)
}

// Code codes the fields in the order of the layout.
func (b *Subscribed) Code(c *syntax.Codec) {
	c.Uint64(&b.First)
	c.Uint64(&b.Next)
	c.Bool(&b.Sealed)
}

// Code codes the fields in the order of the layout.
func (b *CellsEvent) Code(c *syntax.Codec) {
	c.Uint64(&b.First)
	b.Cells.code(c)
}

// Code codes the fields in the order of the layout.
func (b *End) Code(c *syntax.Codec) { c.Uint64(&b.Next) }

// Code codes the fields in the order of the layout.
func (b *Credit) Code(c *syntax.Codec) { c.Uint32(&b.Cells) }

// Code codes the fields in the order of the layout.
func (b *Unsubscribe) Code(c *syntax.Codec) { c.Uint32(&b.Subscription) }

// Code codes the fields in the order of the layout.
func (b *Truncate) Code(c *syntax.Codec) {
	c.Fixed(b.Channel[:])
	c.Fixed(b.Control[:])
	c.Uint64(&b.UpTo)
}

// code codes a class, which must be one of the four.
func (k *Class) code(c *syntax.Codec) {
	syntax.Enum8(c, k)
	if c.Err() == nil && (*k < Hour || *k > Month) {
		c.Fail("a class of %d", uint8(*k))
	}
}
