package file

import "io"

// A Folder is where a backend keeps its files: a directory of the system, or in a
// test a disk that fails.
type Folder interface {
	// Open opens a file for reading and writing. With create it makes an empty one,
	// which must not be there yet.
	Open(name string, create bool) (File, error)
	// Names returns the names of all files, in any order.
	Names() ([]string, error)
	// Rename gives a file another name, in the place of a file of that name.
	Rename(from, to string) error
	// Remove takes a file away.
	Remove(name string) error
	// Sync makes the files' names durable.
	Sync() error
	// Close gives up the folder, which another process may then open.
	Close() error
}

// A File is read and written at offsets. Its methods may be called concurrently on
// parts that do not overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes what was written durable.
	Sync() error
}
