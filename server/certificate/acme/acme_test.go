package acme_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"bulle/server/certificate/acme"
)

// nameServer says that every name is this machine.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{Listener: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		for _, q := range r.Question {
			if q.Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
				})
			}
		}
		_ = w.WriteMsg(m) // who does not hear it asks again
	})}
	done := make(chan error, 1)
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() { done <- s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _, _ = s.Shutdown(), <-done })
	return conn.Addr().String()
}

// authority is Let's Encrypt's own test server, whole, in this process.
func authority(t *testing.T, relayPort int) (directory string, client *http.Client) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(t.Output(), "", 0) //nolint:forbidigo // pebble takes no other sort of logger
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 90 * 24 * 3600}})
	validator := va.New(quiet, 1, relayPort, false, nameServer(t), store)
	front := wfe.New(quiet, store, validator, issuer, nil, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	return server.URL + wfe.DirectoryPath, server.Client()
}

// relay is a TLS listener as a relay has it: it shows the renewer's challenges, and its
// certificate.
type relay struct {
	port int
	mu   sync.Mutex
	r    *acme.Renewer
}

func (l *relay) renewer() *acme.Renewer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r
}

func (l *relay) use(r *acme.Renewer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r = r
}

func listen(t *testing.T) *relay {
	t.Helper()
	l := &relay{}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			return l.renewer().Challenge(h)
		},
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := l.renewer().Certificate(h); c != nil {
				return c, nil
			}
			return nil, errors.New("no certificate")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.port = listener.Addr().(*net.TCPAddr).Port
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second, ErrorLog: log.New(t.Output(), "", 0)} //nolint:forbidigo // net/http takes no other sort of logger
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() { _, _ = server.Close(), <-done })
	return l
}

// run lets a renewer work until it stores a certificate, or fails.
func run(t *testing.T, l *relay, cfg acme.Config) (stored []byte, failure error) {
	t.Helper()
	done, failed := make(chan []byte, 1), make(chan error, 1)
	cfg.Store = func(b []byte) error {
		if strings.Contains(string(b), "CERTIFICATE") {
			done <- append([]byte(nil), b...) // it is wiped after
		}
		return nil
	}
	cfg.Notice = func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r, err := acme.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.use(r)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	select {
	case stored = <-done:
		return stored, nil
	case failure = <-failed:
		return nil, failure
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// shown returns the key of the certificate that a browser is shown.
func (l *relay) shown(t *testing.T, name string) (*x509.Certificate, error) {
	t.Helper()
	conn, err := (&tls.Dialer{Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp4",
		net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port)))
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing was said on it
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// TestACertificateIsObtainedAndKept goes through a whole order, a restart, and a
// renewal, and the key is the relay's each time.
func TestACertificateIsObtainedAndKept(t *testing.T) {
	l, key := listen(t), newKey(t)
	directory, client := authority(t, l.port)
	cfg := acme.Config{Directory: directory, Client: client, Domains: []string{"chat.example.org", "bulle.example.org"}, Key: key}
	stored, err := run(t, l, cfg)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what, name string) *x509.Certificate {
		t.Helper()
		c, err := l.shown(t, name)
		if err != nil || !key.PublicKey.Equal(c.PublicKey) || c.VerifyHostname(name) != nil {
			t.Fatalf("%s: %v %v", what, c, err)
		}
		return c
	}
	first := same("at first", "bulle.example.org")
	if _, err := l.shown(t, "other.example.org"); err == nil {
		t.Error("it is shown for another name")
	}
	cfg.Stored, cfg.Now, cfg.Store, cfg.Notice = stored, time.Now, nil, nil
	again, err := acme.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.use(again)
	if c := same("after a restart", "chat.example.org"); !c.Equal(first) {
		t.Error("a restart makes another certificate")
	}
	cfg.Now = func() time.Time { return time.Now().Add(61 * 24 * time.Hour) } // less than a third is left
	if _, err := run(t, l, cfg); err != nil {
		t.Fatal(err)
	}
	if c := same("renewed", "chat.example.org"); c.Equal(first) {
		t.Error("nothing was renewed")
	}
	cfg.Domains = []string{"new.example.org"}
	cfg.Now = time.Now
	if other, err := acme.New(cfg); err != nil || other.Certificate(&tls.ClientHelloInfo{ServerName: "new.example.org"}) != nil {
		t.Errorf("a certificate for other domains is kept: %v", err)
	}
}

// TestFailuresAreTold: nobody answers on the port that the authority looks at.
func TestFailuresAreTold(t *testing.T) {
	l := listen(t)
	directory, client := authority(t, 1)
	if _, err := run(t, l, acme.Config{Directory: directory, Client: client, Domains: []string{"chat.example.org"}, Key: newKey(t)}); err == nil {
		t.Error("a domain that nobody proved")
	}
	if l.renewer().Certificate(&tls.ClientHelloInfo{ServerName: "chat.example.org"}) != nil {
		t.Error("there is a certificate")
	}
	if _, err := l.renewer().Challenge(&tls.ClientHelloInfo{ServerName: "chat.example.org", SupportedProtos: []string{"acme-tls/1"}}); err == nil {
		t.Error("a challenge is left over")
	}
	if c, err := l.renewer().Challenge(&tls.ClientHelloInfo{ServerName: "chat.example.org", SupportedProtos: []string{"http/1.1", "acme-tls/1"}}); c != nil || err != nil {
		t.Error("a browser is taken for an authority")
	}
}

func TestNothingWithoutADirectory(t *testing.T) {
	if _, err := acme.New(acme.Config{Domains: []string{"a.example"}, Key: newKey(t)}); err == nil {
		t.Error("there is a default authority")
	}
	for _, bad := range []string{"no account", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"} {
		if _, err := acme.New(acme.Config{Directory: "https://localhost", Domains: []string{"a.example"}, Key: newKey(t), Stored: []byte(bad)}); !errors.Is(err, acme.ErrDamaged) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
