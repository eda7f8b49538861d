package ledger

import (
	"errors"
	"fmt"
	"log/slog"

	"bulle/protocol/wire"
)

// A tx is the part of a Commit that becomes one batch. Its changes stand in the
// cached records and in the usage at once, and leave both again if the batch
// cannot be written.
type tx struct {
	l     *Ledger
	start int // number of its first change in the Commit
	hour  hour
	free  uint64 // bytes on the disk when it began; 0 when nobody knows
	batch Batch

	busy     map[wire.ID]uint64 // objects whose content the batch changes, and from where on
	channels map[wire.ID]*channelRecord
	pools    map[wire.ID]*poolRecord
	delta    map[usageKey]int64
}

func (l *Ledger) beginLocked(start int) *tx {
	free, err := l.kv.Free()
	if err != nil {
		free = 0
		l.log.Error("the disk cannot be looked at", slog.Any("error", err))
	}
	return &tx{
		l: l, start: start, hour: l.hourLocked(), free: free,
		busy:     map[wire.ID]uint64{},
		channels: map[wire.ID]*channelRecord{},
		pools:    map[wire.ID]*poolRecord{},
		delta:    map[usageKey]int64{},
	}
}

// commitLocked writes the batch. When there is no space for it, every change of
// it that had succeeded is refused instead.
func (t *tx) commitLocked(replies []wire.Body) error {
	if !t.finishLocked() {
		return nil
	}
	err := t.l.kv.Write(&t.batch)
	if err == nil {
		t.l.latest = t.hour
		return nil
	}
	t.l.dropLocked(t)
	if !errors.Is(err, ErrFull) {
		t.l.stale = true
		return fmt.Errorf("commit: %w", err)
	}
	for i := t.start; i < len(replies); i++ {
		if _, refused := replies[i].(*wire.Refusal); !refused {
			replies[i] = &wire.Refusal{Reason: wire.StorageFull}
		}
	}
	return nil
}

// finishLocked adds records and counters to the batch, each once however often
// it changed. It reports whether there is anything to write.
func (t *tx) finishLocked() bool {
	for id, r := range t.channels {
		t.batch.set(tableChannels.key(id), encode(r))
	}
	for id, r := range t.pools {
		t.batch.set(tablePools.key(id), encode(r))
	}
	for key := range t.delta {
		if n := t.l.usage.of(key); n > 0 {
			t.batch.set(key.bytes(), encode(&usageRecord{n}))
		} else {
			t.batch.delete(key.bytes())
		}
	}
	if len(t.batch.Ops) > 0 && t.hour > t.l.latest {
		t.batch.set([]byte{byte(tableMeta)}, encode(&metaRecord{t.hour}))
	}
	return len(t.batch.Ops) > 0
}

// dropLocked takes back what a tx has changed in memory.
func (l *Ledger) dropLocked(t *tx) {
	for id := range t.channels {
		delete(l.channels, id)
	}
	for key, n := range t.delta {
		l.usage.add(key, -n)
	}
}

// mark notes that the batch changes the content of an object from a position on.
func (t *tx) mark(id wire.ID, from uint64) {
	if old, ok := t.busy[id]; !ok || from < old {
		t.busy[id] = from
	}
}

// use counts n bytes more, or less when n is negative.
func (t *tx) use(key usageKey, n int64) {
	t.delta[key] += n
	t.l.usage.add(key, n)
}
