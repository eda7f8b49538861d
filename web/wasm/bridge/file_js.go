package bridge

import (
	"fmt"
	"io"
	"syscall/js"
)

// A File is a file that the user chose in the page. Its bytes are read when they
// are asked for, so a file of any size fits.
type File struct {
	Name string
	Size int64
	Type string
	blob js.Value
}

// ReadAt reads from the browser's File object (io.ReaderAt). It waits for a
// promise, so it must not be called on the event loop itself.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off >= f.Size {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), f.Size)
	buffer, err := Await(f.blob.Call("slice", off, end).Call("arrayBuffer"))
	if err != nil {
		return 0, fmt.Errorf("read the file: %w", err)
	}
	n := js.CopyBytesToGo(p, js.Global().Get("Uint8Array").New(buffer))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close does nothing: the browser owns the file.
func (*File) Close() error { return nil }

func newFile(v js.Value) File {
	return File{Name: v.Get("name").String(), Size: int64(v.Get("size").Float()), Type: v.Get("type").String(), blob: v}
}

// Await waits for a promise. An error tells the name of what was thrown only: its
// message might hold what should not be logged.
func Await(promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	done := make(chan result, 1)
	ok := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{value: args[0]}
		return nil
	})
	defer ok.Release()
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{err: fmt.Errorf("the browser refused: %s", args[0].Get("name").String())}
		return nil
	})
	defer failed.Release()
	promise.Call("then", ok, failed)
	r := <-done
	return r.value, r.err
}
