package relay

import (
	"context"

	"bulle/protocol/wire"
)

// A Category is the compartment that an object belongs to. Circuits of other
// categories get the answer of an object that does not exist.
type Category [16]byte

// A Change is one request that writes: CREATE, APPEND, TRUNCATE, CREATE POOL,
// PUT, TAKE, BLOB PUT or BLOB DELETE, with the category of its circuit.
type Change struct {
	Category Category
	Body     wire.Body
}

// A State is where a channel stands.
type State struct {
	First  uint64 // the first cell that is there; Next if there is none
	Next   uint64 // the number that the next cell will have
	Sealed bool
}

// A Store keeps channels, pools and blobs. Package storetest is its contract.
//
// Errors that are a [wire.Code] or a *[wire.Refusal] answer the client; others
// are faults of the store.
type Store interface {
	// Commit carries out changes in order, each whole or not at all, and returns
	// when those that succeeded are durable. It returns one reply for each change,
	// a result or a *wire.Refusal. After an error, nothing is known of any of
	// them. Only one Commit runs at a time. Cells of a change belong to the store
	// afterwards; nobody may change them.
	Commit(changes []Change) ([]wire.Body, error)
	// Channel says where a channel stands, to one who holds its read cap.
	Channel(c Category, id wire.ID, read wire.Cap) (State, error)
	// Read returns cells of a channel in order, the first of them from or, if
	// that is gone, the first behind it that is there; at most wire.MaxCells. When
	// nothing is there from that position on, it returns no cells and the number
	// of the next one. The caller has shown the read cap to Channel before.
	Read(id wire.ID, from uint64) (first uint64, cells wire.Cells, err error)
	// Blob returns the bytes of a blob, to one who holds its read cap.
	Blob(c Category, id wire.ID, read wire.Cap) ([]byte, error)
	// Maintain deletes what has expired and gives its space back. It is called
	// about once a minute, and may run while everything else does.
	Maintain(ctx context.Context) error
	// Close ends the store. Nothing may be called during or after it.
	Close() error
}
