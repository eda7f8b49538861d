package vault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// errStep is how a backend fails at a chosen step.
var errStep = errors.New("the storage failed")

// failing is a backend whose changes fail at and after a step, as in a crash, or at
// that step alone. done says that the failing change itself is made, as when only
// its acknowledgement is lost.
type failing struct {
	*memory.Backend

	at, steps  int
	once, done bool
}

func (f *failing) step() (fail bool) {
	f.steps++
	return f.steps == f.at || f.steps > f.at && f.at > 0 && !f.once
}

func (f *failing) Apply(ctx context.Context, b *vault.Batch) error {
	if f.step() {
		if f.done && f.steps == f.at {
			return errors.Join(errStep, f.Backend.Apply(ctx, b))
		}
		return errStep
	}
	return f.Backend.Apply(ctx, b)
}

func (f *failing) SetSlot(ctx context.Context, slot int, content []byte) error {
	if f.step() {
		if f.done && f.steps == f.at {
			return errors.Join(errStep, f.Backend.SetSlot(ctx, slot, content))
		}
		if f.steps == f.at { // torn
			return errors.Join(errStep, f.Backend.SetSlot(ctx, slot, content[:len(content)/2]))
		}
		return errStep
	}
	return f.Backend.SetSlot(ctx, slot, content)
}

// everyStep runs change on a vault once for each step that it makes, and lets that
// step fail: as a crash, as a lone failure, and with its acknowledgement lost. Then
// it opens the vault again and calls check with the error of change.
func everyStep(t *testing.T, change func(*vault.Vault) error, reopen []*secret.Bytes, check func(t *testing.T, v *vault.Vault, failed error)) {
	t.Helper()
	start, checked := memory.New(), 0
	v := create(t, start)
	for i := range 40 {
		put(t, v, "chat", fmt.Sprintf("%04d", i), fmt.Sprint(i))
	}
	update(t, v, func(tx *vault.Tx) error {
		return errors.Join(tx.NewSegment("doomed"), tx.Put("doomed", "a", []byte("secret")), tx.NewSegment("empty"))
	})
	v.Lock()
	for at := 1; ; at++ {
		finished := false
		for mode := range 3 {
			f := &failing{Backend: memory.Copy(start), at: at, once: mode == 1, done: mode == 2}
			f.at = 0
			v := open(t, f)
			f.at, f.steps = at, 0
			err := change(v)
			if finished = f.steps < at; finished {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if mode == 1 { // a lone failure: the same vault goes on
				put(t, v, "chat", "after", "it")
				wantValue(t, v, "chat", "after", "it")
			}
			v.Lock()
			f.at = 0
			v = openAny(t, f, reopen)
			t.Run(fmt.Sprint("step ", at, " mode ", mode), func(t *testing.T) {
				for i := range 40 {
					wantValue(t, v, "chat", fmt.Sprintf("%04d", i), fmt.Sprint(i))
				}
				if !v.HasSegment("empty") {
					t.Error("a segment is lost")
				}
				check(t, v, err)
				put(t, v, "chat", "last", "words")
			})
			checked++
			v.Lock()
		}
		if finished {
			break
		}
	}
	if checked < 6 {
		t.Errorf("only %d failures", checked)
	}
}

// openAny opens a vault with the first passphrase that does.
func openAny(t *testing.T, b vault.Backend, passes []*secret.Bytes) *vault.Vault {
	t.Helper()
	var errs []error
	for _, p := range passes {
		v, err := vault.Open(t.Context(), b, p, quick)
		if err == nil {
			return v
		}
		errs = append(errs, err)
	}
	t.Fatal(errs)
	return nil
}

func TestShredSurvivesEveryFailure(t *testing.T) {
	everyStep(t, func(v *vault.Vault) error {
		return v.Update(t.Context(), func(tx *vault.Tx) error {
			return errors.Join(tx.Shred("doomed"), tx.Put("chat", "with", []byte("it")))
		})
	}, []*secret.Bytes{pass(phrase)}, func(t *testing.T, v *vault.Vault, failed error) {
		t.Helper()
		_, err := v.Get(t.Context(), "chat", "with")
		if gone := !v.HasSegment("doomed"); gone != (err == nil) {
			t.Errorf("the segment is gone: %v, the rest of the transaction: %v", gone, err)
		} else if !gone && errors.Is(failed, vault.ErrUnfinished) {
			t.Error("a durable transaction is lost")
		}
	})
}

func TestRotateSurvivesEveryFailure(t *testing.T) {
	everyStep(t, func(v *vault.Vault) error { return v.Rotate(t.Context()) },
		[]*secret.Bytes{pass(phrase)}, func(t *testing.T, v *vault.Vault, _ error) {
			t.Helper()
			wantValue(t, v, "doomed", "a", "secret")
		})
}

func TestChangePassphraseSurvivesEveryFailure(t *testing.T) {
	fresh := passphrase.Generate()
	everyStep(t, func(v *vault.Vault) error {
		return v.ChangePassphrase(t.Context(), pass(phrase), fresh, vault.KDF{})
	}, []*secret.Bytes{fresh, pass(phrase)}, func(t *testing.T, v *vault.Vault, failed error) {
		t.Helper()
		wantValue(t, v, "doomed", "a", "secret")
		if errors.Is(failed, vault.ErrUnfinished) {
			if err := v.ChangePassphrase(t.Context(), pass(phrase), fresh, vault.KDF{}); !errors.Is(err, vault.ErrPassphrase) {
				t.Errorf("the old passphrase is still the vault's: %v", err)
			}
		}
	})
}

func TestCreateSurvivesEveryFailure(t *testing.T) {
	for at := 1; ; at++ {
		f := &failing{Backend: memory.New(), at: at}
		_, err := vault.Create(t.Context(), f, pass(phrase), quick)
		if f.steps < at {
			break
		}
		if !errors.Is(err, errStep) {
			t.Errorf("step %d: %v", at, err)
		}
		f.at = 0
		v, err := vault.Open(t.Context(), f, pass(phrase), quick)
		if errors.Is(err, vault.ErrNoVault) || errors.Is(err, vault.ErrDamaged) && at == 2 {
			v, err = vault.Create(t.Context(), f, pass(phrase), quick)
		}
		if err != nil {
			t.Fatalf("step %d: %v", at, err)
		}
		v.Lock()
	}
}

// TestShredLeavesNoKey takes everything that ever was in the backend, but for what
// was overwritten in place, and the passphrase, and finds nothing of a shredded
// conversation.
func TestShredLeavesNoKey(t *testing.T) {
	b := &hoarder{Backend: memory.New(), all: map[string]vault.Entry{}}
	v := create(t, b)
	update(t, v, func(tx *vault.Tx) error {
		return errors.Join(tx.NewSegment("doomed"), tx.Put("doomed", "a", []byte("secret")))
	})
	copied := memory.Copy(b.Backend)
	update(t, v, func(tx *vault.Tx) error { return tx.Shred("doomed") })
	v.Lock()
	if n := b.openable(t, copied); n == 0 {
		t.Error("the copy from before does not open: the test is blind")
	}
	if n := b.openable(t, b.Backend); n != 0 {
		t.Errorf("%d salts of shredded segments can be opened", n)
	}
}

// A hoarder keeps every entry that it was ever given, as the log, the journal and
// the freed space of a file system may. Slots are overwritten.
type hoarder struct {
	*memory.Backend

	all map[string]vault.Entry
}

func (h *hoarder) Apply(ctx context.Context, b *vault.Batch) error {
	for _, e := range b.Puts {
		e.Value = append([]byte{}, e.Value...)
		h.all[string(e.Value)] = e
	}
	return h.Backend.Apply(ctx, b)
}

// openable counts the segment salts that the passphrase opens with the header of
// slots, out of all entries that ever were, and that are not in the vault now.
func (h *hoarder) openable(t *testing.T, slots *memory.Backend) (n int) {
	t.Helper()
	raw, err := slots.Slots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range raw {
		for _, e := range h.all {
			name, err := vault.OpenSalt(content, pass(phrase), quickPBKDF2, e)
			if err == nil && name == "doomed" {
				n++
			}
		}
	}
	return n
}
