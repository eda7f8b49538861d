// Package indexeddb is a vault backend in the browser's own database. Most callers
// need [Open] and [Exists].
//
// A database has three object stores: "slots" (number → bytes), "labels" and
// "values" (key → bytes). Labels are apart so that unlocking reads them alone. A
// browser gives no way to overwrite in place: what a replaced record leaves in the
// browser's files until the browser compacts them is said in docs/vault-format.md.
package indexeddb

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"bulle/device/vault"
)

const (
	slots   = "slots"
	labels  = "labels"
	values  = "values"
	version = 1
	// countKey is the row of "slots" that holds the number of commits.
	countKey = "commits"
	// page is how many labels are read at once.
	page = 4096
)

// Backend is a [vault.Backend] in one IndexedDB database. While it is open no
// other tab or worker can open it.
type Backend struct {
	db      js.Value
	release func()
	commits uint64
}

// Open opens the database, making it when it is missing. Another tab that has it
// is [vault.ErrInUse].
func Open(ctx context.Context, name string) (*Backend, error) {
	release, err := acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, name)
	if err != nil {
		release()
		return nil, err
	}
	b.release = release
	return b, nil
}

func open(ctx context.Context, name string) (*Backend, error) {
	request := js.Global().Get("indexedDB").Call("open", name, version)
	upgrade := js.FuncOf(func(js.Value, []js.Value) any {
		for _, store := range []string{slots, labels, values} {
			request.Get("result").Call("createObjectStore", store)
		}
		return nil
	})
	defer upgrade.Release()
	request.Set("onupgradeneeded", upgrade)
	db, err := await(ctx, request, "onsuccess", "onerror", "onblocked")
	if err != nil {
		return nil, err
	}
	b := &Backend{db: db.Get("result")}
	count, err := b.read(ctx, slots, "get", countKey)
	if err != nil {
		b.db.Call("close")
		return nil, err
	}
	if count.Type() == js.TypeNumber {
		b.commits = uint64(count.Float())
	}
	return b, nil
}

// Exists reports whether a vault was made in the database: a header slot is there.
func (b *Backend) Exists(ctx context.Context) (bool, error) {
	s, err := b.Slots(ctx)
	return s[0] != nil || s[1] != nil, err
}

// Slots implements [vault.Backend].
func (b *Backend) Slots(ctx context.Context) (out [vault.NumSlots][]byte, err error) {
	for i := range out {
		v, err := b.read(ctx, slots, "get", i)
		if err != nil {
			return out, err
		}
		out[i] = goBytes(v)
	}
	return out, nil
}

// SetSlot implements [vault.Backend].
func (b *Backend) SetSlot(ctx context.Context, slot int, content []byte) error {
	if len(content) > vault.MaxSlot {
		return vault.ErrTooLarge
	}
	return b.write(ctx, []string{slots}, func(tx js.Value) {
		tx.Call("objectStore", slots).Call("put", jsBytes(content), slot)
	})
}

// Load implements [vault.Backend].
func (b *Backend) Load(ctx context.Context, each func(vault.Key, []byte) error) error {
	after := js.Null()
	for {
		keys, err := b.read(ctx, labels, "getAllKeys", after, page)
		if err != nil {
			return err
		}
		n := keys.Length()
		if n == 0 {
			return nil
		}
		rows, err := b.read(ctx, labels, "getAll", after, page)
		if err != nil {
			return err
		}
		for i := range n {
			if err := each(goKey(keys.Index(i)), goBytes(rows.Index(i))); err != nil {
				return err
			}
		}
		after = js.Global().Get("IDBKeyRange").Call("lowerBound", keys.Index(n-1), true)
	}
}

// Get implements [vault.Backend].
func (b *Backend) Get(ctx context.Context, keys []vault.Key) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		v, err := b.read(ctx, values, "get", jsBytes(k[:]))
		if err != nil {
			return nil, err
		}
		out[i] = goBytes(v)
	}
	return out, nil
}

// Apply implements [vault.Backend].
func (b *Backend) Apply(ctx context.Context, batch *vault.Batch) error {
	next := b.commits + 1
	err := b.write(ctx, []string{slots, labels, values}, func(tx js.Value) {
		l, v := tx.Call("objectStore", labels), tx.Call("objectStore", values)
		for _, k := range batch.Deletes {
			key := jsBytes(k[:])
			l.Call("delete", key)
			v.Call("delete", key)
		}
		for _, e := range batch.Puts {
			key := jsBytes(e.Key[:])
			l.Call("put", jsBytes(e.Label), key)
			v.Call("put", jsBytes(e.Value), key)
		}
		tx.Call("objectStore", slots).Call("put", float64(next), countKey)
	})
	if err == nil {
		b.commits = next
	}
	return err
}

// Commits implements [vault.Backend].
func (b *Backend) Commits() uint64 { return b.commits }

// Close implements [vault.Backend].
func (b *Backend) Close() error {
	b.db.Call("close")
	b.release()
	return nil
}

// Delete removes a database that nobody has open, and all that it holds.
func Delete(ctx context.Context, name string) error {
	release, err := acquire(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	_, err = await(ctx, js.Global().Get("indexedDB").Call("deleteDatabase", name), "onsuccess", "onerror", "onblocked")
	return err
}

// read runs one request in a transaction of its own.
func (b *Backend) read(ctx context.Context, store, method string, args ...any) (js.Value, error) {
	request := b.db.Call("transaction", store, "readonly").Call("objectStore", store).Call(method, args...)
	if _, err := await(ctx, request, "onsuccess", "onerror"); err != nil {
		return js.Value{}, err
	}
	return request.Get("result"), nil
}

// write runs change in one transaction and waits until it is on the disk.
func (b *Backend) write(ctx context.Context, stores []string, change func(tx js.Value)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	names := js.Global().Get("Array").New()
	for _, s := range stores {
		names.Call("push", s)
	}
	tx := b.db.Call("transaction", names, "readwrite", map[string]any{"durability": "strict"})
	change(tx)
	// A write that is under way is waited for to its end: whoever gives up must
	// still learn whether it happened.
	_, err := await(context.WithoutCancel(ctx), tx, "oncomplete", "onabort", "onerror")
	return err
}

// await waits for the first of the events; all but the first of the list are
// failures. It returns the target.
func await(ctx context.Context, target js.Value, success string, failures ...string) (js.Value, error) {
	done := make(chan error, 1+len(failures))
	handle := func(err error) js.Func {
		return js.FuncOf(func(js.Value, []js.Value) any {
			if err != nil {
				err = reason(target)
			}
			done <- err
			return nil
		})
	}
	ok := handle(nil)
	defer ok.Release()
	target.Set(success, ok)
	bad := handle(vault.ErrBroken)
	defer bad.Release()
	for _, f := range failures {
		target.Set(f, bad)
	}
	defer func() {
		for _, event := range append(failures, success) {
			target.Set(event, js.Null())
		}
	}()
	select {
	case err := <-done:
		return target, err
	case <-ctx.Done():
		return target, ctx.Err()
	}
}

// reason tells a full disk from other failures.
func reason(target js.Value) error {
	e := target.Get("error")
	if e.Type() != js.TypeObject {
		return vault.ErrInUse // blocked by another connection: it carries no error
	}
	if e.Get("name").String() == "QuotaExceededError" {
		return vault.ErrFull
	}
	return fmt.Errorf("browser database: %s: %w", e.Get("name").String(), vault.ErrBroken)
}

// acquire takes the browser's lock of that name, which is freed when the page ends.
func acquire(ctx context.Context, name string) (release func(), err error) {
	manager := js.Global().Get("navigator").Get("locks")
	if manager.IsUndefined() {
		return nil, errors.New("this browser has no locks: it is too old")
	}
	var free js.Value
	held := js.Global().Get("Promise").New(capture(&free))
	granted := make(chan bool, 1)
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].IsNull() {
			granted <- false
			return nil
		}
		granted <- true
		return held
	})
	defer callback.Release()
	manager.Call("request", "bulle vault "+name, map[string]any{"ifAvailable": true}, callback)
	select {
	case ok := <-granted:
		if !ok {
			return nil, vault.ErrInUse
		}
		return func() { free.Invoke() }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// capture returns an executor that stores a promise's resolve function.
func capture(resolve *js.Value) js.Func {
	var f js.Func
	f = js.FuncOf(func(_ js.Value, args []js.Value) any {
		*resolve = args[0]
		f.Release()
		return nil
	})
	return f
}

func jsBytes(b []byte) js.Value {
	out := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(out, b)
	return out
}

// goBytes copies what a row holds, nil when there is none.
func goBytes(v js.Value) []byte {
	if v.IsUndefined() || v.IsNull() {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// goKey reads a key, which the database gives back as an ArrayBuffer.
func goKey(v js.Value) (k vault.Key) {
	js.CopyBytesToGo(k[:], js.Global().Get("Uint8Array").New(v))
	return k
}
