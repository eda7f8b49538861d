// Package web holds the web app and serves it. Most callers need [Handler] with
// [Files]; the files are in the binary when it is built with the tag "web".
package web

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"bulle/web/manifest"
)

// ErrNotBuilt says that this binary was built without the web app.
var ErrNotBuilt = errors.New("this binary was built without the web app: build it with make build")

// Headers returns what is sent with every answer, and what keeps the page to itself: nothing inline, nothing from
// outside, nothing framed, no referrer, no permission that the app does not use.
func Headers() []manifest.Header {
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"worker-src 'self'",
		"style-src 'self'",
		"img-src 'self' blob:",
		"media-src 'self' blob:",
		"font-src 'self'",
		"connect-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types svelte-trusted-html bulle",
	}, "; ")
	return []manifest.Header{
		{Name: "Content-Security-Policy", Value: policy},
		{Name: "Cross-Origin-Opener-Policy", Value: "same-origin"},
		{Name: "Cross-Origin-Embedder-Policy", Value: "require-corp"},
		{Name: "Cross-Origin-Resource-Policy", Value: "same-origin"},
		{Name: "Permissions-Policy", Value: "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()"},
		{Name: "Referrer-Policy", Value: "no-referrer"},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
	}
}

// Manifest returns the signed list of a built app, after comparing every file, and the
// headers of this binary, with it. An app that does not fit its list is not to be served.
func Manifest(files fs.FS) (manifest.Manifest, error) {
	text, err := fs.ReadFile(files, manifest.Name)
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("read the app's manifest: %w", err)
	}
	m, err := manifest.Open(text)
	if err != nil {
		return manifest.Manifest{}, err
	}
	ours := Headers()
	slices.SortFunc(ours, func(a, b manifest.Header) int { return strings.Compare(a.Name, b.Name) })
	if !slices.Equal(m.Headers, ours) {
		return manifest.Manifest{}, fmt.Errorf("%w: other headers", manifest.ErrFiles)
	}
	return m, m.Check(files, ContentType)
}

// Handler serves the files of a built app. A file whose name carries the hash of
// its content, under assets/, may be cached for ever; everything else is asked for
// again each time. A file with a .br beside it is sent compressed to those who take
// brotli. Anything but GET and HEAD is refused. It may be called concurrently.
func Handler(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range Headers() {
			w.Header().Set(h.Name, h.Value)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if name == "" {
			name = "index.html"
		}
		if strings.HasSuffix(name, ".br") || !serve(w, r, files, name) {
			http.NotFound(w, r)
		}
	})
}

// serve sends one file and reports whether it is there.
func serve(w http.ResponseWriter, r *http.Request, files fs.FS, name string) bool {
	source := name
	w.Header().Set("Vary", "Accept-Encoding")
	if takesBrotli(r) {
		if _, err := fs.Stat(files, name+".br"); err == nil {
			source = name + ".br"
		}
	}
	f, err := files.Open(source)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return false
	}
	h := w.Header()
	if source != name {
		h.Set("Content-Encoding", "br")
	}
	h.Set("Content-Type", ContentType(name))
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, f) // the reader is gone: nobody is left to be told
	}
	return true
}

func takesBrotli(r *http.Request) bool {
	for _, encoding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(encoding), ";")
		if name == "br" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}

// ContentType returns what a file of the app is served as. It does not ask the machine's
// own table for what the app has, because that differs between machines.
func ContentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	case ".manifest":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
