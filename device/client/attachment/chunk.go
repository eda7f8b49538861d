package attachment

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

const (
	saltSize  = sha256.Size
	nonceSize = 12
	tagSize   = 16
	// sealedSize is the size of every blob.
	sealedSize = saltSize + ChunkSize + tagSize
)

// A Sealer seals and opens the chunks of one file. It must give the same bytes
// for the same chunk each time. It is called concurrently.
//
// [NewSealer] makes the one of the platform; [Options] can bring another.
type Sealer interface {
	// Seal appends the sealed form of a chunk of ChunkSize bytes to dst.
	Seal(dst []byte, number uint64, chunk []byte) ([]byte, error)
	// Open appends the chunk to dst, or fails with [ErrDamaged] and appends nothing.
	Open(dst []byte, number uint64, sealed []byte) ([]byte, error)
}

// gcm seals a chunk as
//
//	salt[32] || AES-256-GCM(key, nonce, chunk)
//
// salt is the HMAC-SHA256 of number and chunk under a key of the file, and key
// and nonce are derived from file key, salt and number. Two contents never share
// a key and nonce, whatever the source does between two attempts, and the same
// content gives the same bytes, so that a chunk may be put again.
type gcm struct {
	key  *secret.Bytes
	salt *secret.Bytes
}

// newGCM returns the sealer whose AES is Go's.
func newGCM(key *secret.Bytes) *gcm {
	return &gcm{key: key, salt: secret.DeriveSHA256(secret.FileSalt, key, nil, nil, sha256.Size)}
}

func (g *gcm) Seal(dst []byte, number uint64, chunk []byte) ([]byte, error) {
	salt := g.saltOf(number, chunk)
	dst = append(dst, salt...)
	secret.Do(func() {
		aead, nonce := g.aead(salt, number)
		dst = aead.Seal(dst, nonce, chunk, nil)
	})
	return dst, nil
}

func (g *gcm) Open(dst []byte, number uint64, sealed []byte) ([]byte, error) {
	if len(sealed) != sealedSize {
		return nil, ErrDamaged
	}
	salt, body := sealed[:saltSize], sealed[saltSize:]
	var out []byte
	secret.Do(func() {
		aead, nonce := g.aead(salt, number)
		if opened, err := aead.Open(dst, nonce, body, nil); err == nil {
			out = opened
		}
	})
	if out == nil {
		return nil, ErrDamaged
	}
	return out, nil
}

func (g *gcm) saltOf(number uint64, chunk []byte) []byte {
	mac := hmac.New(sha256.New, g.salt.Reveal())
	mac.Write(encodeNumber(number))
	mac.Write(chunk)
	return mac.Sum(nil)
}

func (g *gcm) aead(salt []byte, number uint64) (cipher.AEAD, []byte) {
	keys := g.keys(salt, number)
	defer keys.Wipe()
	block, err := aes.NewCipher(keys.Reveal()[:KeySize])
	if err != nil {
		panic("attachment: " + err.Error()) // the size is ours
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("attachment: " + err.Error())
	}
	return aead, append([]byte(nil), keys.Reveal()[KeySize:]...)
}

// keys are key and nonce of a chunk.
func (g *gcm) keys(salt []byte, number uint64) *secret.Bytes {
	return secret.DeriveSHA256(secret.FileChunk, g.key, salt, encodeNumber(number), KeySize+nonceSize)
}

func encodeNumber(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// blob returns the identifier and caps of a chunk. Nothing ties the identifiers
// of one file together for who lacks the file key.
func blob(key *secret.Bytes, number uint64) link.Blob {
	var b link.Blob
	caps := secret.DeriveSHA3(secret.FileBlob, key, nil, encodeNumber(number), len(b.ID)+len(b.Read)+len(b.Delete))
	defer caps.Wipe()
	rest := caps.Reveal()
	for _, field := range [][]byte{b.ID[:], b.Read[:], b.Delete[:]} {
		rest = rest[copy(field, rest):]
	}
	return b
}
