package pebble_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/ledger"
	"bulle/server/relay/pebble"
)

const mib = 1 << 20

// A subject is a store whose disk the test rules.
type subject struct {
	*testing.T
	config pebble.Config
	disk   *disk
	store  relay.Store
	now    time.Time
	next   uint64
}

func newSubject(t *testing.T, room int64) *subject {
	t.Helper()
	s := &subject{T: t, disk: newDisk(room), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s.config = pebble.Config{
		Dir: t.TempDir(), FS: s.disk, Memory: 4 * mib, Ballast: 2 * mib, Forget: time.Nanosecond,
		Now: func() time.Time { return s.now }, Quota: ledger.Quota{Reserve: 16 * mib},
	}
	s.open()
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Log(err) // a broken store may say so
		}
	})
	return s
}

func (s *subject) open() {
	s.Helper()
	var err error
	if s.store, err = pebble.Open(s.config); err != nil {
		s.Fatal(err)
	}
}

func (s *subject) reopen() {
	s.Helper()
	if err := s.store.Close(); err != nil {
		s.Error(err)
	}
	s.open()
}

func (s *subject) maintain() {
	s.Helper()
	if err := s.store.Maintain(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func (s *subject) try(body wire.Body) (wire.Body, error) {
	replies, err := s.store.Commit([]relay.Change{{Body: body}})
	if err != nil {
		return nil, err
	}
	return replies[0], nil
}

func (s *subject) ask(body wire.Body) wire.Body {
	s.Helper()
	reply, err := s.try(body)
	if err != nil {
		s.Fatal(err)
	}
	return reply
}

func (s *subject) create() {
	s.Helper()
	hash := wire.Cap{}.Hash()
	if got, ok := s.ask(&wire.Create{Read: hash, Write: hash, Control: hash, Class: wire.Month}).(*wire.Done); !ok {
		s.Fatalf("create: %v", got)
	}
}

// cells are 16 cells that are told from others by their numbers.
func (s *subject) cells() *wire.AppendCells {
	cells := bytes.Repeat([]byte("cell"), wire.MaxCells*wire.CellSize/4)
	for i := range uint64(wire.MaxCells) {
		binary.BigEndian.PutUint64(cells[i*wire.CellSize:], s.next+i)
	}
	return &wire.AppendCells{Cells: cells}
}

// fill appends until a code comes, which it returns.
func (s *subject) fill() wire.Code {
	s.Helper()
	for range 100_000 {
		switch got := s.ask(s.cells()).(type) {
		case *wire.Appended:
			s.next += wire.MaxCells
		case *wire.Refusal:
			return got.Reason
		}
	}
	s.Fatal("the disk never fills")
	return 0
}

// whole checks that every acknowledged cell from first on is there.
func (s *subject) whole(first uint64) {
	s.Helper()
	for at := first; at < s.next; {
		got, cells, err := s.store.Read(wire.ID{}, at)
		if err != nil || got != at || len(cells) == 0 {
			s.Fatalf("cell %d of %d: %d cells from %d, %v", at, s.next, cells.Count(), got, err)
		}
		for i := range cells.Count() {
			if binary.BigEndian.Uint64(cells.At(i)) != at {
				s.Fatalf("cell %d is another one", at)
			}
			at++
		}
	}
}

func (s *subject) appends() {
	s.Helper()
	if got, ok := s.ask(s.cells()).(*wire.Appended); !ok || got.First != s.next {
		s.Fatalf("append: got %+v, want first %d", got, s.next)
	}
	s.next += wire.MaxCells
}

func TestFullDiskRefusesAndRecovers(t *testing.T) {
	s := newSubject(t, 64*mib)
	s.create()
	if code := s.fill(); code != wire.StorageFull {
		t.Fatalf("a full disk says %v", code)
	}
	s.whole(0)
	if got, ok := s.ask(&wire.Truncate{UpTo: 64}).(*wire.Done); !ok {
		t.Errorf("truncate on a full disk: %v", got)
	}
	s.maintain()
	s.whole(64)
	s.disk.add(64 * mib)
	s.appends()
	s.reopen()
	s.whole(64)
	s.appends()
}

// TestOthersFillTheDisk takes the room away between two writes, and again behind
// the back of the store, which then finds out in the middle of a write.
func TestOthersFillTheDisk(t *testing.T) {
	s := newSubject(t, 64*mib)
	s.create()
	s.appends()
	s.disk.set(0, false)
	if got, ok := s.ask(s.cells()).(*wire.Refusal); !ok || got.Reason != wire.StorageFull {
		t.Errorf("no room at all: got %v", got)
	}
	s.whole(0)
	s.disk.set(64*mib, false)
	s.appends()

	s.disk.set(0, true)
	refused := 0
	for range 200 { // the ballast takes the first of them
		reply, err := s.try(s.cells())
		if done, ok := reply.(*wire.Appended); ok && err == nil {
			s.next = done.First + wire.MaxCells
			continue
		}
		refused++
		if r, ok := reply.(*wire.Refusal); ok && r.Reason != wire.StorageFull {
			t.Fatalf("a full disk says %v", r)
		}
	}
	if refused == 0 {
		t.Fatal("nothing was refused")
	}
	s.disk.set(256*mib, false)
	s.appends()
	s.reopen()
	s.whole(0)
	s.appends()
}

// TestBrokenWrite has no ballast to speak of: a write fails half way, which is
// fatal to the engine underneath. The store says so, and lives on.
func TestBrokenWrite(t *testing.T) {
	s := newSubject(t, 64*mib)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.config.Dir, s.config.Ballast = t.TempDir(), 1
	s.open()
	s.create()
	s.appends()
	s.disk.set(0, true)
	if reply, err := s.try(s.cells()); err == nil {
		t.Fatalf("a write without room: got %v", reply)
	}
	s.disk.set(0, false)
	if got, ok := s.ask(s.cells()).(*wire.Refusal); !ok || got.Reason != wire.StorageFull {
		t.Errorf("after it: got %v", got)
	}
	s.disk.set(64*mib, false)
	first, ok := s.ask(s.cells()).(*wire.Appended)
	if !ok || first.First != s.next && first.First != s.next+wire.MaxCells { // nobody knows what became of that write
		t.Fatalf("after room came back: got %+v", first)
	}
	s.next = 16
	s.whole(0)
	s.reopen()
	s.whole(0)
	s.maintain()
}

// TestBlobsGoFirst lets the disk run low: the oldest blobs go, then the oldest
// cells, and what is new stays.
func TestBlobsGoFirst(t *testing.T) {
	s := newSubject(t, 100*mib)
	s.create()
	s.appends()
	hash := wire.Cap{}.Hash()
	for day := range byte(3) {
		for i := range byte(8) {
			data := bytes.Repeat([]byte{day}, wire.MaxBlob)
			s.ask(&wire.BlobPut{Blob: wire.ID{day, i}, Read: hash, Delete: hash, Class: wire.Month, Data: data})
		}
		s.now = s.now.Add(24 * time.Hour)
	}
	s.appends()
	s.maintain()
	blob := func(day byte) bool {
		_, err := s.store.Blob(relay.Category{}, wire.ID{day, 0}, wire.Cap{})
		return err == nil
	}
	if !blob(0) || !blob(2) {
		t.Fatal("a blob goes although there is room")
	}
	s.disk.set(2*16*mib-mib, false)
	s.maintain()
	if blob(0) || !blob(1) || !blob(2) {
		t.Errorf("a little short: the blobs that stay are %v %v %v, not the newer two", blob(0), blob(1), blob(2))
	}
	s.whole(0)
	s.disk.set(17*mib, false)
	s.maintain()
	if blob(1) || blob(2) {
		t.Error("a blob stays when cells go")
	}
	state, err := s.store.Channel(relay.Category{}, wire.ID{}, wire.Cap{})
	if err != nil || state.First != 16 || state.Next != 32 {
		t.Errorf("the channel: %+v, %v; only the cells of today should stay", state, err)
	}
	s.whole(16)
}

// TestDeletedBytesLeaveTheDisk looks for what was deleted in every file.
func TestDeletedBytesLeaveTheDisk(t *testing.T) {
	s := newSubject(t, 1<<40)
	s.create()
	hash := wire.Cap{}.Hash()
	plant := func(mark string, size int) []byte {
		return []byte(strings.Repeat(mark, size/len(mark)+1)[:size])
	}
	s.ask(&wire.CreatePool{Put: hash, Take: hash, Class: wire.Month})
	s.ask(&wire.AppendCells{Cells: plant("deleted cell ", 4*wire.CellSize)})
	s.ask(&wire.BlobPut{Blob: wire.ID{1}, Read: hash, Delete: hash, Class: wire.Month, Data: plant("deleted blob ", 90000)})
	s.ask(&wire.BlobPut{Blob: wire.ID{2}, Read: hash, Delete: hash, Class: wire.Month, Data: plant("kept blob ", 90000)})
	s.ask(&wire.BlobPut{Blob: wire.ID{3}, Read: hash, Delete: hash, Class: wire.Hour, Data: plant("expired blob ", 90000)})
	s.ask(&wire.Put{Item: plant("taken item ", 5000)})
	s.ask(&wire.Put{Item: plant("kept item ", 5000)})
	if s.finds("deleted cell") != true {
		t.Fatal("the test does not find what is there")
	}
	s.reopen() // so that it is in tables; what comes now is in a log that could be reused
	s.ask(&wire.AppendCells{Cells: plant("deleted late ", 4*wire.CellSize)})
	s.ask(&wire.AppendCells{Cells: plant("kept cell ", 4*wire.CellSize)})
	s.ask(&wire.Truncate{UpTo: 8})
	s.ask(&wire.BlobDelete{Blob: wire.ID{1}})
	s.ask(&wire.Take{})
	s.now = s.now.Add(3 * time.Hour)
	s.maintain()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, mark := range []string{"deleted cell", "deleted late", "deleted blob", "expired blob", "taken item"} {
		for s.finds(mark) {
			select {
			case <-deadline:
				t.Fatalf("%q stays on the disk", mark)
			case <-tick.C: // files go in the background
			}
		}
	}
	for _, mark := range []string{"kept cell", "kept blob", "kept item"} {
		if !s.finds(mark) {
			t.Errorf("%q is gone", mark)
		}
	}
}

// finds reports whether any file of the store holds a mark.
func (s *subject) finds(mark string) bool {
	s.Helper()
	names, err := filepath.Glob(filepath.Join(s.config.Dir, "*"))
	if err != nil || len(names) == 0 {
		s.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err == nil && bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}

func TestOneProcessAtATime(t *testing.T) {
	s := newSubject(t, 1<<40)
	if other, err := pebble.Open(s.config); err == nil {
		t.Errorf("a second store opens the directory: %v", other.Close())
	}
	info, err := os.Stat(s.config.Dir)
	if err != nil || !info.IsDir() {
		t.Fatal(err)
	}
	c := pebble.Config{Dir: filepath.Join(t.TempDir(), "new"), Ballast: 1}
	store, err := pebble.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the new directory: %v, %v", info.Mode(), err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := pebble.Open(pebble.Config{}); err == nil {
		t.Error("a store without a directory opens")
	}
}
