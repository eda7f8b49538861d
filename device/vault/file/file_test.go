package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/device/vault/vaulttest"
)

func TestContract(t *testing.T) {
	for name, size := range map[string]int64{"default": 0, "small files": 16 << 10} {
		t.Run(name, func(t *testing.T) {
			vaulttest.Backend(t, func(tb testing.TB) func() vault.Backend {
				tb.Helper()
				dir := filepath.Join(tb.TempDir(), "vault")
				return func() vault.Backend {
					b, err := file.Open(dir, file.Options{LogSize: size})
					if err != nil {
						tb.Fatal(err)
					}
					return b
				}
			})
		})
	}
}

func TestDirectoryIsForItsOwnerAndOneProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "vault")
	if file.Exists(dir) {
		t.Error("a missing directory holds a vault")
	}
	b, err := file.Open(dir, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := file.Open(dir, file.Options{}); !errors.Is(err, vault.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if file.Exists(dir) {
		t.Error("an empty backend is a vault")
	}
	if err := b.SetSlot(context.Background(), 0, []byte("header")); err != nil {
		t.Fatal(err)
	}
	if !file.Exists(dir) {
		t.Error("the vault is not seen")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if b, err = file.Open(dir, file.Options{}); err != nil {
		t.Fatal(err)
	}
	if info, err = os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
