package ledger

import (
	"fmt"
	"math"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// recordSize is what the record of a channel or a pool counts in a quota.
const recordSize = 512

// channel returns the record of a channel, nil if there is none.
func (t *tx) channel(id wire.ID) (*channelRecord, error) {
	if r, ok := t.l.channels[id]; ok {
		return r, nil
	}
	r := new(channelRecord)
	found, err := load(t.l.kv, tableChannels.key(id), r)
	if err != nil || !found {
		return nil, err
	}
	t.l.cacheLocked(id, r)
	return r, nil
}

// cacheLocked keeps a record, and forgets any other when there are too many.
func (l *Ledger) cacheLocked(id wire.ID, r *channelRecord) {
	if len(l.channels) >= maxCached {
		for old := range l.channels {
			delete(l.channels, old)
			break
		}
	}
	l.channels[id] = r
}

// allowed reports whether a category and a cap open an object. What does not
// exist takes as long as what is not allowed.
func allowed(mine, theirs relay.Category, hash wire.CapHash, c wire.Cap) bool {
	return hash.Accepts(c) && mine == theirs
}

func (t *tx) create(category relay.Category, b *wire.Create) (wire.Body, error) {
	r, err := t.channel(b.Channel)
	if err != nil {
		return nil, err
	}
	if r != nil {
		if r.Category != category || r.Class != b.Class || r.Read != b.Read || r.Write != b.Write || r.Control != b.Control {
			return refuse(wire.Exists)
		}
		t.touch(b.Channel, r)
		return &wire.Done{}, nil
	}
	if code := t.room(category, recordSize); code != 0 {
		return refuse(code)
	}
	r = &channelRecord{
		Category: category, Class: b.Class, Read: b.Read, Write: b.Write, Control: b.Control, Touched: t.hour.day(),
	}
	t.l.cacheLocked(b.Channel, r)
	t.channels[b.Channel] = r
	t.use(usageKey{table: tableChannels, category: category}, recordSize)
	return &wire.Done{}, nil
}

// touch notes that a channel is in use, once a day.
func (t *tx) touch(id wire.ID, r *channelRecord) {
	if r.Touched < t.hour.day() {
		r.Touched = t.hour.day()
		t.channels[id] = r
	}
}

func (t *tx) append(category relay.Category, b *wire.AppendCells) (wire.Body, error) {
	r, err := t.channel(b.Channel)
	switch {
	case err != nil:
		return nil, err
	case r == nil, !allowed(r.Category, category, r.Write, b.Write),
		b.Control != nil && !r.Control.Accepts(*b.Control):
		return refuse(wire.NotFound)
	case r.Sealed:
		return refuseAt(wire.Sealed, r.Next)
	}
	if code := t.room(category, len(b.Cells)); code != 0 {
		return refuse(code)
	}
	first := r.Next
	at := bucketAt(r.Class, t.hour)
	if n := len(r.Segments); n == 0 || r.Segments[n-1].Bucket != at {
		t.l.pruneLocked(r)
		r.Segments = append(r.Segments, segment{Bucket: at, First: first})
	}
	t.batch.set(cellsKey(r.Class, at, b.Channel, first), b.Cells)
	r.Next += uint64(b.Cells.Count()) //nolint:gosec // G115: a count
	r.Sealed = b.Control != nil
	r.Touched = t.hour.day()
	t.channels[b.Channel] = r
	t.mark(b.Channel, first)
	t.use(usageKey{tableCells, r.Class, at, category}, int64(len(b.Cells)))
	return &wire.Appended{First: first}, nil
}

// pruneLocked removes segments whose buckets were dropped.
func (l *Ledger) pruneLocked(r *channelRecord) {
	r.First, r.Segments = l.liveSegments(r)
}

// liveSegments returns the first cell of a channel that is there, and the
// segments from there on.
func (l *Ledger) liveSegments(r *channelRecord) (first uint64, live []segment) {
	first = r.First
	for i, s := range r.Segments {
		if l.usage.live(tableCells, r.Class, s.Bucket) {
			live = append(live, s)
			continue
		}
		end := r.Next
		if i+1 < len(r.Segments) {
			end = r.Segments[i+1].First
		}
		first = max(first, end)
		live = nil
	}
	return first, live
}

func (t *tx) truncate(category relay.Category, b *wire.Truncate) (wire.Body, error) {
	r, err := t.channel(b.Channel)
	switch {
	case err != nil:
		return nil, err
	case r == nil, !allowed(r.Category, category, r.Control, b.Control):
		return refuse(wire.NotFound)
	case b.UpTo > r.Next:
		return refuseAt(wire.Ahead, r.Next)
	}
	t.l.pruneLocked(r)
	if b.UpTo <= r.First {
		return &wire.Done{}, nil
	}
	t.channels[b.Channel] = r
	t.mark(b.Channel, 0)
	var rest []segment
	for i, s := range r.Segments {
		end := r.Next
		if i+1 < len(r.Segments) {
			end = r.Segments[i+1].First
		}
		from := max(s.First, r.First)
		if from < b.UpTo {
			if err := t.cut(b.Channel, r, s, from, min(end, b.UpTo)); err != nil {
				return nil, err
			}
		}
		if end > b.UpTo {
			rest = append(rest, s)
		}
	}
	r.First, r.Segments = b.UpTo, rest
	return &wire.Done{}, nil
}

// maxPointDeletes is up to how many keys are deleted one by one: many ranges
// make reading slow, many keys make deleting slow.
const maxPointDeletes = 64

// cut deletes the cells [from, to) of a segment, all of which are there. The
// cells of one APPEND lie in one value; of the last one a rest may stay.
func (t *tx) cut(id wire.ID, r *channelRecord, s segment, from, to uint64) error {
	var keys [][]byte
	start := cellsKey(r.Class, s.Bucket, id, before(from))
	end := cellsKey(r.Class, s.Bucket, id, to)
	var rest wire.Cells
	err := t.l.kv.Scan(start, end, func(key []byte, value Value) bool {
		keys = append(keys, append([]byte(nil), key...))
		if to-seqOf(key) >= wire.MaxCells {
			return len(keys) <= maxPointDeletes
		}
		cells, err := value()
		if n := to - seqOf(key); err == nil && uint64(wire.Cells(cells).Count()) > n { //nolint:gosec // G115: a count
			rest = append(wire.Cells(nil), wire.Cells(cells).From(int(n))...) //nolint:gosec // G115: less than MaxCells
		}
		return len(keys) <= maxPointDeletes
	})
	if err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	if len(keys) > maxPointDeletes {
		if rest, err = t.tail(id, r, s, to); err != nil {
			return err
		}
		t.batch.deleteRange(start, end)
	} else {
		for _, key := range keys {
			t.batch.delete(key)
		}
	}
	if rest != nil {
		t.batch.set(end, rest)
	}
	t.use(usageKey{tableCells, r.Class, s.Bucket, r.Category}, -int64((to-from)*wire.CellSize)) //nolint:gosec // G115: what was counted
	t.l.forget.add(tableCells.bucketBounds(r.Class, s.Bucket))
	return nil
}

// tail returns the cells from a sequence number on that lie in the value of an
// APPEND which began before it, nil if there are none.
func (t *tx) tail(id wire.ID, r *channelRecord, s segment, seq uint64) (rest wire.Cells, err error) {
	start, end := cellsKey(r.Class, s.Bucket, id, before(seq)), cellsKey(r.Class, s.Bucket, id, seq)
	scan := t.l.kv.Scan(start, end, func(key []byte, value Value) bool {
		var cells wire.Cells
		if cells, err = value(); err != nil {
			return false
		}
		if n := seq - seqOf(key); uint64(cells.Count()) > n { //nolint:gosec // G115: a count
			rest = append(wire.Cells(nil), cells.From(int(n))...) //nolint:gosec // G115: at most MaxCells
		}
		return true
	})
	if err == nil {
		err = scan
	}
	if err != nil {
		return nil, fmt.Errorf("truncate: %w", err)
	}
	return rest, nil
}

// before returns the lowest sequence number at which the value that holds cell
// seq may begin.
func before(seq uint64) uint64 {
	if seq < wire.MaxCells {
		return 0
	}
	return seq - wire.MaxCells + 1
}

// Channel implements [relay.Store].
func (l *Ledger) Channel(c relay.Category, id wire.ID, read wire.Cap) (relay.State, error) {
	var r channelRecord
	found, err := load(l.kv, tableChannels.key(id), &r)
	if err != nil {
		return relay.State{}, fmt.Errorf("look at a channel: %w", err)
	}
	if !allowed(r.Category, c, r.Read, read) || !found {
		return relay.State{}, wire.NotFound
	}
	if today := hourOf(l.now()).day(); r.Touched < today {
		l.touchMu.Lock()
		if len(l.touches) < maxCached {
			l.touches[id] = struct{}{}
		}
		l.touchMu.Unlock()
	}
	first, _ := l.liveSegments(&r)
	return relay.State{First: first, Next: r.Next, Sealed: r.Sealed}, nil
}

// Read implements [relay.Store].
func (l *Ledger) Read(id wire.ID, from uint64) (uint64, wire.Cells, error) {
	var r channelRecord
	found, err := load(l.kv, tableChannels.key(id), &r)
	if err != nil {
		return 0, nil, fmt.Errorf("read a channel: %w", err)
	}
	if !found {
		return 0, nil, wire.NotFound
	}
	from = max(from, r.First)
	for i, s := range r.Segments {
		if i+1 < len(r.Segments) && r.Segments[i+1].First <= from {
			continue
		}
		first, cells, err := l.readSegment(id, r.Class, s, from)
		if err != nil || cells != nil {
			return first, cells, err
		}
	}
	return max(from, r.Next), nil, nil
}

// readSegment returns the first run of cells of a segment at or behind a position.
func (l *Ledger) readSegment(id wire.ID, c wire.Class, s segment, from uint64) (first uint64, cells wire.Cells, err error) {
	start, end := cellsKey(c, s.Bucket, id, before(from)), cellsKey(c, s.Bucket, id, math.MaxUint64)
	scan := l.kv.Scan(start, end, func(key []byte, value Value) bool {
		seq := seqOf(key)
		if seq+wire.MaxCells <= from {
			return true
		}
		var run wire.Cells
		if run, err = value(); err != nil {
			return false
		}
		if seq < from {
			if from-seq >= uint64(run.Count()) { //nolint:gosec // G115: a count
				return true
			}
			run = run.From(int(from - seq)) //nolint:gosec // G115: less than MaxCells
			seq = from
		}
		first, cells = seq, append(wire.Cells(nil), run...)
		return false
	})
	if err == nil {
		err = scan
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read a channel: %w", err)
	}
	return first, cells, nil
}
