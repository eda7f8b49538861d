package vault

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bulle/protocol/secret"
)

// Update runs f and makes all that it changed durable at once. When Update
// returns nil, the changes survive any crash; when f returns an error, nothing has
// changed and that error is returned. A failure to store them ([ErrFull] and
// others) changes nothing either; only [ErrUnfinished] says that they are durable.
// Transactions run one after the other, and reads outside f see the state before
// until Update returns. f must not call Update, Rotate, ChangePassphrase, Lock or
// Close, nor keep tx. A function that changes nothing writes nothing.
func (v *Vault) Update(ctx context.Context, f func(tx *Tx) error) error {
	if err := v.take(ctx); err != nil {
		return err
	}
	defer v.give()
	if v.dirty() {
		if err := v.tidy(ctx); err != nil {
			return err
		}
	}
	tx := &Tx{v: v, ctx: ctx, segments: make(map[string]*txSegment)}
	defer tx.end()
	if err := f(tx); err != nil {
		return err
	}
	batch, err := tx.batch()
	if err != nil || len(batch.Puts)+len(batch.Deletes) == 0 {
		return err
	}
	if err := tx.store(ctx, batch); err != nil {
		return fmt.Errorf("store transaction: %w", err)
	}
	if len(v.shredding) == 0 {
		return nil
	}
	return unfinished(v.tidy(ctx))
}

// store makes the batch of the transaction durable, then visible.
func (tx *Tx) store(ctx context.Context, b *Batch) error {
	tx.v.storing.Lock()
	defer tx.v.storing.Unlock()
	if err := tx.v.backend.Apply(ctx, b); err != nil {
		return err
	}
	tx.v.mu.Lock()
	defer tx.v.mu.Unlock()
	tx.publishLocked()
	return nil
}

// dirty reports whether a crash or a failure left work.
func (v *Vault) dirty() bool { return len(v.stale)+len(v.shredding) > 0 || !v.slotsAgree }

// tidy does the work that is left, each step so that it can be done again. The
// holder of writer calls it.
func (v *Vault) tidy(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := v.discard(ctx, v.stale); err != nil {
		return err
	}
	v.stale = nil
	if len(v.shredding) > 0 {
		return v.shredSalts(ctx)
	}
	if !v.slotsAgree {
		_, err := v.writeHead(ctx, v.head, v.stretched, secrets{v.root, v.table}, func() {})
		return err
	}
	return nil
}

// shredKey is the key of the word that a segment is being shredded.
func (v *Vault) shredKey(number uint32) Key {
	return ownBlock(ownShred, 0, number).encrypt(v.blocks, v.head.epoch)
}

// maxDeletes bounds a batch of deletions.
const maxDeletes = 4096

// discard deletes entries that nothing refers to.
func (v *Vault) discard(ctx context.Context, keys []Key) error {
	for part := range slices.Chunk(keys, maxDeletes) {
		if err := v.backend.Apply(ctx, &Batch{Deletes: part}); err != nil {
			return fmt.Errorf("delete old entries: %w", err)
		}
	}
	return nil
}

// shredSalts destroys the salts of the segments that are being shredded:
//
//	seal all other salts under a new table key -> put that key in the header, over
//	the old one, in both slots -> delete the old table
//
// A crash before the header is written leaves the old table and the word to shred;
// one after it leaves an old table that no key opens.
func (v *Vault) shredSalts(ctx context.Context) error {
	table, err := randomSecret(v.random, 32)
	if err != nil {
		return err
	}
	fresh := v.keep.store(table)
	old, next := v.head, v.head
	next.table++
	gone := []Key{ownBlock(ownMarker, old.table, 0).encrypt(v.blocks, old.epoch)}
	for _, n := range v.shredding {
		gone = append(gone, v.shredKey(n), ownBlock(ownSegment, old.table, n).encrypt(v.blocks, old.epoch))
	}
	var live []*segment
	for _, in := range slices.Sorted(maps.Keys(v.segments)) {
		s := v.segments[in]
		live = append(live, s)
		gone = append(gone, ownBlock(ownSegment, old.table, s.number).encrypt(v.blocks, old.epoch))
	}
	var batch Batch
	if err = v.appendTable(&batch, next, fresh, v.blocks, live); err == nil {
		err = v.backend.Apply(ctx, &batch)
	}
	if err != nil {
		v.keep.drop(fresh)
		return fmt.Errorf("write segments: %w", err)
	}
	durable, err := v.writeHead(ctx, next, v.stretched, secrets{v.root, fresh}, func() {
		v.keep.drop(v.table)
		v.table, v.shredding, v.stale = fresh, nil, gone
	})
	if !durable {
		v.keep.drop(fresh)
	}
	if err != nil {
		return err
	}
	if err := v.discard(ctx, gone); err != nil {
		return err
	}
	v.stale = nil
	return nil
}

// batch returns what the transaction changes, in the order of the keys, which tells
// nothing of the order of the names.
func (tx *Tx) batch() (*Batch, error) {
	b := new(Batch)
	for _, in := range slices.Sorted(maps.Keys(tx.segments)) {
		ts := tx.segments[in]
		if ts.shred {
			tx.appendShred(b, ts.base)
		}
		s := ts.current()
		if s == nil {
			continue
		}
		if ts.made != nil {
			e, err := s.seal(tx.v, tx.v.head, tx.v.table, tx.v.blocks)
			if err != nil {
				return nil, fmt.Errorf("seal segment: %w", err)
			}
			b.Puts = append(b.Puts, e)
		}
		for record, w := range ts.writes {
			key, hash := s.entryKey(tx.v, []byte(record))
			if w.sealed == nil {
				b.Deletes = append(b.Deletes, key)
			} else {
				b.Puts = append(b.Puts, Entry{Key: key, Label: sealLabel(s.names, hash, []byte(record)), Value: w.sealed})
			}
		}
	}
	slices.SortFunc(b.Puts, func(x, y Entry) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	slices.SortFunc(b.Deletes, func(x, y Key) int { return bytes.Compare(x[:], y[:]) })
	return b, nil
}

// appendShred deletes every record of a segment, and leaves word to destroy its salt.
func (tx *Tx) appendShred(b *Batch, s *segment) {
	for c := s.index.seek(nil, false); c.name() != nil; c.next() {
		key, _ := s.entryKey(tx.v, c.name())
		b.Deletes = append(b.Deletes, key)
	}
	b.Puts = append(b.Puts, Entry{Key: tx.v.shredKey(s.number)})
}

// publishLocked makes the durable changes of the transaction visible.
func (tx *Tx) publishLocked() {
	v := tx.v
	for name, ts := range tx.segments {
		if ts.shred {
			v.shredding = append(v.shredding, ts.base.number)
			ts.base.drop(&v.keep)
			delete(v.segments, name)
		}
		s := ts.current()
		if s == nil {
			continue
		}
		if ts.made != nil {
			v.segments[name], ts.made = s, nil
			v.last = max(v.last, s.number)
		}
		for record, w := range ts.writes {
			if w.sealed == nil {
				s.index.remove([]byte(record))
			} else {
				s.index.insert([]byte(record))
			}
		}
	}
}

// end wipes what an ended transaction leaves.
func (tx *Tx) end() {
	for _, ts := range tx.segments {
		if ts.made != nil {
			ts.made.drop(&tx.v.keep)
		}
	}
	tx.segments, tx.ended = nil, true
}

// sortedWrites returns the names that the transaction writes in a range, in order.
func (ts *txSegment) sortedWrites(r Range) []string {
	var names []string
	for name := range ts.writes {
		if r.contains(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if r.Reverse {
			a, b = b, a
		}
		return strings.Compare(a, b)
	})
	return names
}

// wipeAll wipes values that are on their way.
func wipeAll(values [][]byte) {
	for _, b := range values {
		secret.Wipe(b)
	}
}
