// Command release signs the built web app: it writes the manifest that browsers and
// `bulle verify-web` compare the files with. tools/page runs it after the build;
// docs/web.md says how a release key is kept.
//
//	go run ./web/release sign        signs web/app/dist
//	go run ./web/release key FILE    makes a release key
//
// The key is in the file that BULLE_RELEASE_KEY names. Without one the app is signed
// by a development key, which is made once for this checkout. BULLE_RELEASE_MANIFEST
// names a manifest to take as it is, if it fits the files: so somebody without the
// key builds a published release again, equal to the byte.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bulle/web"
	"bulle/web/manifest"
)

// Where things are, from the root of the checkout.
const (
	dist           = "web/app/dist"
	number         = "web/release/number" // of the release, in the source
	developmentKey = "web/release/development.key"
)

func main() {
	if err := run(".", os.Args[1:], os.Getenv, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "release:", err) // there is nobody else to tell
		os.Exit(1)                                      //nolint:forbidigo // this is main
	}
}

// run executes one command line in the checkout at root.
func run(root string, args []string, getenv func(string) string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "sign":
		return sign(root, getenv, out)
	case len(args) == 2 && args[0] == "key":
		key, err := makeKey(args[1])
		if err == nil {
			_, err = fmt.Fprintf(out, "%x\n", key.Public())
		}
		return err
	}
	return errors.New("usage: release sign | release key FILE")
}

func sign(root string, getenv func(string) string, out io.Writer) error {
	dir := filepath.Join(root, dist)
	if published := getenv("BULLE_RELEASE_MANIFEST"); published != "" {
		return adopt(dir, published)
	}
	key, isDevelopment, err := findKey(root, getenv)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, number)) //nolint:gosec // G304: a file of the checkout
	if err != nil {
		return err
	}
	release, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return fmt.Errorf("read %s: %w", number, err)
	}
	files, err := manifest.List(os.DirFS(dir), web.ContentType)
	if err != nil {
		return err
	}
	m := manifest.Manifest{Release: release, Development: isDevelopment, Headers: web.Headers(), Files: files}
	signed, err := manifest.Sign(&m, key)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, manifest.Name), signed, 0o644) //nolint:gosec // G306: it is published
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "signed release %d: %d files, key %x, development %t\n", m.Release, len(m.Files), m.Key, m.Development)
	}
	return err
}

// adopt takes a published manifest for the files that were built here.
func adopt(dir, published string) error {
	text, err := os.ReadFile(published) //nolint:gosec // G304: named by the person at the machine
	if err != nil {
		return err
	}
	m, err := manifest.Open(text)
	if err == nil {
		err = m.Check(os.DirFS(dir), web.ContentType)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifest.Name), text, 0o644) //nolint:gosec // G306: it is published
}

// findKey returns the release key, else the development key of this checkout.
func findKey(root string, getenv func(string) string) (key ed25519.PrivateKey, isDevelopment bool, err error) {
	if name := getenv("BULLE_RELEASE_KEY"); name != "" {
		key, err = readKey(name)
		return key, false, err
	}
	name := filepath.Join(root, developmentKey)
	key, err = readKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(name)
	}
	return key, true, err
}

const pemType = "PRIVATE KEY"

// makeKey makes a key in a file that is not there yet, as `openssl genpkey
// -algorithm ed25519` would.
func makeKey(name string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: named by the person at the machine
	if err != nil {
		return nil, err
	}
	_, err = f.Write(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}))
	return key, errors.Join(err, f.Sync(), f.Close())
}

// readKey refuses a key that others on this machine can read.
func readKey(name string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may read it: chmod 600", name)
	}
	text, err := os.ReadFile(name) //nolint:gosec // G304: named by the person at the machine
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != pemType || len(rest) != 0 {
		return nil, fmt.Errorf("%s: not one private key in PEM", name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", name)
	}
	return key, nil
}
