package membership

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// statements have lengths on both sides of each length header.
func sampleBatches() [][][]byte {
	sized := func(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	return [][][]byte{
		{sized(1, 'a'), sized(63, 'b')},
		{sized(64, 'c')},
		{sized(16383, 'd'), sized(16384, 'e'), sized(2, 'f')},
	}
}

func writeJournal(t *testing.T, path string, batches [][][]byte) {
	t.Helper()
	j, _, err := openJournal(path, func([][]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := j.append(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
}

// readJournal returns the batches of a file and the bytes that were cut off.
func readJournal(t *testing.T, path string) (batches [][][]byte, torn int64, err error) {
	t.Helper()
	j, torn, err := openJournal(path, func(b [][]byte) error { batches = append(batches, b); return nil })
	if err != nil {
		return nil, 0, err
	}
	flat := bytes.Join(flatten(batches), nil)
	read, err := j.read(j.find(0, 1<<20, 1<<30))
	if err != nil || !bytes.Equal(bytes.Join(read, nil), flat) {
		t.Errorf("read by position: %d statements, %v", len(read), err)
	}
	return batches, torn, j.close()
}

func flatten(batches [][][]byte) (all [][]byte) {
	for _, b := range batches {
		all = append(all, b...)
	}
	return all
}

func TestJournalKeepsWhatWasAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	want := sampleBatches()
	writeJournal(t, path, want[:1])
	writeJournal(t, path, want[1:])
	got, torn, err := readJournal(t, path)
	if err != nil || torn != 0 || len(got) != len(want) || !bytes.Equal(bytes.Join(flatten(got), nil), bytes.Join(flatten(want), nil)) {
		t.Fatalf("%d batches, %d torn, %v", len(got), torn, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
}

// TestATornTailIsCutOff ends the file at each byte of its last batch, and also
// fills the rest with zeros as some file systems do.
func TestATornTailIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	batches := [][][]byte{{[]byte("first")}, {[]byte("second"), []byte("third")}}
	writeJournal(t, path, batches[:1])
	one, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeJournal(t, path, batches[1:])
	two, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(one); n < len(two); n++ {
		zeros := append(bytes.Clone(two[:n]), make([]byte, len(two)-n)...)
		for _, file := range [][]byte{two[:n], zeros} {
			if bytes.Equal(file, two) {
				continue // the last bytes are zeros anyway
			}
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			got, torn, err := readJournal(t, path)
			if err != nil || len(got) != 1 || torn != int64(len(file)-len(one)) {
				t.Fatalf("cut at %d: %d batches, %d torn, %v", n, len(got), torn, err)
			}
			writeJournal(t, path, batches[1:]) // and it goes on
			if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, two) {
				t.Fatalf("cut at %d: continues differently, %v", n, err)
			}
		}
	}
	for n := range len(journalMagic) { // torn at its very birth
		if err := os.WriteFile(path, one[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := readJournal(t, path); err != nil || len(got) != 0 {
			t.Errorf("%d bytes of magic: %v", n, err)
		}
	}
}

func TestDamageInTheMiddleIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	batches := [][][]byte{{[]byte("first")}, {[]byte("second")}}
	writeJournal(t, path, batches[:1])
	one, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeJournal(t, path, batches[1:])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range one {
		file := bytes.Clone(whole)
		file[at] ^= 0x80
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := readJournal(t, path); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: %v", at, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, file) {
			t.Errorf("byte %d: the damaged file was changed", at)
		}
	}
	refused := errors.New("refused")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openJournal(path, func([][]byte) error { return refused }); !errors.Is(err, ErrDamaged) || !errors.Is(err, refused) {
		t.Errorf("batches that mean nothing: %v", err)
	}
}

// faulty is a file whose disk fails.
type faulty struct {
	journalFile
	write, sync, truncate error
	room                  int // bytes that a failing write still takes
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	if f.write != nil {
		n, err := f.journalFile.WriteAt(b[:min(f.room, len(b))], at)
		return n, errors.Join(f.write, err)
	}
	return f.journalFile.WriteAt(b, at)
}

func (f *faulty) Sync() error {
	if f.sync != nil {
		return f.sync
	}
	return f.journalFile.Sync()
}

func (f *faulty) Truncate(n int64) error {
	if f.truncate != nil {
		return f.truncate
	}
	return f.journalFile.Truncate(n)
}

// TestAFullDiskRefusesAndRecovers: what was not acknowledged is not there, and the
// journal goes on when there is space again.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	j, _, err := openJournal(path, func([][]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	disk := &faulty{journalFile: j.file, room: 5}
	j.file = disk
	if err := j.append([][]byte{[]byte("first")}); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	disk.write = full
	if err := j.append([][]byte{[]byte("second")}); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	disk.write = nil
	if err := j.append([][]byte{[]byte("third")}); err != nil {
		t.Fatal(err)
	}
	disk.write, disk.truncate = full, errors.New("broken")
	if err := j.append([][]byte{[]byte("fourth")}); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	disk.write, disk.truncate = nil, nil
	if err := j.append([][]byte{[]byte("fifth")}); err == nil {
		t.Error("a journal that could not undo goes on")
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	got, _, err := readJournal(t, path)
	if err != nil || string(bytes.Join(flatten(got), []byte(" "))) != "first third" {
		t.Errorf("the file holds %q, %v", flatten(got), err)
	}
}

func TestFindFillsUpToASize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	j, _, err := openJournal(path, func([][]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := j.append([][]byte{make([]byte, 96)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ from, count, size, want int }{
		{0, 100, 1000, 10}, {0, 3, 1000, 3}, {0, 100, 250, 2}, {0, 100, 1, 1}, {9, 5, 1000, 1}, {10, 5, 1000, 0}, {50, 5, 1000, 0},
	} {
		got, err := j.read(j.find(uint64(c.from), uint64(c.count), c.size))
		if err != nil || len(got) != c.want {
			t.Errorf("%+v: %d statements, %v", c, len(got), err)
		}
	}
	if err := j.append([][]byte{make([]byte, maxBatchBytes)}); err == nil {
		t.Error("too large a batch is taken")
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzJournal opens any bytes as a file: it never panics, and never changes what it
// refuses.
func FuzzJournal(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	j, _, err := openJournal(path, func([][]byte) error { return nil })
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(j.append([][]byte{[]byte("one"), []byte("two")}), j.append([][]byte{[]byte("three")}), j.close()); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-2])
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		first, _, err := readJournal(t, path)
		if err != nil {
			if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
				t.Error("a refused file was changed")
			}
			return
		}
		second, torn, err := readJournal(t, path)
		if err != nil || torn != 0 || len(first) != len(second) {
			t.Errorf("opened again: %d batches, %d before, %d torn, %v", len(second), len(first), torn, err)
		}
	})
}
