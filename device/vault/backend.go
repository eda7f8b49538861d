package vault

import "context"

// Limits of what one caller can ask for.
const (
	MaxName  = 255      // bytes in the name of a segment or a record
	MaxValue = 16 << 20 // bytes in one record
	MaxTx    = 64 << 20 // bytes in all the records of one transaction
	// MaxSlot is the most that a header slot must be able to hold.
	MaxSlot = 16<<10 - 64
	// NumSlots is the number of header slots.
	NumSlots = 2
	// EraseLen is how much of a replaced or deleted value a backend overwrites:
	// it covers the record's salt, without which no key opens the rest.
	EraseLen = 64
)

// A Key names an entry of a backend. To anyone without the vault's root it is
// random, though the same record has the same key for as long as the root lives.
type Key [20]byte

// An Entry is a record as a backend sees it. Label is small and sealed, at most
// [MaxLabel] bytes; Value is sealed.
type Entry struct {
	Key   Key
	Label []byte
	Value []byte
}

// MaxLabel bounds the label of an entry.
const MaxLabel = 16*(1+MaxName/16) + 16

// A Batch is a set of changes that happen together. No key is in it twice.
type Batch struct {
	Puts    []Entry
	Deletes []Key // a key that is absent is no error
}

// A Backend keeps sealed entries and two header slots. It learns nothing of what
// they say. Its methods may be called concurrently, but the vault never calls
// Apply or SetSlot twice at a time. Every promise below is checked by the
// contract in package vaulttest.
type Backend interface {
	// Slots returns what was last written to each slot, nil for a slot that was
	// never written. A slot whose writing was interrupted holds either content, or
	// bytes that fail the header's own checksum.
	Slots(ctx context.Context) ([NumSlots][]byte, error)
	// SetSlot makes the content of one slot durable, overwriting in place what was
	// there: where the medium allows it, the old content is gone when it returns.
	SetSlot(ctx context.Context, slot int, content []byte) error
	// Load calls each once for every entry, in any order, with its key and label,
	// which are only lent. It stops at the first error of each and returns it.
	Load(ctx context.Context, each func(Key, []byte) error) error
	// Get returns the values of keys, nil for those that are absent. The slices
	// are the caller's.
	Get(ctx context.Context, keys []Key) ([][]byte, error)
	// Apply makes the batch durable, all of it or nothing, and then overwrites the
	// first EraseLen bytes of the values that it replaced or deleted.
	// After ErrFull or another failure nothing of the batch is visible, and the
	// next Apply may succeed; after ErrBroken none will.
	Apply(ctx context.Context, b *Batch) error
	// Commits returns a number that each Apply makes larger, also across restarts.
	Commits() uint64
	// Close releases the storage. No other method may be called afterwards.
	Close() error
}
