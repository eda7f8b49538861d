package certificate_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"

	"bulle/protocol/over"
	"bulle/server/certificate"
)

var now = time.Date(2027, time.March, 4, 5, 6, 7, 8, time.UTC)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, hosts ...string) *certificate.Authority {
	t.Helper()
	a, err := certificate.New(certificate.ScopeFor(hosts), now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// verify does what a browser does that trusts the root alone.
func verify(t *testing.T, a *certificate.Authority, chain [][]byte, host string, at time.Time) error {
	t.Helper()
	root, err := x509.ParseCertificate(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	var all []*x509.Certificate
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all[1:] {
		between.AddCert(c)
	}
	_, err = all[0].Verify(x509.VerifyOptions{
		DNSName: host, Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

func TestLeavesAreGoodForTheRelaysNames(t *testing.T) {
	a := newAuthority(t, "bulle.local", "Chat.Example.org.", "203.0.113.9")
	key := newKey(t)
	hosts := []string{"bulle.local", "chat.example.org", "192.168.1.7", "203.0.113.9", "fe80::1%eth0", "evil.example", "198.51.100.1"}
	leaf, outside, err := a.Issue(key, hosts, now)
	if err != nil || !slices.Equal(outside, []string{"198.51.100.1", "evil.example"}) {
		t.Fatalf("outside are %v, %v", outside, err)
	}
	for _, host := range []string{"bulle.local", "chat.example.org", "192.168.1.7", "203.0.113.9", "fe80::1"} {
		if err := verify(t, a, leaf.Certificate, host, now); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"evil.example", "example.org", "198.51.100.1", "other.local"} {
		if err := verify(t, a, leaf.Certificate, host, now); err == nil {
			t.Errorf("%s is believed", host)
		}
	}
	if life := leaf.Leaf.NotAfter.Sub(leaf.Leaf.NotBefore); life > 397*24*time.Hour {
		t.Errorf("a leaf lives %v", life)
	}
	want := x509.Certificate{PublicKey: key.Public()}
	if have := leaf.Leaf.PublicKey.(*ecdsa.PublicKey); !have.Equal(want.PublicKey) {
		t.Error("a leaf is for another key than the relay's")
	}
	again, _, err := a.Issue(key, nil, now.AddDate(1, 0, 0))
	if err != nil || over.Pin(again.Leaf) != over.Pin(leaf.Leaf) {
		t.Errorf("renewing changes the pin: %v", err)
	}
}

// TestStolenKeySpeaksForNobodyElse signs with what a thief of the data directory
// finds.
func TestStolenKeySpeaksForNobodyElse(t *testing.T) {
	a := newAuthority(t, "bulle.local")
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	first, rest := pem.Decode(file)
	second, _ := pem.Decode(rest)
	key, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parent, err := x509.ParseCertificate(second.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{root, parent} {
		if !c.IsCA || c.KeyUsage != x509.KeyUsageCertSign || !c.PermittedDNSDomainsCritical || len(c.PermittedIPRanges) == 0 {
			t.Errorf("%s is not limited", c.Subject)
		}
	}
	if !parent.MaxPathLenZero || root.MaxPathLen != 1 || parent.PublicKey.(*ecdsa.PublicKey).Equal(root.PublicKey) {
		t.Error("the chain can be made longer, or the root's key is there")
	}
	thief := newKey(t)
	forge := func(change func(*x509.Certificate)) [][]byte {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		change(template)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, thief.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{der, parent.Raw}
	}
	if err := verify(t, a, forge(func(c *x509.Certificate) { c.DNSNames = []string{"bulle.local"} }), "bulle.local", now); err != nil {
		t.Fatalf("the forgery itself is wrong: %v", err) // else the rest proves nothing
	}
	if err := verify(t, a, forge(func(c *x509.Certificate) { c.DNSNames = []string{"bank.example"} }), "bank.example", now); err == nil {
		t.Error("it speaks for another name")
	}
	if err := verify(t, a, forge(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(198, 51, 100, 1)} }), "198.51.100.1", now); err == nil {
		t.Error("it speaks for a public address")
	}
	lower := forge(func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.Subject = true, true, x509.KeyUsageCertSign, pkix.Name{CommonName: "lower"}
	})
	lowest := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), DNSNames: []string{"bulle.local"},
	}
	middle, err := x509.ParseCertificate(lower[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, lowest, middle, thief.Public(), thief)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, a, append([][]byte{der}, lower...), "bulle.local", now); err == nil {
		t.Error("it makes authorities")
	}
}

func TestAuthorityComesBack(t *testing.T) {
	a := newAuthority(t, "bulle.local", "203.0.113.9")
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := certificate.Parse(file)
	if err != nil || b.Fingerprint() != a.Fingerprint() || len(a.Fingerprint()) != 32*3-1 {
		t.Fatalf("another authority comes back: %v", err)
	}
	if s := b.Scope(); !s.Permits("a.bulle.local") || !s.Permits("203.0.113.9") || s.Permits("203.0.113.10") || s.Permits("xbulle.local") {
		t.Errorf("its scope is %v", s)
	}
	leaf, _, err := b.Issue(newKey(t), []string{"bulle.local"}, now)
	if err != nil || verify(t, a, leaf.Certificate, "bulle.local", now) != nil {
		t.Errorf("what came back issues nothing good: %v", err)
	}
	other, err := newAuthority(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, otherRest := pem.Decode(other)
	for name, bad := range map[string][]byte{
		"nothing":          nil,
		"half":             file[:len(file)/2],
		"more":             append(bytes.Clone(file), '\n'),
		"a byte":           bytes.Replace(file, []byte("PRIVATE"), []byte("PRIVATF"), 1),
		"of two":           append(bytes.Clone(file[:len(file)-len(otherRest)]), otherRest...),
		"without its root": file[:bytes.LastIndex(file, []byte("-----BEGIN"))],
	} {
		if _, err := certificate.Parse(bad); !errors.Is(err, certificate.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	a, err := certificate.New(certificate.ScopeFor(nil), now)
	if err != nil {
		f.Fatal(err)
	}
	file, err := a.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := certificate.Parse(b)
		if err != nil {
			return
		}
		if again, err := a.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("it has two encodings: %v", err)
		}
	})
}

// TestWrongClocks: an authority that was made, and leaves that were issued, by a clock
// that had never been set are good by the right one.
func TestWrongClocks(t *testing.T) {
	for name, made := range map[string]time.Time{"unset": time.Unix(0, 0), "ahead": now.AddDate(3, 0, 0)} {
		a, err := certificate.New(certificate.ScopeFor([]string{"bulle.local"}), made)
		if err != nil {
			t.Fatal(err)
		}
		var key crypto.Signer = newKey(t)
		leaf, _, err := a.Issue(key, []string{"bulle.local"}, now)
		if err != nil || verify(t, a, leaf.Certificate, "bulle.local", now) != nil {
			t.Errorf("%s: an authority made at %v is of no use: %v", name, made, err)
		}
	}
	a := newAuthority(t, "bulle.local")
	leaf, _, err := a.Issue(newKey(t), []string{"bulle.local"}, time.Unix(0, 0))
	if err != nil || verify(t, a, leaf.Certificate, "bulle.local", now) != nil {
		t.Errorf("a leaf issued in 1970 is not good now: %v", err)
	}
	end := a.NotAfter()
	last, _, err := a.Issue(newKey(t), nil, end.Add(-48*time.Hour))
	if err != nil || last.Leaf.NotAfter.After(end) {
		t.Errorf("the last leaf outlives its authority: %v", err)
	}
	if _, _, err := a.Issue(newKey(t), nil, end); !errors.Is(err, certificate.ErrEnded) {
		t.Errorf("an authority that has ended: %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"bulle.local": true, "a": true, "x-1.example": true, "": false, "a..b": false, "-a": false, "a-": false,
		"a_b": false, "*.a": false, "10.0.0.1": false, "::1": false, "é.fr": false, "a b": false,
	} {
		if certificate.IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	many := make([]string, 0, 1000)
	for i := range 1000 {
		many = append(many, net.IPv4(10, 0, byte(i>>8), byte(i)).String())
	}
	if n := len(certificate.Hosts(many)); n > 64 {
		t.Errorf("%d names in one leaf", n)
	}
}
