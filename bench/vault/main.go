// Command vault measures what a person waits for: unlocking a vault, empty and
// full, with each way of stretching a passphrase. The yardstick is plain PBKDF2
// at the floor, measured in the same run.
package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/protocol/secret"
)

const (
	runs    = 5
	records = 10_000
	batch   = 500 // records a transaction
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bulle-bench-vault-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Printf("## Vault: unlock, median of %d (fastest to slowest)\n\n", runs)
	fmt.Println("| what | time | against the yardstick |")
	fmt.Println("|---|---|---|")
	yardstick, err := repeat(func() error {
		_, err := pbkdf2.Key(sha256.New, rand.Text(), []byte(rand.Text()), vault.MinIterations, 32)
		return err
	})
	if err != nil {
		return err
	}
	yardstick.row("plain PBKDF2-HMAC-SHA256, 600,000 iterations", yardstick)
	for i, c := range []struct {
		what    string
		kdf     vault.KDF
		records int
	}{
		{"PBKDF2, 600,000 iterations, empty vault", vault.PBKDF2(vault.MinIterations), 0},
		{fmt.Sprintf("the same, %d records", records), vault.PBKDF2(vault.MinIterations), records},
		{"as calibrated at creation, empty vault", vault.KDF{}, 0},
		{"Argon2id, 3 passes over 64 MiB, 1 lane, empty vault", vault.Argon2id(3, 64<<10, 1), 0},
	} {
		took, kdf, err := unlock(ctx, filepath.Join(dir, fmt.Sprint(i)), c.kdf, c.records)
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		took.row(c.what+" ("+kdf.String()+")", yardstick)
	}
	return nil
}

// unlock makes a vault and measures opening it, from the closed directory to the
// first record read.
func unlock(ctx context.Context, dir string, kdf vault.KDF, n int) (times, vault.KDF, error) {
	pass := secret.New([]byte(rand.Text() + rand.Text()))
	defer pass.Wipe()
	open := func(f func(context.Context, vault.Backend, *secret.Bytes, vault.Options) (*vault.Vault, error)) (*vault.Vault, error) {
		backend, err := file.Open(dir, file.Options{})
		if err != nil {
			return nil, err
		}
		v, err := f(ctx, backend, pass, vault.Options{KDF: kdf})
		if err != nil {
			_ = backend.Close()
		}
		return v, err
	}
	v, err := open(vault.Create)
	if err != nil {
		return times{}, kdf, err
	}
	if err := fill(ctx, v, n); err != nil {
		return times{}, kdf, err
	}
	kdf = v.KDF()
	if err := v.Close(); err != nil {
		return times{}, kdf, err
	}
	took, err := repeat(func() error {
		v, err := open(vault.Open)
		if err != nil {
			return err
		}
		if _, err := v.Get(ctx, "bench", "00000000"); err != nil {
			return err
		}
		return v.Close()
	})
	return took, kdf, err
}

// fill writes n records of 1 KiB, and always the first.
func fill(ctx context.Context, v *vault.Vault, n int) error {
	if err := v.Update(ctx, func(tx *vault.Tx) error { return tx.NewSegment("bench") }); err != nil {
		return err
	}
	value := make([]byte, 1024)
	for i := 0; i < max(n, 1); i += batch {
		err := v.Update(ctx, func(tx *vault.Tx) error {
			for j := i; j < min(i+batch, max(n, 1)); j++ {
				if err := tx.Put("bench", fmt.Sprintf("%08d", j), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// times are the durations of the runs, in order of size.
type times []time.Duration

func repeat(f func() error) (times, error) {
	var took times
	for range runs {
		start := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

func (t times) median() time.Duration { return t[len(t)/2] }

func (t times) row(what string, yardstick times) {
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	fmt.Printf("| %s | %v (%v to %v) | %.2f |\n", what, round(t.median()), round(t[0]), round(t[len(t)-1]),
		float64(t.median())/float64(yardstick.median()))
}
