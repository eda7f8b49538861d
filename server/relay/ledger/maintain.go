package ledger

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bulle/protocol/syntax"
	"bulle/protocol/wire"
	"bulle/server/relay"
)

// sweepStep is how many records are looked at between two pauses for commits.
const sweepStep = 1000

// Maintain implements [relay.Store]. It drops buckets whose class has run out,
// makes room when the disk is nearly full, notes which channels are in use,
// deletes the records of what nobody has used for long, and makes what was
// deleted leave the disk.
func (l *Ledger) Maintain(ctx context.Context) error {
	l.mu.Lock()
	err := l.reloadLocked()
	if err == nil {
		err = l.expireLocked()
	}
	if err == nil {
		err = l.touchLocked()
	}
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("maintain: %w", err)
	}
	if err := l.sweep(ctx); err != nil {
		return fmt.Errorf("maintain: %w", err)
	}
	return l.forgetAll(ctx)
}

// forgetAll makes what was deleted leave the medium; what fails waits for the
// next time.
func (l *Ledger) forgetAll(ctx context.Context) error {
	var failed error
	for _, r := range l.forget.take(l.now()) {
		if failed == nil {
			failed = ctx.Err()
		}
		if failed == nil {
			failed = l.kv.Forget(r.from, r.to)
		}
		if failed != nil {
			l.forget.add(r.from, r.to)
		}
	}
	if failed != nil {
		return fmt.Errorf("maintain: forget: %w", failed)
	}
	return nil
}

// expireLocked drops the buckets that have run out, then whatever must go for the
// disk to keep its reserve twice over, so that commits find room before they look.
func (l *Ledger) expireLocked() error {
	t := l.beginLocked(0)
	for _, of := range []table{tableCells, tableBlobs} {
		for _, b := range l.usage.list(of) {
			if b.bucket.expired(b.class, t.hour) {
				t.dropBucket(b)
			}
		}
	}
	// With no room at all nothing can be deleted either: the engine needs some to do it.
	if low := 2 * l.quota.Reserve; t.free > 0 && t.free < low {
		if dropped, size := t.dropOldest(low-t.free, tableBlobs, tableCells); dropped > 0 {
			l.log.Warn("the disk is nearly full", slog.Int("buckets_dropped", dropped), slog.Uint64("bytes_dropped", size))
		}
	}
	return t.commitLocked(nil)
}

// makeRoom drops the oldest blobs until n more bytes fit into the total quota.
// Cells are not dropped for a quota: what was acknowledged waits for its readers.
func (t *tx) makeRoom(n uint64) bool {
	_, total := t.l.usage.sums(relay.Category{})
	if over := total + n - t.l.quota.Total; over > 0 {
		dropped, size := t.dropOldest(over, tableBlobs)
		if size < over {
			return false
		}
		t.l.log.Warn("blobs were dropped for the quota", slog.Int("buckets_dropped", dropped), slog.Uint64("bytes_dropped", size))
	}
	return true
}

// dropOldest drops buckets, table by table and in each the oldest first, until
// the bytes wanted are gone. It spares the buckets that are being filled.
func (t *tx) dropOldest(want uint64, tables ...table) (dropped int, size uint64) {
	for _, of := range tables {
		all := t.l.usage.list(of)
		slices.SortFunc(all, func(a, b usageKey) int {
			return cmp.Or(cmp.Compare(a.bucket.start(a.class), b.bucket.start(b.class)), cmp.Compare(b.class, a.class))
		})
		for _, b := range all {
			if size >= want {
				return dropped, size
			}
			if b.bucket != bucketAt(b.class, t.hour) {
				size += t.dropBucket(b)
				dropped++
			}
		}
	}
	return dropped, size
}

// dropBucket deletes a bucket whole and returns the bytes that were in it.
func (t *tx) dropBucket(b usageKey) (size uint64) {
	from, to := b.table.bucketBounds(b.class, b.bucket)
	t.batch.deleteRange(from, to)
	for key, n := range t.l.usage.countersOf(b) {
		t.use(key, -int64(n)) //nolint:gosec // G115: what was counted
		size += n
	}
	t.l.forget.add(from, to)
	if b.table == tableBlobs {
		t.l.forget.setSweep(tableIndex)
	}
	return size
}

// touchLocked notes which channels were subscribed to.
func (l *Ledger) touchLocked() error {
	l.touchMu.Lock()
	touches := l.touches
	l.touches = map[wire.ID]struct{}{}
	l.touchMu.Unlock()
	t := l.beginLocked(0)
	for id := range touches {
		r, err := t.channel(id)
		if err != nil {
			return err
		}
		if r != nil {
			t.touch(id, r)
		}
	}
	return t.commitLocked(nil)
}

// sweep looks for records to delete: those of channels and pools once a day, the
// index of blobs when a bucket of blobs was dropped.
func (l *Ledger) sweep(ctx context.Context) error {
	l.mu.Lock()
	today := l.hourLocked().day()
	l.mu.Unlock()
	for _, of := range l.forget.takeSweeps(today) {
		from, to := of.bounds()
		for from != nil && ctx.Err() == nil {
			var err error
			if from, err = l.sweepStep(of, from, to); err != nil {
				return fmt.Errorf("sweep table %q: %w", of, err)
			}
		}
	}
	return nil
}

// sweepStep looks at some records from a key on and returns where to go on, nil
// at the end. What it finds is looked at again with the lock held.
func (l *Ledger) sweepStep(of table, from, to []byte) (next []byte, err error) {
	var found []wire.ID
	n := 0
	scan := l.kv.Scan(from, to, func(key []byte, value Value) bool {
		if n++; n > sweepStep {
			next = append([]byte(nil), key...)
			return false
		}
		var b []byte
		if b, err = value(); err != nil {
			return false
		}
		id := wire.ID(key[1:])
		var old bool
		if old, err = l.outlived(of, b); old {
			found = append(found, id)
		}
		return err == nil
	})
	if err == nil {
		err = scan
	}
	if err != nil || len(found) == 0 {
		return next, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.beginLocked(0)
	for _, id := range found {
		b, err := l.kv.Get(of.key(id))
		if err != nil {
			return nil, err
		}
		if old, err := l.outlived(of, b); b == nil || err != nil || !old {
			continue
		}
		t.batch.delete(of.key(id))
		switch of {
		case tableChannels:
			delete(l.channels, id)
			t.use(usageKey{table: of, category: categoryOf(of, b)}, -recordSize)
		case tablePools:
			if err := t.dropPool(id, b); err != nil {
				return nil, err
			}
		default:
		}
	}
	l.forget.add(of.bounds())
	return next, t.commitLocked(nil)
}

// outlived reports whether a record has no more use.
func (l *Ledger) outlived(of table, b []byte) (bool, error) {
	today := hourOf(l.now()).day()
	switch of {
	case tableChannels:
		var r channelRecord
		err := syntax.Unmarshal(b, &r)
		return today > r.Touched+keepDays, err
	case tablePools:
		var r poolRecord
		err := syntax.Unmarshal(b, &r)
		return today > r.Touched+keepDays, err
	default:
		var r blobRecord
		err := syntax.Unmarshal(b, &r)
		return err == nil && !l.usage.live(tableBlobs, r.Class, r.Bucket), err
	}
}

func categoryOf(of table, b []byte) relay.Category {
	var r channelRecord
	if of != tableChannels || syntax.Unmarshal(b, &r) != nil {
		return relay.Category{}
	}
	return r.Category
}

func (t *tx) dropPool(id wire.ID, b []byte) error {
	var r poolRecord
	if err := syntax.Unmarshal(b, &r); err != nil {
		return err
	}
	from, to := tableItems.key(id), tableItems.key(id)
	to = append(to, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	t.batch.deleteRange(from, to)
	t.use(usageKey{table: tablePools, category: r.Category}, -recordSize-int64(r.Bytes))
	t.l.forget.add(tableItems.bounds())
	return nil
}

// forgetting is what waits to leave the medium.
type forgetting struct {
	every time.Duration

	mu     sync.Mutex
	ranges map[string][]byte // start to end
	index  bool              // the index of blobs has entries to sweep
	swept  uint32            // day of the last sweep of channels and pools
	last   time.Time         // of the last take
}

type keyRange struct{ from, to []byte }

func (f *forgetting) add(from, to []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ranges[string(from)] = to
}

// take returns what is to leave the medium now: nothing, unless the last time is
// long enough ago.
func (f *forgetting) take(now time.Time) []keyRange {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := now.Sub(f.last); since >= 0 && since < f.every {
		return nil
	}
	f.last = now
	var all []keyRange
	for from, to := range f.ranges {
		all = append(all, keyRange{[]byte(from), to})
	}
	clear(f.ranges)
	return all
}

func (f *forgetting) setSweep(table) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.index = true
}

// takeSweeps returns the tables to sweep now.
func (f *forgetting) takeSweeps(today uint32) []table {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []table
	if f.index {
		all = append(all, tableIndex)
		f.index = false
	}
	if f.swept != today {
		all = append(all, tableChannels, tablePools)
		f.swept = today
	}
	return all
}
