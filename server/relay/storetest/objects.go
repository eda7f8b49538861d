package storetest

import (
	"bytes"
	"fmt"
	"time"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/ledger"
)

const day = 24 * time.Hour

func testPools(b *bench) {
	b.done(createPool(1), createPool(1))
	other := createPool(1)
	other.Take[0] ^= 1
	b.refused(refusal(wire.Exists), other)
	b.refused(refusal(wire.NotFound), take(1))
	b.refused(refusal(wire.NotFound), take(9))
	for i := range wire.MaxPoolItems {
		got, ok := b.commit(put(1, fmt.Sprint(i), false))[0].(*wire.Count)
		if !ok || got.Items != uint32(i+1) {
			b.Fatalf("put %d: got %v", i, got)
		}
	}
	b.refused(refusal(wire.OverQuota), put(1, "one more", false))
	if got, ok := b.commit(put(1, "7", false))[0].(*wire.Count); !ok || got.Items != wire.MaxPoolItems {
		b.Errorf("the same item again: got %v", got)
	}
	b.reopen()
	seen := map[string]bool{}
	for range wire.MaxPoolItems / 2 {
		for _, reply := range b.commit(take(1), take(1)) {
			item, ok := reply.(*wire.Item)
			if !ok || seen[string(item.Item)] {
				b.Fatalf("take: got %v again or not at all", reply)
			}
			seen[string(item.Item)] = true
		}
	}
	b.refused(refusal(wire.NotFound), take(1))
	if got, ok := b.commit(put(1, "7", false))[0].(*wire.Count); !ok || got.Items != 0 {
		b.Errorf("an item that was taken is put again: got %v", got)
	}
	b.refused(refusal(wire.NotFound), take(1))
}

func testLastResort(b *bench) {
	b.done(createPool(1))
	b.commit(put(1, "last", true), put(1, "one", false))
	for i, want := range []string{"one", "last", "last"} {
		if got, ok := b.commit(take(1))[0].(*wire.Item); !ok || string(got.Item) != want {
			b.Errorf("take %d: got %v, want %q", i, got, want)
		}
	}
	b.commit(put(1, "newer", true))
	b.reopen()
	if got, ok := b.commit(take(1))[0].(*wire.Item); !ok || string(got.Item) != "newer" {
		b.Errorf("after a new last resort: got %v", got)
	}
}

func testBlobs(b *bench) {
	data := bytes.Repeat([]byte("blob"), wire.MaxBlob/4)
	b.done(putBlob(1, wire.Week, data), putBlob(1, wire.Week, data))
	b.refused(refusal(wire.Exists), putBlob(1, wire.Week, data[1:]))
	b.refused(refusal(wire.Exists), putBlob(1, wire.Month, data))
	b.refusedAs(category(2), refusal(wire.Exists), putBlob(1, wire.Week, data))
	b.reopen()
	b.done(putBlob(1, wire.Week, data))
	got, err := b.store.Blob(category(1), id(1), capOf(1, 'r'))
	if err != nil || !bytes.Equal(got, data) {
		b.Errorf("got %d bytes, %v", len(got), err)
	}
	b.done(deleteBlob(1))
	b.refused(refusal(wire.NotFound), deleteBlob(1))
	if _, err := b.store.Blob(category(1), id(1), capOf(1, 'r')); !isCode(err, wire.NotFound) {
		b.Errorf("a deleted blob: got %v", err)
	}
	b.done(putBlob(1, wire.Month, data[:10]))
}

// testExpiry lets every class run out: nothing goes before its time, and nothing
// stays more than a bucket longer.
func testExpiry(b *bench) {
	classes := []struct {
		class      wire.Class
		life, step time.Duration
	}{
		{wire.Hour, time.Hour, time.Hour},
		{wire.Day, day, time.Hour},
		{wire.Week, 7 * day, day},
		{wire.Month, 30 * day, day},
	}
	for i, c := range classes {
		n := byte(10 * (i + 1))
		b.done(create(n, c.class), putBlob(n+1, c.class, []byte("data")))
		b.appended(0, cells(n, 0, 3))
		began := b.now
		b.later(c.life)
		b.holds(n, 0, 3)
		if _, err := b.store.Blob(category(1), id(n+1), capOf(n+1, 'r')); err != nil {
			b.Errorf("class %d: a blob goes before its time: %v", c.class, err)
		}
		b.appended(3, cells(n, 3, 2))
		b.later(c.step)
		b.holds(n, 3, 5)
		b.state(n, relay.State{First: 3, Next: 5})
		if _, err := b.store.Blob(category(1), id(n+1), capOf(n+1, 'r')); !isCode(err, wire.NotFound) {
			b.Errorf("class %d: a blob stays for %v: %v", c.class, b.now.Sub(began), err)
		}
		b.reopen()
		b.state(n, relay.State{First: 3, Next: 5})
		b.done(putBlob(n+1, c.class, []byte("other")))
		b.later(c.life + c.step)
		b.holds(n, 5, 5)
		b.state(n, relay.State{First: 5, Next: 5})
		b.appended(5, cells(n, 5, 1))
		b.holds(n, 5, 6)
	}
}

// testClockSetBack checks that an old time neither revives a bucket nor makes
// cells expire early.
func testClockSetBack(b *bench) {
	b.done(create(1, wire.Hour))
	b.appended(0, cells(1, 0, 1))
	b.now = b.now.Add(-1000 * day)
	b.reopen()
	b.appended(1, cells(1, 1, 1))
	b.later(1000 * day)
	b.holds(1, 0, 2)
	b.later(2 * time.Hour)
	b.holds(1, 2, 2)
}

// testRecords checks that a channel or pool outlives its last use by 32 days, and
// that subscribing is a use.
func testRecords(b *bench) {
	b.done(create(1, wire.Hour), create(2, wire.Hour), createPool(3))
	b.commit(put(3, "item", false))
	b.later(20 * day)
	b.state(1, relay.State{})
	b.later(time.Hour)
	b.later(15 * day)
	b.state(1, relay.State{})
	if _, err := b.store.Channel(category(1), id(2), capOf(2, 'r')); !isCode(err, wire.NotFound) {
		b.Errorf("an unused channel after 35 days: got %v", err)
	}
	b.refused(refusal(wire.NotFound), take(3))
	b.done(create(2, wire.Month), createPool(3))
	b.refused(refusal(wire.NotFound), take(3))
}

func testQuotas(b *bench) {
	const kib = 1 << 10
	b.with(ledger.Quota{Category: 200 * kib, Total: 300 * kib})
	b.done(create(1, wire.Week), create(2, wire.Week))
	next := uint64(0)
	for ; ; next += 4 {
		reply := b.commit(cells(1, next, 4))[0]
		if r, ok := reply.(*wire.Refusal); ok {
			if r.Reason != wire.OverQuota || next < 40 {
				b.Fatalf("after %d cells: %v", next, r)
			}
			break
		}
	}
	b.refused(refusal(wire.OverQuota), putBlob(9, wire.Day, make([]byte, 20*kib)))
	b.done(truncate(1, next))
	b.appended(next, cells(1, next, 4))

	// Another category fills what is left of the whole with blobs. They go when
	// cells need the room, from the oldest bucket on; cells themselves never do.
	other := category(2)
	for i := range byte(12) {
		b.commitAs(other, putBlob(20+i, wire.Week, make([]byte, 15*kib)))
		b.later(day / 4)
	}
	b.commitAs(other, putBlob(40, wire.Week, make([]byte, 10*kib)))
	next += 4
	for range 8 {
		b.appended(next, cells(1, next, 4))
		next += 4
	}
	if _, err := b.store.Blob(other, id(20), capOf(20, 'r')); !isCode(err, wire.NotFound) {
		b.Errorf("the oldest blob: got %v", err)
	}
	if _, err := b.store.Blob(other, id(40), capOf(40, 'r')); err != nil {
		b.Errorf("the newest blob: got %v", err)
	}
	b.holds(1, next-36, next)
	created := b.commitAs(category(3), create(50, wire.Week))
	for seq := uint64(0); ; seq += 16 {
		if len(created) != 1 || seq > 400 {
			b.Fatal("a full relay takes everything")
		}
		if r, ok := b.commitAs(category(3), cells(50, seq, 16))[0].(*wire.Refusal); ok {
			if r.Reason != wire.StorageFull {
				b.Errorf("a full relay says %v", r)
			}
			break
		}
	}
	b.holds(1, next-36, next)
	b.reopen()
	b.done(truncate(1, next))
	b.appended(next, cells(1, next, 16))
}
