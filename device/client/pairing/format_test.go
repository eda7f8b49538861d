package pairing

import (
	"bytes"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
	"bulle/protocol/syntax/syntaxtest"
)

func golden(tb testing.TB) map[string]syntax.Value {
	tb.Helper()
	s := func(b byte, n int) *secret.Bytes { return secret.New(bytes.Repeat([]byte{b}, n)) }
	return map[string]syntax.Value{
		"commit.bin":    &message{kind: kindCommit, fixed: [32]byte{1}},
		"challenge.bin": &message{kind: kindChallenge, fixed: [32]byte{2}},
		"reveal.bin": &message{kind: kindReveal, reveal: reveal{
			nonce: [32]byte{3}, device: [32]byte{4}, key: bytes.Repeat([]byte{5}, keySize), name: "Téléphone",
		}},
		"sealed.bin": &message{kind: kindBundle, sealed: []byte{6, 7}},
		"cancel.bin": &message{kind: kindCancel},
		"bundle.bin": &Bundle{Member: s(1, 32), Directory: s(2, 32), Founder: s(3, 32), Transfer: s(4, TransferSize), Name: "Alice"},
		"member.bin": &Bundle{Member: s(1, 32), Directory: s(2, 32), Transfer: s(4, TransferSize), Name: "Alice"},
	}
}

func TestGoldenBytes(t *testing.T) { syntaxtest.KeepBytes(t, golden(t)) }

func FuzzMessage(f *testing.F) { syntaxtest.FuzzBytes(f, golden(f)) }

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"": false, "phone": true, "Téléphone de Zoé": true, "a\nb": false, "\u202Eenohp": false, "x\x00": false, "\xff": false,
		string(bytes.Repeat([]byte("a"), MaxName)): true, string(bytes.Repeat([]byte("a"), MaxName+1)): false,
	} {
		if ValidName(name) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}
