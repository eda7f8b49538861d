// Package verify checks from outside what a relay serves: the app's manifest, every
// file that it lists, and the headers. Most callers need [Relay].
package verify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"bulle/web/manifest"
)

// Limits of a check.
const (
	requestTime = 60 * time.Second
	maxHeader   = 64 << 10
)

// ErrPin says that the relay's TLS key is not the pinned one.
var ErrPin = errors.New("the relay's key is not the pinned one")

// A Target is what to check.
type Target struct {
	Address string // host:port
	Pin     *[32]byte
	Ours    *manifest.Manifest // of this binary: its key is the one to expect; nil where there is none
	Headers []manifest.Header  // that every answer has to carry
}

// A Report says what was seen.
type Report struct {
	TLS      [32]byte // SHA-256 of the relay's TLS key
	Manifest manifest.Manifest
	Known    bool     // signed by the key of this binary
	Files    int      // checked, each as it is and compressed
	Faults   []string // what differs, empty if nothing does
}

// Relay fetches the whole app and compares it. It fails with [ErrPin], with an error
// of the manifest package if there is none that is signed, or when the relay cannot be
// reached; what differs in an answer is a fault of the report. ctx bounds it.
func Relay(ctx context.Context, t Target) (Report, error) {
	c := checker{target: t}
	transport := &http.Transport{
		TLSClientConfig:        c.tls(),
		DialContext:            (&net.Dialer{Timeout: requestTime}).DialContext,
		DisableCompression:     true, // what is served compressed is compared as it is
		MaxResponseHeaderBytes: maxHeader,
	}
	defer transport.CloseIdleConnections()
	c.client = &http.Client{
		Transport:     transport,
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	err := c.run(ctx)
	return c.report, err
}

type checker struct {
	target Target
	client *http.Client
	report Report
}

// tls takes whatever certificate there is, since a relay makes its own: the key counts.
func (c *checker) tls() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // G402: VerifyConnection compares the key
		VerifyConnection: func(state tls.ConnectionState) error {
			key := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if c.target.Pin != nil && key != *c.target.Pin {
				return ErrPin
			}
			c.report.TLS = key
			return nil
		},
	}
}

func (c *checker) run(ctx context.Context) error {
	text, err := c.get(ctx, manifest.Name, "identity", manifest.MaxText)
	if err != nil {
		return err
	}
	m, err := manifest.Open(text.body)
	if err != nil {
		return err
	}
	c.report.Manifest = m
	c.compareHeaders(manifest.Name, text.header, m.Headers)
	if ours := c.target.Ours; ours != nil {
		c.report.Known = m.Key == ours.Key
		if !c.report.Known {
			c.fault("the app is signed by another key than this program's")
		} else if m.Release < ours.Release {
			c.fault("release %d is older than this program's, %d", m.Release, ours.Release)
		}
	}
	for _, f := range m.Files {
		for encoding, want := range map[string]manifest.Digest{"identity": f.Plain, "br": f.Brotli} {
			if err := c.file(ctx, f, encoding, want); err != nil {
				return err
			}
		}
		c.report.Files++
	}
	return c.page(ctx)
}

// page compares what stands at the root with index.html.
func (c *checker) page(ctx context.Context) error {
	index, listed := c.report.Manifest.File("index.html")
	if !listed {
		c.fault("the manifest lists no index.html")
		return nil
	}
	root, err := c.get(ctx, "", "identity", index.Plain.Size)
	if err == nil && (root.status != http.StatusOK || manifest.DigestOf(root.body) != index.Plain) {
		c.fault("/ is not index.html")
	}
	if err == nil {
		c.compareHeaders("/", root.header, c.target.Headers)
	}
	return err
}

func (c *checker) file(ctx context.Context, f manifest.File, encoding string, want manifest.Digest) error {
	got, err := c.get(ctx, f.Path, encoding, want.Size)
	if err != nil {
		return err
	}
	name := f.Path
	if encoding == "br" {
		name += " (brotli)"
	}
	sent := got.header.Get("Content-Encoding")
	switch {
	case got.status != http.StatusOK:
		c.fault("%s: status %d", name, got.status)
	case encoding == "br" && sent != "br" || encoding != "br" && sent != "":
		c.fault("%s: sent with encoding %q", name, sent)
	case manifest.DigestOf(got.body) != want:
		c.fault("%s: other bytes than were signed", name)
	case got.header.Get("Content-Type") != f.Type:
		c.fault("%s: type %q", name, got.header.Get("Content-Type"))
	}
	c.compareHeaders(name, got.header, c.target.Headers)
	return nil
}

func (c *checker) compareHeaders(name string, got http.Header, want []manifest.Header) {
	for _, h := range want {
		if values := got.Values(h.Name); len(values) != 1 || values[0] != h.Value {
			c.fault("%s: header %s is %q", name, h.Name, values)
		}
	}
}

func (c *checker) fault(format string, args ...any) {
	c.report.Faults = append(c.report.Faults, fmt.Sprintf(format, args...))
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// get fetches a path, and reads one byte more than size at most: a longer answer is
// another one.
func (c *checker) get(ctx context.Context, path, encoding string, size int64) (a answer, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.target.Address+"/"+path, nil)
	if err != nil {
		return a, err
	}
	request.Header.Set("Accept-Encoding", encoding)
	response, err := c.client.Do(request)
	if err != nil {
		return a, fmt.Errorf("fetch the app: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, size+1))
	if err != nil {
		return a, fmt.Errorf("fetch the app: %w", err)
	}
	return answer{response.StatusCode, response.Header, body}, nil
}
