package secret_test

import (
	"crypto/hmac"
	"crypto/sha3"
	"fmt"
	"hash"
	"log/slog"
	"os"
	"strings"
	"testing"

	"bulle/protocol/secret"
)

func TestBytesPrintAsAFixedWord(t *testing.T) {
	s := secret.Copy([]byte("planted"))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a secret", slog.Any("key", s))
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %x", s, s, s, s, s), log.String()} {
		if strings.Contains(text, "planted") || strings.Contains(text, fmt.Sprintf("%x", "planted")) {
			t.Errorf("a secret shows in %q", text)
		}
	}
}

func TestWipeLeavesZeros(t *testing.T) {
	b := []byte("planted")
	s := secret.New(b)
	s.Wipe()
	s.Wipe()
	if strings.Trim(string(b), "\x00") != "" || s.Len() != 0 {
		t.Errorf("after Wipe: %q, length %d", b, s.Len())
	}
}

func TestEqual(t *testing.T) {
	a, b := secret.Random(32), secret.Random(32)
	if a.Equal(b) || !a.Equal(a.Clone()) || a.Equal(nil) {
		t.Error("Equal does not compare the bytes")
	}
}

// TestDeriveSHA3 derives one key a second time, from RFC 5869's own steps.
func TestDeriveSHA3(t *testing.T) {
	mac := func(key []byte, parts ...string) []byte {
		m := hmac.New(func() hash.Hash { return sha3.New512() }, key)
		m.Write([]byte(strings.Join(parts, "")))
		return m.Sum(nil)
	}
	name := secret.VaultSegment.String()
	prk := mac([]byte("salt"), "secret")
	want := mac(prk, string(rune(len(name))), name, "context", "\x01")[:32]
	got := secret.DeriveSHA3(secret.VaultSegment, secret.Copy([]byte("secret")), []byte("salt"), []byte("context"), 32)
	if !got.Equal(secret.Copy(want)) {
		t.Errorf("derived %x, want %x", got.Reveal(), want)
	}
}

func TestLabelsAreDistinctAndDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/crypto.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	seen := map[string]bool{}
	for _, e := range secret.Registry() {
		if e.Name == "" || seen[e.Name] {
			t.Errorf("label %q is empty or twice there", e.Name)
		}
		seen[e.Name] = true
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", e.Name, e.Hash, e.From, e.To)
	}
	if !strings.Contains(string(doc), want.String()) {
		t.Errorf("docs/crypto.md does not hold this table:\n%s", want.String())
	}
}
