package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

const (
	saltSize  = 32
	tagSize   = 16
	nonceSize = 12
	hashSize  = 12 // the keyed hash of a record's name, in its key
	// recordOverhead is what sealing adds to the padded value: version, salt, tag.
	recordOverhead = 1 + saltSize + tagSize
	// padTo is the multiple that values are padded to, so that the exact length
	// of a text does not show on the disk.
	padTo = 64
	// recordVersion is the first byte of a sealed record, and is bound to it.
	recordVersion = 1
)

// newGCM returns AES-256-GCM. Call it inside secret.Do: its key schedule is on the
// heap, where only the runtime can erase it.
func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("vault: " + err.Error()) // the length of the key is ours
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("vault: " + err.Error())
	}
	return gcm
}

// sealOnce seals plain in place, when it has the room for a tag, under a key that
// seals nothing else; its nonce is zero.
func sealOnce(key *secret.Bytes, plain, bound []byte) (sealed []byte) {
	out := plain[:cap(plain)]
	if len(out) < len(plain)+tagSize {
		out = make([]byte, len(plain)+tagSize)
		defer secret.Wipe(plain)
	}
	secret.Do(func() {
		newGCM(key.Reveal()).Seal(out[:0], make([]byte, nonceSize), plain, bound)
	})
	return out[:len(plain)+tagSize]
}

// openOnce opens what sealOnce sealed, in place: the result lies in sealed.
func openOnce(key *secret.Bytes, sealed, bound []byte) (plain []byte, ok bool) {
	secret.Do(func() {
		_, err := newGCM(key.Reveal()).Open(sealed[:0], make([]byte, nonceSize), sealed, bound)
		ok = err == nil
	})
	if !ok {
		return nil, false
	}
	return sealed[: len(sealed)-tagSize : len(sealed)-tagSize], true
}

// A recordContext is bound to a sealed record, and is not stored with it:
//
//	struct { uint8 version; opaque segment<V>; opaque name<V>; } RecordContext;
//
// The vault's own records have an empty segment.
type recordContext struct {
	segment, name []byte
}

func (r *recordContext) Code(c *syntax.Codec) {
	version := uint8(recordVersion)
	c.Uint8(&version)
	c.Opaque(&r.segment)
	c.Opaque(&r.name)
}

func (r *recordContext) bound() []byte {
	b, err := syntax.Marshal(r)
	if err != nil {
		panic("vault: " + err.Error()) // names are short
	}
	return b
}

// sealRecord seals a value under a key of its own:
//
//	struct {
//	    uint8  version = 1;
//	    opaque salt[32];      random; record key = HKDF-SHA256(segment key, salt)
//	    opaque sealed[...];   AES-256-GCM(record key, nonce 0, padded value)
//	} Record;
//
// The value is padded with the byte 0x80 and zeros to a multiple of 64 bytes.
func sealRecord(random io.Reader, key *secret.Bytes, ctx recordContext, value []byte) ([]byte, error) {
	padded := len(value) + padTo - len(value)%padTo
	out := make([]byte, 1+saltSize+padded, padded+recordOverhead)
	out[0] = recordVersion
	salt := out[1 : 1+saltSize]
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	plain := out[1+saltSize:]
	plain[copy(plain, value)] = 0x80
	recordKey := secret.DeriveSHA256(secret.VaultRecord, key, salt, nil, 32)
	defer recordKey.Wipe()
	sealOnce(recordKey, plain, ctx.bound())
	return out[:cap(out)], nil
}

// openRecord returns the value in place: it lies in record, and nothing else of
// record is secret. It fails with [ErrDamaged] whatever the cause.
func openRecord(key *secret.Bytes, ctx recordContext, record []byte) ([]byte, error) {
	if len(record) < recordOverhead+padTo || record[0] != recordVersion {
		return nil, ErrDamaged
	}
	recordKey := secret.DeriveSHA256(secret.VaultRecord, key, record[1:1+saltSize], nil, 32)
	defer recordKey.Wipe()
	plain, ok := openOnce(recordKey, record[1+saltSize:], ctx.bound())
	if !ok {
		return nil, ErrDamaged
	}
	for i := len(plain) - 1; i >= 0 && len(plain)-i <= padTo; i-- {
		if plain[i] == 0x80 {
			return plain[:i:i], nil
		} else if plain[i] != 0 {
			break
		}
	}
	secret.Wipe(plain)
	return nil, ErrDamaged
}

// A block is the inside of a backend's key: which segment the entry belongs to,
// and the keyed hash of its name. One block of AES-256 under the index key hides
// both; the epoch before it is visible.
//
//	struct { uint32 epoch; opaque AES(index key, Block)[16]; } Key;
//	struct { uint32 segment; opaque hash[12]; } Block;
//
// The vault's own entries have the segment 0 and, in the place of the hash:
//
//	struct { uint8 kind; opaque zero[3]; uint32 table; uint32 segment; } Own;
type block struct {
	segment uint32
	hash    [hashSize]byte
}

// The kinds of the vault's own entries.
const (
	ownMarker  = 1 // says that the table with this number is complete
	ownSegment = 2 // one segment of the table
	ownShred   = 3 // this segment is being shredded
)

func ownBlock(kind byte, table, segment uint32) block {
	var b block
	b.hash[0] = kind
	binary.BigEndian.PutUint32(b.hash[4:], table)
	binary.BigEndian.PutUint32(b.hash[8:], segment)
	return b
}

// own returns what ownBlock was given.
func (b block) own() (kind byte, table, segment uint32) {
	return b.hash[0], binary.BigEndian.Uint32(b.hash[4:]), binary.BigEndian.Uint32(b.hash[8:])
}

// encrypt returns the key of a block.
func (b block) encrypt(index *secret.Bytes, epoch uint32) (k Key) {
	binary.BigEndian.PutUint32(k[:], epoch)
	binary.BigEndian.PutUint32(k[4:], b.segment)
	copy(k[8:], b.hash[:])
	secret.Do(func() {
		c, err := aes.NewCipher(index.Reveal())
		if err != nil {
			panic("vault: " + err.Error()) // the length of the key is ours
		}
		c.Encrypt(k[4:], k[4:])
	})
	return k
}

// decryptKeys returns the blocks of many keys.
func decryptKeys(index *secret.Bytes, keys []Key) []block {
	out := make([]block, len(keys))
	secret.Do(func() {
		c, err := aes.NewCipher(index.Reveal())
		if err != nil {
			panic("vault: " + err.Error()) // the length of the key is ours
		}
		var b [aes.BlockSize]byte
		for i := range keys {
			c.Decrypt(b[:], keys[i][4:])
			out[i].segment = binary.BigEndian.Uint32(b[:])
			copy(out[i].hash[:], b[4:])
		}
	})
	return out
}

// nameHash is HMAC-SHA256 of a record's name, cut to 96 bits: the chance that any
// two of a million names agree is 2^-57.
func nameHash(names *secret.Bytes, name []byte) (h [hashSize]byte) {
	var sum [sha256.Size]byte
	secret.Do(func() {
		mac := hmac.New(sha256.New, names.Reveal()[:32])
		mac.Write(name)
		mac.Sum(sum[:0])
	})
	copy(h[:], sum[:])
	return h
}

// sealLabel seals a record's name as the label of its entry, so that records can
// be listed in order. The nonce is the keyed hash of the name: the same nonce
// comes back only with the same name, and then with the same label.
//
//	AES-256-GCM(name key, nonce = hash, struct { uint8 length; opaque name[length]; zeros to 16 })
func sealLabel(names *secret.Bytes, hash [hashSize]byte, name []byte) []byte {
	padded := (1 + len(name) + 15) / 16 * 16
	buf := make([]byte, padded, padded+tagSize)
	buf[0] = byte(len(name)) //nolint:gosec // G115: a name has 255 bytes at most
	copy(buf[1:], name)
	secret.Do(func() { newGCM(names.Reveal()[32:]).Seal(buf[:0], hash[:], buf, nil) })
	return buf[:cap(buf)]
}

// openLabels opens the labels of one segment in place and calls each for every
// name, which is only lent.
func openLabels(names *secret.Bytes, labels []label, each func(name []byte)) error {
	ok := true
	secret.Do(func() {
		gcm := newGCM(names.Reveal()[32:])
		for _, l := range labels {
			if _, err := gcm.Open(l.sealed[:0], l.hash[:], l.sealed, nil); err != nil {
				ok = false
				return
			}
		}
	})
	for _, l := range labels {
		if !ok {
			break
		}
		plain := l.sealed[:len(l.sealed)-tagSize]
		if ok = len(plain) > 0; ok {
			n := int(plain[0])
			if ok = n > 0 && (1+n+15)/16*16 == len(plain); ok {
				each(plain[1 : 1+n])
			}
		}
	}
	for _, l := range labels {
		secret.Wipe(l.sealed)
	}
	if !ok {
		return ErrDamaged
	}
	return nil
}

// A label is a record's sealed name with its hash.
type label struct {
	hash   [hashSize]byte
	sealed []byte
}
