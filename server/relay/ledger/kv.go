package ledger

import "errors"

// ErrFull is what a KV returns from Write when there is no space for the batch.
// Nothing of the batch was written then.
var ErrFull = errors.New("no space on the device")

// A KV is an ordered map of byte strings. Only [KV.Write] changes it, and a
// ledger calls that from one goroutine at a time; the other methods may be
// called concurrently with each other and with it.
type KV interface {
	// Get returns the value of a key, nil if there is none. Nobody changes it.
	Get(key []byte) ([]byte, error)
	// Scan calls f for each key from the first to before the second, in order,
	// until f returns false. Key and value are valid during the call only.
	Scan(from, to []byte, f func(key []byte, value Value) (more bool)) error
	// Write carries out a batch, all of it or nothing, and returns when it is
	// durable. The values belong to the KV afterwards.
	Write(*Batch) error
	// Forget makes deleted keys of a range leave the medium. It may take long.
	Forget(from, to []byte) error
	// Free returns how many bytes may still be written.
	Free() (uint64, error)
	Close() error
}

// A Value reads the value of a key that a scan has found. It is called only when
// the value is needed, and only during the call of f.
type Value func() ([]byte, error)

// A Batch is a list of changes to a KV.
type Batch struct {
	Ops  []Op
	Size int // bytes of keys and values
}

// An Op is one change: it sets Key to Value, or deletes Key when Value is nil,
// or, when End is there, deletes all keys from Key to before End.
type Op struct {
	Key, Value, End []byte
}

func (b *Batch) set(key, value []byte) { b.add(Op{Key: key, Value: value}) }

func (b *Batch) delete(key []byte) { b.add(Op{Key: key}) }

func (b *Batch) deleteRange(from, to []byte) { b.add(Op{Key: from, End: to}) }

func (b *Batch) add(op Op) {
	b.Ops = append(b.Ops, op)
	b.Size += len(op.Key) + len(op.Value) + len(op.End)
}
