package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"bulle/protocol/over"
	"bulle/protocol/secret"
)

// The data directory, 0700, every file 0600:
//
//	lock            held while a relay runs on the directory
//	tls.pem         TLS key and its self-signed certificate; links pin the key
//	authority.pem   package certificate: what issues the certificates that browsers want
//	acme.pem        package acme: its account, and the certificate that it got
//	pin             which key the relay had last, see lastPin
//	claim-token     until the relay has its founder
//	governance.log  package membership
//	cells/          package pebble
const (
	lockName       = "lock"
	keyName        = "tls.pem"
	authorityName  = "authority.pem"
	accountName    = "acme.pem"
	pinName        = "pin"
	tokenName      = "claim-token"
	governanceName = "governance.log"
	cellsName      = "cells"
)

// tokenSize is the size of a claim token in bytes.
const tokenSize = 32

// A data is the open data directory.
type data struct {
	dir   string
	lock  *os.File
	fresh bool // this is the relay's first start
}

// openData makes the directory if need be and takes its lock.
func openData(dir string) (*data, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, failed(DataUnusable, dir, err)
	}
	d := &data{dir: dir}
	if err := d.check(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path(lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failed(DataUnusable, dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, problem(DataInUse, dir, "")
	}
	d.lock = f
	_, err = os.Stat(d.path(keyName)) // again: another relay may have begun in between
	d.fresh = errors.Is(err, fs.ErrNotExist)
	return d, nil
}

// check refuses a directory of something else, and keeps ours to its owner.
func (d *data) check() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return failed(DataUnusable, d.dir, err)
	}
	d.fresh = true
	foreign := false
	for _, e := range entries {
		d.fresh = d.fresh && e.Name() != keyName
		foreign = foreign || e.Name() != lockName && e.Name() != keyName+partSuffix
	}
	if d.fresh && foreign {
		return problem(DataForeign, d.dir, "")
	}
	if err := os.Chmod(d.dir, 0o700); err != nil { //nolint:gosec // G302: a directory needs its x
		return failed(DataUnusable, d.dir, err)
	}
	return nil
}

func (d *data) path(name string) string { return filepath.Join(d.dir, name) }

// has reports whether something of that name is there. What cannot be told counts as
// there: who opens it learns why.
func (d *data) has(name string) bool {
	_, err := os.Lstat(d.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

// close gives the lock back.
func (d *data) close() error { return d.lock.Close() }

// certificate loads the relay's TLS key, or makes it at the first start, and
// returns the pin of it.
func (d *data) certificate(now time.Time) (tls.Certificate, [32]byte, error) {
	if d.fresh {
		if err := d.makeKey(now); err != nil {
			return tls.Certificate{}, [32]byte{}, err
		}
	}
	b, err := d.readSecret(keyName)
	if err != nil {
		return tls.Certificate{}, [32]byte{}, err
	}
	defer secret.Wipe(b)
	cert, err := tls.X509KeyPair(b, b)
	if err != nil {
		return tls.Certificate{}, [32]byte{}, problem(KeyDamaged, d.path(keyName), "")
	}
	return cert, over.Pin(cert.Leaf), nil
}

// makeKey makes an ECDSA P-256 key and a certificate that nobody needs to renew:
// clients pin the key and look at nothing else.
func (d *data) makeKey(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the TLS key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bulle"},
		NotBefore:    now.Add(-24 * time.Hour).Truncate(24 * time.Hour), // says no more than the day
		NotAfter:     now.AddDate(100, 0, 0).Truncate(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make the TLS certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the TLS key: %w", err)
	}
	defer secret.Wipe(pkcs8)
	b := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	defer secret.Wipe(b)
	b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	defer secret.Wipe(b)
	return d.write(keyName, b)
}

// token returns the claim token of a relay that waits for its founder. It is the
// same at each start, so that a link stays good until it is used.
func (d *data) token() (*secret.Bytes, error) {
	b, err := d.readSecret(tokenName)
	if errors.Is(err, fs.ErrNotExist) {
		token := secret.Random(tokenSize)
		if err := d.write(tokenName, token.Reveal()); err != nil {
			return nil, err
		}
		return token, nil
	}
	if err != nil {
		return nil, err
	}
	if len(b) != tokenSize {
		return nil, problem(TokenDamaged, d.path(tokenName), "")
	}
	return secret.New(b), nil
}

// forgetToken removes the claim token, which serves once.
func (d *data) forgetToken() error {
	if err := os.Remove(d.path(tokenName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the claim token: %w", err)
	}
	return syncDir(d.dir)
}

// readSecret reads a file that only its owner may read.
func (d *data) readSecret(name string) ([]byte, error) {
	path := d.path(name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, failed(DataUnusable, path, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, problem(DataReadable, path, "")
	}
	b, err := os.ReadFile(path) //nolint:gosec // G304: a fixed name in the data directory
	if err != nil {
		return nil, failed(DataUnusable, path, err)
	}
	return b, nil
}

const partSuffix = ".part"

// write makes a file at once and durably: after a crash it is whole or not there.
func (d *data) write(name string, b []byte) error {
	path := d.path(name)
	part := path + partSuffix
	f, err := os.OpenFile(filepath.Clean(part), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncDir(d.dir)
	}
	if err != nil {
		return failed(DataUnusable, path, err)
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the data directory: %w", err)
	}
	return nil
}
