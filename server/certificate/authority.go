// Package certificate gives a relay the certificates that browsers want. Devices
// pin the relay's key and look at nothing else, so whatever is issued here is for
// one and the same key.
//
// [New] makes an authority for one relay, [Parse] opens what [Authority.Encode]
// wrote, and a [Keeper] holds a fresh leaf of it while the relay runs.
//
//	root          permits the names and addresses of this relay; browsers trust it.
//	  |           Its key is gone since the moment it was made.
//	  v
//	intermediate  permits the same; its key is in the data directory
//	  |
//	  v
//	leaf          the relay's own key, at most 397 days
//
// RFC 5280 leaves it open whether constraints count in the certificate that one
// trusts itself (section 6.1 begins below it), and not every browser heeds them
// there. In an intermediate they count everywhere. So what a thief of the relay
// finds can speak for this relay's names and nobody else's.
package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"bulle/protocol/secret"
)

// authorityYears is how long an authority lasts.
const authorityYears = 10

// floor is a day before any relay with an authority ran: a clock that says less is
// wrong, and certificates that begin then are good by every right clock.
func floor() time.Time { return time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC) }

// An Authority issues certificates for one relay. It does not change, and its
// methods may be called concurrently.
type Authority struct {
	root, intermediate *x509.Certificate
	key                *ecdsa.PrivateKey // of the intermediate
}

// New makes an authority that is limited to scope. It begins at a fixed day, so that
// a clock that was wrong does no harm once it is right.
func New(scope Scope, now time.Time) (a *Authority, err error) {
	// What was made in there and is not part of the result, the root's key above all, is
	// erased once nothing needs it.
	secret.Do(func() { a, err = generate(scope, now) })
	return a, err
}

func generate(scope Scope, now time.Time) (*Authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	serial := newSerial()
	mark := hex.EncodeToString(serial.Bytes()[:4]) // tells two relays' authorities apart in a list
	last := later(now, floor()).AddDate(authorityYears, 0, 0).Truncate(24 * time.Hour)
	rootTemplate := scope.template("Bulle "+mark, serial, last)
	rootTemplate.MaxPathLen = 1
	root, err := sign(rootTemplate, rootTemplate, &rootKey.PublicKey, rootKey)
	if err != nil {
		return nil, fmt.Errorf("make the authority: %w", err)
	}
	template := scope.template("Bulle "+mark+" relay", newSerial(), last)
	template.MaxPathLenZero = true
	intermediate, err := sign(template, root, &key.PublicKey, rootKey)
	if err != nil {
		return nil, fmt.Errorf("make the authority: %w", err)
	}
	return &Authority{root, intermediate, key}, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// newSerial returns 127 random bits: RFC 5280, section 4.1.2.2, wants a positive
// number of at most 20 bytes.
func newSerial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Root returns what browsers have to trust, in DER.
func (a *Authority) Root() []byte { return a.root.Raw }

// Name is what systems call the root in their lists.
func (a *Authority) Name() string { return a.root.Subject.CommonName }

// NotAfter is when the authority ends.
func (a *Authority) NotAfter() time.Time { return a.root.NotAfter }

// Fingerprint is the SHA-256 of the root, as systems show it: AB:CD:...
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.root.Raw)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":")
}

// The types of the PEM blocks of an authority's file, in this order.
const (
	keyBlock         = "PRIVATE KEY" // of the intermediate, PKCS #8
	certificateBlock = "CERTIFICATE" // the intermediate, then the root
)

// Encode returns what [Parse] opens: the intermediate's key, the intermediate and
// the root as three PEM blocks. It is secret, and the caller's to wipe.
func (a *Authority) Encode() ([]byte, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode the authority: %w", err)
	}
	defer secret.Wipe(pkcs8)
	b := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: pkcs8})
	defer secret.Wipe(b)
	whole := make([]byte, 0, len(b)+4096)
	whole = append(whole, b...)
	for _, c := range []*x509.Certificate{a.intermediate, a.root} {
		whole = append(whole, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: c.Raw})...)
	}
	return whole, nil
}

// Parse opens what [Authority.Encode] wrote. It fails with [ErrDamaged] unless the
// three parts belong together and are written in no other way.
func Parse(b []byte) (*Authority, error) {
	a, err := parse(b)
	if err != nil {
		return nil, err
	}
	again, err := a.Encode()
	defer secret.Wipe(again)
	if err != nil || !bytes.Equal(again, b) {
		return nil, ErrDamaged
	}
	return a, nil
}

func parse(b []byte) (*Authority, error) {
	var blocks [3]*pem.Block
	for i, kind := range [...]string{keyBlock, certificateBlock, certificateBlock} {
		if blocks[i], b = pem.Decode(b); blocks[i] == nil || blocks[i].Type != kind || len(blocks[i].Headers) != 0 {
			return nil, ErrDamaged
		}
	}
	defer secret.Wipe(blocks[0].Bytes)
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || len(b) != 0 {
		return nil, ErrDamaged
	}
	a := &Authority{key: key}
	for i, to := range []**x509.Certificate{&a.intermediate, &a.root} {
		if *to, err = x509.ParseCertificate(blocks[i+1].Bytes); err != nil {
			return nil, ErrDamaged
		}
	}
	if !key.PublicKey.Equal(a.intermediate.PublicKey) || a.intermediate.CheckSignatureFrom(a.root) != nil || a.root.CheckSignatureFrom(a.root) != nil {
		return nil, ErrDamaged
	}
	return a, nil
}

// template is what root and intermediate have in common.
func (s Scope) template(name string, serial *big.Int, last time.Time) *x509.Certificate {
	networks := s.networks()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             floor(),
		NotAfter:              last,
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,

		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         s.Names,
		PermittedIPRanges:           networks,
	}
}
