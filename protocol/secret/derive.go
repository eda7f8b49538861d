package secret

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha3"
	"hash"
)

// DeriveSHA3 makes size bytes from a secret with HKDF-SHA3-512 (RFC 5869 with
// FIPS 202). The label and then context separate what is derived; salt may be
// nil. It panics when the registry gives the label to the other hash.
func DeriveSHA3(l Label, ikm *Bytes, salt, context []byte, size int) *Bytes {
	return derive("HKDF-SHA3-512", func() hash.Hash { return sha3.New512() }, l, ikm, salt, context, size)
}

// DeriveSHA256 makes size bytes from a secret with HKDF-SHA256 (RFC 5869). Its
// parameters are those of [DeriveSHA3].
func DeriveSHA256(l Label, ikm *Bytes, salt, context []byte, size int) *Bytes {
	return derive("HKDF-SHA256", sha256.New, l, ikm, salt, context, size)
}

// derive puts the label's length before it, so that no label and context can be
// read as another label and context.
func derive(name string, h func() hash.Hash, l Label, ikm *Bytes, salt, context []byte, size int) *Bytes {
	entry := Registry()[l]
	if entry.Hash != name {
		panic("secret: " + entry.Name + " is not a label of " + name)
	}
	info := append([]byte{byte(len(entry.Name))}, entry.Name...) //nolint:gosec // G115: the names of the registry are short
	info = append(info, context...)
	out := make([]byte, size)
	Do(func() {
		key, err := hkdf.Key(h, ikm.Reveal(), salt, string(info), size)
		if err != nil {
			panic("secret: " + err.Error()) // only size can be wrong, and it is ours
		}
		copy(out, key)
		Wipe(key)
	})
	return New(out)
}
