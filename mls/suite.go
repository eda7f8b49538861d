package mls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/sha512"
	"fmt"
	"hash"
)

// A Suite names the algorithms of a group (RFC 9420, section 5.1).
type Suite uint16

// The suites implemented here (RFC 9420, section 17.1).
const (
	X25519AES128   Suite = 0x0001 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
	P256AES128     Suite = 0x0002 // MLS_128_DHKEMP256_AES128GCM_SHA256_P256
	X25519ChaCha20 Suite = 0x0003 // MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519
	P521AES256     Suite = 0x0005 // MLS_256_DHKEMP521_AES256GCM_SHA512_P521
	P384AES256     Suite = 0x0007 // MLS_256_DHKEMP384_AES256GCM_SHA384_P384

	// Hybrid is MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519 of
	// draft-ietf-mls-pq-ciphersuites: the KEM 0x647a (ML-KEM-768 with X25519, also
	// called X-Wing), HKDF-SHA384, AES-256-GCM, SHA-384, Ed25519. IANA has assigned
	// it no number yet; this is the draft's private-use one, and its only place.
	Hybrid Suite = 0xF002
)

// Supported reports whether the suite is implemented here.
func (s Suite) Supported() bool {
	_, err := s.algorithms()
	return err == nil
}

// String names the suite as its registry does, less the common prefix.
func (s Suite) String() string {
	switch s {
	case X25519AES128:
		return "DHKEMX25519_AES128GCM_SHA256_Ed25519"
	case P256AES128:
		return "DHKEMP256_AES128GCM_SHA256_P256"
	case X25519ChaCha20:
		return "DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"
	case P521AES256:
		return "DHKEMP521_AES256GCM_SHA512_P521"
	case P384AES256:
		return "DHKEMP384_AES256GCM_SHA384_P384"
	case Hybrid:
		return "MLKEM768X25519_AES256GCM_SHA384_Ed25519"
	default:
		return fmt.Sprintf("suite 0x%04x", uint16(s))
	}
}

// algorithms is what a suite stands for. It has no state: one value serves a
// group and everything made from it.
type algorithms struct {
	suite   Suite
	kem     hpke.KEM
	kdf     hpke.KDF
	aead    hpke.AEAD
	hash    func() hash.Hash
	nh      int // KDF.Nh, also the size of hash and MAC
	keySize int // AEAD.Nk
	newAEAD func(key []byte) (cipher.AEAD, error)
	scheme  signatureScheme
}

// nonceSize is AEAD.Nn: all three AEADs have the same.
const nonceSize = 12

// algorithms returns what the suite stands for, or ErrUnsupported.
func (s Suite) algorithms() (*algorithms, error) {
	a := &algorithms{suite: s, newAEAD: newGCM}
	if s == Hybrid {
		a.kem, a.scheme = hpke.MLKEM768X25519(), ed25519Scheme{}
		a.sha384()
		return a, nil
	}
	if !a.classical() {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, s)
	}
	return a, nil
}

func (a *algorithms) sha384() {
	a.kdf, a.hash, a.nh = hpke.HKDFSHA384(), sha512.New384, sha512.Size384
	a.aead, a.keySize = hpke.AES256GCM(), 32
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
