package clienttest

import (
	"bytes"
	"crypto/sha256"

	"bulle/device/vault"
)

// VaultOptions make vaults whose passphrase is not stretched, so that a test does
// not pay for it. Such a vault opens with the same options only.
func VaultOptions() vault.Options {
	return vault.Options{
		KDF: vault.PBKDF2(vault.MinIterations),
		PBKDF2: func(p, salt []byte, _ int) ([]byte, error) {
			sum := sha256.Sum256(append(bytes.Clone(salt), p...))
			return sum[:], nil
		},
	}
}
