package vault

import (
	"context"

	"bulle/protocol/secret"
)

// Planted calls plant for each key that an open vault has, and for the key of one
// record, with a name for messages. The bytes are only lent.
func Planted(v *Vault, in, record string, plant func(name string, key []byte)) error {
	return v.use(in, func(s *segment) error {
		plant("root", v.root.Reveal())
		plant("table key", v.table.Reveal())
		plant("index key", v.blocks.Reveal())
		plant("stretched passphrase", v.stretched.Reveal())
		kek := v.head.kek(v.stretched)
		plant("key that wraps the root", kek.Reveal())
		kek.Wipe()
		plant("salt of the segment", s.salt.Reveal())
		plant("segment key", s.key.Reveal())
		plant("key that hashes names", s.names.Reveal()[:32])
		plant("key that seals names", s.names.Reveal()[32:])
		key, _ := s.entryKey(v, []byte(record))
		values, err := v.backend.Get(context.Background(), []Key{key})
		if err != nil {
			return err
		}
		recordKey := secret.DeriveSHA256(secret.VaultRecord, s.key, values[0][1:1+saltSize], nil, 32)
		plant("record key", recordKey.Reveal())
		recordKey.Wipe()
		return nil
	})
}

// OpenSalt does what a thief does who has a header, the passphrase and an entry:
// it tries the entry as a segment's salt, in every place that it could have had.
func OpenSalt(content []byte, pass *secret.Bytes, f func(passphrase, salt []byte, iterations int) ([]byte, error), e Entry) (name string, err error) {
	h, err := decodeHeader(content)
	if err != nil {
		return "", err
	}
	k, err := decodeKDF(h.factors[0])
	if err != nil {
		return "", err
	}
	stretched, err := k.stretch(pass, f)
	if err != nil {
		return "", err
	}
	s, err := h.open(stretched)
	if err != nil {
		return "", err
	}
	blocks := blockKey(s.root)
	name, _, err = openSegment(s.table, decryptKeys(blocks, []Key{e.Key})[0], append([]byte{}, e.Value...))
	return name, err
}
