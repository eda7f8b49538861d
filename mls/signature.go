package mls

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A SignatureKey is the private key that a client signs with (RFC 9420, section
// 5.1.2). It belongs to one signature scheme; the suites with the same scheme
// share it.
type SignatureKey struct {
	suite   Suite
	private *secret.Bytes // Ed25519: the seed; ECDSA: the scalar, as long as the field
	public  []byte
}

// NewSignatureKey copies a private key: for Ed25519 the seed of 32 bytes, for
// ECDSA the scalar, big-endian, as long as the field.
func NewSignatureKey(s Suite, private []byte) (*SignatureKey, error) {
	a, err := s.algorithms()
	if err != nil {
		return nil, err
	}
	public, err := a.scheme.public(private)
	if err != nil {
		return nil, fmt.Errorf("signature key: %w", err)
	}
	return &SignatureKey{s, secret.Copy(private), public}, nil
}

// GenerateSignatureKey makes a key from randomness of the caller.
func GenerateSignatureKey(s Suite, rand io.Reader) (*SignatureKey, error) {
	a, err := s.algorithms()
	if err != nil {
		return nil, err
	}
	private, err := a.scheme.generate(rand)
	if err != nil {
		return nil, fmt.Errorf("generate signature key: %w", err)
	}
	defer secret.Wipe(private)
	return NewSignatureKey(s, private)
}

// Public returns the public key as leaf nodes carry it (RFC 9420, section 5.1.1).
func (k *SignatureKey) Public() []byte { return bytes.Clone(k.public) }

// Clone returns a second key with its own end.
func (k *SignatureKey) Clone() *SignatureKey {
	return &SignatureKey{k.suite, k.private.Clone(), k.public}
}

// Wipe ends the key.
func (k *SignatureKey) Wipe() {
	if k != nil {
		k.private.Wipe()
	}
}

// fits reports whether the key signs in the scheme of a suite.
func (k *SignatureKey) fits(a *algorithms) bool {
	if k == nil || k.private.Len() == 0 {
		return false
	}
	public, err := a.scheme.public(k.private.Reveal())
	return err == nil && bytes.Equal(public, k.public)
}

func (k *SignatureKey) code(c *syntax.Codec) {
	syntax.Enum16(c, &k.suite)
	codeSecret(c, &k.private)
	if !c.Reading() || c.Err() != nil {
		return
	}
	restored, err := NewSignatureKey(k.suite, k.private.Reveal())
	if err != nil {
		c.Fail("a signature key that does not parse")
		return
	}
	k.private.Wipe()
	*k = *restored
}

// signWithLabel is SignWithLabel of RFC 9420, section 5.1.2.
func (a *algorithms) signWithLabel(k *SignatureKey, label string, content []byte) ([]byte, error) {
	var sig []byte
	var err error
	secret.Do(func() {
		var s []byte
		s, err = a.scheme.sign(k.private.Reveal(), withLabel(label, content))
		sig = append([]byte(nil), s...)
	})
	return sig, err
}

// verifyWithLabel is VerifyWithLabel of RFC 9420, section 5.1.2.
func (a *algorithms) verifyWithLabel(public []byte, label string, content, sig []byte) bool {
	return a.scheme.verify(public, withLabel(label, content), sig)
}

// signatureScheme is one algorithm of RFC 8446, section 4.2.3.
type signatureScheme interface {
	generate(rand io.Reader) (private []byte, err error)
	public(private []byte) ([]byte, error)
	sign(private, message []byte) ([]byte, error)
	verify(public, message, sig []byte) bool
}

type ed25519Scheme struct{}

func (ed25519Scheme) generate(rand io.Reader) ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, err := io.ReadFull(rand, seed)
	return seed, err
}

func (ed25519Scheme) public(private []byte) ([]byte, error) {
	if len(private) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: an Ed25519 seed of %d bytes", ErrMalformed, len(private))
	}
	k := ed25519.NewKeyFromSeed(private)
	defer secret.Wipe(k)
	return bytes.Clone(k[ed25519.SeedSize:]), nil
}

func (ed25519Scheme) sign(private, message []byte) ([]byte, error) {
	if len(private) != ed25519.SeedSize {
		return nil, ErrWiped
	}
	k := ed25519.NewKeyFromSeed(private)
	defer secret.Wipe(k)
	return ed25519.Sign(k, message), nil
}

func (ed25519Scheme) verify(public, message, sig []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, sig)
}
