package delivery

import (
	"crypto/rand"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// form says what the bytes of an item are.
type form uint8

const (
	inline    form = 0 // the item
	reference form = 1 // an attachment.Manifest; the item is a file on the relay
)

const (
	maxCount   = 16 // cells of one item
	headerSize = 16 + 1 + 1 + 1 + 2
	// partSize is how much of an item one cell holds.
	partSize = plainSize - headerSize
	// maxInline is the largest item that travels in the cells of a channel.
	maxInline = maxCount * partSize
)

// A header stands before the part of an item in each of its cells.
//
//	struct {
//	    opaque item[16];   random, the same in all cells of the item
//	    uint8  form;       0: the item, 1: a reference to it
//	    uint8  index;      of this cell, from 0
//	    uint8  count;      of cells: 1, 2, 4, 8 or 16, the fewest that hold size
//	    uint16 size;       of the whole item in bytes
//	} Header;
//
// The part follows, and zeros after the end of the item.
type header struct {
	item  [16]byte
	form  form
	index uint8
	count uint8
	size  uint16
}

func (h *header) Code(c *syntax.Codec) {
	c.Fixed(h.item[:])
	syntax.Enum8(c, &h.form)
	c.Uint8(&h.index)
	c.Uint8(&h.count)
	c.Uint16(&h.size)
	if c.Err() == nil && (h.form > reference || h.index >= h.count) {
		c.Fail("cell %d of %d, form %d", h.index, h.count, h.form)
	}
}

// A layout says how many bytes of an item its first cell and each other one hold.
type layout struct{ first, other int }

// count returns how many cells an item takes, 0 if it does not fit.
func (l layout) count(size int) int {
	for n := 1; n <= maxCount; n *= 2 {
		if size <= l.first+(n-1)*l.other {
			return n
		}
	}
	return 0
}

// room returns how much of an item the cell of an index holds.
func (l layout) room(index int) int {
	if index == 0 {
		return l.first
	}
	return l.other
}

// split cuts an item into parts, each with its header and padded to its room. The
// item must fit.
func (l layout) split(kind form, item []byte) [][]byte {
	n := l.count(len(item))
	h := header{form: kind, count: uint8(n), size: uint16(len(item))} // #nosec G115 -- at most 16 and maxInline
	rand.Read(h.item[:])                                              // never fails (crypto/rand)
	parts := make([][]byte, n)
	for i := range parts {
		h.index = uint8(i) // #nosec G115 -- at most 15
		part := make([]byte, 0, headerSize+l.room(i))
		part, err := syntax.Append(part, &h)
		if err != nil {
			panic("delivery: " + err.Error()) // the header is ours
		}
		taken := min(l.room(i), len(item))
		part = append(part, item[:taken]...)
		item = item[taken:]
		parts[i] = part[:cap(part)]
	}
	return parts
}

// read takes apart what split made. The header must be one that split makes.
func (l layout) read(part []byte) (h header, data []byte, ok bool) {
	data, err := syntax.UnmarshalPrefix(part, &h)
	if err != nil || int(h.count) != l.count(int(h.size)) || len(data) != l.room(int(h.index)) {
		return header{}, nil, false
	}
	return h, data, true
}

// join puts the parts of an item together and checks that only zeros pad it.
func join(size int, parts [][]byte) ([]byte, bool) {
	item := make([]byte, 0, size+partSize)
	for _, p := range parts {
		item = append(item, p...)
		secret.Wipe(p)
	}
	var padding byte
	for _, b := range item[size:] {
		padding |= b
	}
	return item[:size:size], padding == 0
}
