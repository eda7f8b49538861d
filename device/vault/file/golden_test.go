package file_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/protocol/secret"
)

// The vault in testdata/v1 was written by the first version. It stays for ever: a
// later version opens it, and this one still writes the same bytes.

var update = flag.Bool("update", false, "write testdata/v1 again (never, once it was released)")

const goldenPhrase = "golden vault of the very first version, kept for ever"

// writeGolden makes the vault with numbers that only look random.
func writeGolden(t *testing.T, dir string) {
	t.Helper()
	b, err := file.Open(dir, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := vault.Options{KDF: vault.PBKDF2(vault.MinIterations), Rand: rand.NewChaCha8([32]byte{1})}
	v, err := vault.Create(t.Context(), b, secret.Copy([]byte(goldenPhrase)), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(tx *vault.Tx) error{
		func(tx *vault.Tx) error {
			return errors.Join(tx.NewSegment("chat"), tx.NewSegment("doomed"), tx.Put("chat", "m/1", []byte("first")),
				tx.Put("chat", "m/2", []byte("second")), tx.Put("chat", "m/3", bytes.Repeat([]byte{3}, 1000)), tx.Put("doomed", "a", []byte("gone")))
		},
		func(tx *vault.Tx) error {
			return errors.Join(tx.Put("chat", "m/1", []byte("replaced")), tx.Delete("chat", "m/2"))
		},
		func(tx *vault.Tx) error { return errors.Join(tx.Shred("doomed"), tx.NewSegment("empty")) },
	} {
		if err := v.Update(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	golden := filepath.Join("testdata", "v1")
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		writeGolden(t, golden)
		if err := os.Remove(filepath.Join(golden, "lock")); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	writeGolden(t, dir)
	for _, name := range []string{"header", "00000001.log"} {
		want, err := os.ReadFile(filepath.Join(golden, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is written in another way (%d bytes, %d before), %v", name, len(got), len(want), err)
		}
	}
	readGolden(t, golden)
}

func readGolden(t *testing.T, golden string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	b, err := file.Open(dir, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(context.Background(), b, secret.Copy([]byte(goldenPhrase)), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	segments, err := v.Segments(t.Context())
	if err != nil || strings.Join(segments, " ") != "chat empty" {
		t.Errorf("segments %q, %v", segments, err)
	}
	names, err := v.List(t.Context(), "chat", vault.Range{})
	if err != nil || strings.Join(names, " ") != "m/1 m/3" {
		t.Errorf("names %q, %v", names, err)
	}
	for name, want := range map[string]string{"m/1": "replaced", "m/3": strings.Repeat("\x03", 1000)} {
		if got, err := v.Get(t.Context(), "chat", name); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}
