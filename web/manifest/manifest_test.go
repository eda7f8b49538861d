package manifest_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"bulle/web/manifest"
)

// testKey is no secret.
func testKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func kind(path string) string {
	if strings.HasSuffix(path, ".html") {
		return "text/html; charset=utf-8"
	}
	return "application/wasm"
}

func app() fstest.MapFS {
	return fstest.MapFS{
		"index.html":          {Data: []byte("page")},
		"index.html.br":       {Data: []byte("packed page")},
		"assets/core.wasm":    {Data: []byte("core")},
		"assets/core.wasm.br": {Data: []byte("packed core")},
		"app.manifest":        {Data: []byte("itself")},
	}
}

func sample(tb testing.TB) manifest.Manifest {
	tb.Helper()
	files, err := manifest.List(app(), kind)
	if err != nil {
		tb.Fatal(err)
	}
	return manifest.Manifest{
		Release: 3,
		Headers: []manifest.Header{
			{Name: "X-Content-Type-Options", Value: "nosniff"},
			{Name: "Content-Security-Policy", Value: "default-src 'none'; script-src 'self'"},
		},
		Files: files,
	}
}

func signed(tb testing.TB, m manifest.Manifest) []byte {
	tb.Helper()
	text, err := manifest.Sign(&m, testKey())
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func golden(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "1.manifest"))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// TestGolden also shows that the same key and files give the same bytes.
func TestGolden(t *testing.T) {
	want := golden(t)
	if got := signed(t, sample(t)); !bytes.Equal(got, want) {
		t.Errorf("signed:\n%s\nwant:\n%s", got, want)
	}
	m, err := manifest.Open(want)
	if err != nil {
		t.Fatal(err)
	}
	if m.Release != 3 || m.Development || len(m.Files) != 2 || m.Headers[0].Name != "Content-Security-Policy" {
		t.Errorf("opened %+v", m)
	}
	if err := m.Check(app(), kind); err != nil {
		t.Errorf("its own files: %v", err)
	}
}

// TestEveryBitCounts changes each bit of a manifest; none of them opens.
func TestEveryBitCounts(t *testing.T) {
	text := golden(t)
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			if _, err := manifest.Open(text); err == nil {
				t.Fatalf("bit %d of byte %d may be changed: %q", bit, i, text)
			}
			text[i] ^= 1 << bit
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	text := string(golden(t))
	for name, bad := range map[string]string{
		"nothing":          "",
		"a newer format":   strings.Replace(text, "bulle app 1", "bulle app 2", 1),
		"no last newline":  strings.TrimSuffix(text, "\n"),
		"trailing text":    text + "\n",
		"two signatures":   text + text[strings.Index(text, "signature"):],
		"no signature":     text[:strings.Index(text, "signature")],
		"a short one":      text[:len(text)-3] + "\n",
		"capitals":         strings.Replace(text, "key ea", "key EA", 1),
		"a leading zero":   strings.Replace(text, "release 3", "release 03", 1),
		"another build":    strings.Replace(text, "build release", "build beta", 1),
		"windows lines":    strings.ReplaceAll(text, "\n", "\r\n"),
		"another order":    strings.Replace(text, "release 3\nbuild release", "build release\nrelease 3", 1),
		"an unknown line":  strings.Replace(text, "build", "note x\nbuild", 1),
		"a line too long":  strings.Replace(text, "nosniff", strings.Repeat("n", manifest.MaxLine), 1),
		"a text too long":  text + strings.Repeat("\n", manifest.MaxText),
		"a file of others": strings.Replace(text, " index.html ", " ../index.html ", 1),
	} {
		if _, err := manifest.Open([]byte(bad)); !errors.Is(err, manifest.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]string{
		"an older release": strings.Replace(text, "release 3", "release 2", 1),
		"another size":     strings.Replace(text, " 4 ", " 5 ", 1),
		"another header":   strings.Replace(text, "nosniff", "sniff", 1),
	} {
		if _, err := manifest.Open([]byte(bad)); !errors.Is(err, manifest.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*manifest.Manifest){
		"no release":       func(m *manifest.Manifest) { m.Release = 0 },
		"a huge release":   func(m *manifest.Manifest) { m.Release = manifest.MaxRelease + 1 },
		"no files":         func(m *manifest.Manifest) { m.Files = nil },
		"a file twice":     func(m *manifest.Manifest) { m.Files = append(m.Files, m.Files[0]) },
		"a header twice":   func(m *manifest.Manifest) { m.Headers = append(m.Headers, m.Headers[0]) },
		"a folder above":   func(m *manifest.Manifest) { m.Files[0].Path = "a/../b" },
		"a space":          func(m *manifest.Manifest) { m.Files[0].Path = "a b" },
		"itself":           func(m *manifest.Manifest) { m.Files[0].Path = manifest.Name },
		"a copy":           func(m *manifest.Manifest) { m.Files[0].Path = "a.br" },
		"no type":          func(m *manifest.Manifest) { m.Files[0].Type = "" },
		"a line in a type": func(m *manifest.Manifest) { m.Files[0].Type = "a\nb" },
		"a huge file":      func(m *manifest.Manifest) { m.Files[0].Plain.Size = manifest.MaxSize + 1 },
		"a header's name":  func(m *manifest.Manifest) { m.Headers[0].Name = "a:b" },
		"a header's value": func(m *manifest.Manifest) { m.Headers[0].Value = " a" },
	} {
		m := sample(t)
		spoil(&m)
		if text, err := manifest.Sign(&m, testKey()); !errors.Is(err, manifest.ErrMalformed) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

func TestCheckFindsWhatDiffers(t *testing.T) {
	m, err := manifest.Open(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(fstest.MapFS){
		"one byte":             func(f fstest.MapFS) { f["index.html"] = &fstest.MapFile{Data: []byte("pagf")} },
		"one byte of the copy": func(f fstest.MapFS) { f["index.html.br"] = &fstest.MapFile{Data: []byte("packed pagf")} },
		"a file too many":      func(f fstest.MapFS) { f["a.html"], f["a.html.br"] = f["index.html"], f["index.html.br"] },
		"a copy of nothing":    func(f fstest.MapFS) { f["a.html.br"] = f["index.html.br"] },
		"a missing file":       func(f fstest.MapFS) { delete(f, "index.html"); delete(f, "index.html.br") },
		"a missing copy":       func(f fstest.MapFS) { delete(f, "index.html.br") },
	} {
		files := app()
		change(files)
		if err := m.Check(files, kind); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// FuzzOpen checks that whatever opens is written again to the same bytes.
func FuzzOpen(f *testing.F) {
	text := golden(f)
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("bulle app 1\nrelease 1\nbuild release\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := manifest.Open(text)
		if err != nil {
			if !errors.Is(err, manifest.ErrMalformed) && !errors.Is(err, manifest.ErrSignature) {
				t.Errorf("an error of its own: %v", err)
			}
			return
		}
		if m.Key == manifest.Key(testKey().Public().(ed25519.PublicKey)) && !bytes.Equal(signed(t, m), text) { //nolint:forcetypeassert // it is
			t.Errorf("two texts for one manifest: %q", text)
		}
	})
}
