package pairing

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

var update = flag.Bool("update", false, "write the golden bytes of new formats")

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

func TestGoldenBytes(t *testing.T) {
	for name, v := range golden(t) {
		got, err := syntax.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the bytes changed: %v", name, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, v := range golden(f) {
		b, err := syntax.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []syntax.Value{&message{}, &Bundle{}} {
			if syntax.Unmarshal(b, v) != nil {
				continue
			}
			if again, err := syntax.Marshal(v); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x becomes %x (%v)", b, again, err)
			}
		}
	})
}

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
