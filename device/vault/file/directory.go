package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bulle/device/vault"
)

// lockName is the file whose lock says that a process has the folder open.
const lockName = "lock"

// directory is a [Folder] of the system.
type directory struct {
	path string
	lock *os.File
}

// openDirectory makes the directory if it is missing, for its owner alone, and
// locks it. It fails with [vault.ErrInUse].
func openDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the vault's directory: %w", known(err))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o700); err != nil { //nolint:gosec // G302: a directory needs its x bit
			return nil, fmt.Errorf("close the vault's directory to others: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // G304: the directory is its own
	if err != nil {
		return nil, fmt.Errorf("open the vault's lock: %w", known(err))
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &directory{path: path, lock: lock}, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = vault.ErrInUse
	} else {
		err = fmt.Errorf("lock the vault: %w", err)
	}
	return nil, errors.Join(err, lock.Close())
}

// Open implements [Folder].
func (d *directory) Open(name string, create bool) (File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(filepath.Join(d.path, name), flags, 0o600) //nolint:gosec // G304: the directory is its own
	if err != nil {
		return nil, known(err)
	}
	return file{f}, nil
}

// Names implements [Folder].
func (d *directory) Names() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, known(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Rename implements [Folder].
func (d *directory) Rename(from, to string) error {
	return known(os.Rename(filepath.Join(d.path, from), filepath.Join(d.path, to)))
}

// Remove implements [Folder].
func (d *directory) Remove(name string) error { return known(os.Remove(filepath.Join(d.path, name))) }

// Sync implements [Folder].
func (d *directory) Sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return known(err)
	}
	return known(errors.Join(f.Sync(), f.Close()))
}

// Close implements [Folder].
func (d *directory) Close() error { return known(d.lock.Close()) }

// file is a [File] of the system.
type file struct{ *os.File }

// WriteAt implements [io.WriterAt].
func (f file) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	return n, known(err)
}

// Size implements [File].
func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, known(err)
	}
	return info.Size(), nil
}

// Truncate implements [File].
func (f file) Truncate(size int64) error { return known(f.File.Truncate(size)) }

// Sync implements [File].
func (f file) Sync() error { return known(f.File.Sync()) }

// known gives a full disk its sentinel, and takes the path out of an error.
func known(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return vault.ErrFull
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}
