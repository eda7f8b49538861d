//go:build !hybrid

package mls

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"io"
)

// ecdsaScheme is ECDSA on one curve, with the hash of the same strength. Keys are
// parsed at each use: a restored key must not outlive its bytes.
type ecdsaScheme struct {
	curve elliptic.Curve
	ecdh  ecdh.Curve
	opts  crypto.Hash
	size  int // of the scalar
}

func ecdsaP256() ecdsaScheme {
	return ecdsaScheme{elliptic.P256(), ecdh.P256(), crypto.SHA256, 32}
}

func ecdsaP384() ecdsaScheme {
	return ecdsaScheme{elliptic.P384(), ecdh.P384(), crypto.SHA384, 48}
}

func ecdsaP521() ecdsaScheme {
	return ecdsaScheme{elliptic.P521(), ecdh.P521(), crypto.SHA512, 66}
}

// generate takes random scalars until one is in range, which P-521 needs about
// 128 draws for unless the top bits are cleared first.
func (s ecdsaScheme) generate(rand io.Reader) ([]byte, error) {
	private := make([]byte, s.size)
	for range 128 {
		if _, err := io.ReadFull(rand, private); err != nil {
			return nil, err
		}
		private[0] &= byte(0xff >> (8*s.size - s.curve.Params().BitSize))
		if _, err := s.ecdh.NewPrivateKey(private); err == nil {
			return private, nil
		}
	}
	return nil, fmt.Errorf("%w: the randomness gives no scalar", ErrMalformed)
}

func (s ecdsaScheme) public(private []byte) ([]byte, error) {
	k, err := s.ecdh.NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	return k.PublicKey().Bytes(), nil
}

func (s ecdsaScheme) sign(private, message []byte) ([]byte, error) {
	k, err := ecdsa.ParseRawPrivateKey(s.curve, private)
	if err != nil {
		return nil, err
	}
	return k.Sign(nil, s.digest(message), s.opts) // no randomness: deterministic, RFC 6979
}

func (s ecdsaScheme) verify(public, message, sig []byte) bool {
	k, err := ecdsa.ParseUncompressedPublicKey(s.curve, public)
	return err == nil && ecdsa.VerifyASN1(k, s.digest(message), sig)
}

func (s ecdsaScheme) digest(message []byte) []byte {
	h := s.opts.New() // suite.go links all three
	h.Write(message)
	return h.Sum(nil)
}
