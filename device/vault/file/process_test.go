package file_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/protocol/secret"
)

const writerEnv = "BULLE_TEST_WRITER"

// TestKilledProcessLosesNothing kills processes while they write, and checks that
// all that they were told is durable is there.
func TestKilledProcessLosesNothing(t *testing.T) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeForEver(t, dir)
		return
	}
	dir := t.TempDir()
	for round := range 5 {
		acknowledged := killWriter(t, dir, 20+37*round)
		b, err := file.Open(dir, small)
		if err != nil {
			t.Fatal(err)
		}
		values, err := b.Get(t.Context(), []vault.Key{{1}, {2}})
		if err != nil {
			t.Fatal(err)
		}
		one, two := binary.BigEndian.Uint64(values[0]), binary.BigEndian.Uint64(values[1])
		if one != two || one < acknowledged || one > acknowledged+1 {
			t.Errorf("round %d: %d and %d are there, %d was acknowledged", round, one, two, acknowledged)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter starts a writer, kills it after some acknowledgements and returns the last.
func killWriter(t *testing.T, dir string, after int) (last uint64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcessLosesNothing$")
	cmd.Env = append(os.Environ(), writerEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d", &last); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		if n == after {
			if _, err := file.Open(dir, small); !errors.Is(err, vault.ErrInUse) {
				t.Errorf("opened while another process writes: %v", err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return last
}

func writeForEver(t *testing.T, dir string) {
	t.Helper()
	b, err := file.Open(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	values, err := b.Get(t.Context(), []vault.Key{{1}})
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	if values[0] != nil {
		n = binary.BigEndian.Uint64(values[0])
	}
	for {
		n++
		value := append(binary.BigEndian.AppendUint64(nil, n), make([]byte, 100)...)
		batch := vault.Batch{Puts: []vault.Entry{{Key: vault.Key{1}, Value: value}, {Key: vault.Key{2}, Value: value}}}
		if err := b.Apply(t.Context(), &batch); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(os.Stdout, "acknowledged %d\n", n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFilesHoldNothingOfWhatIsGone looks into the files of a vault for what a thief
// with the passphrase would need to read a deleted, replaced or shredded record, or
// one from before a rotation: the records' salts and the sealed bytes behind them.
func TestFilesHoldNothingOfWhatIsGone(t *testing.T) {
	dir := t.TempDir()
	b, err := file.Open(dir, file.Options{LogSize: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	watched := &values{Backend: b, live: map[vault.Key]string{}, gone: map[string]bool{}}
	o := vault.Options{KDF: vault.PBKDF2(vault.MinIterations), PBKDF2: func(p, salt []byte, _ int) ([]byte, error) {
		sum := sha256.Sum256(append(bytes.Clone(salt), p...)) // the time is better spent elsewhere
		return sum[:], nil
	}}
	v, err := vault.Create(t.Context(), watched, phrase(), o)
	if err != nil {
		t.Fatal(err)
	}
	plain := secret.Random(48)
	step := func(what string, f func(tx *vault.Tx) error) {
		t.Helper()
		if err := v.Update(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		watched.check(t, dir, what, plain)
	}
	step("put", func(tx *vault.Tx) error {
		err := errors.Join(tx.NewSegment("chat"), tx.NewSegment("doomed"))
		for i := range 100 {
			err = errors.Join(err, tx.Put("chat", fmt.Sprint("name of ", i), plain.Reveal()), tx.Put("doomed", fmt.Sprint(i), plain.Reveal()))
		}
		return err
	})
	for i := range 60 {
		step("replace and delete", func(tx *vault.Tx) error {
			return errors.Join(tx.Put("chat", "state", plain.Reveal()), tx.Delete("chat", fmt.Sprint("name of ", i)))
		})
	}
	step("shred", func(tx *vault.Tx) error { return tx.Shred("doomed") })
	if len(watched.gone) < 200 {
		t.Errorf("only %d values are gone", len(watched.gone))
	}
	if err := v.ChangePassphrase(t.Context(), phrase(), secret.Copy([]byte("nine slow turtles cross the frozen valley before dawn")), vault.KDF{}); err != nil {
		t.Fatal(err)
	}
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	watched.check(t, dir, "rotate", plain)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// values remembers the beginnings of all values that no longer are entries.
type values struct {
	vault.Backend

	live map[vault.Key]string
	gone map[string]bool
}

func (w *values) Apply(ctx context.Context, b *vault.Batch) error {
	drop := func(k vault.Key) {
		if w.live[k] != "" {
			w.gone[w.live[k]] = true
		}
		delete(w.live, k)
	}
	for _, k := range b.Deletes {
		drop(k)
	}
	for _, e := range b.Puts {
		drop(e.Key)
		if len(e.Value) > 0 {
			w.live[e.Key] = string(e.Value[1:33]) // the salt
		}
	}
	return w.Backend.Apply(ctx, b)
}

func (w *values) SetSlot(ctx context.Context, slot int, content []byte) error {
	old, err := w.Slots(ctx)
	if err != nil {
		return err
	}
	if err := w.Backend.SetSlot(ctx, slot, content); err != nil {
		return err
	}
	if n := len(old[slot]); n > 112 {
		w.gone[string(old[slot][n-112:n-32])] = true // the sealed root and table key
	}
	if other := old[1-slot]; len(other) > 112 {
		delete(w.gone, string(other[len(other)-112:len(other)-32]))
	}
	return nil
}

func (w *values) check(t *testing.T, dir, when string, plain *secret.Bytes) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, plain.Reveal()) || bytes.Contains(raw, []byte("name of ")) || bytes.Contains(raw, []byte("doomed")) {
			t.Fatalf("after %s: %s has something in the clear", when, filepath.Base(name))
		}
		for gone := range w.gone {
			if bytes.Contains(raw, []byte(gone)) {
				t.Fatalf("after %s: %s has something that is gone", when, filepath.Base(name))
			}
		}
	}
}
