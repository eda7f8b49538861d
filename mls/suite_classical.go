//go:build !hybrid

package mls

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"

	"golang.org/x/crypto/chacha20poly1305"
)

// Suites lists the suites implemented here, the preferred one first. A program
// that is built with the tag hybrid has the hybrid suite alone: Bulle speaks no
// other, and the curves of the others are a seventh of what a browser would load.
func Suites() []Suite {
	return []Suite{Hybrid, P384AES256, P521AES256, X25519AES128, X25519ChaCha20, P256AES128}
}

// classical fills in a suite whose security rests on elliptic curves alone, and
// reports whether there is such a one.
func (a *algorithms) classical() bool {
	switch a.suite {
	case X25519AES128, X25519ChaCha20:
		a.kem, a.scheme = hpke.DHKEM(ecdh.X25519()), ed25519Scheme{}
		a.sha256(hpke.AES128GCM(), 16)
		if a.suite == X25519ChaCha20 {
			a.sha256(hpke.ChaCha20Poly1305(), chacha20poly1305.KeySize)
			a.newAEAD = chacha20poly1305.New
		}
	case P256AES128:
		a.kem, a.scheme = hpke.DHKEM(ecdh.P256()), ecdsaP256()
		a.sha256(hpke.AES128GCM(), 16)
	case P521AES256:
		a.kem, a.scheme = hpke.DHKEM(ecdh.P521()), ecdsaP521()
		a.kdf, a.hash, a.nh = hpke.HKDFSHA512(), sha512.New, sha512.Size
		a.aead, a.keySize = hpke.AES256GCM(), 32
	case P384AES256:
		a.kem, a.scheme = hpke.DHKEM(ecdh.P384()), ecdsaP384()
		a.sha384()
	default:
		return false
	}
	return true
}

func (a *algorithms) sha256(aead hpke.AEAD, keySize int) {
	a.kdf, a.hash, a.nh = hpke.HKDFSHA256(), sha256.New, sha256.Size
	a.aead, a.keySize = aead, keySize
}
