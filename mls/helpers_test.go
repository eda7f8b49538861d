package mls

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"bulle/protocol/secret"
)

// hexBytes is a byte string as the vectors write it.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	d, err := hex.DecodeString(s)
	*h = d
	return err
}

// trusting is an authentication service that believes everybody: a client is
// whoever presents the same credential.
type trusting struct{}

func (trusting) ValidateCredential(Credential, []byte) error     { return nil }
func (trusting) ValidateExternalSender(Credential, []byte) error { return nil }
func (trusting) SameClient(a, b Credential) bool                 { return a.Equal(&b) }

// pskMap is a store of external pre-shared keys.
type pskMap map[string][]byte

func (m pskMap) PSK(id PSKID) (*secret.Bytes, error) {
	if k, ok := m[string(id.ID)]; ok && id.Type == PSKExternal {
		return secret.Copy(k), nil
	}
	return nil, ErrPSK
}

// testNow is the present in tests.
func testNow() time.Time { return time.Unix(1_800_000_000, 0) }

func testConfig() Config {
	return Config{Rand: rand.Reader, Now: testNow, Credentials: trusting{}}
}

func mustAlgorithms(tb testing.TB, s Suite) *algorithms {
	tb.Helper()
	a, err := s.algorithms()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// forSuite runs a test as a subtest of its suite, and skips what no Go library
// implements: suites 4 and 6, on X448 and Ed448.
func forSuite(t *testing.T, i int, s Suite, f func(t *testing.T, a *algorithms)) {
	t.Helper()
	t.Run(fmt.Sprintf("%d/suite%d", i, uint16(s)), func(t *testing.T) {
		if s == 4 || s == 6 {
			t.Skip("X448 and Ed448 are not implemented")
		}
		f(t, mustAlgorithms(t, s))
	})
}

// slowHere reports whether a suite is too slow to be exercised beyond its vectors:
// P-521 in a browser, where nobody should use it.
func slowHere(s Suite) bool { return runtime.GOOS == "js" && s == P521AES256 }

func equal(tb testing.TB, what string, got, want []byte) {
	tb.Helper()
	if !bytes.Equal(got, want) {
		tb.Fatalf("%s is %x, want %x", what, got, want)
	}
}

// padded is a P-521 private key with the zeros that some vectors strip.
func padded(s Suite, private []byte) []byte {
	if s == P521AES256 && len(private) < 66 {
		return append(make([]byte, 66-len(private)), private...)
	}
	return private
}
