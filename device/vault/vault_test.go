package vault_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

const phrase = "seven quiet otters paint the wooden bridge at noon"

// quick stretches in no time, whatever the iterations; TestStretching does not.
var quick = vault.Options{KDF: vault.PBKDF2(vault.MinIterations), PBKDF2: quickPBKDF2}

func quickPBKDF2(passphrase, salt []byte, iterations int) ([]byte, error) {
	mac := hmac.New(sha256.New, passphrase)
	mac.Write(binary.BigEndian.AppendUint64(salt, uint64(iterations)))
	return mac.Sum(nil), nil
}

func pass(s string) *secret.Bytes { return secret.Copy([]byte(s)) }

// create returns an open vault with one segment, "chat".
func create(tb testing.TB, b vault.Backend) *vault.Vault {
	tb.Helper()
	v, err := vault.Create(tb.Context(), b, pass(phrase), quick)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(v.Lock)
	update(tb, v, func(tx *vault.Tx) error { return tx.NewSegment("chat") })
	return v
}

func open(tb testing.TB, b vault.Backend) *vault.Vault {
	tb.Helper()
	v, err := vault.Open(tb.Context(), b, pass(phrase), quick)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(v.Lock)
	return v
}

func update(tb testing.TB, v *vault.Vault, f func(*vault.Tx) error) {
	tb.Helper()
	if err := v.Update(tb.Context(), f); err != nil {
		tb.Fatal(err)
	}
}

func put(tb testing.TB, v *vault.Vault, segment string, pairs ...string) {
	tb.Helper()
	update(tb, v, func(tx *vault.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put(segment, pairs[i], []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

func wantValue(tb testing.TB, v *vault.Vault, segment, name, want string) {
	tb.Helper()
	got, err := v.Get(tb.Context(), segment, name)
	if err != nil || string(got) != want {
		tb.Errorf("%s/%s is %q, %v; want %q", segment, name, got, err, want)
	}
}

func wantError(tb testing.TB, got, want error) {
	tb.Helper()
	if !errors.Is(got, want) {
		tb.Errorf("got %v, want %v", got, want)
	}
}

func TestRecordsSurviveReopening(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	big := strings.Repeat("0123456789abcdef", 1<<16)
	put(t, v, "chat", "a", "first", "b", "", "c", big, strings.Repeat("n", vault.MaxName), "long name")
	put(t, v, "chat", "a", "replaced")
	before := v.Commits()
	v.Lock()
	v = open(t, b)
	wantValue(t, v, "chat", "a", "replaced")
	wantValue(t, v, "chat", "b", "")
	wantValue(t, v, "chat", "c", big)
	wantValue(t, v, "chat", strings.Repeat("n", vault.MaxName), "long name")
	if v.Commits() < before {
		t.Errorf("commits went from %d to %d", before, v.Commits())
	}
	if n, err := v.Count(t.Context(), "chat"); err != nil || n != 4 {
		t.Errorf("counted %d, %v", n, err)
	}
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	v := create(t, memory.New())
	put(t, v, "chat", "a", "kept")
	commits := v.Commits()
	stop := errors.New("changed my mind")
	err := v.Update(t.Context(), func(tx *vault.Tx) error {
		return errors.Join(tx.NewSegment("other"), tx.Put("other", "x", nil), tx.Put("chat", "a", []byte("lost")),
			tx.Put("chat", "b", nil), stop)
	})
	wantError(t, err, stop)
	wantValue(t, v, "chat", "a", "kept")
	if _, err := v.Get(t.Context(), "chat", "b"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if v.HasSegment("other") || v.Commits() != commits {
		t.Error("an abandoned transaction left something")
	}
	update(t, v, func(*vault.Tx) error { return nil })
	if v.Commits() != commits {
		t.Error("an empty transaction was stored")
	}
}

func TestTransactionSeesItsOwnChanges(t *testing.T) {
	v := create(t, memory.New())
	put(t, v, "chat", "b", "2", "d", "4", "f", "6")
	update(t, v, func(tx *vault.Tx) error {
		for _, err := range []error{
			tx.Put("chat", "a", []byte("1")), tx.Put("chat", "d", []byte("IV")), tx.Put("chat", "g", []byte("7")),
			tx.Delete("chat", "f"), tx.Delete("chat", "never"), tx.Put("chat", "e", nil), tx.Delete("chat", "e"),
		} {
			if err != nil {
				return err
			}
		}
		got, err := tx.Get("chat", "d")
		if err != nil || string(got) != "IV" {
			t.Errorf("d is %q, %v", got, err)
		}
		_, err = tx.Get("chat", "f")
		wantError(t, err, vault.ErrNotFound)
		for _, c := range []struct {
			r    vault.Range
			want string
		}{
			{vault.Range{}, "a b d g"},
			{vault.Range{Reverse: true}, "g d b a"},
			{vault.Range{Limit: 2}, "a b"},
			{vault.Range{Limit: 3, Reverse: true}, "g d b"},
			{vault.Range{From: "b", To: "g"}, "b d"},
		} {
			names, err := tx.List("chat", c.r)
			if err != nil || strings.Join(names, " ") != c.want {
				t.Errorf("%+v lists %q, %v; want %q", c.r, names, err, c.want)
			}
		}
		before, err := v.List(t.Context(), "chat", vault.Range{})
		if err != nil || strings.Join(before, " ") != "b d f" {
			t.Errorf("outside the transaction: %q, %v", before, err)
		}
		return nil
	})
	after, err := v.List(t.Context(), "chat", vault.Range{})
	if err != nil || strings.Join(after, " ") != "a b d g" {
		t.Errorf("after the transaction: %q, %v", after, err)
	}
}

func TestListInRanges(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	var names []string
	update(t, v, func(tx *vault.Tx) error {
		for i := range 1000 {
			name := fmt.Sprintf("m/%08d", (i*7919)%1000)
			names = append(names, name)
			if err := tx.Put("chat", name, []byte(name)); err != nil {
				return err
			}
		}
		return errors.Join(tx.Put("chat", "l", nil), tx.Put("chat", "m0", nil), tx.Put("chat", "\xff\xff", nil))
	})
	slices.Sort(names)
	check := func(r vault.Range, want []string) {
		t.Helper()
		got, err := v.List(t.Context(), "chat", r)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %d names, %v; want %d", r, len(got), err, len(want))
		}
		i := 0
		err = v.Scan(t.Context(), "chat", r, func(name string, value []byte) error {
			if i >= len(want) || name != want[i] || strings.HasPrefix(name, "m/") && string(value) != name {
				return fmt.Errorf("scanned %q at %d", name, i)
			}
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Errorf("%+v: scanned %d, %v; want %d", r, i, err, len(want))
		}
	}
	reversed := slices.Clone(names)
	slices.Reverse(reversed)
	for range 2 {
		check(vault.Range{Prefix: "m/"}, names)
		check(vault.Range{Prefix: "m/", Reverse: true}, reversed)
		check(vault.Range{Prefix: "m/", Reverse: true, Limit: 50}, reversed[:50])
		check(vault.Range{Prefix: "m/", From: names[500], Limit: 70}, names[500:570])
		check(vault.Range{Prefix: "m/", To: names[500], Reverse: true, Limit: 1}, names[499:500])
		check(vault.Range{Prefix: "\xff"}, []string{"\xff\xff"})
		check(vault.Range{Prefix: "n"}, nil)
		check(vault.Range{From: "m/", To: "m"}, nil)
		v.Lock()
		v = open(t, b)
	}
}

func TestScanEndsEarlyAndWipes(t *testing.T) {
	v := create(t, memory.New())
	put(t, v, "chat", "a", "planted", "b", "planted")
	var lent [][]byte
	err := v.Scan(t.Context(), "chat", vault.Range{}, func(_ string, value []byte) error {
		lent = append(lent, value)
		return vault.ErrStop
	})
	if err != nil || len(lent) != 1 || !bytes.Equal(lent[0], make([]byte, 7)) {
		t.Errorf("scan: %v, %q", err, lent)
	}
}

func TestRefusals(t *testing.T) {
	b := memory.New()
	ctx := t.Context()
	_, err := vault.Open(ctx, b, pass(phrase), quick)
	wantError(t, err, vault.ErrNoVault)
	_, err = vault.Create(ctx, b, pass("password1234"), quick)
	wantError(t, err, passphrase.ErrWeak)
	_, err = vault.Create(ctx, b, pass(phrase), vault.Options{KDF: vault.PBKDF2(vault.MinIterations - 1)})
	wantError(t, err, vault.ErrDowngrade)
	_, err = vault.Create(ctx, b, pass(phrase), vault.Options{KDF: vault.PBKDF2(vault.MinIterations), Floor: vault.PBKDF2(vault.MinIterations + 1)})
	wantError(t, err, vault.ErrDowngrade)
	v := create(t, b)
	_, err = vault.Create(ctx, b, pass(phrase), quick)
	wantError(t, err, vault.ErrExists)
	_, err = vault.Open(ctx, b, pass(phrase+"."), quick)
	wantError(t, err, vault.ErrPassphrase)
	_, err = vault.Open(ctx, b, pass(phrase), vault.Options{Floor: vault.PBKDF2(vault.MinIterations + 1)})
	wantError(t, err, vault.ErrDowngrade)
	_, err = v.Get(ctx, "nowhere", "a")
	wantError(t, err, vault.ErrNoSegment)
	var kept *vault.Tx
	update(t, v, func(tx *vault.Tx) error {
		kept = tx
		wantError(t, tx.NewSegment("chat"), vault.ErrSegmentExists)
		wantError(t, tx.NewSegment(""), vault.ErrName)
		wantError(t, tx.Put("nowhere", "a", nil), vault.ErrNoSegment)
		wantError(t, tx.Shred("nowhere"), vault.ErrNoSegment)
		wantError(t, tx.Put("chat", "", nil), vault.ErrName)
		wantError(t, tx.Put("chat", strings.Repeat("n", vault.MaxName+1), nil), vault.ErrName)
		wantError(t, tx.Put("chat", "a", make([]byte, vault.MaxValue+1)), vault.ErrTooLarge)
		for i := range vault.MaxTx/vault.MaxValue - 1 {
			if err := tx.Put("chat", fmt.Sprint(i), make([]byte, vault.MaxValue)); err != nil {
				t.Error(err)
			}
		}
		wantError(t, tx.Put("chat", "last", make([]byte, vault.MaxValue)), vault.ErrTooLarge)
		return errors.Join(tx.Shred("chat"), tx.NewSegment("chat"))
	})
	wantError(t, kept.Put("chat", "a", nil), vault.ErrUsage)
	v.Lock()
	v.Lock()
	_, err = v.Get(ctx, "chat", "a")
	wantError(t, err, vault.ErrLocked)
	_, err = v.List(ctx, "chat", vault.Range{})
	wantError(t, err, vault.ErrLocked)
	_, err = v.Segments(ctx)
	wantError(t, err, vault.ErrLocked)
	wantError(t, v.Update(ctx, func(*vault.Tx) error { return nil }), vault.ErrLocked)
	wantError(t, v.Rotate(ctx), vault.ErrLocked)
	wantError(t, v.ChangePassphrase(ctx, pass(phrase), pass(phrase), vault.KDF{}), vault.ErrLocked)
}

func TestUpdateWaitsNoLongerThanItsContext(t *testing.T) {
	v := create(t, memory.New())
	ctx, cancel := context.WithCancel(t.Context())
	update(t, v, func(*vault.Tx) error {
		cancel()
		wantError(t, v.Update(ctx, func(*vault.Tx) error { return nil }), context.Canceled)
		return nil
	})
}

func TestShredThenMakeAgain(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	put(t, v, "chat", "a", "old", "b", "old")
	update(t, v, func(tx *vault.Tx) error {
		return errors.Join(tx.Shred("chat"), tx.NewSegment("chat"), tx.Put("chat", "a", []byte("new")), tx.NewSegment("other"))
	})
	for range 2 {
		wantValue(t, v, "chat", "a", "new")
		if names, err := v.List(t.Context(), "chat", vault.Range{}); err != nil || len(names) != 1 {
			t.Errorf("listed %q, %v", names, err)
		}
		if names, err := v.Segments(t.Context()); err != nil || strings.Join(names, " ") != "chat other" {
			t.Errorf("segments %q, %v", names, err)
		}
		v.Lock()
		v = open(t, b)
	}
	update(t, v, func(tx *vault.Tx) error { return tx.Shred("chat") })
	_, err := v.Get(t.Context(), "chat", "a")
	wantError(t, err, vault.ErrNoSegment)
}

func TestChangePassphrase(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	put(t, v, "chat", "a", "kept")
	ctx, fresh := t.Context(), passphrase.Generate()
	wantError(t, v.ChangePassphrase(ctx, pass("wrong"), fresh, vault.KDF{}), vault.ErrPassphrase)
	wantError(t, v.ChangePassphrase(ctx, pass(phrase), pass("correct horse"), vault.KDF{}), passphrase.ErrWeak)
	more := vault.PBKDF2(vault.MinIterations + 1)
	if err := v.ChangePassphrase(ctx, pass(phrase), fresh, more); err != nil {
		t.Fatal(err)
	}
	wantError(t, v.ChangePassphrase(ctx, fresh, fresh, vault.PBKDF2(vault.MinIterations)), vault.ErrDowngrade)
	if v.KDF() != more {
		t.Errorf("the vault has %v", v.KDF())
	}
	wantValue(t, v, "chat", "a", "kept")
	v.Lock()
	_, err := vault.Open(ctx, b, pass(phrase), quick)
	wantError(t, err, vault.ErrPassphrase)
	v, err = vault.Open(ctx, b, fresh, quick)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, v, "chat", "a", "kept")
	v.Lock()
}

func TestRotate(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	for i := range 100 {
		put(t, v, "chat", fmt.Sprintf("m/%04d", i), fmt.Sprint(i))
	}
	update(t, v, func(tx *vault.Tx) error { return tx.NewSegment("empty") })
	before, err := b.Slots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, v, "chat", "m/0100", "100")
	for range 2 {
		for i := range 101 {
			wantValue(t, v, "chat", fmt.Sprintf("m/%04d", i), fmt.Sprint(i))
		}
		v.Lock()
		v = open(t, b)
	}
	v.Lock()
	for i, s := range before {
		if err := b.SetSlot(t.Context(), i, s); err != nil {
			t.Fatal(err)
		}
	}
	_, err = vault.Open(t.Context(), b, pass(phrase), quick)
	wantError(t, err, vault.ErrDamaged)
}

func TestArgon2id(t *testing.T) {
	b := memory.New()
	k := vault.Argon2id(vault.MinArgonTime, vault.MinArgonKiB, 2)
	v, err := vault.Create(t.Context(), b, pass(phrase), vault.Options{KDF: k})
	if err != nil {
		t.Fatal(err)
	}
	v.Lock()
	v = open(t, b)
	if v.KDF() != k {
		t.Errorf("the vault has %v", v.KDF())
	}
	_, err = vault.Create(t.Context(), memory.New(), pass(phrase), vault.Options{KDF: vault.Argon2id(vault.MinArgonTime-1, vault.MinArgonKiB, 2)})
	wantError(t, err, vault.ErrDowngrade)
}

// TestStretching creates and opens a vault with what users get.
func TestStretching(t *testing.T) {
	b := memory.New()
	k := vault.Calibrate(vault.CalibrationTarget)
	if k.Iterations() < vault.MinIterations || k.Iterations() > vault.MaxIterations {
		t.Errorf("calibrated to %v", k)
	}
	slow := vault.Options{KDF: vault.PBKDF2(vault.MinIterations)}
	v, err := vault.Create(t.Context(), b, pass(phrase), slow)
	if err != nil {
		t.Fatal(err)
	}
	v.Lock()
	if v, err = vault.Open(t.Context(), b, pass("  "+phrase+"\n"), slow); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	failed := errors.New("no such function")
	slow.PBKDF2 = func(_, _ []byte, _ int) ([]byte, error) { return nil, failed }
	_, err = vault.Open(t.Context(), b, pass(phrase), slow)
	wantError(t, err, failed)
}
