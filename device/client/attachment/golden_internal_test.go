package attachment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

func goldenKey() *secret.Bytes {
	b := make([]byte, KeySize)
	for i := range b {
		b[i] = byte(i)
	}
	return secret.New(b)
}

func TestGolden(t *testing.T) {
	chunk := bytes.Repeat([]byte("chunk..."), ChunkSize/8)
	var got strings.Builder
	line := func(name string, b []byte) { fmt.Fprintf(&got, "%s %s\n", name, hex.EncodeToString(b)) }
	for _, v := range []struct {
		name  string
		value syntax.Value
	}{
		{"manifest", &Manifest{
			Key: goldenKey(), Size: 300000, Hash: sha256.Sum256(nil), Class: link.Week,
			Name: "été.txt", Type: "text/plain", Preview: []byte{1, 2},
		}},
		{"upload", &Upload{
			Key: goldenKey(), Size: 300000, Done: 1, Prefix: sha256.Sum256(chunk), Class: link.Month,
			Name: "été.txt", Type: "text/plain",
		}},
	} {
		b, err := syntax.Marshal(v.value)
		if err != nil {
			t.Fatal(err)
		}
		line(v.name, b)
	}
	for _, number := range []uint64{0, 1, 1 << 32} {
		b := blob(goldenKey(), number)
		line(fmt.Sprintf("blob %d id", number), b.ID[:])
		line(fmt.Sprintf("blob %d read", number), b.Read[:])
		line(fmt.Sprintf("blob %d delete", number), b.Delete[:])
		sealed, err := NewSealer(goldenKey()).Seal(nil, number, chunk)
		if err != nil || len(sealed) != sealedSize {
			t.Fatalf("%d bytes, %v", len(sealed), err)
		}
		if plain, err := newGCM(goldenKey()).Seal(nil, number, chunk); err != nil || !bytes.Equal(plain, sealed) {
			t.Errorf("Go's own AES seals chunk %d otherwise, %v", number, err)
		}
		sum := sha256.Sum256(sealed)
		line(fmt.Sprintf("blob %d start", number), sealed[:48])
		line(fmt.Sprintf("blob %d sha256", number), sum[:])
	}
	want, err := os.ReadFile("testdata/golden-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got:\n%s", got.String())
	}
}

func TestAChunkOpensOnlyInItsPlace(t *testing.T) {
	s := NewSealer(goldenKey())
	sealed, err := s.Seal(nil, 3, make([]byte, ChunkSize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(nil, 3, sealed); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Open(nil, 4, sealed); out != nil || !errors.Is(err, ErrDamaged) {
		t.Errorf("in another place: %v", err)
	}
	if out, err := NewSealer(secret.Random(KeySize)).Open(nil, 3, sealed); out != nil || !errors.Is(err, ErrDamaged) {
		t.Errorf("with another key: %v", err)
	}
}

// TestNoTwoContentsShareAKey is what makes it safe to seal a chunk again from a
// source that may have changed.
func TestNoTwoContentsShareAKey(t *testing.T) {
	s := NewSealer(goldenKey())
	chunk := make([]byte, ChunkSize)
	seen := map[string]bool{}
	for i := range 64 {
		chunk[i*4096] ^= 1
		for number := range uint64(2) {
			sealed, err := s.Seal(nil, number, chunk)
			if err != nil {
				t.Fatal(err)
			}
			if salt := string(sealed[:saltSize]); seen[salt] {
				t.Fatal("a salt repeats")
			} else {
				seen[salt] = true
			}
		}
	}
}

func TestUnknownVersionsAreRefused(t *testing.T) {
	b, err := syntax.Marshal(NewManifest(nil, link.Day))
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 2
	if err := syntax.Unmarshal(b, new(Manifest)); !errors.Is(err, syntax.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func FuzzManifest(f *testing.F) { fuzz[Manifest](f, NewManifest([]byte("data"), link.Day)) }

func FuzzUpload(f *testing.F) { fuzz[Upload](f, NewUpload("name", "text/plain", 1<<20, link.Day)) }

func fuzz[T any, P interface {
	*T
	syntax.Value
}](f *testing.F, seed P) {
	f.Helper()
	b, err := syntax.Marshal(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		v := P(new(T))
		if syntax.Unmarshal(b, v) != nil {
			return
		}
		if again, err := syntax.Marshal(v); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decodes, but encodes otherwise, %v", err)
		}
	})
}

func FuzzOpenChunk(f *testing.F) {
	s := NewSealer(goldenKey())
	sealed, err := s.Seal(nil, 0, make([]byte, ChunkSize))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed[:100])
	f.Add(bytes.Repeat([]byte{1}, sealedSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := s.Open(nil, 0, b); err == nil || out != nil {
			t.Fatal("a forged chunk opens")
		}
	})
}
