// Package file is a vault backend in one directory of a file system. Most callers
// need [Open].
//
// Batches are frames of a log, each made durable before Apply returns. What a frame
// replaces or deletes is overwritten where it lies; when more than half of the log
// is dead its oldest file is copied on, overwritten and removed.
//
//	Apply:  write frame -> flush -> (acknowledged) -> index -> mark -> erase what it replaced
//	Open:   header -> mark -> replay all files -> drop a torn frame -> erase what a crash left
//
// The file "header" holds the slots, and the mark that tells a log which was cut
// from one that merely ends. Frames and files are described beside their types.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"bulle/device/vault"
)

// DefaultLogSize is the size at which a log file is followed by the next one.
const DefaultLogSize = 16 << 20

// Options of [Open]. The zero value is good.
type Options struct {
	// LogSize replaces DefaultLogSize, up to 1 GiB. A log file holds at least one
	// frame.
	LogSize int64
}

// Backend is a [vault.Backend] in a [Folder].
type Backend struct {
	folder  Folder
	header  File
	logSize int64

	// writer is held by the one that changes files. It guards what follows.
	writer  sync.Mutex
	last    uint32 // number of the log file that is written
	unwiped []place
	buf     []byte // of the last frame, to be used again
	broken  error

	// mu guards what follows, for moments only: never during a flush.
	// Lock order: writer, mu.
	mu       sync.RWMutex
	logs     map[uint32]*logFile
	entries  map[vault.Key]place
	sequence uint64 // of the last frame
	live     int64  // bytes that live entries take in the log
}

type logFile struct {
	File

	end int64
}

// A place is where an entry's value and label lie.
type place struct {
	file      uint32
	at        uint32
	size      uint32
	labelAt   uint32
	labelSize uint16
	erased    bool // known to be overwritten
}

// cost is what the entry takes in the log, its share of a frame's head included.
func (p place) cost() int64 { return int64(p.size) + int64(p.labelSize) + 64 }

// Exists reports whether a directory holds a vault.
func Exists(dir string) bool {
	f, err := os.Open(filepath.Join(dir, headerName)) //nolint:gosec // G304: the caller's directory
	if err != nil {
		return false
	}
	b := &Backend{header: file{f}}
	slots, err := b.Slots(context.Background())
	return errors.Join(err, f.Close()) == nil && (slots[0] != nil || slots[1] != nil)
}

// Open opens the vault files in a directory, which it makes with mode 0700 when it
// is missing. It fails with [vault.ErrInUse] when another process has it open, and
// with [vault.ErrDamaged], [vault.ErrTruncated] or [vault.ErrNewer]; then nothing
// has changed.
func Open(dir string, o Options) (*Backend, error) {
	d, err := openDirectory(dir)
	if err != nil {
		return nil, err
	}
	b, err := New(d, o)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return b, nil
}

// New is [Open] for any folder, which is the backend's from then on.
func New(d Folder, o Options) (*Backend, error) {
	if o.LogSize <= 0 {
		o.LogSize = DefaultLogSize
	}
	o.LogSize = min(o.LogSize, 1<<30)
	b := &Backend{folder: d, logSize: o.LogSize, logs: make(map[uint32]*logFile), entries: make(map[vault.Key]place)}
	var err error
	if b.header, err = openHeader(d); err != nil {
		return nil, err
	}
	if err := b.recover(); err != nil {
		return nil, errors.Join(err, b.closeFiles())
	}
	return b, nil
}

// Commits implements [vault.Backend]: it is the number of the last frame.
func (b *Backend) Commits() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.sequence
}

// Get implements [vault.Backend].
func (b *Backend) Get(_ context.Context, keys []vault.Key) ([][]byte, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	values := make([][]byte, len(keys))
	for i, k := range keys {
		p, ok := b.entries[k]
		if !ok {
			continue
		}
		values[i] = make([]byte, p.size)
		if _, err := b.logs[p.file].ReadAt(values[i], int64(p.at)); err != nil {
			return nil, readError(err)
		}
	}
	return values, nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return vault.ErrTruncated // since it was opened
	}
	return fmt.Errorf("read log: %w", known(err))
}

// Load implements [vault.Backend]. It reads the labels in the order of the log.
func (b *Backend) Load(ctx context.Context, each func(vault.Key, []byte) error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	keys := make([]vault.Key, 0, len(b.entries))
	for k := range b.entries {
		keys = append(keys, k)
	}
	b.sortLocked(keys)
	var w window
	for _, k := range keys {
		p := b.entries[k]
		label, err := w.read(b.logs[p.file], int64(p.labelAt), int(p.labelSize))
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return readError(err)
		}
		if err := each(k, label); err != nil {
			return err
		}
	}
	return nil
}

// sortLocked puts keys in the order of the log.
func (b *Backend) sortLocked(keys []vault.Key) {
	order := func(k vault.Key) uint64 {
		p := b.entries[k]
		return uint64(p.file)<<32 | uint64(p.labelAt)
	}
	type pair struct {
		key   vault.Key
		order uint64
	}
	pairs := make([]pair, len(keys))
	for i, k := range keys {
		pairs[i] = pair{k, order(k)}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		if x.order < y.order {
			return -1
		}
		return 1
	})
	for i, p := range pairs {
		keys[i] = p.key
	}
}

// Close implements [vault.Backend]. It finishes erasing first.
func (b *Backend) Close() error {
	b.writer.Lock()
	defer b.writer.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.header == nil {
		return nil
	}
	var err error
	if b.broken == nil {
		err = b.syncAllLocked()
	}
	return errors.Join(err, b.closeFiles(), b.folder.Close())
}

func (b *Backend) syncAllLocked() error {
	err := b.header.Sync()
	for _, l := range b.logs {
		err = errors.Join(err, l.Sync())
	}
	return err
}

func (b *Backend) closeFiles() error {
	err := b.header.Close()
	for _, l := range b.logs {
		err = errors.Join(err, l.Close())
	}
	b.header, b.logs, b.entries = nil, nil, nil
	b.broken = fs.ErrClosed
	return err
}

// A window reads a file in large pieces.
type window struct {
	from *logFile
	at   int64
	buf  []byte
}

const windowSize = 256 << 10

// read returns size bytes at an offset, which are lent until the next read. It fails
// with [io.EOF] when the file ends before.
func (w *window) read(from *logFile, at int64, size int) ([]byte, error) {
	if w.from == from && at >= w.at && at+int64(size) <= w.at+int64(len(w.buf)) {
		return w.buf[at-w.at:][:size], nil
	}
	want := max(size, windowSize)
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	n, err := from.ReadAt(w.buf[:want], at)
	w.from, w.at, w.buf = from, at, w.buf[:n]
	if n < size {
		if err == nil {
			err = io.EOF
		}
		return nil, err
	}
	return w.buf[:size], nil
}
