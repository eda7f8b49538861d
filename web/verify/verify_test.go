package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"bulle/web"
	"bulle/web/manifest"
	"bulle/web/verify"
)

func build(t *testing.T, release uint64, seed byte) fstest.MapFS {
	t.Helper()
	app := fstest.MapFS{
		"index.html":          {Data: []byte("page")},
		"index.html.br":       {Data: []byte("packed page")},
		"assets/core.wasm":    {Data: []byte("core")},
		"assets/core.wasm.br": {Data: []byte("packed core")},
	}
	files, err := manifest.List(app, web.ContentType)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.Manifest{Release: release, Headers: web.Headers(), Files: files}
	text, err := manifest.Sign(&m, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	app[manifest.Name] = &fstest.MapFile{Data: text}
	return app
}

// serve starts a relay that serves the app, through a handler that may spoil it.
func serve(t *testing.T, app fstest.MapFS, around func(http.Handler) http.Handler) verify.Target {
	t.Helper()
	handler := web.Handler(app)
	if around != nil {
		handler = around(handler)
	}
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	pin := sha256.Sum256(s.Certificate().RawSubjectPublicKeyInfo)
	ours, err := web.Manifest(build(t, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	return verify.Target{Address: s.Listener.Addr().String(), Pin: &pin, Ours: &ours, Headers: web.Headers()}
}

func TestTheSameApp(t *testing.T) {
	target := serve(t, build(t, 2, 1), nil)
	r, err := verify.Relay(t.Context(), target)
	if err != nil || len(r.Faults) > 0 || !r.Known || r.Files != 2 || r.TLS != *target.Pin {
		t.Errorf("got %+v, %v", r, err)
	}
	target.Pin, target.Ours = nil, nil
	r, err = verify.Relay(t.Context(), target)
	if err != nil || len(r.Faults) > 0 || r.Known || r.TLS == [32]byte{} {
		t.Errorf("without a pin and a key: %+v, %v", r, err)
	}
}

func TestWhatDiffersIsFound(t *testing.T) {
	spoilHeader := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			recorder.Header().Set("Content-Security-Policy", "default-src *")
			for name, values := range recorder.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		})
	}
	for name, c := range map[string]struct {
		release uint64
		seed    byte
		spoil   func(fstest.MapFS)
		around  func(http.Handler) http.Handler
		want    string
	}{
		"one byte":       {2, 1, func(f fstest.MapFS) { f["index.html"].Data = []byte("pagf") }, nil, "index.html: other bytes"},
		"one more byte":  {2, 1, func(f fstest.MapFS) { f["index.html"].Data = []byte("page\n") }, nil, "index.html: other bytes"},
		"a packed byte":  {2, 1, func(f fstest.MapFS) { f["assets/core.wasm.br"].Data = []byte("packed corf") }, nil, "(brotli): other bytes"},
		"no packed copy": {2, 1, func(f fstest.MapFS) { delete(f, "assets/core.wasm.br") }, nil, "(brotli): sent with encoding"},
		"a missing file": {2, 1, func(f fstest.MapFS) { delete(f, "assets/core.wasm"); delete(f, "assets/core.wasm.br") }, nil, "status 404"},
		"a header":       {2, 1, nil, spoilHeader, "header Content-Security-Policy"},
		"older":          {1, 1, nil, nil, "release 1 is older"},
		"another key":    {2, 9, nil, nil, "another key"},
	} {
		t.Run(name, func(t *testing.T) {
			app := build(t, c.release, c.seed)
			if c.spoil != nil {
				c.spoil(app)
			}
			r, err := verify.Relay(t.Context(), serve(t, app, c.around))
			if err != nil || !strings.Contains(strings.Join(r.Faults, "\n"), c.want) {
				t.Errorf("got %q, %v; want %q", r.Faults, err, c.want)
			}
		})
	}
}

func TestWhatCannotBeChecked(t *testing.T) {
	app := build(t, 2, 1)
	target := serve(t, app, nil)
	other := *target.Pin
	other[0]++
	wrong := target
	wrong.Pin = &other
	if _, err := verify.Relay(t.Context(), wrong); !errors.Is(err, verify.ErrPin) {
		t.Errorf("another key: %v", err)
	}
	app[manifest.Name].Data = bytes.Replace(app[manifest.Name].Data, []byte("release 2"), []byte("release 3"), 1)
	if _, err := verify.Relay(t.Context(), target); !errors.Is(err, manifest.ErrSignature) {
		t.Errorf("a wrong signature: %v", err)
	}
	delete(app, manifest.Name)
	if _, err := verify.Relay(t.Context(), target); !errors.Is(err, manifest.ErrMalformed) {
		t.Errorf("no manifest: %v", err)
	}
}
