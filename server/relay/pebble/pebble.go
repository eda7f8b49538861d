// Package pebble is the store of a relay on its own disk: an embedded
// log-structured tree (github.com/cockroachdb/pebble) under package ledger.
//
// Nothing is acknowledged before the write-ahead log holds it and the disk has
// been told to keep it. Nothing deleted stays: log files are never reused, and
// what was deleted is compacted away (docs/protocol.md, Deletion).
package pebble

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bulle/server/relay"
	"bulle/server/relay/ledger"
)

// Config is what a store on a disk needs. Fields without a default must be set.
type Config struct {
	Dir   string           // its own directory, made with mode 0700 if it is not there
	Log   *slog.Logger     // default discards
	Now   func() time.Time // default time.Now
	Quota ledger.Quota
	// Memory is about how many bytes the store may use for itself; default 192 MiB.
	Memory int
	// Forget is how often deleted bytes are made to leave the disk; default 15 minutes.
	Forget time.Duration
	// FS is the file system; default that of the machine.
	FS vfs.FS
	// Ballast is the size in bytes of a file that is given up when the disk runs
	// full, so that what is being written can be finished; default 32 MiB.
	Ballast int64
}

const (
	defaultMemory  = 192 << 20
	defaultBallast = 32 << 20
)

// Open opens the store of a directory, or makes it. Only one process can have it
// open.
func Open(c Config) (relay.Store, error) {
	if c.Dir == "" {
		return nil, errors.New("pebble: no directory")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Ballast == 0 {
		c.Ballast = defaultBallast
	}
	if err := c.FS.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	kv, err := openKV(c)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	l, err := ledger.New(ledger.Config{KV: kv, Log: c.Log, Now: c.Now, Quota: c.Quota, Forget: c.Forget})
	if err != nil {
		return nil, errors.Join(err, kv.Close())
	}
	return l, nil
}
