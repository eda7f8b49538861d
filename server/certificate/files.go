package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bulle/protocol/over"
	"bulle/protocol/secret"
)

// maxPEM bounds the operator's files.
const maxPEM = 1 << 20

// Files is a certificate of the operator's own and its key, in two PEM files that may
// be renewed while the relay runs. Its methods may be called concurrently.
type Files struct {
	certificate, key string

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp // of the files when they were read last, well or not
}

// A stamp tells whether a file was written since.
type stamp struct {
	at   time.Time
	size int64
}

// OpenFiles reads a certificate with its chain, and its key. It fails with [ErrPair],
// [ErrReadable] or an error of the file system.
func OpenFiles(certificate, key string) (*Files, error) {
	f := &Files{certificate: certificate, key: key}
	var err error
	if f.seen, err = f.stamps(); err != nil {
		return nil, err
	}
	if f.current, err = f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// Certificate returns the pair that is served.
func (f *Files) Certificate() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// Reload reads the files again if they have changed. A pair that is not good, or is
// for another key ([ErrOtherKey]), is told once and changes nothing.
func (f *Files) Reload() error {
	now, err := f.stamps()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && now == f.seen {
		return nil
	}
	if err != nil {
		now = [2]stamp{}
		if f.seen == now {
			return nil // it was told that they are gone
		}
	}
	f.seen = now
	if err != nil {
		return err
	}
	next, err := f.read()
	if err != nil {
		return err
	}
	if over.Pin(next.Leaf) != over.Pin(f.current.Leaf) {
		return ErrOtherKey
	}
	f.current = next
	return nil
}

func (f *Files) stamps() (all [2]stamp, err error) {
	for i, name := range []string{f.certificate, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return all, fmt.Errorf("look at the certificate: %w", err)
		}
		all[i] = stamp{info.ModTime(), info.Size()}
	}
	return all, nil
}

func (f *Files) read() (*tls.Certificate, error) {
	chain, err := readPEM(f.certificate, 0)
	if err != nil {
		return nil, err
	}
	key, err := readPEM(f.key, 0o007)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe(key)
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil || pair.Leaf.IsCA || !slices.Contains(serverKeys(), pair.Leaf.PublicKeyAlgorithm) {
		return nil, ErrPair
	}
	return &pair, nil
}

// serverKeys are the kinds of keys that TLS 1.3 takes.
func serverKeys() []x509.PublicKeyAlgorithm {
	return []x509.PublicKeyAlgorithm{x509.ECDSA, x509.RSA, x509.Ed25519}
}

// readPEM reads a small file whose mode has none of the forbidden bits.
func readPEM(name string, forbidden fs.FileMode) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("look at the certificate: %w", err)
	}
	if info.Mode().Perm()&forbidden != 0 {
		return nil, ErrReadable
	}
	if !info.Mode().IsRegular() || info.Size() > maxPEM {
		return nil, ErrPair
	}
	b, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return b, nil
}
