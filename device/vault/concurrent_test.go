package vault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/memory"
)

// TestReadsGoOnDuringChanges reads while others write, shred and rotate: each read
// sees a whole state, from before or after a change.
func TestReadsGoOnDuringChanges(t *testing.T) {
	v := create(t, memory.New())
	put(t, v, "chat", "a", "start", "b", "start")
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := readAll(t, v); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 30 {
		put(t, v, "chat", "a", fmt.Sprint(i), "b", fmt.Sprint(i), fmt.Sprint("m/", i), "message")
		update(t, v, func(tx *vault.Tx) error {
			if i > 0 {
				return errors.Join(tx.Shred("other"), tx.NewSegment("other"), tx.Put("other", "x", nil))
			}
			return tx.NewSegment("other")
		})
		if i%10 == 5 {
			if err := v.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(done)
	wg.Wait()
	v.Lock()
	wantError(t, readAll(t, v), vault.ErrLocked)
}

func readAll(t *testing.T, v *vault.Vault) error {
	t.Helper()
	if _, err := v.Get(t.Context(), "chat", "a"); err != nil {
		return err
	}
	if _, err := v.List(t.Context(), "other", vault.Range{}); err != nil && !errors.Is(err, vault.ErrNoSegment) {
		return err
	}
	if _, err := v.Segments(t.Context()); err != nil {
		return err
	}
	n := 0
	return v.Scan(t.Context(), "chat", vault.Range{Prefix: "m/"}, func(_ string, value []byte) error {
		if n++; string(value) != "message" {
			return fmt.Errorf("message %d is %q", n, value)
		}
		return nil
	})
}

// A slowBackend tells when a batch is in it, and waits before it says so. It tells who
// misses a record, too.
type slowBackend struct {
	vault.Backend

	stored, answer, missed chan struct{}
}

func (b *slowBackend) Get(ctx context.Context, keys []vault.Key) ([][]byte, error) {
	values, err := b.Backend.Get(ctx, keys)
	if b.missed != nil && slices.ContainsFunc(values, func(v []byte) bool { return v == nil }) {
		b.missed <- struct{}{}
	}
	return values, err
}

func (b *slowBackend) Apply(ctx context.Context, batch *vault.Batch) error {
	err := b.Backend.Apply(ctx, batch)
	if b.stored != nil {
		b.stored <- struct{}{}
		<-b.answer
	}
	return err
}

// TestReadBesideADeletion reads a record that has left the backend while its
// deletion is not yet told: it is not found, and nothing is damaged.
func TestReadBesideADeletion(t *testing.T) {
	slow := &slowBackend{Backend: memory.New()}
	v := create(t, slow)
	put(t, v, "chat", "a", "first", "b", "second")
	slow.stored, slow.answer, slow.missed = make(chan struct{}), make(chan struct{}), make(chan struct{}, 8)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := v.Update(t.Context(), func(tx *vault.Tx) error { return tx.Delete("chat", "a") }); err != nil {
			t.Error(err)
		}
	})
	<-slow.stored
	wg.Go(func() {
		_, err := v.Get(t.Context(), "chat", "a")
		if !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("Get: %v", err)
		}
	})
	wg.Go(func() {
		var names []string
		err := v.Scan(t.Context(), "chat", vault.Range{}, func(name string, _ []byte) error {
			names = append(names, name)
			return nil
		})
		if err != nil || !slices.Equal(names, []string{"b"}) {
			t.Errorf("Scan: %q, %v", names, err)
		}
	})
	if _, err := v.Get(t.Context(), "chat", "b"); err != nil {
		t.Error(err) // who reads another record waits for nothing
	}
	for range 2 { // both have missed it before the deletion is told
		<-slow.missed
	}
	close(slow.answer)
	wg.Wait()
}
