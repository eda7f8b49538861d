package wire

import "bulle/protocol/syntax"

// BlobPut stores a blob for the category of the circuit. Doing it again with the
// same parameters and bytes is Done; with others it is refused with Exists.
//
//	struct {
//	    opaque blob[32];
//	    opaque read_hash[32];
//	    opaque delete_hash[32];
//	    uint8  class;
//	    opaque data<V>;             1 to MaxBlob bytes
//	} BlobPut;
type BlobPut struct {
	Blob         ID
	Read, Delete CapHash
	Class        Class
	Data         []byte
}

// BlobGet asks for a blob.
//
//	struct {
//	    opaque blob[32];
//	    opaque read[32];
//	} BlobGet;
type BlobGet struct {
	Blob ID
	Cap  Cap
}

// Blob is the reply to BLOB GET.
//
//	struct { opaque data<V>; } Blob;
type Blob struct{ Data []byte }

// BlobDelete deletes a blob. A blob that is not there is NotFound.
//
//	struct {
//	    opaque blob[32];
//	    opaque delete[32];
//	} BlobDelete;
type BlobDelete struct {
	Blob ID
	Cap  Cap
}

// Kind is KindBlobPut.
func (*BlobPut) Kind() Kind { return KindBlobPut }

// Kind is KindBlobGet.
func (*BlobGet) Kind() Kind { return KindBlobGet }

// Kind is KindBlob.
func (*Blob) Kind() Kind { return KindBlob }

// Kind is KindBlobDelete.
func (*BlobDelete) Kind() Kind { return KindBlobDelete }

// Code codes the fields in the order of the layout.
func (b *BlobPut) Code(c *syntax.Codec) {
	c.Fixed(b.Blob[:])
	c.Fixed(b.Read[:])
	c.Fixed(b.Delete[:])
	b.Class.code(c)
	blob(c, &b.Data)
}

// Code codes the fields in the order of the layout.
func (b *BlobGet) Code(c *syntax.Codec) {
	c.Fixed(b.Blob[:])
	c.Fixed(b.Cap[:])
}

// Code codes the fields in the order of the layout.
func (b *Blob) Code(c *syntax.Codec) { blob(c, &b.Data) }

// Code codes the fields in the order of the layout.
func (b *BlobDelete) Code(c *syntax.Codec) {
	c.Fixed(b.Blob[:])
	c.Fixed(b.Cap[:])
}

func blob(c *syntax.Codec, b *[]byte) {
	bounded(c, b, MaxBlob)
	if c.Err() == nil && len(*b) == 0 {
		c.Fail("a blob of no bytes")
	}
}
