// Package memory is a store that writes nothing to any disk: what a relay holds
// is gone with its process.
package memory

import (
	"log/slog"
	"math"
	"time"

	"bulle/server/relay"
	"bulle/server/relay/ledger"
)

// Config is what a store in memory needs. Everything has a default.
type Config struct {
	Bytes uint64           // largest size of all content; default 256 MiB
	Quota ledger.Quota     // Total and Reserve follow from Bytes unless set
	Log   *slog.Logger     // default discards
	Now   func() time.Time // default time.Now
}

const defaultBytes = 256 << 20

// New makes an empty store.
func New(c Config) (relay.Store, error) {
	if c.Bytes == 0 {
		c.Bytes = defaultBytes
	}
	if c.Quota.Total == 0 {
		c.Quota.Total = c.Bytes
	}
	if c.Quota.Reserve == 0 {
		c.Quota.Reserve = 1
	}
	return ledger.New(ledger.Config{KV: newList(), Log: c.Log, Now: c.Now, Quota: c.Quota})
}

// Free implements [ledger.KV]: the quota is the only limit.
func (*list) Free() (uint64, error) { return math.MaxUint64, nil }

// Forget implements [ledger.KV]: what is deleted is gone.
func (*list) Forget(_, _ []byte) error { return nil }

// Close implements [ledger.KV].
func (*list) Close() error { return nil }
