package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bulle/protocol/over"
	"bulle/server/certificate"
	"bulle/server/node"
)

// authority reads what a browser would install, from the data directory.
func authority(t *testing.T, dir string) *certificate.Authority {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := certificate.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// browse connects as a browser does that trusts one root, and returns the pin of what
// it was shown.
func (r *running) browse(root []byte, name string) ([32]byte, error) {
	r.t.Helper()
	pool := x509.NewCertPool()
	c, err := x509.ParseCertificate(root)
	if err != nil {
		r.t.Fatal(err)
	}
	pool.AddCert(c)
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: name}}).DialContext(r.t.Context(), "tcp", r.info.Address)
	if err != nil {
		return [32]byte{}, err
	}
	defer conn.Close() //nolint:errcheck // a test's connection
	return over.Pin(conn.(*tls.Conn).ConnectionState().PeerCertificates[0]), nil
}

// TestBrowsersTrustTheRelaysAuthority: who installed the root sees no warning, and the
// key that devices pin is the one that browsers are shown, over restarts.
func TestBrowsersTrustTheRelaysAuthority(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	a := authority(t, dir)
	if r.info.Authority != a.Fingerprint() {
		t.Errorf("the relay says %s, its authority is %s", r.info.Authority, a.Fingerprint())
	}
	for _, name := range []string{"127.0.0.1", "localhost"} {
		if pin, err := r.browse(a.Root(), name); err != nil || pin != r.pin() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.browse(a.Root(), "bank.example"); err == nil {
		t.Error("it speaks for another name")
	}
	r.stop()
	if info, err := os.Stat(filepath.Join(dir, "authority.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's file is %v, %v", info.Mode(), err)
	}
	again := start(t, dir, func(c *node.Config) { c.Names = []string{"chat.bulle.local", "10.1.2.3"} })
	for _, name := range []string{"127.0.0.1", "chat.bulle.local", "10.1.2.3"} {
		if pin, err := again.browse(a.Root(), name); err != nil || pin != r.pin() {
			t.Errorf("after a restart, %s: %v", name, err)
		}
	}
	again.stop()

	var told notices
	other := start(t, dir, func(c *node.Config) { c.Names, c.Notice = []string{"chat.example.org"}, told.add })
	if got := told.kinds(); len(got) != 1 || got[0] != node.NamesOutside {
		t.Errorf("told %v of a name that the authority was not made for", got)
	}
	other.stop()
	renewed := start(t, dir, func(c *node.Config) { c.Names, c.NewAuthority = []string{"chat.example.org"}, true })
	if pin, err := renewed.browse(authority(t, dir).Root(), "chat.example.org"); err != nil || pin != r.pin() {
		t.Errorf("with a new authority: %v", err)
	}
	if _, err := renewed.browse(a.Root(), "127.0.0.1"); err == nil {
		t.Error("the old authority is still in use")
	}
	renewed.stop()
	if err := os.WriteFile(filepath.Join(dir, "authority.pem"), []byte("no authority"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := node.New(node.Config{Data: dir, Listen: "127.0.0.1:0"}); problemOf(err) != node.AuthorityDamaged {
		t.Errorf("a damaged authority: %v", err)
	}
}

type notices struct {
	mu  sync.Mutex
	all []error
}

func (n *notices) add(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, err)
}

func (n *notices) kinds() (all []node.Problem) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, err := range n.all {
		all = append(all, problemOf(err))
	}
	return all
}

// ownPair writes a certificate of the operator's own, and its key.
func ownPair(t *testing.T, dir string, key *ecdsa.PrivateKey, name string) (certFile, keyFile string, der []byte) {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "own.pem"), filepath.Join(dir, "own.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, der
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestOwnCertificate: the pin is that of the operator's key; a relay with members does
// not start with another key unless told, and never changes it while it runs.
func TestOwnCertificate(t *testing.T) {
	dir, files, key := t.TempDir(), t.TempDir(), ecKey(t)
	certFile, keyFile, first := ownPair(t, files, key, "chat.example.org")
	var told notices
	own := func(c *node.Config) { c.Certificate, c.Key, c.Notice = certFile, keyFile, told.add }
	r := start(t, dir, own)
	if pin, err := r.browse(first, "chat.example.org"); err != nil || pin != r.pin() || r.info.Authority != "" {
		t.Errorf("the operator's certificate: %v, %+v", err, r.info)
	}
	r.claim()
	if _, reply := r.circuit(); refusal(reply) != nil {
		t.Errorf("the founder's circuit is answered by %+v", reply)
	}
	later := time.Now().Add(time.Minute)
	_, _, second := ownPair(t, files, key, "chat2.example.org")
	if err := errors.Join(os.Chtimes(certFile, later, later), os.Chtimes(keyFile, later, later)); err != nil {
		t.Fatal(err)
	}
	r.node.Reload()
	if pin, err := r.browse(second, "chat2.example.org"); err != nil || pin != r.pin() {
		t.Errorf("a renewed certificate: %v", err)
	}
	ownPair(t, files, ecKey(t), "chat3.example.org")
	later = later.Add(time.Minute)
	if err := errors.Join(os.Chtimes(certFile, later, later), os.Chtimes(keyFile, later, later)); err != nil {
		t.Fatal(err)
	}
	r.node.Reload()
	r.node.Reload()
	if pin, err := r.browse(second, "chat2.example.org"); err != nil || pin != r.pin() {
		t.Errorf("a certificate for another key was taken while running: %v", err)
	}
	if got := told.kinds(); len(got) != 1 || got[0] != node.CertificateOtherKey {
		t.Errorf("told %v", got)
	}
	r.stop()
	for name, change := range map[string]func(*node.Config){"its own key": func(*node.Config) {}, "another's key": own} {
		cfg := node.Config{Data: dir, Listen: "127.0.0.1:0"}
		change(&cfg)
		if _, err := node.New(cfg); problemOf(err) != node.KeyChanged {
			t.Errorf("with %s: %v", name, err)
		}
	}
	r = start(t, dir, func(c *node.Config) { own(c); c.NewKey = true })
	pin := r.info.Fingerprint
	r.stop()
	if r = start(t, dir, own); r.info.Fingerprint != pin {
		t.Error("the new key is not the one that stays")
	}
	r.stop()
	if err := os.WriteFile(filepath.Join(dir, "pin"), []byte(strings.ToUpper(hex.EncodeToString(first[:32]))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := node.New(node.Config{Data: dir, Listen: "127.0.0.1:0"}); problemOf(err) != node.PinDamaged {
		t.Errorf("a damaged pin: %v", err)
	}
	if _, err := node.New(node.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Certificate: certFile, Key: certFile}); problemOf(err) != node.CertificateBad {
		t.Errorf("no pair: %v", err)
	}
	if _, err := node.New(node.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Certificate: "gone", Key: "gone"}); problemOf(err) != node.CertificateUnreadable {
		t.Errorf("no files: %v", err)
	}
}

// TestTheGuideIsServed over HTTPS with everything else, and alone over plain HTTP.
func TestTheGuideIsServed(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, func(c *node.Config) {
		c.Guide = "127.0.0.1:0"
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("the app")) })
	})
	root := authority(t, dir).Root()
	pool := x509.NewCertPool()
	c, err := x509.ParseCertificate(root)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(c)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	get := func(url string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // it is only read
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	plain := strings.TrimSuffix(r.info.Guide, "/ca")
	if !strings.HasPrefix(plain, "http://127.0.0.1:") {
		t.Fatalf("the guide is at %s", r.info.Guide)
	}
	secure := "https://" + r.info.Address
	for _, origin := range []string{plain, secure} {
		if code, body := get(origin + "/ca.crt"); code != 200 || body != string(root) {
			t.Errorf("%s hands out another certificate: %d", origin, code)
		}
		if code, body := get(origin + "/ca"); code != 200 || !strings.Contains(body, secure+"/") {
			t.Errorf("%s has no guide that leads to %s: %d", origin, secure, code)
		}
	}
	if code, body := get(secure + "/"); code != 200 || body != "the app" {
		t.Errorf("the app: %d %q", code, body)
	}
	if code, _ := get(plain + "/index.html"); code != 404 {
		t.Errorf("plain HTTP has the app: %d", code)
	}
}

// TestAnAuthorityThatIsNotThere: the relay says so once, and goes on with its own.
func TestAnAuthorityThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	told := make(chan error, 4)
	r := start(t, dir, func(c *node.Config) {
		c.ACME, c.ACMEDirectory = []string{"chat.example.org"}, "https://127.0.0.1:1/directory"
		c.Notice = func(err error) { told <- err }
	})
	if err := <-told; problemOf(err) != node.ACMEFailed || strings.Contains(err.Error(), "\n") {
		t.Errorf("told %v", err)
	}
	if pin, err := r.browse(authority(t, dir).Root(), "127.0.0.1"); err != nil || pin != r.pin() {
		t.Errorf("its own certificate: %v", err)
	}
	r.stop()
	if err := os.WriteFile(filepath.Join(dir, "acme.pem"), []byte("no account"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := node.Config{Data: dir, Listen: "127.0.0.1:0", ACME: []string{"chat.example.org"}, ACMEDirectory: "https://127.0.0.1:1/directory"}
	if _, err := node.New(cfg); problemOf(err) != node.AccountDamaged {
		t.Errorf("a damaged account: %v", err)
	}
}
