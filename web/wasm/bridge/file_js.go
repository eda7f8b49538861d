package bridge

import (
	"fmt"
	"io"
	"syscall/js"

	"bulle/protocol/webcrypto"
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
	return readAt(f.blob, f.Size, p, off)
}

func readAt(blob js.Value, size int64, p []byte, off int64) (int, error) {
	if off >= size {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), size)
	buffer, err := webcrypto.Await(blob.Call("slice", off, end).Call("arrayBuffer"))
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

// A Blob is what the core hands to the page as a file: bytes that the browser holds,
// outside the memory of the core, which never shrinks.
type Blob struct{ value js.Value }

// NewBlob joins parts, each a Uint8Array or a Blob.
func NewBlob(parts []js.Value) Blob {
	list := js.Global().Get("Array").New()
	for _, part := range parts {
		list.Call("push", part)
	}
	return Blob{js.Global().Get("Blob").New(list)}
}

// Value returns the blob as JavaScript has it.
func (b Blob) Value() js.Value { return b.value }

// Head returns the first bytes of the blob, as JavaScript has them.
func (b Blob) Head(size int64) js.Value { return b.value.Call("slice", 0, size) }

// Size returns how many bytes the blob has.
func (b Blob) Size() int64 { return int64(b.value.Get("size").Float()) }

// ReadAt reads from the blob (io.ReaderAt). It waits for a promise, as [File.ReadAt].
func (b Blob) ReadAt(p []byte, off int64) (int, error) { return readAt(b.value, b.Size(), p, off) }
