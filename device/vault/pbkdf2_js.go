package vault

import "bulle/protocol/webcrypto"

// platformPBKDF2 is the browser's, which is nine times as fast as Go's in
// WebAssembly and does not depend on tables. Where there is none, Go's is as good.
func platformPBKDF2(passphrase, salt []byte, iterations int) ([]byte, error) {
	if !webcrypto.Available() {
		return standardPBKDF2(passphrase, salt, iterations)
	}
	return webcrypto.PBKDF2(passphrase, salt, iterations, 32)
}
