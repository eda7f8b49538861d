// Package attachment carries files of any size as sealed chunks on a relay.
//
// Most callers need [NewUpload] with [Upload.Run], which gives the [Manifest]
// that travels inside a message, and [Download], which gives the file back. Both
// stream through a few chunks of memory and go on where they were interrupted.
package attachment

import (
	"crypto/sha256"
	"unicode/utf8"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Sizes of the format, in bytes.
const (
	// ChunkSize is how much of a file one chunk holds. The last chunk is padded
	// with zeros, and an empty file has one chunk: the relay sees how many.
	ChunkSize = 256 << 10
	// KeySize is the size of a file key.
	KeySize = 32
	// MaxSize is the largest file.
	MaxSize = 1 << 40
	// MaxName is the longest name.
	MaxName = 255
	// MaxType is the longest content type.
	MaxType = 127
	// MaxPreview is the largest preview.
	MaxPreview = 16 << 10
)

const version = 1

// A Manifest says what a file is and opens it: whoever has it can read the file
// and delete it from the relay. It travels inside messages only.
//
//	struct {
//	    uint8  version = 1;
//	    opaque key[32];
//	    uint64 size;         at most 2^40
//	    opaque hash[32];     SHA-256 of the file
//	    uint8  class;        how long the relay keeps it
//	    opaque name<V>;      UTF-8, at most 255 bytes
//	    opaque type<V>;      content type, at most 127 bytes
//	    opaque preview<V>;   a small image, at most 16 KiB
//	} Manifest;
type Manifest struct {
	Key     *secret.Bytes // the file key, KeySize bytes
	Size    uint64
	Hash    [sha256.Size]byte
	Class   link.Class
	Name    string
	Type    string
	Preview []byte
}

// Code implements [syntax.Value].
func (m *Manifest) Code(c *syntax.Codec) {
	codeVersion(c)
	codeKey(c, &m.Key)
	c.Uint64(&m.Size)
	c.Fixed(m.Hash[:])
	codeAbout(c, m.Size, &m.Class, &m.Name, &m.Type, &m.Preview)
}

// Chunks returns how many chunks the file has.
func (m *Manifest) Chunks() uint64 { return chunks(m.Size) }

// Wipe ends the file key.
func (m *Manifest) Wipe() { m.Key.Wipe() }

func chunks(size uint64) uint64 { return max(1, (size+ChunkSize-1)/ChunkSize) }

func codeVersion(c *syntax.Codec) {
	v := uint8(version)
	c.Uint8(&v)
	if c.Err() == nil && v != version {
		c.Fail("version %d of a file", v)
	}
}

func codeKey(c *syntax.Codec, key **secret.Bytes) {
	if c.Reading() {
		*key = secret.New(make([]byte, KeySize))
	}
	if (*key).Len() != KeySize {
		c.Fail("a file key of %d bytes", (*key).Len())
		return
	}
	c.Fixed((*key).Reveal())
}

// codeAbout codes and checks what a manifest and an upload share.
func codeAbout(c *syntax.Codec, size uint64, class *link.Class, name, kind *string, preview *[]byte) {
	syntax.Enum8(c, class)
	c.String(name)
	c.String(kind)
	c.Opaque(preview)
	switch {
	case size > MaxSize:
		c.Fail("a file of %d bytes", size)
	case *class < link.Hour || *class > link.Month:
		c.Fail("class %d", *class)
	case len(*name) > MaxName || !utf8.ValidString(*name):
		c.Fail("a name of %d bytes", len(*name))
	case len(*kind) > MaxType || !utf8.ValidString(*kind):
		c.Fail("a content type of %d bytes", len(*kind))
	case len(*preview) > MaxPreview:
		c.Fail("a preview of %d bytes", len(*preview))
	}
}
