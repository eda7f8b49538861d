package vault

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Version is the version of the format that this package writes.
const Version = 1

// magic begins every header.
const magic = "bulle vt"

// checksumSize is the size of the SHA-256 that ends a header of every version.
// It tells damage from a wrong passphrase; it proves nothing about who wrote it.
const checksumSize = sha256.Size

// A header is the content of a slot. It is written whole, to both slots, each
// time that anything in it changes, with a fresh salt and so a fresh KEK:
//
//	struct {
//	    opaque magic[8] = "bulle vt";
//	    uint16 version = 1;
//	    uint64 generation;         counts the headers of this vault
//	    uint32 epoch;              counts its roots
//	    uint32 table;              counts its table keys within the epoch
//	    uint8  threshold;          how many factors open it
//	    Factor factors<V>;
//	    opaque salt[32];           of the KEK
//	    opaque sealed<V>;          AES-256-GCM(KEK, root[32] || table key[32]), all above is bound
//	    opaque checksum[32];       SHA-256 of all above
//	} Header;
type header struct {
	generation uint64
	epoch      uint32
	table      uint32
	threshold  uint8
	factors    []factor
	salt       [32]byte
	sealed     []byte
}

// A factor is one of the segments that the KEK is made of. Version 1 writes one
// factor, the passphrase. More of them, of other kinds, and a threshold below
// their number (which puts shares to use) are for versions that know them.
//
//	struct { uint8 kind; opaque parameters<V>; opaque share<V>; } Factor;
type factor struct {
	kind   factorKind
	params []byte
	share  []byte
}

type factorKind uint8

// The kinds of factors. Numbers are never used again.
const (
	factorPBKDF2   factorKind = 1
	factorArgon2id factorKind = 2
)

func (f *factor) Code(c *syntax.Codec) {
	syntax.Enum8(c, &f.kind)
	c.Opaque(&f.params)
	c.Opaque(&f.share)
}

// codeBound codes what the KEK's seal is bound to: all but the seal itself.
func (h *header) codeBound(c *syntax.Codec) {
	m, version := [len(magic)]byte([]byte(magic)), uint16(Version)
	c.Fixed(m[:])
	c.Uint16(&version)
	if string(m[:]) != magic || version != Version {
		c.Fail("not a header of version %d", Version)
	}
	c.Uint64(&h.generation)
	c.Uint32(&h.epoch)
	c.Uint32(&h.table)
	c.Uint8(&h.threshold)
	syntax.Values(c, &h.factors)
	c.Fixed(h.salt[:])
}

// Code implements [syntax.Value] for everything but the checksum.
func (h *header) Code(c *syntax.Codec) {
	h.codeBound(c)
	c.Opaque(&h.sealed)
}

type boundHeader header

func (h *boundHeader) Code(c *syntax.Codec) { (*header)(h).codeBound(c) }

// encode returns the content of a slot.
func (h *header) encode() ([]byte, error) {
	b, err := syntax.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	sum := sha256.Sum256(b)
	if b = append(b, sum[:]...); len(b) > MaxSlot {
		return nil, fmt.Errorf("encode header: %w", ErrTooLarge)
	}
	return b, nil
}

// decodeHeader reads the content of a slot. It fails with [ErrDamaged],
// [ErrNewer] or [ErrDowngrade].
func decodeHeader(b []byte) (*header, error) {
	if len(b) < len(magic)+2+checksumSize || len(b) > MaxSlot || string(b[:len(magic)]) != magic {
		return nil, ErrDamaged
	}
	body := b[:len(b)-checksumSize]
	if sum := sha256.Sum256(body); string(sum[:]) != string(b[len(body):]) {
		return nil, ErrDamaged
	}
	if version := int(b[len(magic)])<<8 | int(b[len(magic)+1]); version > Version {
		return nil, ErrNewer
	}
	h := new(header)
	if err := syntax.Unmarshal(body, h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return h, h.check()
}

// check refuses headers that this version cannot or must not open.
func (h *header) check() error {
	if len(h.factors) == 0 || h.threshold == 0 || int(h.threshold) > len(h.factors) {
		return ErrDamaged
	}
	for _, f := range h.factors {
		if f.kind != factorPBKDF2 && f.kind != factorArgon2id || len(f.share) != 0 {
			return ErrNewer
		}
	}
	if len(h.factors) != 1 {
		return ErrNewer
	}
	k, err := decodeKDF(h.factors[0])
	if err != nil {
		return err
	}
	return k.check()
}

// secrets is what a header seals.
type secrets struct{ root, table *secret.Bytes }

func (s secrets) wipe() {
	s.root.Wipe()
	s.table.Wipe()
}

// kek makes the key of one header from the stretched factors, in their order. A
// fresh salt makes it a key that seals once, so its nonce is zero.
func (h *header) kek(stretched *secret.Bytes) *secret.Bytes {
	return secret.DeriveSHA3(secret.VaultKEK, stretched, h.salt[:], nil, 32)
}

// seal puts the secrets in the header, for the KEK of its present salt.
func (h *header) seal(stretched *secret.Bytes, s secrets) error {
	bound, err := syntax.Marshal((*boundHeader)(h))
	if err != nil {
		return fmt.Errorf("encode header: %w", err)
	}
	kek := h.kek(stretched)
	defer kek.Wipe()
	plain := append(append(make([]byte, 0, 64+tagSize), s.root.Reveal()...), s.table.Reveal()...)
	h.sealed = sealOnce(kek, plain, bound)
	return nil
}

// open returns the secrets, or [ErrPassphrase] whatever the cause.
func (h *header) open(stretched *secret.Bytes) (secrets, error) {
	bound, err := syntax.Marshal((*boundHeader)(h))
	if err != nil || len(h.sealed) != 64+tagSize {
		return secrets{}, ErrDamaged
	}
	kek := h.kek(stretched)
	defer kek.Wipe()
	buf := append([]byte{}, h.sealed...)
	defer secret.Wipe(buf)
	plain, ok := openOnce(kek, buf, bound)
	if !ok {
		return secrets{}, ErrPassphrase
	}
	return secrets{root: secret.Copy(plain[:32]), table: secret.Copy(plain[32:])}, nil
}

// writeHead makes next the header, with a fresh salt, in both slots: first in the
// one whose content matters less. As soon as one slot has it, the header has
// changed: adopt, which makes the vault go by it, is called with mu held, and
// durable is true even if the other slot could not be written and err says so.
func (v *Vault) writeHead(ctx context.Context, next header, stretched *secret.Bytes, s secrets, adopt func()) (durable bool, err error) {
	ctx = context.WithoutCancel(ctx)
	v.attempts++
	next.generation = v.attempts
	if _, err := io.ReadFull(v.random, next.salt[:]); err != nil {
		return false, err
	}
	if err := next.seal(stretched, s); err != nil {
		return false, err
	}
	content, err := next.encode()
	if err != nil {
		return false, err
	}
	v.slotsAgree = false
	if err := v.backend.SetSlot(ctx, v.firstSlot, content); err != nil {
		return false, fmt.Errorf("write header: %w", err)
	}
	v.mu.Lock()
	v.head = next
	adopt()
	v.mu.Unlock()
	v.firstSlot = 1 - v.firstSlot
	if err := v.backend.SetSlot(ctx, v.firstSlot, content); err != nil {
		return true, fmt.Errorf("write header: %w", err)
	}
	v.slotsAgree = true
	return true, nil
}
