package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"bulle/e2e/harness"
)

// writeFile makes a file of bytes that are the same for the same name and size,
// and returns where it is and its SHA-256.
func writeFile(t *testing.T, name string, size int64) (path, sum string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	source := rand.NewChaCha8(sha256.Sum256([]byte(fmt.Sprint(name, size))))
	if _, err := io.CopyN(io.MultiWriter(f, hash), source, size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path, hex.EncodeToString(hash.Sum(nil))
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// file returns what a line says of a file called name.
func file(l harness.Line, name string) (harness.Line, bool) {
	f, ok := l["file"].(map[string]any)
	return f, ok && harness.Line(f).Text("name") == name
}

// shown is a SHA-256 as a command shows it, in plain hexadecimal digits.
func shown(l harness.Line) string {
	return strings.ToLower(strings.NewReplacer(" ", "", ":", "").Replace(l.Text("sha256")))
}

func named(name string) func(harness.Line) bool {
	return func(l harness.Line) bool {
		_, ok := file(l, name)
		return ok
	}
}

// TestFiles sends files of every kind of size; both ends show the same hash and
// the bytes are equal.
func TestFiles(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	for _, size := range []int64{0, 1, 256 << 10, 256<<10 + 1, 100 << 20} {
		name := fmt.Sprintf("été %d.bin", size)
		path, sum := writeFile(t, name, size)
		var sent harness.Line
		for _, l := range alice.JSON(t, "send", "bruno", "--file", path) {
			if f, ok := file(l, name); ok {
				sent = f
			}
		}
		if shown(sent) != sum {
			t.Errorf("%s: the sender shows %q, the file has %s", name, shown(sent), sum)
		}
		got := bruno.AwaitMessage(t, "alice", name, named(name))
		if f, _ := file(got, name); shown(f) != sum || fmt.Sprint(f["size"]) != fmt.Sprint(float64(size)) {
			t.Errorf("%s: the receiver shows %v", name, f)
		}
	}
	into := t.TempDir()
	for _, l := range bruno.JSON(t, "read", "alice", "--save", into) {
		f, ok := l["file"].(map[string]any)
		if !ok {
			continue
		}
		path := harness.Line(f).Text("path")
		if !strings.HasPrefix(path, into) {
			t.Errorf("%v was saved to %q", f["name"], path)
			continue
		}
		if got := sumOf(t, path); got != shown(f) {
			t.Errorf("%v: saved with hash %s, want %s", f["name"], got, shown(f))
		}
	}
	if saved := bytesIn(into); saved != 100<<20+2*(256<<10)+2 {
		t.Errorf("%d bytes were saved", saved)
	}
}

// bytesIn returns the size of all files of a directory, which may change meanwhile.
func bytesIn(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it went away while we looked
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}

// TestFileThroughKills kills the sender, the relay and the receiver while a file
// is under way. It arrives once, whole.
func TestFileThroughKills(t *testing.T) {
	t.Parallel()
	const size = 100 << 20
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	path, sum := writeFile(t, "large.bin", size)

	// The sender, and then the relay, in the middle of the upload.
	start := bytesIn(b.Relay.Data)
	grown := func(to int64) func() bool {
		return func() bool { return bytesIn(b.Relay.Data)-start > to }
	}
	sending := alice.Start(t, "send", "bruno", "--file", path)
	killAt(t, sending, "a fifth of the file on the relay", grown(size/5))
	sending = alice.Start(t, "listen", "--json")
	harness.Eventually(t, "half of the file on the relay", grown(size/2))
	b.Relay.Kill()
	b.Relay.Start(t)

	got := bruno.AwaitMessage(t, "alice", "the file", named("large.bin"))
	sending.Kill()
	if f, _ := file(got, "large.bin"); shown(f) != sum {
		t.Errorf("the receiver shows %v, want %s", f, sum)
	}

	// The receiver, twice, in the middle of the download.
	into := t.TempDir()
	for _, part := range []int64{size / 5, size / 2} {
		receiving := bruno.Start(t, "read", "alice", "--save", into, "--json")
		killAt(t, receiving, "a part of the file saved", func() bool { return bytesIn(into) > part })
	}
	// The relay, in the middle of what is left: the receiver waits or gives up, and
	// says which by its exit code.
	receiving := bruno.Start(t, "read", "alice", "--save", into, "--json")
	harness.Eventually(t, "more of the file saved", func() bool {
		select {
		case <-receiving.Done():
			return true
		default:
			return bytesIn(into) > size*3/4
		}
	})
	b.Relay.Kill()
	b.Relay.Start(t)
	if code := receiving.Wait(t).Code; code != 0 && code != exitOffline {
		t.Errorf("exit code %d after the relay was killed, want 0 or %d", code, exitOffline)
	}
	files := 0
	for _, l := range bruno.JSON(t, "read", "alice", "--save", into) {
		if f, ok := file(l, "large.bin"); ok {
			files++
			if got := sumOf(t, f.Text("path")); got != sum {
				t.Errorf("saved with hash %s, want %s", got, sum)
			}
		}
	}
	if files != 1 || bytesIn(into) != size {
		t.Errorf("%d files arrived, %d bytes were saved", files, bytesIn(into))
	}
}

// killAt kills a process at a moment, unless it has ended by itself before.
func killAt(t *testing.T, p *harness.Process, what string, moment func() bool) {
	t.Helper()
	harness.Eventually(t, what, func() bool {
		select {
		case <-p.Done():
			t.Logf("ended before %s: the machine is too fast for this kill", what)
			return true
		default:
			return moment()
		}
	})
	p.Kill()
}

// TestChangedFile changes a file between two attempts to send it: the sender is
// told, and nothing arrives.
func TestChangedFile(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	path, _ := writeFile(t, "changing.bin", 1<<20)
	alice.Run(t, "send", "bruno", "hello")
	b.Relay.Kill()
	if res := alice.Try(t, "send", "bruno", "--file", path); res.Code != exitOffline {
		t.Errorf("exit code %d without a relay, want %d\n%s", res.Code, exitOffline, res.Stderr)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte{1}, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Relay.Start(t)
	alice.AwaitMessage(t, "bruno", "the failure", func(l harness.Line) bool {
		return named("changing.bin")(l) && l.Text("state") == "failed"
	})
	alice.Run(t, "send", "bruno", "after")
	bruno.AwaitText(t, "alice", "after")
	for _, l := range bruno.JSON(t, "read", "alice") {
		if named("changing.bin")(l) {
			t.Errorf("the changed file arrived: %v", l)
		}
	}
}

// TestLargeFileTakesLittleMemory sends and saves 2 GiB and looks at the most
// memory that each side ever had resident, without any limit set on it.
func TestLargeFileTakesLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 2 GiB")
	}
	const size, most = 2 << 30, 100 << 20
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	path := filepath.Join(t.TempDir(), "huge.bin")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil { // sparse: it takes no space here
		t.Fatal(err)
	}
	peak(t, "sender", alice.Start(t, "send", "bruno", "--file", path), most)
	bruno.AwaitMessage(t, "alice", "the file", named("huge.bin"))
	into := t.TempDir()
	peak(t, "receiver", bruno.Start(t, "read", "alice", "--save", into, "--json"), most)
	if got := bytesIn(into); got != size {
		t.Errorf("%d bytes were saved", got)
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peak waits for a process to succeed and fails if it ever had more than most
// bytes resident.
func peak(t *testing.T, who string, p *harness.Process, most int64) {
	t.Helper()
	var seen int64
	harness.Eventually(t, who+" to end", func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
		if m := highWater.FindSubmatch(status); err == nil && m != nil {
			if kb, err := strconv.ParseInt(string(m[1]), 10, 64); err == nil {
				seen = max(seen, kb<<10)
			}
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case <-p.Done():
			return true
		default:
			return false
		}
	})
	if res := p.Wait(t); res.Code != 0 {
		t.Fatalf("%s: exit code %d\n%s", who, res.Code, res.Stderr)
	}
	t.Logf("%s: at most %d MB resident", who, seen/1e6)
	if seen == 0 || seen > most {
		t.Errorf("%s: %d bytes resident, want at most %d", who, seen, most)
	}
}
