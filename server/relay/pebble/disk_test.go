package pebble_test

import (
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A disk is a file system of limited size: what is written uses room, what is
// removed gives it back.
type disk struct {
	vfs.FS

	mu    sync.Mutex
	room  int64
	blind bool // it says that there is plenty
}

func newDisk(room int64) *disk { return &disk{FS: vfs.Default, room: room} }

// add changes the room by n bytes, as other files on the disk would.
func (d *disk) add(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room += n
}

func (d *disk) set(room int64, blind bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room, d.blind = room, blind
}

// use takes n bytes of room, if they are there.
func (d *disk) use(n int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n > d.room {
		return syscall.ENOSPC
	}
	d.room -= n
	return nil
}

// GetDiskUsage implements [vfs.FS].
func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.blind {
		return vfs.DiskUsage{AvailBytes: 1 << 40}, nil
	}
	return vfs.DiskUsage{AvailBytes: uint64(d.room)}, nil
}

// Create implements [vfs.FS].
func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return &diskFile{f, d}, nil
}

// Remove implements [vfs.FS].
func (d *disk) Remove(name string) error {
	info, err := d.Stat(name)
	if err == nil {
		d.add(info.Size())
	}
	return d.FS.Remove(name)
}

type diskFile struct {
	vfs.File
	disk *disk
}

// Write implements [vfs.File].
func (f *diskFile) Write(p []byte) (int, error) {
	if err := f.disk.use(int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// WriteAt implements [vfs.File].
func (f *diskFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.disk.use(int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, at)
}
