//go:build !js

package vault

// platformPBKDF2 is the fastest PBKDF2 of this platform.
func platformPBKDF2(passphrase, salt []byte, iterations int) ([]byte, error) {
	return standardPBKDF2(passphrase, salt, iterations)
}
