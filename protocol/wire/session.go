package wire

import "bulle/protocol/syntax"

// Hello is the first message of a relay, request 0. The proof of OPEN answers the
// challenge, which is fresh for each connection.
//
//	struct {
//	    uint16 version;
//	    opaque challenge[32];
//	} Hello;
type Hello struct {
	Version   uint16
	Challenge [32]byte
}

// Open asks to open the circuit or the governance connection. What a proof holds
// is decided by the relay's gate (docs/protocol.md, Proofs).
//
//	struct { opaque proof<V>; } Open, Renew;      at most MaxProof bytes
type Open struct{ Proof []byte }

// Renew proves anew that the circuit may stay open, with the challenge of [Hello].
type Renew struct{ Proof []byte }

// Ping asks for a sign of life. It has no fields.
type Ping struct{}

// Done says that the request was carried out. It has no fields.
type Done struct{}

// Kind is KindHello.
func (*Hello) Kind() Kind { return KindHello }

// Kind is KindOpen.
func (*Open) Kind() Kind { return KindOpen }

// Kind is KindRenew.
func (*Renew) Kind() Kind { return KindRenew }

// Kind is KindPing.
func (*Ping) Kind() Kind { return KindPing }

// Kind is KindDone.
func (*Done) Kind() Kind { return KindDone }

// Code codes the fields in the order of the layout.
func (b *Hello) Code(c *syntax.Codec) {
	c.Uint16(&b.Version)
	c.Fixed(b.Challenge[:])
}

// Code codes the fields in the order of the layout.
func (b *Open) Code(c *syntax.Codec) { bounded(c, &b.Proof, MaxProof) }

// Code codes the fields in the order of the layout.
func (b *Renew) Code(c *syntax.Codec) { bounded(c, &b.Proof, MaxProof) }

// Code codes nothing.
func (*Ping) Code(*syntax.Codec) {}

// Code codes nothing.
func (*Done) Code(*syntax.Codec) {}

// bounded codes opaque b<V> of at most limit bytes; what was read is a view.
func bounded(c *syntax.Codec, b *[]byte, limit int) {
	c.View(b)
	if len(*b) > limit {
		c.FailTooLong("%d bytes where %d are allowed", len(*b), limit)
	}
}
