//go:build js

package indexeddb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall/js"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/indexeddb"
	"bulle/device/vault/vaulttest"
)

// needBrowser skips where there is no database, which is in Node: `make web-e2e`
// runs these tests in a browser.
func needBrowser(t *testing.T) {
	t.Helper()
	if !js.Global().Get("indexedDB").Truthy() {
		t.Skip("this needs a browser: make web-e2e")
	}
}

var databases atomic.Int64

// fresh returns the name of a database that the test has for itself.
func fresh(t testing.TB) string {
	name := fmt.Sprintf("test %d", databases.Add(1))
	t.Cleanup(func() {
		if err := indexeddb.Delete(context.WithoutCancel(t.Context()), name); err != nil {
			t.Error(err)
		}
	})
	return name
}

func open(t testing.TB, name string) *indexeddb.Backend {
	t.Helper()
	b, err := indexeddb.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoSpace needs the runner to lower the browser's quota for this page. It is the
// first test because a browser that has once seen much space remembers it a while.
func TestNoSpace(t *testing.T) {
	needBrowser(t)
	set := js.Global().Get("bulleQuota")
	if set.Type() != js.TypeFunction {
		t.Skip("the runner has no way to lower the quota")
	}
	quota := func(bytes int) {
		done := make(chan struct{})
		f := js.FuncOf(func(js.Value, []js.Value) any { close(done); return nil })
		defer f.Release()
		set.Invoke(bytes).Call("then", f)
		<-done
	}
	quota(1 << 20)
	defer quota(0)
	b := open(t, fresh(t))
	defer func() { _ = b.Close() }() // it was only tested
	small := vault.Entry{Key: vault.Key{1}, Label: []byte("l"), Value: []byte("v")}
	if err := b.Apply(t.Context(), &vault.Batch{Puts: []vault.Entry{small}}); err != nil {
		t.Fatal(err)
	}
	big := &vault.Batch{
		Puts:    []vault.Entry{{Key: vault.Key{2}, Value: bytes.Repeat([]byte{7}, 8<<20)}},
		Deletes: []vault.Key{small.Key},
	}
	before := b.Commits()
	if err := b.Apply(t.Context(), big); !errors.Is(err, vault.ErrFull) {
		t.Errorf("without space: %v, want ErrFull", err)
	}
	got, err := b.Get(t.Context(), []vault.Key{small.Key, {2}})
	if err != nil || string(got[0]) != "v" || got[1] != nil || b.Commits() != before {
		t.Errorf("after a refused batch: %d values, %v, commits %d then %d", len(got), err, before, b.Commits())
	}
	quota(0)
	var again error
	for range 1000 { // until the browser has noticed
		if again = b.Apply(t.Context(), big); again == nil {
			return
		}
	}
	t.Errorf("with space again: %v", again)
}

func TestContract(t *testing.T) {
	needBrowser(t)
	vaulttest.Backend(t, func(t testing.TB) func() vault.Backend {
		name := fresh(t)
		return func() vault.Backend { return open(t, name) }
	})
}

func TestOneHolderAtATime(t *testing.T) {
	needBrowser(t)
	name := fresh(t)
	b := open(t, name)
	if _, err := indexeddb.Open(t.Context(), name); !errors.Is(err, vault.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := indexeddb.Delete(t.Context(), name); !errors.Is(err, vault.ErrInUse) {
		t.Errorf("deleted while it is open: %v", err)
	}
	for range 20 { // once Close has returned, the next one gets in
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b = open(t, name)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// waiting reports whether somebody waits for the lock of a database.
func waiting(name string) bool {
	answer := make(chan bool, 1)
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		pending, found := args[0].Get("pending"), false
		for i := range pending.Length() {
			found = found || pending.Index(i).Get("name").String() == "bulle vault "+name
		}
		answer <- found
		return nil
	})
	defer f.Release()
	js.Global().Get("navigator").Get("locks").Call("query").Call("then", f)
	return <-answer
}

// TestAHolderThatGoesIsWaitedFor: a tab that is closed has its database a moment more.
func TestAHolderThatGoesIsWaitedFor(t *testing.T) {
	needBrowser(t)
	name := fresh(t)
	b := open(t, name)
	opened := make(chan error)
	go func() {
		next, err := indexeddb.Open(t.Context(), name)
		if err == nil {
			err = next.Close()
		}
		opened <- err
	}()
	for !waiting(name) {
		select {
		case err := <-opened:
			t.Fatalf("it does not wait: %v", err)
		default:
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("after it is free: %v", err)
	}
}

func TestExistsMakesNothing(t *testing.T) {
	needBrowser(t)
	name := fresh(t)
	want := func(want bool) {
		t.Helper()
		if there, err := indexeddb.Exists(t.Context(), name); there != want || err != nil {
			t.Errorf("exists: %v, %v; want %v", there, err, want)
		}
	}
	want(false)
	want(false)
	b := open(t, name)
	want(true) // nobody can look into what another tab holds
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	want(false)
	b = open(t, name)
	if err := b.SetSlot(t.Context(), 1, []byte("header")); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	want(true)
	if err := indexeddb.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	want(false)
}

// TestGivenUpOpening checks that whoever gives up on opening leaves nothing behind
// that stops the next one: no lock, no database without its stores.
func TestGivenUpOpening(t *testing.T) {
	needBrowser(t)
	name := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if b, err := indexeddb.Open(ctx, name); err == nil {
			_ = b.Close() // it was faster
		}
	}
	b := open(t, name)
	defer func() { _ = b.Close() }() // it was only tested
	if err := b.SetSlot(t.Context(), 0, []byte("header")); err != nil {
		t.Error(err)
	}
}

// TestTakenAway checks that a database that the browser closes by itself is a
// failure to report, and not the end of the program.
func TestTakenAway(t *testing.T) {
	needBrowser(t)
	b := open(t, fresh(t))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.SetSlot(t.Context(), 0, []byte("header")); !errors.Is(err, vault.ErrBroken) {
		t.Errorf("write to a closed database: %v", err)
	}
	if _, err := b.Get(t.Context(), []vault.Key{{1}}); !errors.Is(err, vault.ErrBroken) {
		t.Errorf("read of a closed database: %v", err)
	}
}
