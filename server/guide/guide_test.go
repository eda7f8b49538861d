package guide_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"bulle/server/guide"
)

var fingerprint = strings.TrimSuffix(strings.Repeat("AB:", 32), ":")

func newGuide(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := guide.New(guide.Config{
		Certificate: []byte("the certificate"), Name: `Bulle <1> & "co"`, Fingerprint: fingerprint,
		Scope: []string{"bulle.local", "10.0.0.0/8"}, App: "https://bulle.local:8443/",
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://relay"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	android = "Mozilla/5.0 (Linux; Android 16; Pixel) Chrome/150 Mobile Safari/537"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26 Mobile Safari/604"
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150 Safari/537"
	firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
	mac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26 Safari/605"
	linux   = "Mozilla/5.0 (X11; Linux x86_64) Chrome/150 Safari/537"
)

// TestThePageFitsItsReader: the reader's system comes first and is open, all others are
// there too, in the reader's language.
func TestThePageFitsItsReader(t *testing.T) {
	g := newGuide(t)
	open := regexp.MustCompile(`<details id="(\w+)" open>`)
	first := regexp.MustCompile(`<details id="(\w+)"`)
	for agent, want := range map[string]string{android: "android", iphone: "ios", windows: "windows", firefox: "firefox", mac: "macos", linux: "linux", "curl": ""} {
		body := get(t, g, "/ca", "User-Agent", agent, "Accept-Language", "de, en;q=0.5").Body.String()
		opened := open.FindAllStringSubmatch(body, -1)
		if want == "" && len(opened) != 0 || want != "" && (len(opened) != 1 || opened[0][1] != want || first.FindStringSubmatch(body)[1] != want) {
			t.Errorf("%s: open are %v", agent, opened)
		}
		for _, id := range []string{"android", "ios", "windows", "macos", "linux", "firefox"} {
			if strings.Count(body, `<details id="`+id+`"`) != 1 {
				t.Errorf("%s: nothing for %s", agent, id)
			}
		}
	}
	for header, want := range map[string]string{"fr-CA, en": "fr", "de, en-GB, fr": "en", "": "en", "ja": "en"} {
		if body := get(t, g, "/ca", "Accept-Language", header).Body.String(); !strings.Contains(body, `<html lang="`+want+`">`) {
			t.Errorf("%q is not answered in %s", header, want)
		}
	}
	if body := get(t, g, "/ca?lang=fr", "Accept-Language", "en").Body.String(); !strings.Contains(body, "Empreinte") || strings.Contains(body, " :") {
		t.Error("French cannot be chosen")
	}
}

// TestThePageShowsWhatToCompare and nothing that a page must not have.
func TestThePageShowsWhatToCompare(t *testing.T) {
	g := newGuide(t)
	for _, lang := range []string{"en", "fr"} {
		w := get(t, g, "/ca?lang="+lang)
		body := w.Body.String()
		if n := strings.Count(body, "<code>AB:AB:AB:AB</code>"); n != 8 {
			t.Errorf("%s: %d groups of the fingerprint", lang, n)
		}
		for _, part := range []string{"Bulle &lt;1&gt; &amp; &#34;co&#34;", "10.0.0.0/8", `href="https://bulle.local:8443/"`, `href="ca.crt"`, `href="ca.mobileconfig"`} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: nothing about %s", lang, part)
			}
		}
		if m := regexp.MustCompile(`(?i)<script|<style|style=|\son\w+=|http://|src=|\*|%!`).FindString(body); m != "" {
			t.Errorf("%s: the page has %q", lang, m)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
			t.Errorf("the policy is %q", policy)
		}
	}
}

func TestTheCertificateIsHandedOut(t *testing.T) {
	g := newGuide(t)
	w := get(t, g, "/ca.crt")
	if w.Body.String() != "the certificate" || w.Header().Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("the certificate is %q, %v", w.Body, w.Header())
	}
	w = get(t, g, "/ca.mobileconfig")
	if w.Header().Get("Content-Type") != "application/x-apple-aspen-config" {
		t.Errorf("the profile is sent as %v", w.Header())
	}
	var inside []string
	d := xml.NewDecoder(w.Body)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			inside = append(inside, string(text))
		}
	}
	all := strings.Join(inside, "|")
	sum := sha256.Sum256([]byte("the certificate"))
	for _, part := range []string{base64.StdEncoding.EncodeToString([]byte("the certificate")), "com.apple.security.root", `Bulle <1> & "co"`, fingerprint} {
		if !strings.Contains(all, part) {
			t.Errorf("the profile of %x has no %q", sum, part)
		}
	}
	if ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`).FindAllString(all, -1); len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("its identifiers are %v", ids)
	}
}

// TestPlainHTTPHasNothingElse asks the setup listener for what the relay has.
func TestPlainHTTPHasNothingElse(t *testing.T) {
	h := guide.Setup(newGuide(t))
	if w := get(t, h, "/"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/ca" {
		t.Errorf("the root: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/ca", "/ca.crt", "/ca.css", "/ca.mobileconfig"} {
		if w := get(t, h, path); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/index.html", "/circuit", "/governance", "/ca/", "/ca/../authority.pem", "/app.manifest", "/service-worker.js"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://relay/ca", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestWithoutACertificateThereIsNoGuide(t *testing.T) {
	if _, err := guide.New(guide.Config{}); err == nil {
		t.Error("a guide to nothing")
	}
}
