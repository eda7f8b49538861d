package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
)

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestOpenAndReopen(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "plan.pdf"), "content")
	source, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if source.Name != "plan.pdf" || source.Size != 7 || source.MediaType != "application/pdf" {
		t.Errorf("%+v", source)
	}
	if err := source.Content.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := files.Reopen(source.Ref)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if _, err := again.ReadAt(got, 0); err != nil || string(got) != "content" {
		t.Errorf("%q, %v", got, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, "longer content")
	if _, err := files.Reopen(source.Ref); !errors.Is(err, files.ErrChanged) {
		t.Errorf("a changed file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Reopen(source.Ref); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := files.Reopen("{"); err == nil {
		t.Error("a damaged reference opened something")
	}
}

func TestNamesAreText(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "caf\xe9.txt"), "content")
	source, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Content.Close() //nolint:errcheck // only read
	if source.Name != "caf_.txt" {
		t.Errorf("%q", source.Name)
	}
}

func TestOnlyRegularFilesAreSent(t *testing.T) {
	if _, err := files.Open(t.TempDir()); !errors.Is(err, files.ErrKind) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := files.Open(os.DevNull); !errors.Is(err, files.ErrKind) {
		t.Errorf("a device: %v", err)
	}
	if _, err := files.Open(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

// fetcher gives out content, from where the target has it on, at most most bytes at a time.
type fetcher struct {
	content []byte
	most    int
	have    int64
	calls   int
}

func (f *fetcher) SaveFile(_ context.Context, _ client.ConversationID, _ client.MessageID, to client.FileTarget, progress func(client.Progress)) error {
	f.calls++
	f.have = to.Have
	rest := f.content[to.Have:]
	cut := f.most > 0 && len(rest) > f.most
	if cut {
		rest = rest[:f.most]
	}
	if _, err := to.Content.WriteAt(rest, to.Have); err != nil {
		return err
	}
	progress(client.Progress{Done: to.Have + int64(len(rest)), Total: int64(len(f.content))})
	if cut {
		return client.ErrUnreachable
	}
	return nil
}

func message(name string, content []byte) client.Message {
	return client.Message{ID: client.MessageID{1}, File: &client.FileInfo{Name: name, Size: int64(len(content)), SHA256: sha256.Sum256(content)}}
}

func TestSaveResumes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	content := bytes.Repeat([]byte("0123456789"), 100)
	f := &fetcher{content: content, most: 600}
	msg := message("a.bin", content)
	if _, err := files.Save(t.Context(), f, msg, dir, nil); !errors.Is(err, client.ErrUnreachable) {
		t.Fatalf("cut off: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.bin")); err == nil {
		t.Error("an incomplete file stands under its name")
	}
	path, err := files.Save(t.Context(), f, msg, dir, nil)
	if err != nil || f.have != 600 {
		t.Fatalf("resumed from %d: %v", f.have, err)
	}
	if read(t, path) != string(content) {
		t.Error("the content differs")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestSaveNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "precious")
	f := &fetcher{content: []byte("new")}
	msg := message("a.txt", f.content)
	path, err := files.Save(t.Context(), f, msg, dir, nil)
	if err != nil || filepath.Base(path) != "a (2).txt" || read(t, path) != "new" {
		t.Errorf("%s, %v", path, err)
	}
	if read(t, filepath.Join(dir, "a.txt")) != "precious" {
		t.Error("replaced a file")
	}
}

func TestSaveTwiceFetchesOnce(t *testing.T) {
	dir := t.TempDir()
	f := &fetcher{content: []byte("new")}
	msg := message("a.txt", f.content)
	first, err := files.Save(t.Context(), f, msg, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := files.Save(t.Context(), f, msg, dir, nil)
	if err != nil || first != second || f.calls != 1 {
		t.Errorf("%s then %s in %d calls, %v", first, second, f.calls, err)
	}
}

func TestSaveEmptyFile(t *testing.T) {
	path, err := files.Save(t.Context(), &fetcher{}, message("empty", nil), t.TempDir(), nil)
	if err != nil || read(t, path) != "" {
		t.Errorf("%s, %v", path, err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"plan.pdf":               "plan.pdf",
		"../../etc/passwd":       "_.._etc_passwd",
		"..":                     "file",
		"":                       "file",
		".bashrc":                "bashrc",
		"-rf":                    "rf",
		"a\x00b\nc":              "a␀b c",
		"annexe\u202efdp.exe":    "annexefdp.exe",
		`C:\x`:                   "C__x",
		"  é 你好.txt ":            "é 你好.txt",
		"trailing. ":             "trailing",
		strings.Repeat("x", 300): strings.Repeat("x", 200),
	} {
		if got := files.Name(name); got != want {
			t.Errorf("Name(%q) = %q, want %q", name, got, want)
		}
	}
	if long := files.Name(strings.Repeat("é", 300) + ".pdf"); len(long) > 200 || !strings.HasSuffix(long, ".pdf") {
		t.Errorf("%q", long)
	}
}

func FuzzName(f *testing.F) {
	f.Add("../a\x00/\\..")
	f.Fuzz(func(t *testing.T, name string) {
		got := files.Name(name)
		if got == "" || got != filepath.Base(got) || strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") || len(got) > 255 {
			t.Errorf("Name(%q) = %q", name, got)
		}
	})
}

func TestAboutSaysWhatAFileIs(t *testing.T) {
	for want, f := range map[string]client.FileInfo{
		"voice 0:12":     {MediaType: "audio/webm", Shown: client.Shown{Voice: true, Duration: 12_400 * time.Millisecond}},
		"video 1:05":     {MediaType: "video/webm", Shown: client.Shown{Duration: 65 * time.Second, Width: 3}},
		"photo 1200x800": {MediaType: "image/jpeg", Shown: client.Shown{Width: 1200, Height: 800}},
		"":               {MediaType: "application/pdf", Shown: client.Shown{Width: 1200, Height: 800}},
	} {
		if got := files.About(lang.English, &f); got != want {
			t.Errorf("%+v is %q, want %q", f, got, want)
		}
	}
	picture := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(picture, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x03\x00\x00\x00\x02"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := files.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	if source.Shown.Width != 3 || source.Shown.Height != 2 {
		t.Errorf("the picture is %+v", source.Shown)
	}
	if err := source.Content.Close(); err != nil {
		t.Error(err)
	}
}
