package ledger

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// maxSeen is how many items a pool remembers to have had.
const maxSeen = 2 * wire.MaxPoolItems

func (t *tx) pool(id wire.ID) (*poolRecord, error) {
	if r, ok := t.pools[id]; ok {
		return r, nil
	}
	r := new(poolRecord)
	found, err := load(t.l.kv, tablePools.key(id), r)
	if err != nil || !found {
		return nil, err
	}
	return r, nil
}

func (t *tx) createPool(category relay.Category, b *wire.CreatePool) (wire.Body, error) {
	r, err := t.pool(b.Pool)
	if err != nil {
		return nil, err
	}
	if r != nil {
		if r.Category != category || r.Class != b.Class || r.Put != b.Put || r.Take != b.Take {
			return refuse(wire.Exists)
		}
		if r.Touched < t.hour.day() {
			r.Touched = t.hour.day()
			t.pools[b.Pool] = r
		}
		return &wire.Done{}, nil
	}
	if code := t.room(category, recordSize); code != 0 {
		return refuse(code)
	}
	t.pools[b.Pool] = &poolRecord{Category: category, Class: b.Class, Put: b.Put, Take: b.Take, Touched: t.hour.day()}
	t.use(usageKey{table: tablePools, category: category}, recordSize)
	return &wire.Done{}, nil
}

func (t *tx) put(category relay.Category, b *wire.Put) (wire.Body, error) {
	r, err := t.pool(b.Pool)
	switch {
	case err != nil:
		return nil, err
	case r == nil, !allowed(r.Category, category, r.Put, b.Cap):
		return refuse(wire.NotFound)
	}
	sum := sha256.Sum256(b.Item)
	seen := digest(sum[:16])
	if slices.Contains(r.Seen, seen) {
		return &wire.Count{Items: count(r)}, nil
	}
	if !b.LastResort && len(r.Numbers) >= wire.MaxPoolItems {
		return refuse(wire.OverQuota)
	}
	if code := t.room(category, len(b.Item)); code != 0 {
		return refuse(code)
	}
	n := r.Next
	r.Next++
	if r.Seen = append(r.Seen, seen); len(r.Seen) > maxSeen {
		r.Seen = r.Seen[1:]
	}
	if b.LastResort {
		if r.LastResort != nil {
			if err := t.removeItem(b.Pool, r, *r.LastResort); err != nil {
				return nil, err
			}
		}
		r.LastResort = &n
	} else {
		r.Numbers = append(r.Numbers, n)
	}
	r.Touched = t.hour.day()
	r.Bytes += uint32(len(b.Item)) //nolint:gosec // G115: at most MaxItem
	t.batch.set(itemKey(b.Pool, n), b.Item)
	t.pools[b.Pool] = r
	t.mark(b.Pool, 0)
	t.use(usageKey{table: tablePools, category: category}, int64(len(b.Item)))
	return &wire.Count{Items: count(r)}, nil
}

func count(r *poolRecord) uint32 {
	return uint32(len(r.Numbers)) //nolint:gosec // G115: at most MaxPoolItems
}

// removeItem deletes an item that the KV holds, or that this batch sets: deleting
// comes later in the batch.
func (t *tx) removeItem(pool wire.ID, r *poolRecord, n uint64) error {
	key := itemKey(pool, n)
	size := 0
	for _, op := range t.batch.Ops {
		if string(op.Key) == string(key) {
			size = len(op.Value)
		}
	}
	if size == 0 {
		item, err := t.l.kv.Get(key)
		if err != nil {
			return fmt.Errorf("replace a last resort: %w", err)
		}
		size = len(item)
	}
	t.dropItem(pool, r, n, size)
	return nil
}

func (t *tx) dropItem(pool wire.ID, r *poolRecord, n uint64, size int) {
	t.batch.delete(itemKey(pool, n))
	r.Bytes -= uint32(size) //nolint:gosec // G115: what was counted
	t.use(usageKey{table: tablePools, category: r.Category}, -int64(size))
	t.l.forget.add(tableItems.bounds())
}

// take is the only way out of a pool. The item is gone for good once the batch is
// durable, and only then is it handed out: if the relay dies between, nobody has it.
func (t *tx) take(category relay.Category, b *wire.Take) (wire.Body, error) {
	r, err := t.pool(b.Pool)
	switch {
	case err != nil:
		return nil, err
	case r == nil, !allowed(r.Category, category, r.Take, b.Cap):
		return refuse(wire.NotFound)
	case len(r.Numbers) == 0 && r.LastResort == nil:
		return refuse(wire.NotFound)
	}
	last := len(r.Numbers) == 0
	var n uint64
	if last {
		n = *r.LastResort
	} else {
		n = r.Numbers[0]
	}
	item, err := t.l.kv.Get(itemKey(b.Pool, n))
	if err != nil || item == nil {
		return nil, fmt.Errorf("take an item of %d bytes: %w", len(item), err)
	}
	if !last {
		r.Numbers = r.Numbers[1:]
		t.dropItem(b.Pool, r, n, len(item))
		t.pools[b.Pool] = r
		t.mark(b.Pool, 0)
	}
	return &wire.Item{Item: append([]byte(nil), item...)}, nil
}
