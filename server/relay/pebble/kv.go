package pebble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"bulle/server/relay/ledger"
)

// errBroken says that a write has failed in a way that leaves the database
// unusable until it is opened again, which recover does.
var errBroken = errors.New("the database has to be opened again")

// What is left of other faults of the engine, see plain.
var (
	errDamaged = errors.New("the database is damaged")
	errEngine  = errors.New("the database engine failed")
)

// kv implements [ledger.KV].
type kv struct {
	c       Config
	lock    *pebble.Lock
	ballast *ballast

	mu     sync.RWMutex // held for reading while db is used, for writing while it is replaced or found broken
	db     *pebble.DB
	broken bool
}

func openKV(c Config) (*kv, error) {
	lock, err := pebble.LockDirectory(c.Dir, c.FS)
	if err != nil {
		return nil, fmt.Errorf("another process has it open, or it cannot be locked: %w", err)
	}
	k := &kv{c: c, lock: lock, ballast: newBallast(c)}
	if k.db, err = k.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return k, nil
}

// open opens the database; a fatal fault of the engine is an error here.
func (k *kv) open() (db *pebble.DB, err error) {
	defer catch(&err)
	fs := vfs.OnDiskFull(k.c.FS, k.ballast.drop)
	return pebble.Open(k.c.Dir, options(k.c, fs, k.lock))
}

// Get implements [ledger.KV].
func (k *kv) Get(key []byte) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	value, closer, err := k.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", plain(err))
	}
	out := append(make([]byte, 0, len(value)), value...)
	if err := closer.Close(); err != nil {
		return nil, fmt.Errorf("get: %w", plain(err))
	}
	return out, nil
}

// Scan implements [ledger.KV].
func (k *kv) Scan(from, to []byte, f func([]byte, ledger.Value) bool) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	it, err := k.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return fmt.Errorf("scan: %w", plain(err))
	}
	for ok := it.First(); ok && f(it.Key(), it.ValueAndErr); {
		ok = it.Next()
	}
	if err := it.Close(); err != nil {
		return fmt.Errorf("scan: %w", plain(err))
	}
	return nil
}

// Write implements [ledger.KV].
func (k *kv) Write(b *ledger.Batch) error {
	if free, err := k.Free(); err != nil || free < uint64(4*b.Size) { //nolint:gosec // G115: a size
		return errors.Join(ledger.ErrFull, err)
	}
	err := k.write(b)
	if err != nil {
		k.mu.Lock()
		k.broken = true
		k.mu.Unlock()
		k.c.Log.Error("a write failed: the store will be opened again")
		return fmt.Errorf("write: %w", plain(err))
	}
	return nil
}

func (k *kv) write(b *ledger.Batch) (err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	defer catch(&err)
	batch := k.db.NewBatchWithSize(b.Size + len(b.Ops)*16 + 64)
	for _, op := range b.Ops {
		switch {
		case op.End != nil:
			err = batch.DeleteRange(op.Key, op.End, nil)
		case op.Value == nil:
			err = batch.Delete(op.Key, nil)
		default:
			err = batch.Set(op.Key, op.Value, nil)
		}
		if err != nil {
			return errors.Join(err, batch.Close())
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return errors.Join(err, batch.Close())
	}
	return batch.Close()
}

// Free implements [ledger.KV]. It is 0 while the ballast is given up or the
// database is broken, and the call that finds room again restores them.
func (k *kv) Free() (uint64, error) {
	usage, err := k.c.FS.GetDiskUsage(k.c.Dir)
	if err != nil {
		return 0, fmt.Errorf("look at the disk: %w", err)
	}
	if !k.ballast.restore(usage.AvailBytes) {
		return 0, nil
	}
	if err := k.restore(); err != nil {
		return 0, err
	}
	return usage.AvailBytes, nil
}

// restore opens a broken database again.
func (k *kv) restore() error {
	k.mu.RLock()
	broken := k.broken
	k.mu.RUnlock()
	if !broken {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.broken {
		return nil
	}
	// What a broken database says while it is closed changes nothing.
	if err := closeDB(k.db); err != nil {
		k.c.Log.Warn("the broken store was not closed cleanly")
	}
	db, err := k.open()
	if err != nil {
		return fmt.Errorf("open the store again: %w", err)
	}
	k.db, k.broken = db, false
	k.c.Log.Info("the store was opened again")
	return nil
}

// Forget implements [ledger.KV]. Flushing ends the log that holds what was
// deleted, compacting rewrites the tables that do.
func (k *kv) Forget(from, to []byte) (err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.broken {
		return errBroken
	}
	defer catch(&err)
	if err := k.db.Flush(); err != nil {
		return fmt.Errorf("flush: %w", plain(err))
	}
	if err := k.db.Compact(context.Background(), from, to, false); err != nil {
		return fmt.Errorf("compact: %w", plain(err))
	}
	return nil
}

// Close implements [ledger.KV].
func (k *kv) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return errors.Join(closeDB(k.db), k.lock.Close())
}

func closeDB(db *pebble.DB) (err error) {
	defer catch(&err)
	return db.Close()
}

// A fatal is what the engine's logger panics with where it would end the process.
type fatal struct{}

// plain leaves of a fault what an operator needs, and none of the keys and paths
// that the engine puts into its errors.
func plain(err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, pebble.ErrCorruption):
		return errDamaged
	case errors.Is(err, errBroken):
		return errBroken
	}
	return errEngine
}

// catch turns a fatal fault of the engine into an error.
func catch(err *error) {
	switch fault := recover().(type) {
	case nil:
	case fatal:
		*err = errBroken
	default:
		panic(fault)
	}
}

// logger keeps the engine's own words, which hold keys and paths, out of the log.
type logger struct{ log *slog.Logger }

// Infof implements [pebble.Logger].
func (logger) Infof(string, ...any) {}

// Errorf implements [pebble.Logger].
func (l logger) Errorf(string, ...any) { l.log.Warn("the store reports a fault") }

// Fatalf implements [pebble.Logger]. Pebble relies on it not to return.
func (l logger) Fatalf(string, ...any) {
	l.log.Error("the store reports a fatal fault")
	panic(fatal{})
}
