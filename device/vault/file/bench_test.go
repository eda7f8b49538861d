package file_test

import (
	"context"
	"fmt"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/protocol/secret"
)

// Benchmarks of a vault on this disk. Unlock counts without the stretching of the
// passphrase, which is as slow as it was calibrated to be.

func phrase() *secret.Bytes {
	return secret.Copy([]byte("seven quiet otters paint the wooden bridge at noon"))
}

// filled returns the directory of a vault with n messages of 256 bytes over a number of segments.
func filled(b *testing.B, n, segments int) string {
	b.Helper()
	dir := b.TempDir()
	v := opened(b, dir, true)
	for s := range segments {
		segment := fmt.Sprint("conversation/", s)
		err := v.Update(b.Context(), func(tx *vault.Tx) error {
			if err := tx.NewSegment(segment); err != nil {
				return err
			}
			for i := range n / segments {
				if err := tx.Put(segment, fmt.Sprintf("m/%016d", i), make([]byte, 256)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

func opened(b *testing.B, dir string, create bool) *vault.Vault {
	b.Helper()
	backend, err := file.Open(dir, file.Options{})
	if err != nil {
		b.Fatal(err)
	}
	f := vault.Open
	if create {
		f = vault.Create
	}
	v, err := f(context.Background(), backend, phrase(), vault.Options{KDF: vault.PBKDF2(vault.MinIterations)})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

func BenchmarkUnlock(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := filled(b, n, 10)
			for b.Loop() {
				v := opened(b, dir, false)
				b.StopTimer()
				if err := v.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

func BenchmarkStretch(b *testing.B) {
	backend, err := file.Open(b.TempDir(), file.Options{})
	if err != nil {
		b.Fatal(err)
	}
	v, err := vault.Create(b.Context(), backend, phrase(), vault.Options{KDF: vault.PBKDF2(vault.MinIterations)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	wrong := secret.Copy([]byte("wrong"))
	for b.Loop() {
		_ = v.ChangePassphrase(b.Context(), wrong, wrong, vault.KDF{})
	}
}

// BenchmarkLast50 opens a conversation of 10,000 messages at its end, from locked.
func BenchmarkLast50(b *testing.B) {
	dir := filled(b, 10_000, 1)
	last := vault.Range{Prefix: "m/", Reverse: true, Limit: 50}
	read := func(v *vault.Vault) {
		if err := v.Scan(b.Context(), "conversation/0", last, func(string, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			v := opened(b, dir, false)
			b.StartTimer()
			read(v)
			b.StopTimer()
			if err := v.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("again", func(b *testing.B) {
		v := opened(b, dir, false)
		defer func() { _ = v.Close() }()
		for b.Loop() {
			read(v)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	v := opened(b, filled(b, 10_000, 1), false)
	defer func() { _ = v.Close() }()
	i := 0
	for b.Loop() {
		if _, err := v.Get(b.Context(), "conversation/0", fmt.Sprintf("m/%016d", i%10_000)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkUpdate is a transaction of three records, as sending a message is.
func BenchmarkUpdate(b *testing.B) {
	v := opened(b, filled(b, 10, 1), false)
	defer func() { _ = v.Close() }()
	state := make([]byte, 4096)
	i := 0
	for b.Loop() {
		err := v.Update(b.Context(), func(tx *vault.Tx) error {
			for _, name := range []string{"state", fmt.Sprintf("m/%016d", i), "outbox"} {
				if err := tx.Put("conversation/0", name, state); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		i++
	}
}
