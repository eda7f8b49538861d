package ledger

import (
	"fmt"
	"math"
	"sync"

	"bulle/protocol/syntax"
	"bulle/protocol/wire"
	"bulle/server/relay"
)

// usage counts stored bytes, so that quotas hold and dropping a bucket needs no
// look at what is in it. The counters of a bucket exist as long as the bucket.
type usage struct {
	mu       sync.RWMutex
	counters map[usageKey]uint64
	buckets  map[usageKey]uint64 // the same without the category
	category map[relay.Category]uint64
	total    uint64
}

func (u *usage) load(kv KV) error {
	u.mu.Lock()
	u.counters = map[usageKey]uint64{}
	u.buckets = map[usageKey]uint64{}
	u.category = map[relay.Category]uint64{}
	u.total = 0
	u.mu.Unlock()
	from, to := tableUsage.bounds()
	var err error
	scan := kv.Scan(from, to, func(k []byte, value Value) bool {
		var b []byte
		if b, err = value(); err != nil {
			return false
		}
		var r usageRecord
		key, ok := parseUsageKey(k)
		if err = syntax.Unmarshal(b, &r); err != nil || !ok || r.Bytes > math.MaxInt64 {
			err = fmt.Errorf("a damaged counter: %w", syntax.ErrMalformed)
			return false
		}
		u.add(key, int64(r.Bytes))
		return true
	})
	if err == nil {
		err = scan
	}
	if err != nil {
		return fmt.Errorf("read the counters: %w", err)
	}
	return nil
}

func (u *usage) add(key usageKey, n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	whole := key
	whole.category = relay.Category{}
	add(u.counters, key, n)
	add(u.buckets, whole, n)
	add(u.category, key.category, n)
	u.total += uint64(n) //nolint:gosec // G115: two's complement subtracts
}

func add[K comparable](m map[K]uint64, key K, n int64) {
	if sum := m[key] + uint64(n); sum == 0 { //nolint:gosec // G115: two's complement subtracts
		delete(m, key)
	} else {
		m[key] = sum
	}
}

func (u *usage) of(key usageKey) uint64 {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.counters[key]
}

// live reports whether a bucket holds anything.
func (u *usage) live(t table, c wire.Class, b bucket) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.buckets[usageKey{table: t, class: c, bucket: b}] > 0
}

// list returns every bucket of a table that holds something, in no order.
func (u *usage) list(t table) []usageKey {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var all []usageKey
	for key := range u.buckets {
		if key.table == t {
			all = append(all, key)
		}
	}
	return all
}

// countersOf returns the counters of a bucket.
func (u *usage) countersOf(b usageKey) map[usageKey]uint64 {
	u.mu.RLock()
	defer u.mu.RUnlock()
	found := map[usageKey]uint64{}
	for key, n := range u.counters {
		if key.table == b.table && key.class == b.class && key.bucket == b.bucket {
			found[key] = n
		}
	}
	return found
}

func (u *usage) sums(c relay.Category) (category, total uint64) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.category[c], u.total
}

// room says whether size more bytes may be stored for a category; 0 is yes. When
// the relay as a whole has no room, it drops what [tx.makeRoom] may drop.
func (t *tx) room(c relay.Category, size int) wire.Code {
	category, total := t.l.usage.sums(c)
	n := uint64(size) //nolint:gosec // G115: a length
	if category+n > t.l.quota.Category {
		return wire.OverQuota
	}
	if total+n > t.l.quota.Total && !t.makeRoom(n) {
		return wire.StorageFull
	}
	if t.free < t.l.quota.Reserve+n+uint64(t.batch.Size) { //nolint:gosec // G115: a length
		return wire.StorageFull
	}
	return 0
}
