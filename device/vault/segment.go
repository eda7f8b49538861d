package vault

import (
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A segment holds the records of one conversation or purpose. Its keys are made
// and its index is built when it is first used.
type segment struct {
	number uint32
	name   string
	salt   *secret.Bytes

	ready  bool
	key    *secret.Bytes // of records
	names  *secret.Bytes // of names: 32 bytes hash them, 32 seal them
	index  index
	labels []label // of the records that were loaded, until ready
}

// A segmentEntry is how a segment is kept: sealed as a record under the table
// key, which the next shredding replaces.
//
//	struct { opaque name<V>; opaque salt[32]; } SegmentEntry;
type segmentEntry struct {
	name []byte
	salt [saltSize]byte
}

func (e *segmentEntry) Code(c *syntax.Codec) {
	c.Opaque(&e.name)
	c.Fixed(e.salt[:])
}

// ownContext binds one of the vault's own records to its place.
func ownContext(b block) recordContext { return recordContext{name: b.hash[:]} }

// seal returns the entry of the segment in the table with that number.
func (s *segment) seal(v *Vault, h header, table, blocks *secret.Bytes) (Entry, error) {
	e := segmentEntry{name: []byte(s.name), salt: [saltSize]byte(s.salt.Reveal())}
	plain, err := syntax.Marshal(&e)
	if err != nil {
		return Entry{}, fmt.Errorf("encode segment: %w", err)
	}
	defer secret.Wipe(plain)
	secret.Wipe(e.salt[:])
	at := ownBlock(ownSegment, h.table, s.number)
	sealed, err := sealRecord(v.random, table, ownContext(at), plain)
	return Entry{Key: at.encrypt(blocks, h.epoch), Value: sealed}, err
}

// openSegment reads what seal made.
func openSegment(table *secret.Bytes, at block, sealed []byte) (name string, salt *secret.Bytes, err error) {
	plain, err := openRecord(table, ownContext(at), sealed)
	if err != nil {
		return "", nil, err
	}
	defer secret.Wipe(plain)
	var e segmentEntry
	if err := syntax.Unmarshal(plain, &e); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return string(e.name), secret.New(e.salt[:]), nil
}

// appendTable adds all of a table to a batch: its segments, then the marker that
// says the table is complete.
func (v *Vault) appendTable(b *Batch, h header, table, blocks *secret.Bytes, segments []*segment) error {
	for _, s := range segments {
		e, err := s.seal(v, h, table, blocks)
		if err != nil {
			return err
		}
		b.Puts = append(b.Puts, e)
	}
	at := ownBlock(ownMarker, h.table, 0)
	sealed, err := sealRecord(v.random, table, ownContext(at), nil)
	b.Puts = append(b.Puts, Entry{Key: at.encrypt(blocks, h.epoch), Value: sealed})
	return err
}

// derive makes the segment's keys from a root.
func (s *segment) derive(k *keep, root *secret.Bytes) {
	s.key = k.store(secret.DeriveSHA3(secret.VaultSegment, root, s.salt.Reveal(), nil, 32))
	s.names = k.store(secret.DeriveSHA3(secret.VaultName, root, s.salt.Reveal(), nil, slotSize))
}

// open makes the segment ready. It fails with [ErrDamaged].
func (s *segment) open(k *keep, root *secret.Bytes) error {
	if s.key == nil {
		s.derive(k, root)
	}
	s.index.wipe()
	if err := openLabels(s.names, s.labels, func(name []byte) { s.index.insert(name) }); err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	s.labels, s.ready = nil, true
	return nil
}

// drop forgets the segment and frees its place in the keep.
func (s *segment) drop(k *keep) {
	for _, key := range []*secret.Bytes{s.salt, s.key, s.names} {
		if key != nil {
			k.drop(key)
		}
	}
	s.index.wipe()
}

func (s *segment) wipe() {
	s.salt.Wipe()
	s.key.Wipe()
	s.names.Wipe()
	s.index.wipe()
}

// entryKey returns the backend's key of a record, and the hash in it.
func (s *segment) entryKey(v *Vault, name []byte) (Key, [hashSize]byte) {
	h := nameHash(s.names, name)
	return block{segment: s.number, hash: h}.encrypt(v.blocks, v.head.epoch), h
}

// context binds a record to its name.
func (s *segment) context(name []byte) recordContext {
	return recordContext{segment: []byte(s.name), name: name}
}

// use calls f with a ready segment, while nothing can change it.
func (v *Vault) use(name string, f func(*segment) error) error {
	v.mu.RLock()
	s, err := v.findLocked(name)
	if err != nil || s.ready {
		defer v.mu.RUnlock()
		if err != nil {
			return err
		}
		return f(s)
	}
	v.mu.RUnlock()
	if err := v.makeReady(name); err != nil {
		return err
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if s, err = v.findLocked(name); err != nil {
		return err
	}
	if !s.ready { // shredded and made again in between, and never used since
		return ErrNoSegment
	}
	return f(s)
}

func (v *Vault) makeReady(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, err := v.findLocked(name)
	if err != nil || s.ready {
		return err
	}
	return s.open(&v.keep, v.root)
}

func (v *Vault) findLocked(name string) (*segment, error) {
	if v.locked {
		return nil, ErrLocked
	}
	s := v.segments[name]
	if s == nil {
		return nil, ErrNoSegment
	}
	return s, nil
}
