package conversation

import (
	"unicode/utf8"

	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// What members say to each other, before MLS seals it (docs/conversations.md,
// "Content"). An item of a channel that is an MLS application message holds one
// envelope; an envelope carries one or more contents, so that a queue goes out in
// few items and receipts ride along with texts:
//
//	struct {
//	    uint8   version = 1;
//	    Head    head;            // governance gossip: length and hash
//	    uint64  read;            // everything below this cell of the channel is durable here
//	    Content contents<V>;     // at least one
//	} Envelope;
//
//	struct {
//	    ContentKind kind;        // uint8, table below
//	    opaque      nonce[16];   // random; with the sender it gives the message identifier
//	    uint64      sent;        // Unix milliseconds, the sender's clock
//	    opaque      body<V>;     // by kind
//	    Extension   extensions<V>; // ascending by type; unknown ones are ignored
//	} Content;
//
// A content of a kind that a device does not know is skipped, and not
// acknowledged. Each kind has a file of its own with its body and with what a
// device does when one arrives; handler.go has the table. Replies, reactions,
// edits, deletions and lifetimes follow the model of the IETF MIMI content format.

// ContentKind says what the body of a content is.
type ContentKind uint8

// The kinds of content.
const (
	KindText     ContentKind = 1 // Text
	KindFile     ContentKind = 2 // File
	KindReceipts ContentKind = 3 // Receipts
	KindReaction ContentKind = 4 // Reaction
	KindEdit     ContentKind = 5 // Edit
	KindDelete   ContentKind = 6 // Delete
)

const envelopeVersion = 1

// Limits of what a member may send. A larger envelope is refused whole.
const (
	MaxText       = 32 << 10 // bytes of a text or of what is written with a file
	maxContents   = 256      // contents of one envelope
	maxExtensions = 16       // extensions of one content
	maxReceipts   = 256      // identifiers in each list of one Receipts
)

// An Envelope is the plaintext of one application message.
type Envelope struct {
	Head     governance.Head
	Read     uint64
	Contents []Content
}

// Code implements [syntax.Value].
func (e *Envelope) Code(c *syntax.Codec) {
	version := uint8(envelopeVersion)
	c.Uint8(&version)
	if c.Err() == nil && version != envelopeVersion {
		c.Fail("an envelope of version %d", version)
	}
	e.Head.Code(c)
	c.Uint64(&e.Read)
	syntax.Values(c, &e.Contents)
	if n := len(e.Contents); c.Err() == nil && (n == 0 || n > maxContents) {
		c.Fail("an envelope of %d contents", n)
	}
}

// A Content is one thing said.
type Content struct {
	Kind       ContentKind
	Nonce      [16]byte
	Sent       uint64
	Body       []byte
	Extensions []Extension
}

// Code implements [syntax.Value].
func (m *Content) Code(c *syntax.Codec) {
	syntax.Enum8(c, &m.Kind)
	c.Fixed(m.Nonce[:])
	c.Uint64(&m.Sent)
	c.Opaque(&m.Body)
	syntax.Values(c, &m.Extensions)
	if c.Err() != nil {
		return
	}
	if len(m.Extensions) > maxExtensions {
		c.Fail("%d extensions", len(m.Extensions))
	}
	for i := 1; i < len(m.Extensions); i++ {
		if m.Extensions[i-1].Type >= m.Extensions[i].Type {
			c.Fail("extensions out of order")
		}
	}
}

// An Extension adds to a content what older devices may ignore.
type Extension struct {
	Type uint16
	Data []byte
}

// Code implements [syntax.Value].
func (x *Extension) Code(c *syntax.Codec) {
	c.Uint16(&x.Type)
	c.Opaque(&x.Data)
}

func codeText(c *syntax.Codec, s *string) {
	c.String(s)
	if c.Err() == nil && (len(*s) > MaxText || !utf8.ValidString(*s)) {
		c.Fail("a text of %d bytes, or not UTF-8", len(*s))
	}
}
