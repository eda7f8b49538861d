// Package indexeddb is a vault backend in the browser's own database. Most callers
// need [Open] and [Exists].
//
// A database has three object stores: "slots" (number → bytes), "labels" and
// "values" (key → bytes). Labels are apart so that unlocking reads them alone. A
// browser gives no way to overwrite in place: what a replaced record leaves in the
// browser's files until the browser compacts them is said in docs/web.md.
//
// Everything here waits for the browser, so nothing of it may be called on the
// event loop itself, that is in a callback of JavaScript.
package indexeddb

import (
	"context"
	"errors"
	"syscall/js"
	"time"

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

// patience is how long a holder is waited for.
const patience = 2 * time.Second

// Open opens the database, making it when it is missing. A database that another
// tab or worker keeps open is [vault.ErrInUse].
func Open(ctx context.Context, name string) (*Backend, error) {
	return openWithin(ctx, name, patience)
}

func openWithin(ctx context.Context, name string, patience time.Duration) (*Backend, error) {
	release, err := acquire(ctx, name, patience)
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
	var request js.Value
	if err := guard(func() { request = js.Global().Get("indexedDB").Call("open", name, version) }); err != nil {
		return nil, err
	}
	upgrade := js.FuncOf(func(js.Value, []js.Value) any {
		for _, store := range []string{slots, labels, values} {
			request.Get("result").Call("createObjectStore", store)
		}
		return nil
	})
	defer upgrade.Release()
	request.Set("onupgradeneeded", upgrade)
	// Giving up here could leave a database without its stores.
	if err := await(context.WithoutCancel(ctx), request, "onsuccess", "onerror"); err != nil {
		return nil, err
	}
	b := &Backend{db: request.Get("result")}
	count, err := b.read(ctx, slots, func(store js.Value) []js.Value { return []js.Value{store.Call("get", countKey)} })
	if err != nil {
		b.db.Call("close")
		return nil, err
	}
	if count[0].Type() == js.TypeNumber {
		b.commits = uint64(count[0].Float())
	}
	return b, nil
}

// Exists reports whether a vault was made in the database: a header slot is there.
// It makes no database. One that is open elsewhere counts as a vault.
func Exists(ctx context.Context, name string) (bool, error) {
	there, err := listed(ctx, name)
	if !there || err != nil {
		return false, err
	}
	b, err := openWithin(ctx, name, 0)
	if errors.Is(err, vault.ErrInUse) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	s, err := b.Slots(ctx)
	return s[0] != nil || s[1] != nil, errors.Join(err, b.Close())
}

// Slots implements [vault.Backend].
func (b *Backend) Slots(ctx context.Context) (out [vault.NumSlots][]byte, err error) {
	rows, err := b.read(ctx, slots, func(store js.Value) (requests []js.Value) {
		for i := range out {
			requests = append(requests, store.Call("get", i))
		}
		return requests
	})
	for i, row := range rows {
		out[i] = goBytes(row)
	}
	return out, err
}

// SetSlot implements [vault.Backend].
func (b *Backend) SetSlot(ctx context.Context, slot int, content []byte) error {
	if len(content) > vault.MaxSlot {
		return vault.ErrTooLarge
	}
	return b.write(ctx, []any{slots}, func(tx js.Value) {
		tx.Call("objectStore", slots).Call("put", jsBytes(content), slot)
	})
}

// Load implements [vault.Backend].
func (b *Backend) Load(ctx context.Context, each func(vault.Key, []byte) error) error {
	after := js.Null()
	for {
		found, err := b.read(ctx, labels, func(store js.Value) []js.Value {
			return []js.Value{store.Call("getAllKeys", after, page), store.Call("getAll", after, page)}
		})
		if err != nil {
			return err
		}
		keys, rows := found[0], found[1]
		n := keys.Length()
		if err := pairs(ctx, keys, rows, each); err != nil {
			return err
		}
		if n < page {
			return nil
		}
		after = js.Global().Get("IDBKeyRange").Call("lowerBound", keys.Index(n-1), true)
	}
}

// Get implements [vault.Backend].
func (b *Backend) Get(ctx context.Context, keys []vault.Key) ([][]byte, error) {
	rows, err := b.read(ctx, values, func(store js.Value) []js.Value {
		requests := make([]js.Value, len(keys))
		for i, k := range keys {
			requests[i] = store.Call("get", jsBytes(k[:]))
		}
		return requests
	})
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(keys))
	for i, row := range rows {
		out[i] = goBytes(row)
	}
	return out, nil
}

// Apply implements [vault.Backend].
func (b *Backend) Apply(ctx context.Context, batch *vault.Batch) error {
	next := b.commits + 1
	err := b.write(ctx, []any{slots, labels, values}, func(tx js.Value) {
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

// Close implements [vault.Backend]. Once it returns, the database can be opened again.
func (b *Backend) Close() error {
	b.db.Call("close")
	b.release()
	return nil
}

// Delete removes a database that nobody has open, and all that it holds.
func Delete(ctx context.Context, name string) error {
	release, err := acquire(ctx, name, patience)
	if err != nil {
		return err
	}
	defer release()
	var request js.Value
	if err := guard(func() { request = js.Global().Get("indexedDB").Call("deleteDatabase", name) }); err != nil {
		return err
	}
	return await(ctx, request, "onsuccess", "onerror")
}

// read makes requests in one transaction, so that they see one state, and returns
// their results.
func (b *Backend) read(ctx context.Context, store string, ask func(store js.Value) []js.Value) ([]js.Value, error) {
	var requests []js.Value
	err := b.transaction(ctx, []any{store}, "readonly", func(tx js.Value) {
		requests = ask(tx.Call("objectStore", store))
	})
	if err != nil {
		return nil, err
	}
	for i, r := range requests {
		requests[i] = r.Get("result")
	}
	return requests, nil
}

// write runs change in one transaction and waits until it is on the disk. Once it
// is under way it is waited for to its end: whoever gives up must still learn
// whether it happened.
func (b *Backend) write(ctx context.Context, stores []any, change func(tx js.Value)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.transaction(context.WithoutCancel(ctx), stores, "readwrite", change)
}

// transaction makes all requests of one transaction and waits for its end.
func (b *Backend) transaction(ctx context.Context, stores []any, mode string, run func(tx js.Value)) error {
	var tx js.Value
	err := guard(func() {
		tx = b.db.Call("transaction", stores, mode, map[string]any{"durability": "strict"})
		run(tx)
	})
	if err != nil {
		if tx.Truthy() {
			_ = guard(func() { tx.Call("abort") }) // it may have ended already
		}
		return err
	}
	// A request's error also passes by here, before the reason of the abort is known.
	return await(ctx, tx, "oncomplete", "onabort")
}
