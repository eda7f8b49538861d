package delivery

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

const (
	keySize   = 32
	saltSize  = 32
	nonceSize = 12
	tagSize   = 16
	// plainSize is what one cell can hold.
	plainSize = link.CellSize - saltSize - tagSize
)

// sealCell seals plainSize bytes into a cell:
//
//	salt[32] || AES-256-GCM(key, nonce, plain)
//
// key and nonce come from the cell key and a salt of 256 random bits, so that no
// counter has to survive a crash for them never to repeat. To one without the key
// a cell is 4096 random bytes.
func sealCell(key *secret.Bytes, plain []byte) []byte {
	cell := make([]byte, saltSize, link.CellSize)
	rand.Read(cell) // never fails (crypto/rand)
	return sealWithSalt(key, cell, plain)
}

// sealWithSalt appends the sealed bytes to the salt.
func sealWithSalt(key *secret.Bytes, salt, plain []byte) []byte {
	var cell []byte
	secret.Do(func() {
		aead, nonce := cellAEAD(key, salt)
		cell = aead.Seal(salt, nonce, plain, nil)
	})
	return cell
}

// openCell returns what a cell holds, or ok false.
func openCell(key *secret.Bytes, cell []byte) (plain []byte, ok bool) {
	if len(cell) != link.CellSize {
		return nil, false
	}
	plain = make([]byte, 0, plainSize)
	secret.Do(func() {
		aead, nonce := cellAEAD(key, cell[:saltSize])
		opened, err := aead.Open(plain, nonce, cell[saltSize:], nil)
		plain, ok = opened, err == nil
	})
	return plain, ok
}

func cellAEAD(key *secret.Bytes, salt []byte) (cipher.AEAD, []byte) {
	keys := secret.DeriveSHA256(secret.Cell, key, salt, nil, keySize+nonceSize)
	defer keys.Wipe()
	block, err := aes.NewCipher(keys.Reveal()[:keySize])
	if err != nil {
		panic("delivery: " + err.Error()) // the size is ours
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("delivery: " + err.Error())
	}
	return aead, append([]byte(nil), keys.Reveal()[keySize:]...)
}
