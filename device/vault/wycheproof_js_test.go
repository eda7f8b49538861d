package vault_test

import (
	"bytes"
	"testing"

	"bulle/protocol/webcrypto"
)

// TestWycheproofPBKDF2OfTheBrowser runs the vectors through what stretches a
// passphrase in a browser.
func TestWycheproofPBKDF2OfTheBrowser(t *testing.T) {
	if !webcrypto.Available() {
		t.Fatal("there is no WebCrypto here")
	}
	each(t, "pbkdf2_hmacsha256_test.json", func(t *testing.T, v vector, _, _ int) bool {
		t.Helper()
		dk, err := webcrypto.PBKDF2(v.Password, v.Salt, v.IterationCount, v.DKLen)
		if valid := v.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(dk, v.DK) {
			t.Errorf("vector %d: %v", v.TcID, err)
		}
		return true
	})
}
