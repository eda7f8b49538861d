package vault

import (
	"context"
	"fmt"

	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// ChangePassphrase wraps the same root for another passphrase, and overwrites the
// old wrap. No record changes. The zero KDF keeps the present function and cost. It
// fails with [ErrPassphrase] when old is wrong, with [ErrDowngrade] when k is below
// a floor or cheaper than now, and with [passphrase.ErrWeak]. After
// [ErrUnfinished] the new passphrase opens the vault, and the old one may too
// until the next change of the vault. A copy of the header made before stays open to the old
// passphrase: [Vault.Rotate] makes it useless.
func (v *Vault) ChangePassphrase(ctx context.Context, old, fresh *secret.Bytes, k KDF) error {
	if err := v.take(ctx); err != nil {
		return err
	}
	defer v.give()
	now, err := v.verify(old)
	if err != nil {
		return err
	}
	if err := passphrase.Check(fresh); err != nil {
		return err
	}
	if k == (KDF{}) {
		k = now
	}
	f, stretched, err := v.stretchNew(fresh, k, now)
	if err != nil {
		return fmt.Errorf("change passphrase: %w", err)
	}
	next := v.keepHead()
	next.factors = []factor{f}
	kept := v.keep.store(stretched)
	durable, err := v.writeHead(ctx, next, kept, secrets{v.root, v.table}, func() {
		v.keep.drop(v.stretched)
		v.stretched = kept
	})
	if !durable {
		v.keep.drop(kept)
		return fmt.Errorf("change passphrase: %w", err)
	}
	return unfinished(err)
}

// keepHead returns a copy of the header to change.
func (v *Vault) keepHead() header {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.head
}

// verify fails with ErrPassphrase unless pass is the passphrase of the vault.
func (v *Vault) verify(pass *secret.Bytes) (KDF, error) {
	k, err := decodeKDF(v.keepHead().factors[0])
	if err != nil {
		return KDF{}, err
	}
	normal, err := passphrase.Normalize(pass)
	if err != nil {
		return KDF{}, err
	}
	defer normal.Wipe()
	stretched, err := k.stretch(normal, v.pbkdf2)
	if err != nil {
		return KDF{}, err
	}
	defer stretched.Wipe()
	if !stretched.Equal(v.stretched) {
		return KDF{}, ErrPassphrase
	}
	return k.KDF, nil
}

// Rotate makes a new root and seals every record again under it, so that nothing
// taken from the vault before opens what it holds afterwards. It needs as much free
// space again as the records take, and may take seconds; reads go on meanwhile.
// When it fails or is interrupted, the old root stays, unless err is
// [ErrUnfinished]: then the new one is in place and what is left of the old will
// be deleted later.
func (v *Vault) Rotate(ctx context.Context) error {
	if err := v.take(ctx); err != nil {
		return err
	}
	defer v.give()
	if v.dirty() {
		if err := v.tidy(ctx); err != nil {
			return err
		}
	}
	r, err := v.newRotation()
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	if err := r.run(ctx); err != nil {
		r.undo(ctx)
		return fmt.Errorf("rotate: %w", err)
	}
	durable, err := v.writeHead(ctx, r.head, v.stretched, secrets{r.root, r.table}, r.swapLocked)
	if !durable {
		r.undo(ctx)
		return fmt.Errorf("rotate: %w", err)
	}
	if err == nil {
		err = v.tidy(ctx)
	}
	return unfinished(err)
}

// A rotation copies the vault under a new root: all records first, then the table
// with its marker, then the header. Until the header is written nothing refers to
// the copy.
type rotation struct {
	v                   *Vault
	head                header
	root, table, blocks *secret.Bytes
	segments            map[string]*segment // in the new root
	old, made           []Key
}

func (v *Vault) newRotation() (*rotation, error) {
	s, err := newSecrets(v.random)
	if err != nil {
		return nil, err
	}
	r := &rotation{v: v, head: v.keepHead(), segments: make(map[string]*segment)}
	r.head.epoch++
	r.head.table = 1
	r.blocks = v.keep.store(blockKey(s.root))
	r.root, r.table = v.keep.store(s.root), v.keep.store(s.table)
	return r, nil
}

func (r *rotation) run(ctx context.Context) error {
	v := r.v
	names, err := v.Segments(ctx)
	if err != nil {
		return err
	}
	r.old = append(r.old, ownBlock(ownMarker, v.head.table, 0).encrypt(v.blocks, v.head.epoch))
	var all []*segment
	for _, name := range names {
		if err := v.makeReady(name); err != nil {
			return err
		}
		s, err := r.copySegment(ctx, v.segments[name])
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	var table Batch
	if err := v.appendTable(&table, r.head, r.table, r.blocks, all); err != nil {
		return err
	}
	return r.apply(ctx, &table)
}

// rotateBytes is how much a rotation puts into one batch.
const rotateBytes = 4 << 20

func (r *rotation) copySegment(ctx context.Context, from *segment) (*segment, error) {
	salt, err := randomSecret(r.v.random, saltSize)
	if err != nil {
		return nil, err
	}
	to := &segment{number: from.number, name: from.name, salt: r.v.keep.store(salt)}
	r.segments[from.name] = to
	to.derive(&r.v.keep, r.root)
	r.old = append(r.old, ownBlock(ownSegment, r.v.head.table, from.number).encrypt(r.v.blocks, r.v.head.epoch))
	var batch Batch
	size := 0
	for c := from.index.seek(nil, false); c.name() != nil; {
		var names [][]byte
		for ; c.name() != nil && len(names) < scanChunk; c.next() {
			names = append(names, c.name())
		}
		entries, err := r.copyRecords(ctx, from, to, names)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			size += len(e.Value)
		}
		batch.Puts = append(batch.Puts, entries...)
		if size > rotateBytes || len(batch.Puts) >= maxDeletes {
			if err := r.apply(ctx, &batch); err != nil {
				return nil, err
			}
			batch, size = Batch{}, 0
		}
	}
	if len(batch.Puts) == 0 {
		return to, nil
	}
	return to, r.apply(ctx, &batch)
}

// copyRecords returns a few records, sealed under the new root.
func (r *rotation) copyRecords(ctx context.Context, from, to *segment, names [][]byte) ([]Entry, error) {
	values, err := r.v.readManyLocked(ctx, from, names)
	if err != nil {
		return nil, err
	}
	defer wipeAll(values)
	out := make([]Entry, len(names))
	for i, name := range names {
		sealed, err := sealRecord(r.v.random, to.key, to.context(name), values[i])
		if err != nil {
			return nil, err
		}
		old, _ := from.entryKey(r.v, name)
		r.old = append(r.old, old)
		hash := nameHash(to.names, name)
		key := block{segment: to.number, hash: hash}.encrypt(r.blocks, r.head.epoch)
		out[i] = Entry{Key: key, Label: sealLabel(to.names, hash, name), Value: sealed}
	}
	return out, nil
}

func (r *rotation) apply(ctx context.Context, b *Batch) error {
	for _, e := range b.Puts {
		r.made = append(r.made, e.Key)
	}
	return r.v.backend.Apply(ctx, b)
}

// undo forgets a rotation that failed. What it stored goes now or at the next change.
func (r *rotation) undo(ctx context.Context) {
	r.v.stale = append(r.v.stale, r.made...)
	for _, s := range r.segments {
		s.drop(&r.v.keep)
	}
	r.dropKeys(r.root, r.table, r.blocks)
	_ = r.v.tidy(ctx) // what remains is still in stale
}

func (r *rotation) dropKeys(keys ...*secret.Bytes) {
	for _, k := range keys {
		r.v.keep.drop(k)
	}
}

// swapLocked puts the new root in the place of the old one.
func (r *rotation) swapLocked() {
	v := r.v
	for name, to := range r.segments {
		from := v.segments[name]
		to.index, from.index = from.index, index{}
		to.ready = true
		from.drop(&v.keep)
	}
	r.dropKeys(v.root, v.table, v.blocks)
	v.root, v.table, v.blocks, v.segments = r.root, r.table, r.blocks, r.segments
	v.stale = append(v.stale, r.old...)
}
