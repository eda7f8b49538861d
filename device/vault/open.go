package vault

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// Open opens the vault in a backend:
//
//	read both slots -> stretch the passphrase -> open the newest header whose
//	table is there -> open the table -> tidy what a crash left
//
// The keys and labels of all entries are loaded while the passphrase is stretched.
// It fails with [ErrPassphrase], [ErrNoVault], [ErrDamaged], [ErrTruncated],
// [ErrNewer] or [ErrDowngrade], and then has changed nothing. The passphrase stays
// the caller's; so does the backend, when Open fails.
func Open(ctx context.Context, b Backend, pass *secret.Bytes, o Options) (*Vault, error) {
	slots, err := b.Slots(ctx)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	found, err := candidates(slots)
	if err != nil {
		return nil, err
	}
	v := newVault(b, o)
	if err := v.open(ctx, found, pass, o); err != nil {
		v.wipe()
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return v, nil
}

// A candidate is a header that passed its checksum, with the slot it was in.
type candidate struct {
	*header

	slot int
}

// candidates returns the headers to try, the newest first. Two slots differ only
// after a crash between the writing of one and the other, or after damage.
func candidates(slots [NumSlots][]byte) ([]candidate, error) {
	var found []candidate
	var refused error
	empty := true
	for i, s := range slots {
		if len(s) == 0 {
			continue
		}
		empty = false
		h, err := decodeHeader(s)
		switch {
		case err == nil:
			found = append(found, candidate{h, i})
		case errors.Is(err, ErrNewer), errors.Is(err, ErrDowngrade):
			// The slot is whole. The other one is older, or says the same.
			return nil, err
		default:
			refused = err
		}
	}
	if empty {
		return nil, ErrNoVault
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("read header: %w", refused)
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.generation, a.generation) })
	return found, nil
}

func (v *Vault) open(ctx context.Context, found []candidate, pass *secret.Bytes, o Options) error {
	normal, err := passphrase.Normalize(pass)
	if err != nil {
		return err
	}
	defer normal.Wipe()
	entries, stop := v.loading(ctx)
	defer stop()
	if err := v.choose(ctx, found, normal, o.Floor); err != nil {
		return err
	}
	l, err := entries()
	if err != nil {
		return err
	}
	if err := v.understand(ctx, l); err != nil {
		return err
	}
	if !v.dirty() {
		return nil
	}
	// A full disk must not keep its owner out: what is left to tidy waits.
	if err := v.tidy(ctx); err != nil && !errors.Is(err, ErrFull) {
		return err
	}
	return nil
}

// choose opens the newest header that the passphrase opens and whose table is
// there: a crash may have come between the two.
func (v *Vault) choose(ctx context.Context, found []candidate, pass *secret.Bytes, floor KDF) error {
	var first error
	for _, c := range found {
		err := v.try(ctx, c, pass, floor)
		if err == nil {
			v.firstSlot = 1 - c.slot
			v.slotsAgree = len(found) == NumSlots && found[0].generation == found[1].generation
			v.attempts = found[0].generation
			return nil
		}
		if first == nil || errors.Is(first, ErrPassphrase) {
			first = err
		}
		if !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrDamaged) {
			break
		}
		if len(found) == NumSlots && found[0].generation == found[1].generation {
			break // the same header twice
		}
	}
	return first
}

func (v *Vault) try(ctx context.Context, c candidate, pass *secret.Bytes, floor KDF) error {
	k, err := decodeKDF(c.factors[0])
	if err != nil {
		return err
	}
	if k.weakerThan(floor) {
		return fmt.Errorf("%w: %s is below the floor, %s", ErrDowngrade, k, floor)
	}
	stretched, err := k.stretch(pass, v.pbkdf2)
	if err != nil {
		return err
	}
	defer stretched.Wipe()
	s, err := c.open(stretched)
	if err != nil {
		return err
	}
	defer s.wipe()
	blocks := blockKey(s.root)
	defer blocks.Wipe()
	at := ownBlock(ownMarker, c.table, 0)
	got, err := v.backend.Get(ctx, []Key{at.encrypt(blocks, c.epoch)})
	if err != nil {
		return err
	}
	if _, err := openRecord(s.table, ownContext(at), got[0]); err != nil {
		return fmt.Errorf("%w: the records do not belong to the header", err)
	}
	v.head, v.stretched = *c.header, v.keep.store(stretched)
	v.adopt(s)
	return nil
}

// loaded is what the backend holds, before it is understood.
type loaded struct {
	keys   []Key
	blocks []block
	labels []byte // one after the other
	spans  []span // of the label of each key
}

// A span is a place in loaded labels.
type span struct{ start, end int }

func (l *loaded) add(k Key, label []byte) {
	start := len(l.labels)
	l.keys = append(l.keys, k)
	l.labels = append(l.labels, label...)
	l.spans = append(l.spans, span{start, len(l.labels)})
}

func (l *loaded) label(i int) []byte {
	at := l.spans[i]
	return l.labels[at.start:at.end:at.end]
}

// loading starts to read all keys and labels. entries waits for them; stop, which must
// be called, gives up and waits until the backend is free again.
func (v *Vault) loading(ctx context.Context) (entries func() (*loaded, error), stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	l, done := new(loaded), make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = v.backend.Load(ctx, func(k Key, label []byte) error {
			l.add(k, label)
			return ctx.Err()
		})
	}()
	entries = func() (*loaded, error) {
		<-done
		if err != nil {
			return nil, fmt.Errorf("load entries: %w", err)
		}
		return l, nil
	}
	return entries, func() {
		cancel()
		<-done
	}
}

// understand finds in what was loaded the table, the records, and what a crash left.
func (v *Vault) understand(ctx context.Context, l *loaded) error {
	if err := v.sift(l); err != nil {
		return err
	}
	l.blocks = decryptKeys(v.blocks, l.keys)
	if err := v.loadOwn(ctx, l); err != nil {
		return err
	}
	return v.loadRecords(l)
}

// sift takes out the entries of a rotation that stopped, or was not tidied.
func (v *Vault) sift(l *loaded) error {
	n := 0
	for i, k := range l.keys {
		epoch := binary.BigEndian.Uint32(k[:])
		switch {
		case epoch == v.head.epoch:
			l.keys[n], l.spans[n] = k, l.spans[i]
			n++
		case nextTo(epoch, v.head.epoch):
			v.stale = append(v.stale, k)
		default:
			return fmt.Errorf("load entries: %w: an entry of another root", ErrDamaged)
		}
	}
	l.keys, l.spans = l.keys[:n], l.spans[:n]
	return nil
}

func nextTo(a, b uint32) bool { return a+1 == b || b+1 == a }

// loadOwn reads the vault's own entries: the table of segments, what is left of the
// table before or after it, and which segments are being shredded.
func (v *Vault) loadOwn(ctx context.Context, l *loaded) error {
	var keys []Key
	var at []block
	for i, b := range l.blocks {
		if b.segment != 0 {
			continue
		}
		kind, table, number := b.own()
		switch {
		case kind == ownShred:
			v.shredding = append(v.shredding, number)
		case kind != ownMarker && kind != ownSegment:
			return fmt.Errorf("%w: an entry of an unknown kind", ErrDamaged)
		case table != v.head.table && nextTo(table, v.head.table):
			v.stale = append(v.stale, l.keys[i])
		case table != v.head.table:
			return fmt.Errorf("%w: an entry of another table", ErrDamaged)
		case kind == ownSegment:
			keys, at = append(keys, l.keys[i]), append(at, b)
		}
	}
	values, err := v.backend.Get(ctx, keys)
	if err != nil {
		return fmt.Errorf("load segments: %w", err)
	}
	for i, sealed := range values {
		name, salt, err := openSegment(v.table, at[i], sealed)
		if err != nil {
			return fmt.Errorf("load segments: %w", err)
		}
		_, _, number := at[i].own()
		v.last = max(v.last, number)
		if slices.Contains(v.shredding, number) {
			salt.Wipe()
		} else if v.segments[name] != nil {
			return fmt.Errorf("load segments: %w", ErrDamaged)
		} else {
			v.segments[name] = &segment{number: number, name: name, salt: v.keep.store(salt)}
		}
	}
	return nil
}

// loadRecords gives each segment the labels of its records, sealed as they are:
// they are opened when the segment is first used.
func (v *Vault) loadRecords(l *loaded) error {
	byNumber := make(map[uint32]*segment, len(v.segments))
	for _, s := range v.segments {
		byNumber[s.number] = s
	}
	for i, b := range l.blocks {
		if b.segment == 0 {
			continue
		}
		s := byNumber[b.segment]
		switch {
		case s != nil:
			s.labels = append(s.labels, label{hash: b.hash, sealed: l.label(i)})
		case slices.Contains(v.shredding, b.segment):
			v.stale = append(v.stale, l.keys[i])
		default:
			return fmt.Errorf("%w: a record of no segment", ErrDamaged)
		}
	}
	return nil
}
