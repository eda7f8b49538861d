// Package link is a device's side of the relay protocol: requests, subscriptions
// and governance over circuits that come back by themselves.
//
// Most callers need [New], which keeps a device connected to one relay, and the
// methods of [Session], which a [Link] has. Everything above this package takes a
// Session, so that a test can run on a relay in memory (package linktest).
//
// A request that fails with [ErrOffline], [ErrTimeout] or the error of its
// context may have been executed all the same. Every operation may be repeated
// with the same bytes; what an append may leave twice, the items' reader drops.
package link

import (
	"context"

	"bulle/protocol/wire"
)

// An ID names a channel, a pool or a blob on a relay.
type ID = wire.ID

// A Cap is the secret that grants one operation on one object. A relay holds its
// SHA-256 and sees the cap itself only while an operation uses it.
type Cap = wire.Cap

// Class says how long a relay keeps what it was given.
type Class = wire.Class

// The classes, by the time after which a relay forgets.
const (
	Hour  = wire.Hour
	Day   = wire.Day
	Week  = wire.Week
	Month = wire.Month
)

// CellSize is the size of a cell in bytes, the only size there is.
const CellSize = wire.CellSize

// A Channel is an append-only log of cells. Its three caps are fixed when it is
// created; the relay learns only their hashes then.
type Channel struct {
	ID                   ID
	Read, Write, Control Cap
	Class                Class
}

// A Pool is a bag of items that are each taken once.
type Pool struct {
	ID        ID
	Put, Take Cap
	Class     Class
}

// A Blob is a sealed chunk of a file.
type Blob struct {
	ID           ID
	Read, Delete Cap
	Class        Class
	Data         []byte
}

// A Batch is cells that follow each other in a channel. The receiver owns them.
type Batch struct {
	First uint64 // sequence number of Cells[0]
	Cells [][]byte
}

// Session is one relay as conversations, inboxes and files see it. All methods
// may be called concurrently; each returns at its context's end.
type Session interface {
	// Create makes a channel. Repeating it with the same values succeeds; other
	// values for a known ID fail with [ErrExists].
	Create(ctx context.Context, ch Channel) error
	// Append adds 1 to 16 cells, all or none and next to each other, and returns the
	// sequence number of the first. They are durable when it returns. It fails
	// with [ErrSealed] once the channel is sealed.
	Append(ctx context.Context, ch ID, write Cap, cells [][]byte) (first uint64, err error)
	// Seal is Append that ends the channel: of all that try, one succeeds.
	Seal(ctx context.Context, ch ID, write, control Cap, cells [][]byte) (first uint64, err error)
	// Truncate deletes every cell before upTo.
	Truncate(ctx context.Context, ch ID, control Cap, upTo uint64) error
	// Subscribe delivers the cells from the given number on, past and future. It
	// fails with [ErrTruncated] when the relay no longer has all of them, and with
	// [ErrAhead] when it never had so many. A circuit holds about 2,000
	// subscriptions; more fail with [ErrTooMany].
	Subscribe(ctx context.Context, ch ID, read Cap, from uint64) (Subscription, error)

	// CreatePool makes a pool, as Create makes a channel.
	CreatePool(ctx context.Context, p Pool) error
	// Put adds an item, unless the pool has or lately had it, and returns how many
	// the pool then holds. A last resort is not counted, replaces the former one,
	// and is handed out without being removed when nothing else is left.
	Put(ctx context.Context, pool ID, put Cap, item []byte, lastResort bool) (count int, err error)
	// Take removes an item and returns it, [ErrNotFound] when there is none.
	Take(ctx context.Context, pool ID, take Cap) ([]byte, error)

	// PutBlob stores a blob. Repeating it with the same values succeeds; other
	// values for a known ID fail with [ErrExists]. Data may be reused afterwards.
	PutBlob(ctx context.Context, b Blob) error
	// GetBlob returns a blob's data, [ErrNotFound] when the relay has none.
	GetBlob(ctx context.Context, id ID, read Cap) ([]byte, error)
	// DeleteBlob deletes a blob, [ErrNotFound] when the relay has none.
	DeleteBlob(ctx context.Context, id ID, del Cap) error
}

// A Subscription delivers the cells of one channel in order to one consumer. A
// consumer that stops calling Next stops the relay after a bounded number of
// cells.
type Subscription interface {
	// Known is the number that the channel's next cell had when the subscription
	// began: cells before it are the past.
	Known() uint64
	// Sealed says whether the channel was sealed already then.
	Sealed() bool
	// Next waits for cells. It fails with [ErrEnd] when the channel is sealed and
	// everything was delivered, and with [ErrOffline] when the circuit is gone:
	// then the consumer subscribes again, from its own position.
	Next(ctx context.Context) (Batch, error)
	// Close ends the subscription. It may be called again and during Next.
	Close() error
}
