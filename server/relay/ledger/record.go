package ledger

import (
	"fmt"

	"bulle/protocol/syntax"
	"bulle/protocol/wire"
	"bulle/server/relay"
)

// recordVersion is the first byte of every record.
const recordVersion = 1

// A channelRecord is all that a relay keeps of a channel besides its cells.
//
//	struct {
//	    uint8  version;             1
//	    opaque category[16];
//	    uint8  class;
//	    opaque read[32], write[32], control[32];    hashes of the caps
//	    uint64 first;               cells before it were truncated
//	    uint64 next;
//	    uint8  sealed;
//	    uint32 touched;             day of the last CREATE, APPEND or SUBSCRIBE
//	    struct { uint32 bucket; uint64 first; } segments<V>;
//	} ChannelRecord;
type channelRecord struct {
	Category             relay.Category
	Class                wire.Class
	Read, Write, Control wire.CapHash
	First, Next          uint64
	Sealed               bool
	Touched              uint32
	Segments             []segment
}

// A segment is a part of a channel that lies in one bucket: the cells from First
// up to the first of the next segment.
type segment struct {
	Bucket bucket
	First  uint64
}

// Code codes the fields in the order of the layout.
func (r *channelRecord) Code(c *syntax.Codec) {
	version(c)
	c.Fixed(r.Category[:])
	syntax.Enum8(c, &r.Class)
	c.Fixed(r.Read[:])
	c.Fixed(r.Write[:])
	c.Fixed(r.Control[:])
	c.Uint64(&r.First)
	c.Uint64(&r.Next)
	c.Bool(&r.Sealed)
	c.Uint32(&r.Touched)
	syntax.Vector(c, &r.Segments, func(c *syntax.Codec, s *segment) {
		c.Uint32((*uint32)(&s.Bucket))
		c.Uint64(&s.First)
	})
}

// A poolRecord is all that a relay keeps of a pool besides its items.
//
//	struct {
//	    uint8  version;             1
//	    opaque category[16];
//	    uint8  class;
//	    opaque put[32], take[32];   hashes of the caps
//	    uint64 next;                number of the next item
//	    uint64 numbers<V>;          items that are there, in order
//	    optional<uint64> last_resort;       its number
//	    opaque seen[16] ... seen<V>;        first half of the SHA-256 of the last items put, oldest first
//	    uint32 bytes;               of the items that are there
//	    uint32 touched;             day of the last CREATE POOL or PUT
//	} PoolRecord;
type poolRecord struct {
	Category   relay.Category
	Class      wire.Class
	Put, Take  wire.CapHash
	Next       uint64
	Numbers    []uint64
	LastResort *uint64
	Seen       []digest
	Bytes      uint32
	Touched    uint32
}

type digest [16]byte

// Code codes the fields in the order of the layout.
func (r *poolRecord) Code(c *syntax.Codec) {
	version(c)
	c.Fixed(r.Category[:])
	syntax.Enum8(c, &r.Class)
	c.Fixed(r.Put[:])
	c.Fixed(r.Take[:])
	c.Uint64(&r.Next)
	syntax.Vector(c, &r.Numbers, (*syntax.Codec).Uint64)
	syntax.Optional(c, &r.LastResort, (*syntax.Codec).Uint64)
	syntax.Vector(c, &r.Seen, func(c *syntax.Codec, d *digest) { c.Fixed(d[:]) })
	c.Uint32(&r.Bytes)
	c.Uint32(&r.Touched)
}

// A blobRecord says where a blob is and who may read and delete it.
//
//	struct {
//	    uint8  version;             1
//	    opaque category[16];
//	    uint8  class;
//	    uint32 bucket;
//	    opaque read[32], delete[32];        hashes of the caps
//	    uint32 size;
//	} BlobRecord;
type blobRecord struct {
	Category     relay.Category
	Class        wire.Class
	Bucket       bucket
	Read, Delete wire.CapHash
	Size         uint32
}

// Code codes the fields in the order of the layout.
func (r *blobRecord) Code(c *syntax.Codec) {
	version(c)
	c.Fixed(r.Category[:])
	syntax.Enum8(c, &r.Class)
	c.Uint32((*uint32)(&r.Bucket))
	c.Fixed(r.Read[:])
	c.Fixed(r.Delete[:])
	c.Uint32(&r.Size)
}

// A usageRecord counts stored bytes.
//
//	struct { uint8 version; uint64 bytes; } UsageRecord;
type usageRecord struct{ Bytes uint64 }

// Code codes the fields in the order of the layout.
func (r *usageRecord) Code(c *syntax.Codec) {
	version(c)
	c.Uint64(&r.Bytes)
}

// A metaRecord holds the latest hour in which something was stored, so that a
// clock that was set back brings no bucket back.
//
//	struct { uint8 version; uint32 hour; } MetaRecord;
type metaRecord struct{ Hour hour }

// Code codes the fields in the order of the layout.
func (r *metaRecord) Code(c *syntax.Codec) {
	version(c)
	c.Uint32((*uint32)(&r.Hour))
}

func version(c *syntax.Codec) {
	v := uint8(recordVersion)
	if c.Uint8(&v); c.Err() == nil && v != recordVersion {
		c.Fail("a record of version %d", v)
	}
}

// load reads the record of a key into r and reports whether there is one.
func load(kv KV, key []byte, r syntax.Value) (bool, error) {
	b, err := kv.Get(key)
	if err != nil || b == nil {
		return false, err
	}
	if err := syntax.Unmarshal(b, r); err != nil {
		return false, fmt.Errorf("read a record of table %q: %w", key[:1], err)
	}
	return true, nil
}

// encode writes a record; it cannot fail, for all its vectors are short.
func encode(r syntax.Value) []byte {
	b, err := syntax.Marshal(r)
	if err != nil {
		panic("ledger: " + err.Error())
	}
	return b
}
