// Package manifest is the signed list of the files of the web app: what a browser
// that has used a relay once, and `bulle verify-web`, compare each file with. Most
// callers need [Open], which returns nothing that is not signed, and [Manifest.Check].
//
// A manifest is text of exactly one form, so that anybody can read it; docs/web.md
// describes it:
//
//	bulle app 1
//	release NUMBER
//	build release|development
//	key HEX
//	header NAME: VALUE
//	file SHA-256 SIZE SHA-256-OF-BROTLI SIZE-OF-BROTLI PATH TYPE
//	signature HEX
//
// The signature is Ed25519 (RFC 8032) over everything above its own line; the first
// line keeps it apart from any other use of the key.
package manifest

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
)

// Name is the path under which a relay serves the manifest.
const Name = "app.manifest"

// Limits of a manifest. A reader takes nothing larger.
const (
	MaxText    = 64 << 10
	MaxFiles   = 256
	MaxHeaders = 32
	MaxLine    = 1024
	MaxSize    = 64 << 20    // of one file
	MaxRelease = 1<<53 - 1   // what JavaScript counts exactly
	first      = "bulle app" // with the version of the format after it
	version    = "1"
)

// Errors of this package. ErrMalformed: not one of our manifests, or one of a newer
// version. ErrSignature: not signed by the key that it names. ErrFiles: the files
// are not the ones that it lists.
var (
	ErrMalformed = errors.New("the app's manifest is malformed")
	ErrSignature = errors.New("the app's manifest is not signed by its key")
	ErrFiles     = errors.New("the app's files are not those of its manifest")
)

// A Key is the public half of a release key.
type Key [ed25519.PublicKeySize]byte

// A Manifest says what one release of the app consists of.
type Manifest struct {
	Release     uint64 // grows; a browser never goes back
	Development bool   // signed by a key that was made for one checkout
	Key         Key
	Headers     []Header // that every answer carries, ascending by name
	Files       []File   // ascending by path
}

// A Header is one of the HTTP headers that keep the page to itself.
type Header struct{ Name, Value string }

// A File is one file as it is served: as it is, and compressed with brotli.
type File struct {
	Path   string // below the page's own address
	Type   string // Content-Type
	Plain  Digest
	Brotli Digest
}

// A Digest tells bytes apart.
type Digest struct {
	Sum  [32]byte // SHA-256
	Size int64
}

// Sign returns the manifest as text. It sorts the headers and the files of m, and
// sets its key. It fails for a manifest that [Open] would not take.
func Sign(m *Manifest, key ed25519.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("sign the app: the key is none of Ed25519")
	}
	copy(m.Key[:], public)
	slices.SortFunc(m.Headers, byName)
	slices.SortFunc(m.Files, byPath)
	if err := m.validate(); err != nil {
		return nil, err
	}
	text := m.append(nil)
	text = appendSignature(text, ed25519.Sign(key, text))
	if len(text) > MaxText {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(text))
	}
	return text, nil
}

// Open returns the manifest that text is, if it is signed by the key that it names.
// Whether that key is the right one is for the caller to say.
func Open(text []byte) (Manifest, error) {
	m, signed, signature, err := parse(text)
	if err != nil {
		return Manifest{}, err
	}
	if !ed25519.Verify(m.Key[:], signed, signature) {
		return Manifest{}, ErrSignature
	}
	return m, nil
}
