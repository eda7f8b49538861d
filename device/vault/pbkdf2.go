package vault

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"unsafe"
)

// standardPBKDF2 is that of the standard library.
func standardPBKDF2(passphrase, salt []byte, iterations int) ([]byte, error) {
	view := unsafe.String(unsafe.SliceData(passphrase), len(passphrase)) //nolint:gosec // G103: a string of its own could not be wiped
	return pbkdf2.Key(sha256.New, view, salt, iterations, 32)
}
