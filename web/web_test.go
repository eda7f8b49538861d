package web_test

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"bulle/web"
	"bulle/web/manifest"
)

func get(t *testing.T, method, path, encoding string) (status int, header http.Header, body string) {
	t.Helper()
	files := fstest.MapFS{
		"index.html":          {Data: []byte("page")},
		"index.html.br":       {Data: []byte("packed page")},
		"assets/core-1a.wasm": {Data: []byte("core")},
		"assets/secret.br":    {Data: []byte("alone")},
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "https://relay"+path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	web.Handler(files).ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

func TestHandlerServes(t *testing.T) {
	for _, c := range []struct {
		method, path, encoding string
		status                 int
		body, kind, cache      string
	}{
		{"GET", "/", "gzip, br", 200, "packed page", "text/html; charset=utf-8", "no-cache"},
		{"GET", "/", "gzip, br;q=0", 200, "page", "text/html; charset=utf-8", "no-cache"},
		{"GET", "/index.html", "", 200, "page", "text/html; charset=utf-8", "no-cache"},
		{"HEAD", "/", "", 200, "", "text/html; charset=utf-8", "no-cache"},
		{"GET", "/assets/core-1a.wasm", "br", 200, "core", "application/wasm", "public, max-age=31536000, immutable"},
		{"GET", "/assets/secret.br", "br", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		{"GET", "/assets/", "", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		{"GET", "/../../etc/passwd", "", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		{"POST", "/", "", 405, "Method Not Allowed\n", "text/plain; charset=utf-8", ""},
	} {
		status, header, body := get(t, c.method, c.path, c.encoding)
		if status != c.status || body != c.body || header.Get("Content-Type") != c.kind || header.Get("Cache-Control") != c.cache {
			t.Errorf("%s %s (%s): %d %q %v", c.method, c.path, c.encoding, status, body, header)
		}
	}
}

// TestManifest checks that an app is served only with the list that was signed for it.
func TestManifest(t *testing.T) {
	app := fstest.MapFS{"index.html": {Data: []byte("page")}, "index.html.br": {Data: []byte("packed page")}}
	if _, err := web.Manifest(app); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a manifest: %v", err)
	}
	files, err := manifest.List(app, web.ContentType)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	put := func(headers []manifest.Header) {
		text, err := manifest.Sign(&manifest.Manifest{Release: 1, Headers: headers, Files: files}, key)
		if err != nil {
			t.Fatal(err)
		}
		app[manifest.Name] = &fstest.MapFile{Data: text}
	}
	put(web.Headers())
	if _, err := web.Manifest(app); err != nil {
		t.Errorf("its own manifest: %v", err)
	}
	put(web.Headers()[1:])
	if _, err := web.Manifest(app); !errors.Is(err, manifest.ErrFiles) {
		t.Errorf("without a header: %v", err)
	}
	put(web.Headers())
	app["index.html"].Data = []byte("pagf")
	if _, err := web.Manifest(app); !errors.Is(err, manifest.ErrFiles) {
		t.Errorf("with a changed byte: %v", err)
	}
}

// TestPolicy keeps the promise that the page loads nothing from outside and runs
// nothing inline: every source it may use is its own.
func TestPolicy(t *testing.T) {
	_, header, _ := get(t, "GET", "/", "")
	policy := header.Get("Content-Security-Policy")
	for _, rule := range strings.Split(policy, "; ") {
		name, sources, _ := strings.Cut(rule, " ")
		for _, source := range strings.Fields(sources) {
			switch source {
			case "'self'", "'none'", "'script'", "blob:", "'wasm-unsafe-eval'", "svelte-trusted-html", "bulle":
			default:
				t.Errorf("%s allows %s", name, source)
			}
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("the policy begins with %q", policy[:min(len(policy), 40)])
	}
}
