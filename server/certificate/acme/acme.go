// Package acme obtains certificates from an authority that speaks ACME (RFC 8555), for
// the relay's own key, so that a renewal changes nothing for devices.
//
// Nothing is contacted unless the operator names the authority's directory: there is no
// default. The authority proves the names by TLS-ALPN-01 (RFC 8737) on the relay's own
// port, which it reaches as port 443.
//
//	Run: wait until less than a third of the life is left
//	  -> account -> order -> challenges answered in the TLS handshake -> certificate
//	  -> stored -> served; after a failure again later, each time twice as late
package acme

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"

	"bulle/protocol/secret"
)

const (
	lookEvery   = time.Minute
	orderTime   = 5 * time.Minute // for one attempt
	requestTime = 30 * time.Second
	firstWait   = 5 * time.Minute // after a failure; authorities count them
	longestWait = 12 * time.Hour
	maxChain    = 8 // certificates
)

// Errors of this package.
var (
	// ErrDamaged says that what was stored is not an account and its certificate.
	ErrDamaged = errors.New("acme: the stored account is damaged")
	// ErrRefused says that the authority gave no certificate that fits.
	ErrRefused = errors.New("acme: the authority gave no certificate that fits")
)

// Config of [New]. All fields are required but Client.
type Config struct {
	Directory string        // URL of the authority's directory
	Domains   []string      // lower case
	Key       crypto.Signer // the relay's own
	Stored    []byte        // what Store was given last, nil at first; secret
	Store     func([]byte) error
	Now       func() time.Time
	Notice    func(error)  // told why an attempt failed
	Client    *http.Client // default: the system's authorities, with deadlines
}

// A Renewer keeps a certificate fresh. Its methods may be called concurrently, Run once.
type Renewer struct {
	cfg     Config
	account *ecdsa.PrivateKey

	mu         sync.Mutex
	leaf       *tls.Certificate            // nil until there is one
	challenges map[string]*tls.Certificate // by domain, while an order runs
}

// New takes up what was stored. It contacts nobody.
func New(cfg Config) (*Renewer, error) {
	if cfg.Directory == "" || len(cfg.Domains) == 0 {
		return nil, errors.New("acme: no directory or no domain")
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: requestTime}
	}
	r := &Renewer{cfg: cfg, challenges: map[string]*tls.Certificate{}}
	if cfg.Stored == nil {
		return r, nil
	}
	chain, err := r.parse(cfg.Stored)
	if err != nil {
		return nil, err
	}
	if leaf, err := r.check(chain); err == nil { // else it was for other domains
		r.leaf = leaf
	}
	return r, nil
}

// Certificate returns the certificate for a connection, or nil when the name that the
// browser asked for is not one of the domains, or there is no certificate yet.
func (r *Renewer) Certificate(hello *tls.ClientHelloInfo) *tls.Certificate {
	if !slices.Contains(r.cfg.Domains, strings.ToLower(hello.ServerName)) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leaf
}

// Challenge is for [tls.Config.GetConfigForClient]: it answers an authority that
// verifies a domain, and leaves every other connection alone.
func (r *Renewer) Challenge(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if !slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return nil, nil //nolint:nilnil // it means the ordinary configuration
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	cert, ok := r.challenges[strings.ToLower(hello.ServerName)]
	if !ok {
		return nil, errors.New("acme: no such challenge")
	}
	// What is shown here is worth nothing to anybody else, so old key agreements do.
	return &tls.Config{Certificates: []tls.Certificate{*cert}, NextProtos: []string{acme.ALPNProto}, MinVersion: tls.VersionTLS12}, nil
}

// Run obtains and renews until ctx ends.
func (r *Renewer) Run(ctx context.Context) {
	pause, next := firstWait, time.Time{} // next by the clock that passes
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if r.due() && !time.Now().Before(next) {
			err := r.obtain(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				r.cfg.Notice(err)
				next = time.Now().Add(pause)
				pause = min(2*pause, longestWait)
			default:
				pause = firstWait
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// due reports whether there is no certificate, or less than a third of its life is left.
func (r *Renewer) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaf == nil {
		return true
	}
	c, now := r.leaf.Leaf, r.cfg.Now()
	return now.Before(c.NotBefore) || now.After(c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore)/3))
}

// obtain goes through one order.
func (r *Renewer) obtain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	if r.account == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return fmt.Errorf("make an account: %w", err)
		}
		r.account = key
		if err := r.store(nil); err != nil { // an account is not to be made twice
			return err
		}
	}
	client := &acme.Client{Key: r.account, DirectoryURL: r.cfg.Directory, HTTPClient: r.cfg.Client, UserAgent: "bulle"}
	_, err := client.Register(ctx, &acme.Account{}, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return fmt.Errorf("open an account: %w", err)
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(r.cfg.Domains...))
	if err != nil {
		return fmt.Errorf("order a certificate: %w", err)
	}
	place := order.URI
	for _, url := range order.AuthzURLs {
		if err := r.authorize(ctx, client, url); err != nil {
			return err
		}
	}
	if order, err = client.WaitOrder(ctx, place); err != nil {
		return fmt.Errorf("wait for the order: %w", err)
	}
	chain, err := r.finalize(ctx, client, order.FinalizeURL, place)
	if err != nil {
		return err
	}
	leaf, err := r.check(chain)
	if err != nil {
		return err
	}
	if err := r.store(chain); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaf = leaf
	return nil
}

// finalize asks for the certificate of an order whose domains are proved.
func (r *Renewer) finalize(ctx context.Context, client *acme.Client, url, place string) ([][]byte, error) {
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: r.cfg.Domains}, r.cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	chain, _, err := client.CreateOrderCert(ctx, url, request, true)
	if err == nil {
		return chain, nil
	}
	// An authority that is not done at once need not say again where the order stands
	// (RFC 8555, section 7.4), and the client then asks nowhere. We know where.
	order, waited := client.WaitOrder(ctx, place)
	if waited != nil || order.Status != acme.StatusValid {
		return nil, fmt.Errorf("ask for the certificate: %w", errors.Join(err, waited))
	}
	if chain, err = client.FetchCert(ctx, order.CertURL, true); err != nil {
		return nil, fmt.Errorf("take the certificate: %w", err)
	}
	return chain, nil
}

// authorize proves one domain.
func (r *Renewer) authorize(ctx context.Context, client *acme.Client, url string) error {
	authorization, err := client.GetAuthorization(ctx, url)
	if err != nil {
		return fmt.Errorf("prove a domain: %w", err)
	}
	if authorization.Status == acme.StatusValid {
		return nil
	}
	i := slices.IndexFunc(authorization.Challenges, func(c *acme.Challenge) bool { return c.Type == "tls-alpn-01" })
	if i < 0 {
		return fmt.Errorf("prove a domain: %w", ErrRefused)
	}
	challenge, domain := authorization.Challenges[i], authorization.Identifier.Value
	cert, err := client.TLSALPN01ChallengeCert(challenge.Token, domain)
	if err != nil {
		return fmt.Errorf("prove a domain: %w", err)
	}
	r.set(domain, &cert)
	defer r.set(domain, nil)
	if _, err := client.Accept(ctx, challenge); err != nil {
		return fmt.Errorf("prove a domain: %w", err)
	}
	if _, err := client.WaitAuthorization(ctx, authorization.URI); err != nil {
		return fmt.Errorf("prove a domain: %w", err)
	}
	return nil
}

func (r *Renewer) set(domain string, cert *tls.Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cert == nil {
		delete(r.challenges, domain)
		return
	}
	r.challenges[domain] = cert
}

// check takes a chain for the relay's key and all of the domains.
func (r *Renewer) check(chain [][]byte) (*tls.Certificate, error) {
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, ErrRefused
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, ErrRefused
	}
	mine := r.cfg.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !mine.Equal(leaf.PublicKey) {
		return nil, ErrRefused
	}
	for _, domain := range r.cfg.Domains {
		if leaf.VerifyHostname(domain) != nil {
			return nil, ErrRefused
		}
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: r.cfg.Key, Leaf: leaf}, nil
}

// store writes the account's key as PKCS #8, then the chain, as PEM blocks.
func (r *Renewer) store(chain [][]byte) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(r.account)
	if err != nil {
		return fmt.Errorf("encode the account: %w", err)
	}
	defer secret.Wipe(pkcs8)
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	for _, der := range chain {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	defer secret.Wipe(b)
	if err := r.cfg.Store(b); err != nil {
		return fmt.Errorf("store the account: %w", err)
	}
	return nil
}

// parse reads what store wrote.
func (r *Renewer) parse(b []byte) (chain [][]byte, err error) {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" || !bytes.HasPrefix(b, []byte("-----BEGIN")) {
		return nil, ErrDamaged
	}
	defer secret.Wipe(block.Bytes)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, ErrDamaged
	}
	var ok bool
	if r.account, ok = key.(*ecdsa.PrivateKey); !ok {
		return nil, ErrDamaged
	}
	for len(rest) > 0 {
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" || len(chain) == maxChain {
			return nil, ErrDamaged
		}
		chain = append(chain, block.Bytes)
	}
	return chain, nil
}
