package conversation

import (
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// History comes along when a device is linked. The old device writes it into a channel
// whose secret only the two know (it came with the identity), conversation by
// conversation; the new one reads it into its vault.
//
//	old   the new device is in every group of a conversation ──> its history, in items
//	      all conversations are through ──> notes ──> end
//	new   item ──> vault, with the position in the channel ──> end ──> inbox
//
// The new device leaves its inbox alone until the end: so what is said after it came
// into a conversation stands behind the history. And the old one sends a
// conversation only when the new one is inside: so nothing falls in between.
//
// Items are numbered. An item is durable at the sender, with the state after it, before
// it is sent, and the same bytes are sent until the relay has them; the reader
// skips numbers that it knows. Both go on after a crash from their vaults.

// An item of a history:
//
//	struct {
//	    uint8  version = 1;
//	    uint64 number;                   // from 1, without gaps
//	    uint8  part;
//	    select (part) {
//	        case begin (1):        uint64 messages;          // about how many there are
//	        case conversation (2): opaque id[32]; uint8 kind; opaque peer[32]; opaque name<V>; MemberID members<V>; uint8 outside;
//	        case messages (3):     opaque id[32]; Past messages<V>;
//	        case notes (4):        opaque notes<V>;          // pairs of opaque key<V>, opaque value<V>
//	        case end (5):          struct {};
//	    };
//	} HistoryItem;
//
//	struct { uint8 read; opaque record<V>; } Past;          // record as the vault keeps it
type historyItem struct {
	Number   uint64
	Part     part
	Count    uint64
	ID       ID
	Meta     meta
	Messages []past
	Value    []byte
}

type part uint8

const (
	partBegin        part = 1
	partConversation part = 2
	partMessages     part = 3
	partNotes        part = 4
	partEnd          part = 5
)

// A past is one message of a history that comes along.
type past struct {
	Read   bool
	Record []byte
}

// Code implements [syntax.Value].
func (p *past) Code(c *syntax.Codec) {
	c.Bool(&p.Read)
	c.Opaque(&p.Record)
}

// Code implements [syntax.Value].
func (x *historyItem) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Uint64(&x.Number)
	syntax.Enum8(c, &x.Part)
	switch x.Part {
	case partBegin:
		c.Uint64(&x.Count)
	case partConversation:
		c.Fixed(x.ID[:])
		syntax.Enum8(c, &x.Meta.Kind)
		c.Fixed(x.Meta.Peer[:])
		c.String(&x.Meta.Name)
		codeMembers(c, &x.Meta.Members)
		c.Bool(&x.Meta.Outside)
	case partMessages:
		c.Fixed(x.ID[:])
		syntax.Values(c, &x.Messages)
	case partNotes:
		c.Opaque(&x.Value)
	case partEnd:
	default:
		c.Fail("a part of kind %d", x.Part)
	}
}

// historySegment holds what is on its way:
//
//	out/DEVICE[32]   historyOut   to a device that was linked here
//	in               historyIn    to this device; until then the inbox waits
const (
	historySegment = "history"
	outPrefix      = "out/"
	inName         = "in"
)

// historyClass is how long the relay keeps a history that is on its way.
const historyClass = link.Week

// A historyOut is how far a history that goes out has come.
type historyOut struct {
	Secret [delivery.ChannelSecretSize]byte
	Begun  uint64 // Unix milliseconds of the link
	Number uint64 // of the last item that was made
	Sent   uint64 // messages in them
	Total  uint64
	Done   []ID   // conversations that are through
	Now    ID     // the one that goes on; zero: none
	Next   Cursor // of it
	Notes  bool   // the notes are through
	Ended  bool
	Parcel *delivery.Parcel // the last item, until the relay has it
}

// Code implements [syntax.Value].
func (x *historyOut) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Fixed(x.Secret[:])
	c.Uint64(&x.Begun)
	c.Uint64(&x.Number)
	c.Uint64(&x.Sent)
	c.Uint64(&x.Total)
	syntax.Vector(c, &x.Done, func(c *syntax.Codec, id *ID) { c.Fixed(id[:]) })
	c.Fixed(x.Now[:])
	c.Uint64((*uint64)(&x.Next))
	c.Bool(&x.Notes)
	c.Bool(&x.Ended)
	syntax.Optional(c, &x.Parcel, func(c *syntax.Codec, p *delivery.Parcel) { p.Code(c) })
}

// A historyIn is how far a history that comes in has come.
type historyIn struct {
	Secret   [delivery.ChannelSecretSize]byte
	Position uint64 // of the channel's next cell
	Number   uint64 // of the last item that is in the vault
	Done     uint64 // messages
	Total    uint64
}

// Code implements [syntax.Value].
func (x *historyIn) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Fixed(x.Secret[:])
	c.Uint64(&x.Position)
	c.Uint64(&x.Number)
	c.Uint64(&x.Done)
	c.Uint64(&x.Total)
}

// ExpectHistory notes, in the transaction that takes the identity over, that a history
// will come by a secret of 64 bytes.
func ExpectHistory(tx *vault.Tx, transfer *secret.Bytes) error {
	if err := ensureSegment(tx, historySegment); err != nil {
		return err
	}
	var in historyIn
	copy(in.Secret[:], transfer.Reveal())
	defer secret.Wipe(in.Secret[:])
	return save(tx, historySegment, inName, &in)
}

// expecting reports whether a history is to come before everything else.
func expecting(r reader) (bool, error) {
	var in historyIn
	defer func() { secret.Wipe(in.Secret[:]) }()
	return load(r, historySegment, inName, &in)
}

// OfferHistory notes that a device that is being linked gets the history by a secret.
// It is durable before the secret leaves; a device that never comes gets nothing.
func (e *Engine) OfferHistory(tx *vault.Tx, device governance.DeviceID, transfer *secret.Bytes) error {
	if err := ensureSegment(tx, historySegment); err != nil {
		return err
	}
	out := historyOut{Begun: millis(e.Clock())}
	copy(out.Secret[:], transfer.Reveal())
	defer secret.Wipe(out.Secret[:])
	return save(tx, historySegment, outPrefix+string(device[:]), &out)
}
