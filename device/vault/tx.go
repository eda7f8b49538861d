package vault

import (
	"context"
	"fmt"
	"strings"
)

// A Tx is a running transaction, given by [Vault.Update]. It must be used by one
// goroutine at a time. It sees its own changes.
type Tx struct {
	v        *Vault
	ctx      context.Context //nolint:containedctx // a Tx lives inside one call of Update
	segments map[string]*txSegment
	size     int // bytes of all sealed values
	made     uint32
	ended    bool
}

// A txSegment is what a transaction has done to one segment.
type txSegment struct {
	base   *segment // as it was before, nil when there was none
	made   *segment // by this transaction
	shred  bool     // base is to be shredded
	writes map[string]write
}

// A write is a record to put, or with no sealed value one to delete.
type write struct{ sealed []byte }

// current is the segment that the transaction sees.
func (ts *txSegment) current() *segment {
	switch {
	case ts.made != nil:
		return ts.made
	case ts.shred:
		return nil
	}
	return ts.base
}

// stored is the segment, if any, whose records the transaction sees below its writes.
func (ts *txSegment) stored() *segment {
	if ts.made != nil || ts.shred {
		return nil
	}
	return ts.base
}

// touch returns the transaction's view of a segment, which may have no current one.
func (tx *Tx) touch(name string) (*txSegment, error) {
	if tx.ended {
		return nil, ErrUsage
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if ts := tx.segments[name]; ts != nil {
		return ts, nil
	}
	ts := &txSegment{writes: make(map[string]write)}
	if tx.v.HasSegment(name) {
		// Only the holder of writer could take the segment away, and that is us.
		if err := tx.v.use(name, func(s *segment) error { ts.base = s; return nil }); err != nil {
			return nil, err
		}
	}
	tx.segments[name] = ts
	return ts, nil
}

// at is touch for those who need the segment to be there.
func (tx *Tx) at(name string) (*txSegment, error) {
	ts, err := tx.touch(name)
	if err != nil {
		return nil, err
	}
	if ts.current() == nil {
		return nil, ErrNoSegment
	}
	return ts, nil
}

func checkName(name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return ErrName
	}
	return nil
}

// HasSegment reports whether the transaction sees a segment of that name.
func (tx *Tx) HasSegment(name string) bool {
	_, err := tx.at(name)
	return err == nil
}

// NewSegment makes an empty segment. It fails with [ErrSegmentExists] or [ErrName].
func (tx *Tx) NewSegment(name string) error {
	ts, err := tx.touch(name)
	if err != nil {
		return err
	}
	if ts.current() != nil {
		return ErrSegmentExists
	}
	salt, err := randomSecret(tx.v.random, saltSize)
	if err != nil {
		return fmt.Errorf("make segment: %w", err)
	}
	tx.made++
	// The name is copied: a caller's string may be a view of a larger one.
	ts.made = &segment{number: tx.v.last + tx.made, name: strings.Clone(name), salt: tx.v.keep.store(salt), ready: true}
	ts.made.derive(&tx.v.keep, tx.v.root)
	ts.writes = make(map[string]write)
	return nil
}

// Shred destroys a segment: when Update returns, neither the passphrase nor the
// vault's own keys open any record that it had, from the files as they are then.
// It fails with [ErrNoSegment]. A segment of the same name may be made again.
func (tx *Tx) Shred(name string) error {
	ts, err := tx.at(name)
	if err != nil {
		return err
	}
	if ts.made != nil {
		ts.made.drop(&tx.v.keep)
		ts.made = nil
	}
	ts.shred = ts.base != nil
	ts.writes = make(map[string]write)
	return nil
}

// Put stores a record, over an older one of its name. The value is sealed at once
// and stays the caller's. It fails with [ErrNoSegment], [ErrName] or [ErrTooLarge].
func (tx *Tx) Put(in, name string, value []byte) error {
	ts, err := tx.at(in)
	if err != nil {
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	size := len(value) + recordOverhead + padTo - len(ts.writes[name].sealed)
	if len(value) > MaxValue || tx.size+size > MaxTx {
		return ErrTooLarge
	}
	s := ts.current()
	sealed, err := sealRecord(tx.v.random, s.key, s.context([]byte(name)), value)
	if err != nil {
		return fmt.Errorf("seal record: %w", err)
	}
	tx.size += len(sealed) - len(ts.writes[name].sealed)
	ts.writes[name] = write{sealed: sealed}
	return nil
}

// Delete destroys a record. It is no error when there is none.
func (tx *Tx) Delete(in, name string) error {
	ts, err := tx.at(in)
	if err != nil {
		return err
	}
	tx.size -= len(ts.writes[name].sealed)
	delete(ts.writes, name)
	if tx.has(ts, name) {
		ts.writes[name] = write{}
	}
	return nil
}

// has reports whether the segment had the record before the transaction.
func (tx *Tx) has(ts *txSegment, name string) bool {
	s := ts.stored()
	if s == nil {
		return false
	}
	tx.v.mu.RLock()
	defer tx.v.mu.RUnlock()
	return s.index.has([]byte(name))
}

// Get returns a record's value, which is the caller's: wipe it when done. It fails
// with [ErrNotFound], [ErrNoSegment] or [ErrDamaged].
func (tx *Tx) Get(in, name string) ([]byte, error) {
	ts, err := tx.at(in)
	if err != nil {
		return nil, err
	}
	if w, ok := ts.writes[name]; ok {
		if w.sealed == nil {
			return nil, ErrNotFound
		}
		s := ts.current()
		return openRecord(s.key, s.context([]byte(name)), append([]byte{}, w.sealed...))
	}
	if s := ts.stored(); s != nil {
		return tx.v.read(tx.ctx, s, name)
	}
	return nil, ErrNotFound
}

// List is [Vault.List] as the transaction sees it.
func (tx *Tx) List(in string, r Range) ([]string, error) {
	ts, err := tx.at(in)
	if err != nil {
		return nil, err
	}
	tx.v.mu.RLock()
	defer tx.v.mu.RUnlock()
	var stored index
	if s := ts.stored(); s != nil {
		stored = s.index
	}
	return r.merge(&stored, ts.sortedWrites(r), ts.writes), nil
}
