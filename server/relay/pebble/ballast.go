package pebble

import (
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ballastName is the ballast's file in the directory of the store.
const ballastName = "ballast"

// A ballast is a file of no use but its size. When the disk is full it goes, and
// what the engine was writing finds its place; the relay then refuses everything
// until there is room to make it again.
type ballast struct {
	fs   vfs.FS
	path string
	size int64
	log  *slog.Logger

	mu    sync.Mutex
	there bool
}

func newBallast(c Config) *ballast {
	b := &ballast{fs: c.FS, path: c.FS.PathJoin(c.Dir, ballastName), size: c.Ballast, log: c.Log}
	info, err := c.FS.Stat(b.path)
	b.there = err == nil && info.Size() == b.size
	return b
}

// drop gives up the ballast. The engine calls it when it finds the disk full.
func (b *ballast) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.there = false
	_ = b.fs.Remove(b.path) // if it was not there, there is nothing to give up
	b.log.Warn("the disk is full: the ballast was given up")
}

// restore makes the ballast again if the room is there for it twice over, and
// reports whether there is a ballast.
func (b *ballast) restore(free uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.there {
		return true
	}
	if free < uint64(2*b.size) { //nolint:gosec // G115: a size
		return false
	}
	if err := b.make(); err != nil {
		_ = b.fs.Remove(b.path) // half a ballast is worse than none
		return false
	}
	b.there = true
	return true
}

// make writes the ballast: a file of zeros that takes up blocks.
func (b *ballast) make() error {
	f, err := b.fs.Create(b.path, "ballast")
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for left := b.size; left > 0; {
		n, err := f.Write(zeros[:min(left, int64(len(zeros)))])
		if err != nil {
			_ = f.Close() // the first error is the one to report
			return err
		}
		left -= int64(n)
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // the first error is the one to report
		return err
	}
	return f.Close()
}
