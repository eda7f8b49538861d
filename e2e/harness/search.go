package harness

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"
)

// A Search looks for strings in each form in which a program may hold them.
type Search struct {
	needles []needle
	longest int
}

type needle struct {
	planted string
	form    string
	bytes   []byte
}

// NewSearch prepares to look for the planted strings. Short ones would be found by
// chance: they need at least 8 bytes.
func NewSearch(planted ...string) *Search {
	s := &Search{}
	for _, p := range planted {
		if len(p) < 8 {
			panic("too short to be unique: " + p)
		}
		s.add(p, "plain", []byte(p))
		little, big := []byte{}, []byte{}
		for _, unit := range utf16.Encode([]rune(p)) {
			little = binary.LittleEndian.AppendUint16(little, unit)
			big = binary.BigEndian.AppendUint16(big, unit)
		}
		s.add(p, "UTF-16LE", little)
		s.add(p, "UTF-16BE", big)
		s.add(p, "hex", []byte(hex.EncodeToString([]byte(p))))
		s.add(p, "HEX", []byte(strings.ToUpper(hex.EncodeToString([]byte(p)))))
		for shift := range 3 {
			form := fmt.Sprintf("base64 shifted by %d", shift)
			standard := shifted(base64.RawStdEncoding, p, shift)
			s.add(p, form, standard)
			if url := shifted(base64.RawURLEncoding, p, shift); !bytes.Equal(url, standard) {
				s.add(p, form+", URL alphabet", url)
			}
		}
	}
	return s
}

// Raw adds bytes that are no text, to be found as they are.
func (s *Search) Raw(name string, b []byte) { s.add(name, "raw", b) }

func (s *Search) add(planted, form string, b []byte) {
	s.needles = append(s.needles, needle{planted, form, b})
	s.longest = max(s.longest, len(b))
}

// shifted returns the base64 characters that depend on p alone when p stands shift
// bytes after a multiple of three.
func shifted(enc *base64.Encoding, p string, shift int) []byte {
	text := enc.EncodeToString(append(make([]byte, shift), p...))
	from := (shift*8 + 5) / 6
	to := (shift + len(p)) * 8 / 6
	return []byte(text[from:to])
}

// Bytes returns what is found in b, a line each, naming the place.
func (s *Search) Bytes(place string, b []byte) (found []string) {
	for _, n := range s.needles {
		if at := bytes.Index(b, n.bytes); at >= 0 {
			found = append(found, fmt.Sprintf("%s holds %q (%s) at %#x", place, n.planted, n.form, at))
		}
	}
	return found
}

// stream searches all that r gives, in pieces that overlap by the longest needle.
func (s *Search) stream(place string, r io.Reader) (found []string, err error) {
	buf := make([]byte, 1<<20+s.longest)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		found = append(found, s.Bytes(place, buf[:kept+n])...)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return found, nil
		case err != nil:
			return found, err
		}
		kept = copy(buf, buf[len(buf)-s.longest:])
	}
}

// Directory searches the names and the contents of all files under dir.
func (s *Search) Directory(t *testing.T, dir string) (found []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found = append(found, s.Bytes("the name of "+path, []byte(path))...)
		if !d.Type().IsRegular() {
			return nil
		}
		files++
		f, err := os.Open(path) //nolint:gosec // G304: a file under the test's own directory
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		hits, err := s.stream(path, f)
		found = append(found, hits...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatalf("%s holds no file: the search would find nothing in any case", dir)
	}
	return found
}

// Size returns how many bytes the files under dir hold together.
func Size(t *testing.T, dir string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// Memory stops the process, searches all the memory it may write, and lets it go on.
func (s *Search) Memory(t *testing.T, p *Process) (found []string) {
	t.Helper()
	p.Signal(syscall.SIGSTOP)
	defer p.Signal(syscall.SIGCONT)
	proc := filepath.Join("/proc", strconv.Itoa(p.Pid()))
	maps, err := os.Open(filepath.Join(proc, "maps")) //nolint:gosec // G304: of our own child
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = maps.Close() }()
	mem, err := os.Open(filepath.Join(proc, "mem")) //nolint:gosec // G304: of our own child
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		t.Skipf("only root may read the memory of a process that forbids core dumps: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mem.Close() }()

	searched := uint64(0)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if !strings.HasPrefix(mode, "rw") {
			continue // code, constants, and what was only reserved
		}
		place := fmt.Sprintf("memory %x-%x", from, to)
		hits, err := s.stream(place, io.NewSectionReader(mem, int64(from), int64(to-from)))
		if err != nil {
			t.Fatalf("read %s: %v", place, err)
		}
		found = append(found, hits...)
		searched += to - from
	}
	if searched < 1<<20 {
		t.Fatalf("only %d bytes of memory were searched", searched)
	}
	return found
}
