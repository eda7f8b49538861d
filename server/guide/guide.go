// Package guide is the page that shows a person how to make a browser trust the
// relay's own certificate authority: for each system, with the fingerprint to compare.
//
//	/ca               the page, in English or French, without any script
//	/ca.crt           the authority's certificate, DER
//	/ca.mobileconfig  the same as a profile of iOS and macOS
//	/ca.css           the page's style
//
// It is served over HTTPS, where a browser that does not trust the relay yet warns
// before it, and by [Setup] over plain HTTP, which has nothing else. Nothing here is
// secret. What an attacker could change on the way is what the fingerprint is for: it
// is compared with the one that `bulle serve` printed.
package guide

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Path is where the page stands.
const Path = "/ca"

const (
	certificatePath = "/ca.crt"
	profilePath     = "/ca.mobileconfig"
	stylePath       = "/ca.css"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style []byte

// Config of [New]. All of it is shown to whoever asks.
type Config struct {
	Certificate []byte   // of the authority, DER
	Name        string   // what systems call it in their lists
	Fingerprint string   // AB:CD:...
	Scope       []string // the names and networks that it may speak for
	App         string   // the address of the app, https://...
}

// A Guide answers for the paths above. It may be called concurrently.
type Guide struct {
	answers map[string]answer
	pages   map[key][]byte
}

type answer struct {
	kind string
	body []byte
	save string // the name under which a browser saves it; empty: it is shown
}

// A key says which page: each is made once, there are few.
type key struct {
	lang   string
	system string
}

// New makes the pages.
func New(c Config) (*Guide, error) {
	if len(c.Certificate) == 0 {
		return nil, errors.New("guide: no certificate")
	}
	g := &Guide{
		answers: map[string]answer{
			certificatePath: {"application/x-x509-ca-cert", c.Certificate, "bulle-ca.crt"},
			profilePath:     {"application/x-apple-aspen-config", profile(c), "bulle-ca.mobileconfig"},
			stylePath:       {"text/css; charset=utf-8", style, ""},
		},
		pages: map[key][]byte{},
	}
	page, err := template.New("page").Funcs(template.FuncMap{"bold": bold}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the guide's page: %w", err)
	}
	for _, t := range []texts{english(), french()} {
		for _, system := range append([]string{""}, systems(t)...) {
			var b bytes.Buffer
			if err := page.Execute(&b, view{Config: c, T: t.startingWith(system), System: system, Groups: groups(c.Fingerprint)}); err != nil {
				return nil, fmt.Errorf("write the guide's page: %w", err)
			}
			g.pages[key{t.Lang, system}] = typeset(t.Lang, b.Bytes())
		}
	}
	return g, nil
}

// view is what the page is made of.
type view struct {
	Config
	T      texts
	System string // the reader's, shown open
	Groups []string
}

// typeset keeps the space that French puts before some marks from ending a line.
func typeset(lang string, page []byte) []byte {
	if lang != "fr" {
		return page
	}
	for _, mark := range []string{":", ";", "?", "!"} {
		page = bytes.ReplaceAll(page, []byte(" "+mark), []byte("\u00a0"+mark))
	}
	return page
}

// groups cuts a fingerprint into pieces that one can compare, four bytes each.
func groups(fingerprint string) []string {
	pairs := strings.Split(fingerprint, ":")
	var all []string
	for chunk := range slices.Chunk(pairs, 4) {
		all = append(all, strings.Join(chunk, ":"))
	}
	return all
}

// bold makes what stands between asterisks bold: the words that stand on buttons.
func bold(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "*") {
		part = template.HTMLEscapeString(part)
		switch {
		case i%2 == 0:
			b.WriteString(part)
		case strings.HasPrefix(part, "`"):
			b.WriteString("<code>" + strings.Trim(part, "`") + "</code>")
		default:
			b.WriteString("<b>" + part + "</b>")
		}
	}
	return template.HTML(b.String()) //nolint:gosec // G203: every part was escaped, and all are ours
}

// Serves reports whether a path is the guide's.
func (g *Guide) Serves(path string) bool {
	_, ok := g.answers[path]
	return ok || path == Path
}

// ServeHTTP implements [http.Handler].
func (g *Guide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range headers() {
		h.Set(name, value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	a, ok := g.answers[r.URL.Path]
	if !ok {
		if r.URL.Path != Path {
			http.NotFound(w, r)
			return
		}
		a = answer{"text/html; charset=utf-8", g.pages[key{language(r), system(r.UserAgent())}], ""}
		h.Set("Vary", "Accept-Language, User-Agent")
	}
	if a.save != "" {
		h.Set("Content-Disposition", `attachment; filename="`+a.save+`"`)
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	h.Set("Cache-Control", "no-cache")
	if r.Method == http.MethodGet {
		_, _ = w.Write(a.body) // the reader is gone: nobody is left to be told
	}
}

// headers keep the page to itself: its own style and nothing else.
func headers() map[string]string {
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
	}
}

// Setup is the guide alone, for plain HTTP: every other path is refused, and the root
// leads to the guide.
func Setup(g *Guide) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && r.Method == http.MethodGet {
			http.Redirect(w, r, Path, http.StatusSeeOther)
			return
		}
		g.ServeHTTP(w, r)
	})
}
