package mls

import (
	"bytes"
	"crypto/hpke"
	"encoding/hex"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// hpkeCiphertext is HPKECiphertext of RFC 9420, section 7.6.
//
//	opaque kem_output<V>;
//	opaque ciphertext<V>;
type hpkeCiphertext struct {
	kemOutput, ciphertext []byte
}

func (h *hpkeCiphertext) Code(c *syntax.Codec) {
	c.Opaque(&h.kemOutput)
	c.Opaque(&h.ciphertext)
}

// generateKeyPair derives a fresh HPKE key pair from randomness of the caller.
func (a *algorithms) generateKeyPair(cfg *Config) (*secret.Bytes, []byte, error) {
	seed, err := cfg.random(a.nh)
	if err != nil {
		return nil, nil, err
	}
	defer secret.Wipe(seed)
	return a.deriveKeyPair(seed)
}

// deriveKeyPair is KEM.DeriveKeyPair of RFC 9180, section 4: the serialised
// private key and the serialised public key.
func (a *algorithms) deriveKeyPair(ikm []byte) (private *secret.Bytes, public []byte, err error) {
	secret.Do(func() {
		var k hpke.PrivateKey
		if k, err = a.kem.DeriveKeyPair(ikm); err != nil {
			return
		}
		var b []byte
		if b, err = k.Bytes(); err != nil {
			return
		}
		private, public = secret.Copy(b), append([]byte(nil), k.PublicKey().Bytes()...)
		secret.Wipe(b)
	})
	return private, public, err
}

// publicKey returns the public key of a serialised private key.
func (a *algorithms) publicKey(private *secret.Bytes) ([]byte, error) {
	k, err := a.kem.NewPrivateKey(private.Reveal())
	if err != nil {
		return nil, err
	}
	return k.PublicKey().Bytes(), nil
}

// encryptWithLabel is EncryptWithLabel of RFC 9420, section 5.1.3.
func (a *algorithms) encryptWithLabel(public []byte, label string, context, plaintext []byte) (hpkeCiphertext, error) {
	k, err := a.kem.NewPublicKey(public)
	if err != nil {
		return hpkeCiphertext{}, broken(RuleKeyForSuite)
	}
	enc, sender, err := hpke.NewSender(k, a.kdf, a.aead, withLabel(label, context))
	if err != nil {
		return hpkeCiphertext{}, broken(RuleKeyForSuite)
	}
	ct, err := sender.Seal(nil, plaintext)
	return hpkeCiphertext{enc, ct}, err
}

// decryptWithLabel is DecryptWithLabel of RFC 9420, section 5.1.3. Every failure
// is ErrDecrypt. The caller owns the plaintext.
func (a *algorithms) decryptWithLabel(private *secret.Bytes, label string, context []byte, h hpkeCiphertext) ([]byte, error) {
	var out []byte
	secret.Do(func() {
		k, err := a.kem.NewPrivateKey(private.Reveal())
		if err != nil {
			return
		}
		r, err := hpke.NewRecipient(h.kemOutput, k, a.kdf, a.aead, withLabel(label, context))
		if err != nil {
			return
		}
		p, err := r.Open(nil, h.ciphertext)
		if err != nil {
			return
		}
		out = append([]byte{}, p...)
		secret.Wipe(p)
	})
	if out == nil {
		return nil, ErrDecrypt
	}
	return out, nil
}

// externalInitLabel is the exporter context of RFC 9420, section 8.3.
const externalInitLabel = labelPrefix + "external init secret"

// externalInitSend makes an init secret that only members can learn.
func (a *algorithms) externalInitSend(externalPub []byte) (kemOutput []byte, init *secret.Bytes, err error) {
	k, err := a.kem.NewPublicKey(externalPub)
	if err != nil {
		return nil, nil, broken(RuleKeyForSuite)
	}
	kemOutput, sender, err := hpke.NewSender(k, a.kdf, a.aead, nil)
	if err != nil {
		return nil, nil, broken(RuleKeyForSuite)
	}
	b, err := sender.Export(externalInitLabel, a.nh)
	return kemOutput, secret.New(b), err
}

// externalInitReceive learns the init secret of an ExternalInit proposal.
func (a *algorithms) externalInitReceive(externalSecret *secret.Bytes, kemOutput []byte) (*secret.Bytes, error) {
	private, _, err := a.deriveKeyPair(externalSecret.Reveal())
	if err != nil {
		return nil, err
	}
	defer private.Wipe()
	k, err := a.kem.NewPrivateKey(private.Reveal())
	if err != nil {
		return nil, err
	}
	r, err := hpke.NewRecipient(kemOutput, k, a.kdf, a.aead, nil)
	if err != nil {
		return nil, ErrDecrypt
	}
	b, err := r.Export(externalInitLabel, a.nh)
	return secret.New(b), err
}

// validPublicKey reports whether a public key can be encrypted to. Points of low
// order on Curve25519 parse, but every encryption to them fails: a leaf with one
// would stop all commits, so it must not get into a tree.
func (a *algorithms) validPublicKey(public []byte) bool {
	if _, err := a.kem.NewPublicKey(public); err != nil {
		return false
	}
	switch a.suite {
	case X25519AES128, X25519ChaCha20, Hybrid: // the hybrid key ends in the X25519 key
		return !lowOrder(public[len(public)-32:])
	default:
		return true
	}
}

// lowOrder reports whether an X25519 public key (RFC 7748) is one of the points
// whose order divides 8, in any of their encodings.
func lowOrder(public []byte) bool {
	u := bytes.Clone(public)
	u[31] &= 0x7f // X25519 ignores the top bit
	switch hex.EncodeToString(u) {
	case "0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p is 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": // p+1 is 1
		return true
	default:
		return false
	}
}
