package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Tuning. Cells live for seconds and are deleted in the order they came, so that
// the longer they stay in memory tables, the fewer are ever written twice; and
// they are random, so that compressing them is wasted.
const (
	memTables       = 3        // a third of Memory each is for tables, the rest is cache
	syncSize        = 1 << 20  // bytes after which the system starts writing by itself
	level0Compact   = 8        // overlapping tables of level 0 before they are compacted
	level0Stop      = 64       // ... before writing waits for it
	tableSize       = 16 << 20 // of level 0; each level below doubles it
	bloomBits       = 10
	blockSize       = 32 << 10
	maxOpenFiles    = 512
	maxCompactions  = 2
	cachePerMemory  = 4 // a quarter of Memory is block cache
	memTableDivisor = 4
)

func options(c Config, fs vfs.FS, lock *pebble.Lock) *pebble.Options {
	o := &pebble.Options{
		FS:                          fs,
		Lock:                        lock,
		Logger:                      logger{c.Log},
		Cleaner:                     cleaner{},
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   int64(c.Memory / cachePerMemory),
		MemTableSize:                uint64(c.Memory / memTableDivisor), //nolint:gosec // G115: a size
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       level0Compact,
		L0StopWritesThreshold:       level0Stop,
		MaxOpenFiles:                maxOpenFiles,
		BytesPerSync:                syncSize,
		CompactionConcurrencyRange:  func() (int, int) { return 1, maxCompactions },
	}
	for i := range o.Levels {
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
		o.Levels[i].BlockSize = blockSize
	}
	o.TargetFileSizes[0] = tableSize
	return o
}

// A cleaner deletes files that the engine needs no more: the methods of
// DeleteCleaner hide those of the other, which lie deeper. All that is left of
// that one is its unexported mark, by which the engine knows that it must not keep
// log files for reuse, with deleted cells in them.
type cleaner struct {
	pebble.DeleteCleaner
	noReuse
}

type noReuse struct{ pebble.ArchiveCleaner }
