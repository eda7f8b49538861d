package over

import "sync"

// recordSize is the largest plaintext of a TLS record (RFC 8446, section 5.1).
const recordSize = 16 << 10

// Buffers lends buffers of one TLS record to connections while they write, so
// that an idle connection holds none. The zero value is ready; it may be used
// concurrently.
type Buffers struct {
	pool sync.Pool
}

func (b *Buffers) get() *[recordSize]byte {
	if buf, ok := b.pool.Get().(*[recordSize]byte); ok {
		return buf
	}
	return new([recordSize]byte)
}

func (b *Buffers) put(buf *[recordSize]byte) { b.pool.Put(buf) }
