package file_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"bulle/device/vault/file"
)

// errPower is what every call returns after the power went.
var errPower = errors.New("the power is out")

// A disk is a folder that loses its power or fails at a chosen step. Each change of
// a file or a name, and each flush, is a step. Until it is flushed, a write is only
// in the cache: after a power cut some of its sectors are on the disk, or none.
type disk struct {
	mu      sync.Mutex
	files   map[string]*diskFile // as the process sees the names
	durable map[string]*diskFile // as they were at the last flush of the folder
	steps   int
	cutAt   int // the step at which the power goes, 0 for never
	out     bool
	tear    int           // how many bytes of the write at that step are made
	fail    map[int]error // steps that fail, and leave the disk as it was
	half    map[int]bool  // of these, the writes that are half made
	full    bool          // no file may grow
}

type diskFile struct {
	d       *disk
	data    []byte // as the process sees it
	durable []byte
}

func newDisk() *disk {
	return &disk{files: map[string]*diskFile{}, durable: map[string]*diskFile{}, fail: map[int]error{}, half: map[int]bool{}}
}

// step counts a step. The error is for the caller; last says that the power goes
// with this step, which may be partly done.
func (d *disk) step() (last bool, err error) {
	if d.out {
		return false, errPower
	}
	d.steps++
	if d.steps == d.cutAt {
		d.out = true
		return true, errPower
	}
	return false, d.fail[d.steps]
}

// restart returns the disk after a power cut. Each cached sector and each cached
// name made it with the given chance, or not.
func (d *disk) restart(random *rand.Rand, chance float64) *disk {
	n := newDisk()
	survives := func() bool { return random.Float64() < chance }
	names := maps.Clone(d.durable)
	if survives() {
		names = maps.Clone(d.files)
	}
	for name, f := range names {
		data := slices.Clone(f.durable)
		if len(f.data) != len(f.durable) && survives() {
			data = slices.Grow(data, len(f.data))[:len(f.data)]
			if len(f.durable) < len(f.data) {
				clear(data[len(f.durable):])
			}
		}
		const sector = 64 // smaller than a real one: more ways to tear
		for at := 0; at < min(len(data), len(f.data)); at += sector {
			end := min(at+sector, len(data), len(f.data))
			if survives() {
				copy(data[at:end], f.data[at:end])
			}
		}
		n.files[name] = &diskFile{d: n, data: data, durable: slices.Clone(data)}
	}
	n.durable = maps.Clone(n.files)
	return n
}

// clone returns the disk as the process sees it.
func (d *disk) clone() *disk {
	n := newDisk()
	for name, f := range d.files {
		n.files[name] = &diskFile{d: n, data: slices.Clone(f.data), durable: slices.Clone(f.data)}
	}
	n.durable = maps.Clone(n.files)
	return n
}

func (d *disk) change(f func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step(); err != nil {
		return err
	}
	f()
	return nil
}

func (d *disk) Open(name string, create bool) (file.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[name]
	switch {
	case d.out:
		return nil, errPower
	case create && f != nil:
		return nil, fs.ErrExist
	case !create && f == nil:
		return nil, fs.ErrNotExist
	case create:
		if _, err := d.step(); err != nil {
			return nil, err
		}
		f = &diskFile{d: d}
		d.files[name] = f
	}
	return f, nil
}

func (d *disk) Names() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.files)), nil
}

func (d *disk) Rename(from, to string) error {
	return d.change(func() { d.files[to] = d.files[from]; delete(d.files, from) })
}

func (d *disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		return fs.ErrNotExist
	}
	if _, err := d.step(); err != nil {
		return err
	}
	delete(d.files, name)
	return nil
}

func (d *disk) Sync() error { return d.change(func() { d.durable = maps.Clone(d.files) }) }

func (d *disk) Close() error { return nil }

func (f *diskFile) ReadAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *diskFile) WriteAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	cut, err := f.d.step()
	if err == nil && f.d.full && at+int64(len(b)) > int64(len(f.data)) {
		err = errFull
		b = b[:len(b)/2]
		f.put(b, at)
	}
	if err != nil {
		if cut {
			f.put(b[:min(len(b), f.d.tear)], at)
		} else if f.d.half[f.d.steps] {
			f.put(b[:len(b)/2], at)
		}
		return 0, err
	}
	f.put(b, at)
	return len(b), nil
}

func (f *diskFile) put(b []byte, at int64) {
	if end := int(at) + len(b); end > len(f.data) {
		f.data = append(f.data, make([]byte, end-len(f.data))...)
	}
	copy(f.data[at:], b)
}

func (f *diskFile) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *diskFile) Truncate(size int64) error {
	return f.d.change(func() { f.data = f.data[:size] })
}

func (f *diskFile) Sync() error {
	return f.d.change(func() { f.durable = slices.Clone(f.data) })
}

func (f *diskFile) Close() error { return nil }
