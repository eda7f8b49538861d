package storetest

import (
	"bulle/protocol/wire"
	"bulle/server/relay"
)

func testCreate(b *bench) {
	b.done(create(1, wire.Week), create(1, wire.Week))
	b.state(1, relay.State{})
	b.done(create(1, wire.Week))
	other := create(1, wire.Week)
	other.Control[0] ^= 1
	b.refused(refusal(wire.Exists), other)
	b.refused(refusal(wire.Exists), create(1, wire.Month))
	b.refusedAs(category(2), refusal(wire.Exists), create(1, wire.Week))
	b.appended(0, cells(1, 0, 1))
	b.done(create(1, wire.Week))
	b.state(1, relay.State{Next: 1})
	b.reopen()
	b.done(create(1, wire.Week))
	b.refused(refusal(wire.Exists), other)
	b.state(1, relay.State{Next: 1})
}

func testAppend(b *bench) {
	b.done(create(1, wire.Day), create(2, wire.Month))
	next := uint64(0)
	for _, n := range []int{1, wire.MaxCells, 3, 7, 1, 1, wire.MaxCells} {
		b.appended(next, cells(1, next, n))
		next += uint64(n) //nolint:gosec // G115: small
	}
	b.appended(0, cells(2, 0, 2))
	b.holds(1, 0, next)
	b.holds(2, 0, 2)
	b.reopen()
	b.appended(next, cells(1, next, 2))
	b.holds(1, 0, next+2)
	b.refused(refusal(wire.NotFound), cells(9, 0, 1))
}

func testSeal(b *bench) {
	b.done(create(1, wire.Month), create(2, wire.Month))
	b.appended(0, cells(1, 0, 3))
	replies := b.commit(sealing(cells(1, 3, 2)), sealing(cells(1, 5, 1)), cells(1, 5, 1))
	if first, ok := replies[0].(*wire.Appended); !ok || first.First != 3 {
		b.Fatalf("the first seal: got %v", replies[0])
	}
	for _, reply := range replies[1:] {
		if r, ok := reply.(*wire.Refusal); !ok || *r != (wire.Refusal{Reason: wire.Sealed, Seq: 5}) {
			b.Errorf("after the seal: got %v", reply)
		}
	}
	b.state(1, relay.State{Next: 5, Sealed: true})
	b.reopen()
	b.refused(wire.Refusal{Reason: wire.Sealed, Seq: 5}, sealing(cells(1, 5, 1)))
	b.state(1, relay.State{Next: 5, Sealed: true})
	b.holds(1, 0, 5)
	b.done(truncate(1, 5), create(1, wire.Month))
	b.state(1, relay.State{First: 5, Next: 5, Sealed: true})
	wrong := sealing(cells(2, 0, 1))
	wrong.Control[0] ^= 1
	b.refused(refusal(wire.NotFound), wrong)
	b.state(2, relay.State{})
}

func testCaps(b *bench) {
	b.done(create(1, wire.Day), createPool(2), putBlob(3, wire.Day, []byte("data")))
	for _, right := range []byte{'r', 'c', 'x'} {
		wrong := cells(1, 0, 1)
		wrong.Write = capOf(1, right)
		b.refused(refusal(wire.NotFound), wrong)
	}
	for _, right := range []byte{'r', 'w', 'x'} {
		b.refused(refusal(wire.NotFound), &wire.Truncate{Channel: id(1), Control: capOf(1, right)})
	}
	for _, right := range []byte{'w', 'c', 'x'} {
		if _, err := b.store.Channel(category(1), id(1), capOf(1, right)); !isCode(err, wire.NotFound) {
			b.Errorf("a channel with the wrong cap: got %v", err)
		}
	}
	b.refused(refusal(wire.NotFound), &wire.Put{Pool: id(2), Cap: capOf(2, 't'), Item: []byte("item")})
	b.refused(refusal(wire.NotFound), &wire.Take{Pool: id(2), Cap: capOf(2, 'p')})
	b.refused(refusal(wire.NotFound), &wire.BlobDelete{Blob: id(3), Cap: capOf(3, 'r')})
	if _, err := b.store.Blob(category(1), id(3), capOf(3, 'd')); !isCode(err, wire.NotFound) {
		b.Errorf("a blob with the wrong cap: got %v", err)
	}
}

// testCategories checks that another category gets the answer of an object that
// does not exist.
func testCategories(b *bench) {
	b.done(create(1, wire.Day), createPool(2), putBlob(3, wire.Day, []byte("data")))
	b.commit(put(2, "item", false))
	for _, body := range []wire.Body{cells(1, 0, 1), truncate(1, 0), put(2, "other", false), take(2), deleteBlob(3)} {
		b.refusedAs(category(2), refusal(wire.NotFound), body)
	}
	if _, err := b.store.Channel(category(2), id(1), capOf(1, 'r')); !isCode(err, wire.NotFound) {
		b.Errorf("a channel of another category: got %v", err)
	}
	if _, err := b.store.Blob(category(2), id(3), capOf(3, 'r')); !isCode(err, wire.NotFound) {
		b.Errorf("a blob of another category: got %v", err)
	}
	if item, ok := b.commit(take(2))[0].(*wire.Item); !ok || string(item.Item) != "item" {
		b.Errorf("its own category takes %v", item)
	}
}

func testTruncate(b *bench) {
	b.done(create(1, wire.Month))
	next := uint64(0)
	for range 5 {
		b.appended(next, cells(1, next, 10))
		next += 10
	}
	b.refused(wire.Refusal{Reason: wire.Ahead, Seq: 50}, truncate(1, 51))
	for _, upTo := range []uint64{0, 10, 13, 14, 13, 20, 39, 40, 49} {
		b.done(truncate(1, upTo))
		first := max(upTo, 14)
		if upTo < 14 {
			first = upTo
		}
		if upTo == 13 {
			continue // once forwards, once backwards
		}
		b.state(1, relay.State{First: first, Next: 50})
		b.holds(1, first, 50)
	}
	b.reopen()
	b.holds(1, 49, 50)
	b.done(truncate(1, 50))
	b.holds(1, 50, 50)
	b.state(1, relay.State{First: 50, Next: 50})
	b.appended(50, cells(1, 50, 2))
	b.holds(1, 50, 52)
}

// testTruncateMany deletes more values than are deleted one by one, over several
// buckets, with a cut inside a value.
func testTruncateMany(b *bench) {
	b.done(create(1, wire.Week), create(2, wire.Week))
	next := uint64(0)
	for range 3 {
		for range 90 {
			b.commit(cells(1, next, 3), cells(2, next, 3))
			next += 3
		}
		b.later(day)
	}
	b.done(truncate(1, 601))
	b.holds(1, 601, next)
	b.holds(2, 0, next)
	b.reopen()
	b.holds(1, 601, next)
	b.done(truncate(1, next), truncate(2, next))
	b.holds(1, next, next)
	b.holds(2, next, next)
}

// testOneCommit puts changes that build on each other into one Commit.
func testOneCommit(b *bench) {
	replies := b.commit(
		create(1, wire.Day), cells(1, 0, 4), cells(1, 4, 4), truncate(1, 6), cells(1, 8, 1), truncate(1, 7),
		createPool(2), put(2, "one", false), take(2), put(2, "two", false), put(2, "last", true), put(2, "newest", true),
		putBlob(3, wire.Day, []byte("data")), putBlob(3, wire.Day, []byte("data")), deleteBlob(3), deleteBlob(3),
	)
	if got, ok := replies[4].(*wire.Appended); !ok || got.First != 8 {
		b.Errorf("append after a truncate: got %v", replies[4])
	}
	if got, ok := replies[8].(*wire.Item); !ok || string(got.Item) != "one" {
		b.Errorf("take after a put: got %v", replies[8])
	}
	for _, i := range []int{0, 3, 5, 6, 12, 13, 14} {
		if _, ok := replies[i].(*wire.Done); !ok {
			b.Errorf("change %d: got %v", i, replies[i])
		}
	}
	if got, ok := replies[15].(*wire.Refusal); !ok || got.Reason != wire.NotFound {
		b.Errorf("a second delete: got %v", replies[15])
	}
	b.reopen()
	b.holds(1, 7, 9)
	for i, want := range []string{"two", "newest", "newest"} {
		if got, ok := b.commit(take(2))[0].(*wire.Item); !ok || string(got.Item) != want {
			b.Errorf("take %d: got %v, want %q", i, got, want)
		}
	}
}

func testReading(b *bench) {
	b.done(create(1, wire.Day))
	b.appended(0, cells(1, 0, 10))
	b.appended(10, cells(1, 10, 10))
	for _, from := range []uint64{0, 3, 9, 10, 19} {
		first, cells, err := b.store.Read(id(1), from)
		if err != nil || first != from || cells.Count() != int(10-from%10) {
			b.Errorf("from %d: got %d cells from %d, %v", from, cells.Count(), first, err)
		}
	}
	b.done(truncate(1, 12))
	if first, cells, err := b.store.Read(id(1), 3); err != nil || first != 12 || cells.Count() != 8 {
		b.Errorf("from a deleted cell: got %d cells from %d, %v", cells.Count(), first, err)
	}
	if first, cells, err := b.store.Read(id(1), 25); err != nil || first != 25 || cells != nil {
		b.Errorf("from behind the end: got %d cells from %d, %v", cells.Count(), first, err)
	}
	if _, _, err := b.store.Read(id(9), 0); !isCode(err, wire.NotFound) {
		b.Errorf("no channel: got %v", err)
	}
}

// testReopen loads everything at once after a restart.
func testReopen(b *bench) {
	b.done(create(1, wire.Hour), create(2, wire.Month), createPool(3), putBlob(4, wire.Week, []byte("data")))
	b.commit(cells(1, 0, 5), sealing(cells(2, 0, 6)), put(3, "item", false), put(3, "last", true), truncate(1, 2))
	b.reopen()
	b.holds(1, 2, 5)
	b.holds(2, 0, 6)
	b.state(2, relay.State{Next: 6, Sealed: true})
	for _, want := range []string{"item", "last", "last"} {
		if got, ok := b.commit(take(3))[0].(*wire.Item); !ok || string(got.Item) != want {
			b.Errorf("take: got %v, want %q", got, want)
		}
		b.reopen()
	}
	if data, err := b.store.Blob(category(1), id(4), capOf(4, 'r')); err != nil || string(data) != "data" {
		b.Errorf("the blob: got %q, %v", data, err)
	}
}

// testInterleaved appends and truncates the same channels in the same Commits, cut
// at every place: before what the Commit has appended, inside it and at its end.
func testInterleaved(b *bench) {
	b.done(create(1, wire.Day), create(2, wire.Day))
	next, first := uint64(0), uint64(0)
	for _, cut := range []int64{-9, -4, -3, -2, -1, 0} {
		for range 3 {
			b.appended(next, cells(1, next, 3))
			next += 3
		}
		upTo := uint64(int64(next+6) + cut) //nolint:gosec // G115: small
		replies := b.commit(cells(1, next, 3), truncate(1, first+1), cells(1, next+3, 3), truncate(1, upTo))
		for i, reply := range replies {
			if _, refused := reply.(*wire.Refusal); refused {
				b.Errorf("cut %d: change %d is refused: %v", cut, i, reply)
			}
		}
		next += 6
		first = upTo
		b.holds(1, first, next)
		b.reopen()
		b.holds(1, first, next)
	}
}
