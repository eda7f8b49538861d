// Package vault is the sealed local store of a device: records that are kept
// under a random root, which a passphrase unlocks, and that change in atomic,
// durable transactions.
//
// Most callers need [Create] or [Open], then [Vault.Update] to change records and
// [Vault.Get], [Vault.List] and [Vault.Scan] to read them:
//
//	v, err := vault.Open(ctx, backend, passphrase, vault.Options{})
//	err = v.Update(ctx, func(tx *vault.Tx) error {
//		return tx.Put("settings", "language", []byte("fr"))
//	})
//
// Records live in segments, one for each conversation and each purpose. A segment
// has a key of its own, made from the root and a random salt; each record has a
// key of its own, made from its segment's key and a random salt. Destroying a
// segment's salt ([Tx.Shred]) destroys the segment.
//
//	passphrase --PBKDF2--> stretched --HKDF-SHA3-512(salt of the header)--> KEK
//	KEK --AES-256-GCM--> root, table key
//	table key --> salts of the segments
//	root --HKDF-SHA3-512(salt of the segment)--> segment key
//	segment key --HKDF-SHA256(salt of the record)--> record key --AES-256-GCM--> record
//
// The package does no I/O: a [Backend] does. docs/vault-format.md describes every
// byte, and what an older copy of the files still opens.
package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync"

	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// Options of [Create] and [Open].
type Options struct {
	// KDF stretches the passphrase of a new vault. The zero value is PBKDF2,
	// calibrated to CalibrationTarget on this machine.
	KDF KDF
	// Floor refuses with ErrDowngrade to create or open a vault whose passphrase
	// is stretched with fewer iterations (or passes) of Floor's function than
	// Floor has. The floors of this package hold in any case.
	Floor KDF
	// Rand is the source of salts and keys, crypto/rand by default.
	Rand io.Reader
	// PBKDF2 replaces the platform's PBKDF2-HMAC-SHA256, which is the standard
	// library's, or the browser's. It returns 32 bytes, which are wiped, and keeps nothing.
	PBKDF2 func(passphrase, salt []byte, iterations int) ([]byte, error)
}

func (o Options) random() io.Reader {
	if o.Rand == nil {
		return rand.Reader
	}
	return o.Rand
}

// A Vault is an open vault. It may be used concurrently: reads run side by side,
// transactions one after the other, and a read never waits for a disk flush.
type Vault struct {
	backend Backend
	random  io.Reader
	pbkdf2  pbkdf2Func
	writer  chan struct{} // holds one token: who took it may change the vault
	storing sync.Mutex    // held while the backend is ahead of the index

	// mu guards what follows. Only the holder of writer may change it, but for
	// the lazy opening of a segment. Lock order: writer, storing, mu, then keep and backend.
	mu        sync.RWMutex
	locked    bool
	keep      keep
	head      header        // as it is in the slots
	stretched *secret.Bytes // of the passphrase: makes the KEK of the next header
	root      *secret.Bytes
	table     *secret.Bytes // seals the segments' salts
	blocks    *secret.Bytes // the index key: hides the backend's keys
	segments  map[string]*segment
	last      uint32 // highest number of a segment

	// Work that a crash or a failure left, and that the next change does first.
	stale      []Key    // entries that nothing refers to
	shredding  []uint32 // numbers of segments to shred
	firstSlot  int      // the slot that does not hold head, if one does not
	slotsAgree bool     // both slots hold head
	attempts   uint64   // the highest generation that was ever tried
}

// Create makes a vault in an empty backend and opens it. It fails with
// [ErrExists], [ErrDowngrade], [passphrase.ErrWeak] or [passphrase.ErrInvalid]. The
// passphrase stays the caller's; so does the backend, when Create fails.
func Create(ctx context.Context, b Backend, pass *secret.Bytes, o Options) (*Vault, error) {
	slots, err := b.Slots(ctx)
	if err != nil {
		return nil, fmt.Errorf("create vault: %w", err)
	}
	for _, s := range slots {
		// A damaged slot may be the torn first one of an interrupted Create.
		if _, err := decodeHeader(s); err == nil || !errors.Is(err, ErrDamaged) {
			return nil, ErrExists
		}
	}
	stale, err := leftByCreate(ctx, b)
	if err != nil {
		return nil, err
	}
	if o.KDF == (KDF{}) {
		o.KDF = Calibrate(CalibrationTarget)
	}
	v := newVault(b, o)
	v.stale = stale
	if err := v.create(ctx, pass, o); err != nil {
		v.wipe()
		return nil, fmt.Errorf("create vault: %w", err)
	}
	return v, nil
}

// leftByCreate returns the one entry that an interrupted Create leaves. A backend
// with more has lost its header, and that is no reason to destroy it.
func leftByCreate(ctx context.Context, b Backend) (keys []Key, err error) {
	err = b.Load(ctx, func(k Key, _ []byte) error {
		if keys = append(keys, k); len(keys) > 1 {
			return fmt.Errorf("%w: it has records and no whole header", ErrDamaged)
		}
		return nil
	})
	return keys, err
}

func newVault(b Backend, o Options) *Vault {
	v := &Vault{
		backend: b, random: o.random(), writer: make(chan struct{}, 1),
		pbkdf2: o.PBKDF2, segments: make(map[string]*segment), slotsAgree: true,
	}
	if v.pbkdf2 == nil {
		v.pbkdf2 = platformPBKDF2
	}
	v.writer <- struct{}{}
	return v
}

func (v *Vault) create(ctx context.Context, pass *secret.Bytes, o Options) error {
	if err := passphrase.Check(pass); err != nil {
		return err
	}
	f, stretched, err := v.stretchNew(pass, o.KDF, o.Floor)
	if err != nil {
		return err
	}
	v.stretched = v.keep.store(stretched)
	s, err := newSecrets(v.random)
	if err != nil {
		return err
	}
	v.adopt(s)
	next := header{threshold: 1, factors: []factor{f}, epoch: 1, table: 1}
	batch := Batch{Deletes: v.stale}
	if err := v.appendTable(&batch, next, v.table, v.blocks, nil); err != nil {
		return err
	}
	// What an interrupted Create left may have the same key, once in 2^128 times.
	if err := v.backend.Apply(ctx, &batch); err != nil {
		return err
	}
	v.stale = nil
	_, err = v.writeHead(ctx, next, v.stretched, secrets{v.root, v.table}, func() {})
	return err
}

// stretchNew makes a factor with a fresh salt from a passphrase.
func (v *Vault) stretchNew(pass *secret.Bytes, k, floor KDF) (factor, *secret.Bytes, error) {
	if err := k.check(); err != nil {
		return factor{}, nil, err
	}
	if k.weakerThan(floor) {
		return factor{}, nil, fmt.Errorf("%w: %s is below the floor, %s", ErrDowngrade, k, floor)
	}
	s := &stretching{KDF: k}
	if _, err := io.ReadFull(v.random, s.salt[:]); err != nil {
		return factor{}, nil, err
	}
	f, err := s.factor()
	if err != nil {
		return factor{}, nil, err
	}
	normal, err := passphrase.Normalize(pass)
	if err != nil {
		return factor{}, nil, err
	}
	defer normal.Wipe()
	stretched, err := s.stretch(normal, v.pbkdf2)
	return f, stretched, err
}

func newSecrets(random io.Reader) (secrets, error) {
	root, err := randomSecret(random, 32)
	if err != nil {
		return secrets{}, err
	}
	table, err := randomSecret(random, 32)
	return secrets{root: root, table: table}, err
}

func randomSecret(random io.Reader, n int) (*secret.Bytes, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(random, b)
	return secret.New(b), err
}

// adopt takes the secrets of a header into the keep.
func (v *Vault) adopt(s secrets) {
	v.blocks = v.keep.store(blockKey(s.root))
	v.root, v.table = v.keep.store(s.root), v.keep.store(s.table)
}

// blockKey is the index key of a root.
func blockKey(root *secret.Bytes) *secret.Bytes {
	return secret.DeriveSHA3(secret.VaultIndex, root, nil, nil, 32)
}

// Commits returns a number that each transaction makes larger, also across
// restarts: who remembers it elsewhere can tell that an older copy came back.
func (v *Vault) Commits() uint64 { return v.backend.Commits() }

// Warnings says, in sentences, what this machine could not promise: today, that
// the keys stay out of the swap.
func (v *Vault) Warnings() []string {
	v.keep.mu.Lock()
	defer v.keep.mu.Unlock()
	if v.keep.warning == "" {
		return nil
	}
	return []string{v.keep.warning}
}

// KDF says how the passphrase is stretched.
func (v *Vault) KDF() KDF {
	v.mu.RLock()
	defer v.mu.RUnlock()
	k, err := decodeKDF(v.head.factors[0])
	if err != nil {
		panic("vault: " + err.Error()) // the header was checked
	}
	return k.KDF
}

// Segments returns the names of all segments, in order.
func (v *Vault) Segments(context.Context) ([]string, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.locked {
		return nil, ErrLocked
	}
	names := make([]string, 0, len(v.segments))
	for name := range v.segments {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// HasSegment reports whether there is a segment of that name.
func (v *Vault) HasSegment(name string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.segments[name] != nil
}

// Lock wipes every key and name, and waits for a running transaction first. Every
// later call fails with [ErrLocked]; the backend stays open, for another [Open].
// It must not be called from the function given to Update.
func (v *Vault) Lock() {
	token := <-v.writer
	v.mu.Lock()
	v.wipe()
	v.mu.Unlock()
	v.writer <- token
	// Twice: what the first collection finds dead, the second one has swept.
	debug.FreeOSMemory()
	debug.FreeOSMemory()
}

func (v *Vault) wipe() {
	v.locked = true
	for _, s := range v.segments {
		s.wipe()
	}
	v.segments = nil
	for _, s := range []*secret.Bytes{v.stretched, v.root, v.table, v.blocks} {
		s.Wipe()
	}
	v.keep.empty()
}

// Close locks the vault and closes the backend.
func (v *Vault) Close() error {
	v.Lock()
	return v.backend.Close()
}

// take waits for the right to change the vault; give ends it.
func (v *Vault) take(ctx context.Context) error {
	select {
	case <-v.writer:
	case <-ctx.Done():
		return ctx.Err()
	}
	if v.locked { // only the holder of writer changes it
		v.give()
		return ErrLocked
	}
	return nil
}

func (v *Vault) give() { v.writer <- struct{}{} }

// unfinished marks err as a failure after the point of no return.
func unfinished(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(ErrUnfinished, err)
}
