package delivery

import (
	"crypto/hpke"
	"errors"
	"fmt"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// InboxSecretSize is the size in bytes of the secret of an inbox or a pool.
const InboxSecretSize = 32

// Sizes of HPKE with MLKEM768-X25519 (X-Wing: 1088 bytes of ML-KEM and 32 of
// X25519 are sent).
const (
	inboxKeySize = 1184 + 32
	encSize      = 1088 + 32
	// inboxPlain is what the first cell of an inbox item can hold.
	inboxPlain = link.CellSize - encSize - tagSize
	// inboxFirst is how much of the item that is, after the header and the key of
	// the other cells.
	inboxFirst = inboxPlain - headerSize - keySize
	// maxInboxInline is the largest item that travels in the cells of an inbox.
	maxInboxInline = inboxFirst + (maxCount-1)*partSize
)

// inboxInfo separates our use of HPKE from every other, the inbox's identifier
// follows it: what is sealed for one inbox opens in no other.
const inboxInfo = "bulle 1 inbox item"

func inboxLayout() layout { return layout{first: inboxFirst, other: partSize} }

func inboxSuite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA384(), hpke.AES256GCM()
}

// An Inbox receives what others send to one device: anyone in its category can
// append, only its owner can read. It may be used concurrently, but not while it
// is wiped.
type Inbox struct {
	caps caps
	key  hpke.PrivateKey
}

// NewInbox derives an inbox from a secret of InboxSecretSize bytes, which stays
// its owner's. A new inbox needs a new secret.
func NewInbox(inboxSecret *secret.Bytes) (*Inbox, error) {
	if inboxSecret.Len() != InboxSecretSize {
		return nil, errors.New("derive the inbox: the secret has another size")
	}
	seed := secret.DeriveSHA3(secret.InboxKey, inboxSecret, nil, nil, keySize)
	defer seed.Wipe()
	kem, _, _ := inboxSuite()
	key, err := kem.NewPrivateKey(seed.Reveal())
	if err != nil {
		return nil, fmt.Errorf("derive the inbox: %w", err)
	}
	return &Inbox{caps: deriveCaps(secret.InboxCap, inboxSecret, nil), key: key}, nil
}

// ID returns the identifier of the inbox's channel.
func (i *Inbox) ID() link.ID { return i.caps.id }

// Read returns the cap to subscribe.
func (i *Inbox) Read() link.Cap { return i.caps.read }

// Control returns the cap to truncate.
func (i *Inbox) Control() link.Cap { return i.caps.control }

// Link returns what a relay needs to create the inbox's channel.
func (i *Inbox) Link(class link.Class) link.Channel { return i.caps.link(class) }

// Address returns what others need to write to the inbox.
func (i *Inbox) Address() *Address {
	return &Address{ID: i.caps.id, Write: i.caps.write, Key: i.key.PublicKey().Bytes()}
}

// Wipe forgets key and caps.
func (i *Inbox) Wipe() {
	i.caps, i.key = caps{}, nil
}

// Assembler returns a reader of the inbox's cells.
func (i *Inbox) Assembler() *Assembler { return newAssembler(&inboxOpener{inbox: i}) }

// An Address is where an inbox is and the key to seal to it. It stands on the
// member's card.
//
//	struct {
//	    opaque id[32];
//	    opaque write[32];
//	    opaque key[1216];     HPKE public key, MLKEM768-X25519
//	} Address;
type Address struct {
	ID    link.ID
	Write link.Cap
	Key   []byte
}

// Code implements [syntax.Value].
func (a *Address) Code(c *syntax.Codec) {
	c.Fixed(a.ID[:])
	c.Fixed(a.Write[:])
	if c.Reading() {
		a.Key = make([]byte, inboxKeySize)
	}
	if len(a.Key) != inboxKeySize {
		c.Fail("an inbox key of %d bytes", len(a.Key))
	}
	c.Fixed(a.Key)
}

// Pack seals an item to the owner of the inbox, as [Channel.Pack] does.
//
// The first cell holds the HPKE encapsulation and the first part with a fresh
// cell key; the others are ordinary cells under that key. So the owner opens each
// cell that arrives with one decapsulation at most, whatever others append.
//
//	first cell = enc[1120] || AES-256-GCM(HPKE, Header, cell key[32], part)
//	others     = as in a channel
//
// It fails also when the address's key is no key.
func (a *Address) Pack(item []byte, class link.Class) (*Parcel, error) {
	kem, kdf, aead := inboxSuite()
	pub, err := kem.NewPublicKey(a.Key)
	if err != nil {
		return nil, fmt.Errorf("seal to an inbox: %w", err)
	}
	p := &Parcel{Channel: a.ID, Write: a.Write}
	kind, item, err := p.spill(item, maxInboxInline, class)
	if err != nil {
		return nil, err
	}
	parts := inboxLayout().split(kind, item)
	rest := secret.Random(keySize)
	defer rest.Wipe()
	first := append(append([]byte(nil), parts[0][:headerSize]...), rest.Reveal()...)
	first = append(first, parts[0][headerSize:]...)
	var cell []byte
	secret.Do(func() { cell, err = hpke.Seal(pub, kdf, aead, itemInfo(a.ID), first) })
	if err != nil {
		return nil, fmt.Errorf("seal to an inbox: %w", err)
	}
	p.Cells = append(p.Cells, cell)
	secret.Wipe(first)
	for _, part := range parts[1:] {
		p.Cells = append(p.Cells, sealCell(rest, part))
		secret.Wipe(part)
	}
	return p, nil
}

func itemInfo(id link.ID) []byte { return append([]byte(inboxInfo), id[:]...) }

// inboxOpener opens the cells of an inbox. rest is the key of the cells that
// follow the first cell that opened last.
type inboxOpener struct {
	inbox *Inbox
	rest  *secret.Bytes
}

func (o *inboxOpener) open(cell []byte) (h header, data []byte, ok bool) {
	if len(cell) != link.CellSize || o.inbox.key == nil {
		return header{}, nil, false
	}
	if o.rest.Len() > 0 {
		if plain, ok := openCell(o.rest, cell); ok {
			h, data, ok = inboxLayout().read(plain)
			return h, data, ok && h.index > 0
		}
	}
	return o.openFirst(cell)
}

func (o *inboxOpener) openFirst(cell []byte) (h header, data []byte, ok bool) {
	_, kdf, aead := inboxSuite()
	var plain []byte
	secret.Do(func() {
		opened, err := hpke.Open(o.inbox.key, kdf, aead, itemInfo(o.inbox.caps.id), cell)
		plain, ok = opened, err == nil
	})
	if !ok || len(plain) != inboxPlain {
		return header{}, nil, false
	}
	o.rest.Wipe()
	o.rest = secret.Copy(plain[headerSize : headerSize+keySize])
	part := append(plain[:headerSize:headerSize], plain[headerSize+keySize:]...)
	secret.Wipe(plain)
	h, data, ok = inboxLayout().read(part)
	return h, data, ok && h.index == 0
}
