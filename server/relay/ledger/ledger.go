// Package ledger is what a relay's store means, written once over an ordered map
// of bytes ([KV]): channels, pools and blobs, who may do what with them, how long
// they live and how much room they may take. Packages memory and pebble are such
// maps.
//
//	Commit(changes) -> tx: each change in order, on records in memory
//	                    |   quota and expiry are counted here
//	                    v
//	                 one Batch -> KV.Write, durable -> replies
//
//	Channel, Read, Blob -> straight from the KV, beside it
//	Maintain -> drops buckets, sweeps records, then KV.Forget
package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// Config is what a ledger needs. Fields without a default must be set.
type Config struct {
	KV    KV
	Log   *slog.Logger     // default discards
	Now   func() time.Time // default time.Now
	Quota Quota
	// Forget is the least time between two calls of KV.Forget for what was
	// deleted; default 15 minutes.
	Forget time.Duration
}

// A Quota bounds what is stored, in bytes. The defaults are those of a small box.
type Quota struct {
	Category uint64 // of one category; default: as Total
	Total    uint64 // of everything; default 1 TiB, which leaves it to the disk
	Reserve  uint64 // space on the disk that is never used; default 256 MiB
}

const (
	defaultTotal   = 1 << 40
	defaultReserve = 256 << 20
	defaultForget  = 15 * time.Minute
	// maxCached is how many channel records stay in memory.
	maxCached = 1 << 16
	// maxBatch is the size in bytes at which a batch is written before the rest
	// of the changes.
	maxBatch = 4 << 20
)

// A Ledger implements [relay.Store].
type Ledger struct {
	kv    KV
	log   *slog.Logger
	now   func() time.Time
	quota Quota

	// mu is held while anything is changed. Lock order: mu, usage.mu, touchMu.
	mu       sync.Mutex
	channels map[wire.ID]*channelRecord // cache: as the KV has them, or as the running tx will
	latest   hour                       // as in tableMeta
	stale    bool                       // the last write failed: memory may differ from the KV

	usage usage

	touchMu sync.Mutex
	touches map[wire.ID]struct{} // channels that were subscribed to, to note in Maintain

	forget forgetting
}

// New opens the ledger that a KV holds, which is an empty one at first.
func New(c Config) (*Ledger, error) {
	if c.KV == nil {
		return nil, errors.New("ledger: no KV")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Quota.Total == 0 {
		c.Quota.Total = defaultTotal
	}
	if c.Quota.Category == 0 {
		c.Quota.Category = c.Quota.Total
	}
	if c.Quota.Reserve == 0 {
		c.Quota.Reserve = defaultReserve
	}
	if c.Forget == 0 {
		c.Forget = defaultForget
	}
	l := &Ledger{
		kv: c.KV, log: c.Log, now: c.Now, quota: c.Quota,
		channels: map[wire.ID]*channelRecord{},
		touches:  map[wire.ID]struct{}{},
		forget:   forgetting{ranges: map[string][]byte{}, every: c.Forget},
	}
	var meta metaRecord
	if _, err := load(l.kv, []byte{byte(tableMeta)}, &meta); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	l.latest = meta.Hour
	if err := l.usage.load(l.kv); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	return l, nil
}

// reloadLocked forgets what is known in memory after a write of which nobody
// knows whether it took place.
func (l *Ledger) reloadLocked() error {
	if !l.stale {
		return nil
	}
	clear(l.channels)
	if err := l.usage.load(l.kv); err != nil {
		return err
	}
	l.stale = false
	return nil
}

// Commit implements [relay.Store].
func (l *Ledger) Commit(changes []relay.Change) ([]wire.Body, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reloadLocked(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	replies := make([]wire.Body, len(changes))
	t := l.beginLocked(0)
	for i, change := range changes {
		h, ok := handlerOf(change.Body.Kind())
		if !ok {
			return nil, fmt.Errorf("commit: %s does not write", change.Body.Kind())
		}
		if h.conflicts(t, change.Body) || t.batch.Size > maxBatch {
			if err := t.commitLocked(replies[:i]); err != nil {
				return nil, err
			}
			t = l.beginLocked(i)
		}
		reply, err := h.carryOut(t, change)
		if err != nil {
			l.dropLocked(t)
			return nil, fmt.Errorf("carry out %s: %w", change.Body.Kind(), err)
		}
		replies[i] = reply
	}
	if err := t.commitLocked(replies); err != nil {
		return nil, err
	}
	return replies, nil
}

// A handler carries out one kind of change.
type handler struct {
	object func(wire.Body) wire.ID
	// reads says whether the change reads from the KV what the running tx has
	// changed of the object, from a position on; nil: it reads nothing there.
	reads    func(b wire.Body, from uint64) bool
	carryOut func(*tx, relay.Change) (wire.Body, error)
}

// conflicts reports whether the batch has to be written before a change is
// carried out.
func (h handler) conflicts(t *tx, b wire.Body) bool {
	if h.reads == nil {
		return false
	}
	from, busy := t.busy[h.object(b)]
	return busy && h.reads(b, from)
}

func always(wire.Body, uint64) bool { return true }

func cutsInto(b wire.Body, from uint64) bool { return b.(*wire.Truncate).UpTo > from }

// handlerOf finds the row of the table of changes.
func handlerOf(k wire.Kind) (handler, bool) {
	rows := [...]handler{
		wire.KindCreate: {
			func(b wire.Body) wire.ID { return b.(*wire.Create).Channel }, nil, handle((*tx).create),
		},
		wire.KindAppend: {
			func(b wire.Body) wire.ID { return b.(*wire.AppendCells).Channel }, nil, handle((*tx).append),
		},
		wire.KindTruncate: {
			func(b wire.Body) wire.ID { return b.(*wire.Truncate).Channel }, cutsInto, handle((*tx).truncate),
		},
		wire.KindCreatePool: {
			func(b wire.Body) wire.ID { return b.(*wire.CreatePool).Pool }, nil, handle((*tx).createPool),
		},
		wire.KindPut: {
			func(b wire.Body) wire.ID { return b.(*wire.Put).Pool }, nil, handle((*tx).put),
		},
		wire.KindTake: {
			func(b wire.Body) wire.ID { return b.(*wire.Take).Pool }, always, handle((*tx).take),
		},
		wire.KindBlobPut: {
			func(b wire.Body) wire.ID { return b.(*wire.BlobPut).Blob }, always, handle((*tx).putBlob),
		},
		wire.KindBlobDelete: {
			func(b wire.Body) wire.ID { return b.(*wire.BlobDelete).Blob }, always, handle((*tx).deleteBlob),
		},
	}
	if int(k) >= len(rows) || rows[k].carryOut == nil {
		return handler{}, false
	}
	return rows[k], true
}

func handle[B wire.Body](f func(*tx, relay.Category, B) (wire.Body, error)) func(*tx, relay.Change) (wire.Body, error) {
	return func(t *tx, c relay.Change) (wire.Body, error) { return f(t, c.Category, c.Body.(B)) }
}

func refuse(code wire.Code) (wire.Body, error) { return &wire.Refusal{Reason: code}, nil }

func refuseAt(code wire.Code, seq uint64) (wire.Body, error) {
	return &wire.Refusal{Reason: code, Seq: seq}, nil
}

// hourLocked returns the hour that counts: the clock's, but never one before what
// is stored already.
func (l *Ledger) hourLocked() hour { return max(hourOf(l.now()), l.latest) }

// Close implements [relay.Store].
func (l *Ledger) Close() error {
	if err := l.kv.Close(); err != nil {
		return fmt.Errorf("close the ledger: %w", err)
	}
	return nil
}
