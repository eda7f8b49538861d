// Package storetest is the contract of a relay's store: [Run] checks everything
// that [relay.Store] promises, against any implementation.
package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/ledger"
)

// A Config is what a test asks of the store it opens.
type Config struct {
	Dir   string // of its files; the same for a store that is opened again
	Now   func() time.Time
	Quota ledger.Quota
}

// A Subject is the implementation under test.
type Subject struct {
	Open    func(*testing.T, Config) relay.Store
	Durable bool // what was acknowledged is there when the store is opened again
}

// Run runs the contract.
func Run(t *testing.T, s Subject) {
	t.Helper()
	tests := []struct {
		name string
		run  func(*bench)
	}{
		{"Create", testCreate},
		{"Append", testAppend},
		{"Seal", testSeal},
		{"Caps", testCaps},
		{"Categories", testCategories},
		{"Truncate", testTruncate},
		{"TruncateMany", testTruncateMany},
		{"OneCommit", testOneCommit},
		{"Interleaved", testInterleaved},
		{"Pools", testPools},
		{"LastResort", testLastResort},
		{"Blobs", testBlobs},
		{"Expiry", testExpiry},
		{"ClockSetBack", testClockSetBack},
		{"Records", testRecords},
		{"Quotas", testQuotas},
		{"Reopen", testReopen},
		{"Reading", testReading},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := &bench{T: t, subject: s, now: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)}
			b.dir = t.TempDir()
			b.open()
			defer b.close()
			test.run(b)
		})
	}
}

// A bench is a test's own store and clock.
type bench struct {
	*testing.T
	subject Subject
	quota   ledger.Quota
	dir     string
	store   relay.Store
	now     time.Time
}

func (b *bench) open() {
	b.Helper()
	if b.quota.Reserve == 0 {
		b.quota.Reserve = 1 << 20
	}
	b.store = b.subject.Open(b.T, Config{Dir: b.dir, Now: func() time.Time { return b.now }, Quota: b.quota})
}

func (b *bench) close() {
	b.Helper()
	if err := b.store.Close(); err != nil {
		b.Error(err)
	}
}

// with opens an empty store with another quota.
func (b *bench) with(q ledger.Quota) {
	b.Helper()
	b.close()
	b.dir, b.quota = b.TempDir(), q
	b.open()
}

// reopen closes the store and opens it again, if it is one that remembers.
func (b *bench) reopen() {
	b.Helper()
	if b.subject.Durable {
		b.close()
		b.open()
	}
}

func (b *bench) later(d time.Duration) {
	b.Helper()
	b.now = b.now.Add(d)
	if err := b.store.Maintain(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// commit carries out changes of category 1 in one Commit.
func (b *bench) commit(bodies ...wire.Body) []wire.Body {
	b.Helper()
	return b.commitAs(category(1), bodies...)
}

func (b *bench) commitAs(c relay.Category, bodies ...wire.Body) []wire.Body {
	b.Helper()
	changes := make([]relay.Change, len(bodies))
	for i, body := range bodies {
		changes[i] = relay.Change{Category: c, Body: body}
	}
	replies, err := b.store.Commit(changes)
	if err != nil {
		b.Fatal(err)
	}
	if len(replies) != len(bodies) {
		b.Fatalf("%d replies to %d changes", len(replies), len(bodies))
	}
	return replies
}

func (b *bench) done(bodies ...wire.Body) {
	b.Helper()
	replies := b.commit(bodies...)
	for i, body := range bodies {
		if _, ok := replies[i].(*wire.Done); !ok {
			b.Fatalf("%s: got %v", body.Kind(), replies[i])
		}
	}
}

func (b *bench) refused(want wire.Refusal, body wire.Body) {
	b.Helper()
	b.refusedAs(category(1), want, body)
}

func (b *bench) refusedAs(c relay.Category, want wire.Refusal, body wire.Body) {
	b.Helper()
	got, ok := b.commitAs(c, body)[0].(*wire.Refusal)
	if !ok || *got != want {
		b.Errorf("%s: got %v, want %+v", body.Kind(), got, want)
	}
}

func (b *bench) appended(first uint64, body *wire.AppendCells) {
	b.Helper()
	got, ok := b.commit(body)[0].(*wire.Appended)
	if !ok || got.First != first {
		b.Fatalf("append: got %+v, want first %d", got, first)
	}
}

func (b *bench) state(channel byte, want relay.State) {
	b.Helper()
	got, err := b.store.Channel(category(1), id(channel), capOf(channel, 'r'))
	if err != nil || got != want {
		b.Errorf("channel %d: got %+v, %v, want %+v", channel, got, err, want)
	}
}

// holds checks that a channel holds the cells from first to before next, each
// once, in order, and nothing else.
func (b *bench) holds(channel byte, first, next uint64) {
	b.Helper()
	at := uint64(0)
	for n := first; ; {
		got, cells, err := b.store.Read(id(channel), at)
		if err != nil {
			b.Fatal(err)
		}
		if len(cells) == 0 {
			if n != next || got != next {
				b.Errorf("channel %d ends at %d (says %d), want %d", channel, n, got, next)
			}
			return
		}
		if got != n || cells.Count() > wire.MaxCells {
			b.Fatalf("channel %d: read %d cells from %d, want them from %d", channel, cells.Count(), got, n)
		}
		for i := range cells.Count() {
			if !bytes.Equal(cells.At(i), cell(channel, n)) {
				b.Fatalf("channel %d: cell %d is another one", channel, n)
			}
			n++
		}
		at = n
	}
}

func category(n byte) relay.Category { return relay.Category{n} }

func id(n byte) wire.ID { return wire.ID{n, 0xfe} }

// capOf is the cap of an object for one right.
func capOf(n, right byte) wire.Cap { return wire.Cap{n, right} }

// cell is the content of cell seq of a channel.
func cell(channel byte, seq uint64) []byte {
	c := bytes.Repeat([]byte{channel ^ 0x5a}, wire.CellSize)
	binary.BigEndian.PutUint64(c, seq)
	return c
}

func create(n byte, class wire.Class) *wire.Create {
	return &wire.Create{
		Channel: id(n), Class: class,
		Read: capOf(n, 'r').Hash(), Write: capOf(n, 'w').Hash(), Control: capOf(n, 'c').Hash(),
	}
}

// cells is an APPEND of n cells that will be cell first and those behind it.
func cells(channel byte, first uint64, n int) *wire.AppendCells {
	var all wire.Cells
	for i := range n {
		all = append(all, cell(channel, first+uint64(i))...)
	}
	return &wire.AppendCells{Channel: id(channel), Write: capOf(channel, 'w'), Cells: all}
}

func sealing(a *wire.AppendCells) *wire.AppendCells {
	control := capOf(a.Channel[0], 'c')
	a.Control = &control
	return a
}

func truncate(channel byte, upTo uint64) *wire.Truncate {
	return &wire.Truncate{Channel: id(channel), Control: capOf(channel, 'c'), UpTo: upTo}
}

func createPool(n byte) *wire.CreatePool {
	return &wire.CreatePool{Pool: id(n), Put: capOf(n, 'p').Hash(), Take: capOf(n, 't').Hash(), Class: wire.Month}
}

func put(n byte, item string, last bool) *wire.Put {
	return &wire.Put{Pool: id(n), Cap: capOf(n, 'p'), Item: []byte(item), LastResort: last}
}

func take(n byte) *wire.Take { return &wire.Take{Pool: id(n), Cap: capOf(n, 't')} }

func putBlob(n byte, class wire.Class, data []byte) *wire.BlobPut {
	return &wire.BlobPut{Blob: id(n), Read: capOf(n, 'r').Hash(), Delete: capOf(n, 'd').Hash(), Class: class, Data: data}
}

func deleteBlob(n byte) *wire.BlobDelete { return &wire.BlobDelete{Blob: id(n), Cap: capOf(n, 'd')} }

func refusal(c wire.Code) wire.Refusal { return wire.Refusal{Reason: c} }

// isCode reports whether an error is a code for the client.
func isCode(err error, c wire.Code) bool { return errors.Is(err, c) }
