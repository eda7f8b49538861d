// Package delivery turns items into cells and back: what MLS made goes in, what a
// relay stores comes out, and the relay learns only how many cells there are.
//
// Most callers need [NewChannel] for an epoch of a conversation and [NewInbox]
// for what others send to a device; both give a [link.Channel] to create, a
// [Parcel] to keep and send, and an [Assembler] for what arrives.
//
//	item -> (too large: sealed file + reference) -> 1, 2, 4, 8 or 16 parts -> cells -> APPEND
//	        Parcel: durable in the vault before the first byte leaves
//	cells -> parts -> item -> (reference: file from the relay) -> item
//	        Assembler: skips and counts what does not open
package delivery

import (
	"errors"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

// ChannelSecretSize is the size in bytes of the secret of a channel, which MLS
// exports for each epoch.
const ChannelSecretSize = 64

// A Channel is one epoch of a conversation on one relay: who knows the epoch's
// secret derives the same identifier, caps and cell key. It may be used
// concurrently, but not while it is wiped.
type Channel struct {
	caps caps
	key  *secret.Bytes

	// Observe, if it is set, is shown the salt of each cell that is sealed. Key and
	// nonce of a cell follow from the salt: a test can see that none repeats.
	Observe func(salt []byte)
}

// NewChannel derives the channel of an epoch. relay tells the relays of a bubble
// apart, so that a channel's identifiers on two of them have nothing in common;
// nil is the first one. The secret stays its owner's.
func NewChannel(channelSecret *secret.Bytes, relay []byte) (*Channel, error) {
	if channelSecret.Len() != ChannelSecretSize {
		return nil, errors.New("derive the channel: the secret has another size")
	}
	return &Channel{
		caps: deriveCaps(secret.ChannelCap, channelSecret, relay),
		key:  secret.DeriveSHA3(secret.ChannelCell, channelSecret, nil, relay, keySize),
	}, nil
}

// ID returns the channel's identifier.
func (c *Channel) ID() link.ID { return c.caps.id }

// Read returns the cap to subscribe.
func (c *Channel) Read() link.Cap { return c.caps.read }

// Control returns the cap to truncate.
func (c *Channel) Control() link.Cap { return c.caps.control }

// Link returns what a relay needs to create the channel.
func (c *Channel) Link(class link.Class) link.Channel { return c.caps.link(class) }

// Wipe ends the cell key and the caps.
func (c *Channel) Wipe() {
	c.key.Wipe()
	c.caps = caps{}
}

// Pack seals an item into a parcel. Each call seals anew: pack once, make the
// parcel durable, and send the same bytes until the relay has them. class is how
// long the relay keeps the file that a large item becomes. It fails with
// [ErrTooLarge] above [MaxItem].
func (c *Channel) Pack(item []byte, class link.Class) (*Parcel, error) {
	p := &Parcel{Channel: c.caps.id, Write: c.caps.write, Control: c.caps.control}
	l := layout{first: partSize, other: partSize}
	kind, item, err := p.spill(item, maxInline, class)
	if err != nil {
		return nil, err
	}
	for _, part := range l.split(kind, item) {
		p.Cells = append(p.Cells, c.seal(part))
		secret.Wipe(part)
	}
	return p, nil
}

func (c *Channel) seal(part []byte) []byte {
	cell := sealCell(c.key, part)
	if c.Observe != nil {
		c.Observe(cell[:saltSize])
	}
	return cell
}

// Assembler returns a reader of the channel's cells.
func (c *Channel) Assembler() *Assembler { return newAssembler(&channelOpener{c.key}) }

type channelOpener struct{ key *secret.Bytes }

func (o *channelOpener) open(cell []byte) (h header, data []byte, ok bool) {
	plain, ok := openCell(o.key, cell)
	if !ok {
		return header{}, nil, false
	}
	return layout{first: partSize, other: partSize}.read(plain)
}

// caps are identifier and caps of a channel.
type caps struct {
	id                   link.ID
	read, write, control link.Cap
}

func deriveCaps(label secret.Label, from *secret.Bytes, context []byte) caps {
	var c caps
	derived := secret.DeriveSHA3(label, from, nil, context, 4*len(c.id))
	defer derived.Wipe()
	fill(derived, c.id[:], c.read[:], c.write[:], c.control[:])
	return c
}

// fill copies a secret into consecutive fields.
func fill(from *secret.Bytes, fields ...[]byte) {
	rest := from.Reveal()
	for _, f := range fields {
		rest = rest[copy(f, rest):]
	}
}

func (c *caps) link(class link.Class) link.Channel {
	return link.Channel{ID: c.id, Read: c.read, Write: c.write, Control: c.control, Class: class}
}
