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
