package vault

import (
	"bytes"
	"slices"
	"sort"

	"bulle/protocol/secret"
)

// blockNames is how many names a block of the index holds before it is split.
const blockNames = 128

// An index is the ordered set of the record names of one segment, in memory that
// can be wiped: names lie one after the other in blocks, each sorted. Its methods
// must not be called concurrently with insert, remove or wipe.
type index struct {
	blocks []*nameBlock // never empty ones, in order
	count  int
}

// A nameBlock holds up to blockNames names, each after its length in one byte.
type nameBlock struct {
	data    []byte
	offsets []uint16 // of the names' length bytes in data, in the order of the names
}

func (b *nameBlock) name(i int) []byte {
	at := int(b.offsets[i])
	n := int(b.data[at])
	return b.data[at+1 : at+1+n : at+1+n]
}

// search returns the place of name in the block, and whether it is there.
func (b *nameBlock) search(name []byte) (int, bool) {
	return sort.Find(len(b.offsets), func(i int) int { return bytes.Compare(name, b.name(i)) })
}

// block returns the place of the block that name belongs to, -1 in an empty index.
func (x *index) block(name []byte) int {
	after := sort.Search(len(x.blocks), func(i int) bool { return bytes.Compare(x.blocks[i].name(0), name) > 0 })
	return min(max(after-1, 0), len(x.blocks)-1)
}

func (x *index) has(name []byte) bool {
	at := x.block(name)
	if at < 0 {
		return false
	}
	_, found := x.blocks[at].search(name)
	return found
}

// insert adds a name of 1 to 255 bytes. It reports false when it was there.
func (x *index) insert(name []byte) bool {
	if len(x.blocks) == 0 {
		x.blocks = append(x.blocks, new(nameBlock))
		x.blocks[0].add(0, name)
		x.count++
		return true
	}
	at := x.block(name)
	b := x.blocks[at]
	i, found := b.search(name)
	if found {
		return false
	}
	x.count++
	b.add(i, name)
	if len(b.offsets) > blockNames {
		x.split(at)
	}
	return true
}

// add puts name at place i, and leaves no copy of the other names behind when the
// block grows.
func (b *nameBlock) add(i int, name []byte) {
	b.offsets = slices.Insert(b.offsets, i, uint16(len(b.data))) //nolint:gosec // G115: 129 names of 256 bytes at most
	if need := len(b.data) + 1 + len(name); need > cap(b.data) {
		old := b.data
		b.data = append(make([]byte, 0, 2*need), old...)
		secret.Wipe(old)
	}
	b.data = append(append(b.data, byte(len(name))), name...) //nolint:gosec // G115: a name has 255 bytes at most
}

// split moves the names of a full block to two. A block that grew at its end, as
// when messages arrive in order, keeps all but the last.
func (x *index) split(at int) {
	b := x.blocks[at]
	cut := len(b.offsets) / 2
	if at == len(x.blocks)-1 {
		cut = len(b.offsets) - 1
	}
	low, high := new(nameBlock), new(nameBlock)
	for i := range b.offsets {
		if i < cut {
			low.add(i, b.name(i))
		} else {
			high.add(i-cut, b.name(i))
		}
	}
	secret.Wipe(b.data)
	x.blocks[at] = low
	x.blocks = slices.Insert(x.blocks, at+1, high)
}

// remove takes a name out. It reports false when it was not there.
func (x *index) remove(name []byte) bool {
	at := x.block(name)
	if at < 0 {
		return false
	}
	b := x.blocks[at]
	i, found := b.search(name)
	if !found {
		return false
	}
	x.count--
	start, size := b.offsets[i], uint16(1+len(name)) //nolint:gosec // G115: a name has 255 bytes at most
	copy(b.data[start:], b.data[start+size:])
	secret.Wipe(b.data[len(b.data)-int(size):])
	b.data = b.data[:len(b.data)-int(size)]
	b.offsets = slices.Delete(b.offsets, i, i+1)
	for j, o := range b.offsets {
		if o > start {
			b.offsets[j] = o - size
		}
	}
	if len(b.offsets) == 0 {
		x.blocks = slices.Delete(x.blocks, at, at+1)
	}
	return true
}

// wipe forgets every name.
func (x *index) wipe() {
	for _, b := range x.blocks {
		secret.Wipe(b.data)
	}
	*x = index{}
}

// A cursor walks an index in one direction.
type cursor struct {
	x        *index
	block, i int
	reverse  bool
}

// seek returns a cursor on the first name that is not below from, or with reverse
// on the last one that is below to; a nil limit is none.
func (x *index) seek(limit []byte, reverse bool) cursor {
	c := cursor{x: x, reverse: reverse}
	switch {
	case len(x.blocks) == 0:
	case limit == nil && reverse:
		c.block = len(x.blocks) - 1
		c.i = len(x.blocks[c.block].offsets) - 1
	case limit != nil:
		c.block = x.block(limit)
		c.i, _ = x.blocks[c.block].search(limit)
		if reverse {
			c.i--
		}
	}
	c.settle()
	return c
}

// settle moves from before or after a block to the neighbour's nearest name.
func (c *cursor) settle() {
	if c.block >= len(c.x.blocks) {
		return
	}
	if c.i < 0 {
		if c.block--; c.block >= 0 {
			c.i = len(c.x.blocks[c.block].offsets) - 1
		}
	} else if c.i >= len(c.x.blocks[c.block].offsets) {
		c.block, c.i = c.block+1, 0
	}
}

// name returns the name under the cursor, nil past the end.
func (c *cursor) name() []byte {
	if c.block < 0 || c.block >= len(c.x.blocks) {
		return nil
	}
	return c.x.blocks[c.block].name(c.i)
}

// next moves on by one name.
func (c *cursor) next() {
	if c.reverse {
		c.i--
	} else {
		c.i++
	}
	c.settle()
}
