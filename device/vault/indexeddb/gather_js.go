package indexeddb

import (
	"context"
	"encoding/binary"
	"fmt"
	"syscall/js"

	"bulle/device/vault"
)

// Every call from here into the browser costs microseconds, and a vault has tens of
// thousands of labels. So rows cross in bulk: the browser itself puts their bytes
// one after the other, and all of them are copied at once.

// pairs calls each for keys and their rows. The rows are only lent, each with no
// room beyond its end.
func pairs(ctx context.Context, keys, rows js.Value, each func(vault.Key, []byte) error) error {
	sizes, err := lengths(rows)
	if err != nil {
		return err
	}
	names, err := gather(ctx, keys)
	if err != nil {
		return err
	}
	content, err := gather(ctx, rows)
	if err != nil {
		return err
	}
	const size = len(vault.Key{})
	if len(names) != size*len(sizes) {
		return fmt.Errorf("%w: a key of another length", vault.ErrDamaged)
	}
	for i, n := range sizes {
		if uint64(n) > uint64(len(content)) {
			return fmt.Errorf("%w: rows of another length", vault.ErrDamaged)
		}
		if err := each(vault.Key(names[i*size:]), content[:n:n]); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

// gather returns the bytes of an array of buffers, one after the other.
func gather(ctx context.Context, buffers js.Value) ([]byte, error) {
	var promise js.Value
	err := guard(func() { promise = js.Global().Get("Blob").New(buffers).Call("arrayBuffer") })
	if err != nil {
		return nil, err
	}
	all, err := settle(ctx, promise)
	if err != nil {
		return nil, err
	}
	return goBytes(js.Global().Get("Uint8Array").New(all)), nil
}

// lengths returns how many bytes each row of an array has.
func lengths(rows js.Value) (out []uint32, err error) {
	err = guard(func() {
		all := js.Global().Get("Uint32Array").Call("from", rows, byteLength())
		b := goBytes(js.Global().Get("Uint8Array").New(all.Get("buffer")))
		out = make([]uint32, len(b)/4)
		for i := range out {
			out[i] = binary.NativeEndian.Uint32(b[4*i:])
		}
	})
	return out, err
}

// byteLength returns the browser's own function from a typed array to its length. One
// of ours would be called from there to here for each row.
func byteLength() js.Value {
	object := js.Global().Get("Object")
	typed := object.Call("getPrototypeOf", js.Global().Get("Uint8Array").Get("prototype"))
	getter := object.Call("getOwnPropertyDescriptor", typed, "byteLength").Get("get")
	return getter.Get("call").Call("bind", getter)
}
