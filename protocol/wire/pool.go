package wire

import "bulle/protocol/syntax"

// CreatePool makes a pool for the category of the circuit; it repeats as CREATE.
//
//	struct {
//	    opaque pool[32];
//	    opaque put_hash[32];
//	    opaque take_hash[32];
//	    uint8  class;
//	} CreatePool;
type CreatePool struct {
	Pool      ID
	Put, Take CapHash
	Class     Class
}

// Put adds an item to a pool, or replaces its last resort. An item that the pool
// holds, or that was taken from it lately, is not added again: repeating a PUT is
// safe.
//
//	struct {
//	    opaque pool[32];
//	    opaque put[32];
//	    opaque item<V>;             1 to MaxItem bytes
//	    uint8  last_resort;         0 or 1
//	} Put;
type Put struct {
	Pool       ID
	Cap        Cap
	Item       []byte
	LastResort bool
}

// Count is the reply to PUT: how many items the pool now holds, not counting its
// last resort.
//
//	struct { uint32 items; } Count;
type Count struct{ Items uint32 }

// Take takes an item out of a pool. Nobody else gets that item, ever; when the
// pool is empty its last resort is handed out and stays. NotFound if there is none.
//
//	struct {
//	    opaque pool[32];
//	    opaque take[32];
//	} Take;
type Take struct {
	Pool ID
	Cap  Cap
}

// Item is the reply to TAKE.
//
//	struct { opaque item<V>; } Item;
type Item struct{ Item []byte }

// Kind is KindCreatePool.
func (*CreatePool) Kind() Kind { return KindCreatePool }

// Kind is KindPut.
func (*Put) Kind() Kind { return KindPut }

// Kind is KindCount.
func (*Count) Kind() Kind { return KindCount }

// Kind is KindTake.
func (*Take) Kind() Kind { return KindTake }

// Kind is KindItem.
func (*Item) Kind() Kind { return KindItem }

// Code codes the fields in the order of the layout.
func (b *CreatePool) Code(c *syntax.Codec) {
	c.Fixed(b.Pool[:])
	c.Fixed(b.Put[:])
	c.Fixed(b.Take[:])
	b.Class.code(c)
}

// Code codes the fields in the order of the layout.
func (b *Put) Code(c *syntax.Codec) {
	c.Fixed(b.Pool[:])
	c.Fixed(b.Cap[:])
	item(c, &b.Item)
	c.Bool(&b.LastResort)
}

// Code codes the fields in the order of the layout.
func (b *Count) Code(c *syntax.Codec) { c.Uint32(&b.Items) }

// Code codes the fields in the order of the layout.
func (b *Take) Code(c *syntax.Codec) {
	c.Fixed(b.Pool[:])
	c.Fixed(b.Cap[:])
}

// Code codes the fields in the order of the layout.
func (b *Item) Code(c *syntax.Codec) { item(c, &b.Item) }

func item(c *syntax.Codec, b *[]byte) {
	bounded(c, b, MaxItem)
	if c.Err() == nil && len(*b) == 0 {
		c.Fail("an item of no bytes")
	}
}
