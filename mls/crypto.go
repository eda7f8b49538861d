package mls

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"encoding/binary"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// labelPrefix separates every derivation, signature and encryption of this
// version of the protocol from all others (RFC 9420, sections 5.1.2, 5.1.3 and 8).
const labelPrefix = "MLS 1.0 "

// labelled is the common form of SignContent, EncryptContext, RefHashInput and the
// tail of KDFLabel: a label and what it stands for.
//
//	opaque label<V>;
//	opaque content<V>;
type labelled struct {
	label   string
	content []byte
}

func (l *labelled) Code(c *syntax.Codec) {
	c.String(&l.label)
	c.Opaque(&l.content)
}

// encodable refuses a value of the caller's that has no encoding: a list with an
// extension type twice, a credential of unknown type, a vector of a gigabyte.
func encodable(v syntax.Value) error {
	_, err := syntax.Marshal(v)
	return err
}

// encode returns the encoding of a value made here, or checked by [encodable]. It
// panics when there is none.
func encode(v syntax.Value) []byte {
	b, err := syntax.Marshal(v)
	if err != nil {
		panic("mls: " + err.Error())
	}
	return b
}

func withLabel(label string, content []byte) []byte {
	return encode(&labelled{labelPrefix + label, content})
}

// digest is Hash over the concatenation of parts.
func (a *algorithms) digest(parts ...[]byte) []byte {
	h := a.hash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// mac is MAC of RFC 9420, section 5.1: HMAC with the suite's hash.
func (a *algorithms) mac(key, data []byte) []byte {
	m := hmac.New(a.hash, key)
	m.Write(data)
	return m.Sum(nil)
}

// refHash is RefHash of RFC 9420, section 5.2; its label has no prefix added.
func (a *algorithms) refHash(label string, value []byte) []byte {
	return a.digest(encode(&labelled{label, value}))
}

// zeros is the all-zero vector of length KDF.Nh.
func (a *algorithms) zeros() []byte { return make([]byte, a.nh) }

// extract is KDF.Extract. The caller owns, and wipes, the result.
func (a *algorithms) extract(salt, ikm []byte) []byte {
	out := make([]byte, a.nh)
	secret.Do(func() {
		prk, err := hkdf.Extract(a.hash, ikm, salt)
		if err != nil {
			panic("mls: " + err.Error()) // the hashes are ours and approved
		}
		copy(out, prk)
		secret.Wipe(prk)
	})
	return out
}

// expand is ExpandWithLabel of RFC 9420, section 8. The caller owns the result.
func (a *algorithms) expand(from []byte, label string, context []byte, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size)) //nolint:gosec // G115: sizes are at most 65535, checked in Export
	return a.expandInfo(from, append(info, withLabel(label, context)...), size)
}

// expandInfo is KDF.Expand. The caller owns the result.
func (a *algorithms) expandInfo(from, info []byte, size int) []byte {
	out := make([]byte, size)
	secret.Do(func() {
		okm, err := hkdf.Expand(a.hash, from, string(info), size)
		if err != nil {
			panic("mls: " + err.Error()) // as above, and Export bounds size
		}
		copy(out, okm)
		secret.Wipe(okm)
	})
	return out
}

// derive is DeriveSecret of RFC 9420, section 8.
func (a *algorithms) derive(from []byte, label string) []byte {
	return a.expand(from, label, nil, a.nh)
}

// deriveTree is DeriveTreeSecret of RFC 9420, section 9.1.
func (a *algorithms) deriveTree(from []byte, label string, generation uint32, size int) []byte {
	return a.expand(from, label, binary.BigEndian.AppendUint32(nil, generation), size)
}

// seal encrypts under a key that the suite derived.
func (a *algorithms) seal(key, nonce, aad, plaintext []byte) []byte {
	return a.cipher(key).Seal(nil, nonce, plaintext, aad)
}

// open decrypts, or refuses with ErrDecrypt.
func (a *algorithms) open(key, nonce, aad, ciphertext []byte) ([]byte, error) {
	plaintext, err := a.cipher(key).Open(nil, nonce, ciphertext, aad)
	if err != nil {
		return nil, ErrDecrypt
	}
	return plaintext, nil
}

func (a *algorithms) cipher(key []byte) cipher.AEAD {
	c, err := a.newAEAD(key)
	if err != nil {
		panic("mls: " + err.Error()) // keys are derived here with the AEAD's size
	}
	return c
}
