package governance

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Sizes in bytes of directory items.
const (
	// DirectoryKeySize is the size of a category's directory key.
	DirectoryKeySize = 32
	// MaxItem is the largest sealed item.
	MaxItem      = 8 << 10
	itemSaltSize = 32
	itemBlock    = 256
	itemOverhead = itemSaltSize + 16
)

// ItemKind separates the uses of a directory key.
type ItemKind uint8

// The kinds.
const (
	ItemCategory   ItemKind = 1 // description of a category; its owner is the category
	ItemMemberCard ItemKind = 2 // its owner is the member
	ItemDeviceCard ItemKind = 3 // its owner is the device
	ItemKeyPackage ItemKind = 4 // its owner is the device
)

// SealItem seals plaintext for everybody who has the category's directory key,
// bound to what it is and whose. Its size says no more than a multiple of 256.
//
//	struct { opaque salt[32]; opaque sealed[n]; } Item;
//	sealed    = AES-256-GCM(key, nonce, plaintext padded)
//	key||nonce = HKDF-SHA256("bulle 1 directory item", directory key, salt, ItemKind || opaque owner<V>)
//	padded    = opaque plaintext<V>, then zeros up to a multiple of 256
func SealItem(directory *secret.Bytes, kind ItemKind, owner, plaintext []byte) ([]byte, error) {
	var salt [itemSaltSize]byte
	random := secret.Random(itemSaltSize)
	copy(salt[:], random.Reveal())
	return sealItem(directory, kind, owner, plaintext, salt)
}

func sealItem(directory *secret.Bytes, kind ItemKind, owner, plaintext []byte, salt [itemSaltSize]byte) ([]byte, error) {
	padded, err := syntax.Marshal(&paddedItem{plaintext})
	if err == nil && len(padded)+itemOverhead > MaxItem {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("seal a directory item: %w", err)
	}
	out := salt[:]
	if err := itemCipher(directory, kind, owner, salt[:], func(a cipher.AEAD, nonce []byte) error {
		out = a.Seal(out, nonce, padded, nil)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("seal a directory item: %w", err)
	}
	secret.Wipe(padded)
	return out, nil
}

// OpenItem opens what [SealItem] made with the same key, kind and owner. It
// returns [ErrItem] whatever is wrong.
func OpenItem(directory *secret.Bytes, kind ItemKind, owner, item []byte) ([]byte, error) {
	if len(item) > MaxItem || len(item) < itemOverhead+itemBlock {
		return nil, ErrItem
	}
	var padded []byte
	err := itemCipher(directory, kind, owner, item[:itemSaltSize], func(a cipher.AEAD, nonce []byte) error {
		var err error
		padded, err = a.Open(nil, nonce, item[itemSaltSize:], nil)
		return err
	})
	var p paddedItem
	if err != nil || syntax.Unmarshal(padded, &p) != nil {
		return nil, ErrItem
	}
	secret.Wipe(padded)
	return p.plaintext, nil
}

// itemCipher lends the cipher and nonce of one item to f.
func itemCipher(directory *secret.Bytes, kind ItemKind, owner, salt []byte, f func(cipher.AEAD, []byte) error) error {
	if directory.Len() != DirectoryKeySize {
		return ErrItem
	}
	context, err := syntax.Marshal(&itemContext{kind, owner})
	if err != nil {
		return ErrItem
	}
	keys := secret.DeriveSHA256(secret.DirectoryItem, directory, salt, context, 32+12)
	defer keys.Wipe()
	secret.Do(func() {
		var block cipher.Block
		var aead cipher.AEAD
		if block, err = aes.NewCipher(keys.Reveal()[:32]); err != nil {
			return
		}
		if aead, err = cipher.NewGCM(block); err != nil {
			return
		}
		err = f(aead, keys.Reveal()[32:])
	})
	return err
}

type itemContext struct {
	kind  ItemKind
	owner []byte
}

func (i *itemContext) Code(c *syntax.Codec) {
	syntax.Enum8(c, &i.kind)
	c.Opaque(&i.owner)
}

// paddedItem is content and as many zeros as fill the last block.
type paddedItem struct{ plaintext []byte }

func (p *paddedItem) Code(c *syntax.Codec) {
	c.Opaque(&p.plaintext)
	header := 1
	switch n := len(p.plaintext); {
	case n >= 1<<14:
		header = 4
	case n >= 1<<6:
		header = 2
	}
	zeros := make([]byte, -(header+len(p.plaintext))&(itemBlock-1))
	c.Fixed(zeros)
	for _, z := range zeros {
		if z != 0 {
			c.Fail("padding that is not zero")
			return
		}
	}
}
