package pairing

import (
	"unicode/utf8"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

const version = 1

// MaxName is the length in bytes of the longest name of a device.
const MaxName = 64

// TransferSize is the size in bytes of the secret by which a history comes.
const TransferSize = 64

// keySize is the size of an HPKE public key, MLKEM768-X25519.
const keySize = 1184 + 32

// A message is what one device says to the other, in the clear for whoever has the
// link (docs/conversations.md, "Linking"):
//
//	struct {
//	    uint8 version = 1;
//	    uint8 kind;
//	    select (kind) {
//	        case commit (1):    opaque commitment[32];
//	        case challenge (2): opaque nonce[32];
//	        case reveal (3):    Reveal reveal;
//	        case bundle (4):    opaque sealed<V>;       HPKE, of a Bundle
//	        case cancel (5):    struct {};
//	    };
//	} Message;
//
//	struct { opaque nonce[32]; opaque device[32]; opaque key[1216]; opaque name<V>; } Reveal;
type message struct {
	kind   kind
	fixed  [32]byte // commitment, nonce
	reveal reveal
	sealed []byte
}

type kind uint8

const (
	kindCommit    kind = 1
	kindChallenge kind = 2
	kindReveal    kind = 3
	kindBundle    kind = 4
	kindCancel    kind = 5
)

// Code implements [syntax.Value].
func (m *message) Code(c *syntax.Codec) {
	codeVersion(c)
	syntax.Enum8(c, &m.kind)
	switch m.kind {
	case kindCommit, kindChallenge:
		c.Fixed(m.fixed[:])
	case kindReveal:
		m.reveal.Code(c)
	case kindBundle:
		c.Opaque(&m.sealed)
	case kindCancel:
	default:
		c.Fail("a message of kind %d", m.kind)
	}
}

// A reveal is what the new device has committed to.
type reveal struct {
	nonce  [32]byte
	device [32]byte // public key of the device
	key    []byte   // HPKE public key
	name   string
}

// Code implements [syntax.Value].
func (r *reveal) Code(c *syntax.Codec) {
	c.Fixed(r.nonce[:])
	c.Fixed(r.device[:])
	if c.Reading() {
		r.key = make([]byte, keySize)
	}
	if len(r.key) != keySize {
		c.Fail("a key of %d bytes", len(r.key))
		return
	}
	c.Fixed(r.key)
	c.String(&r.name)
	if c.Err() == nil && !ValidName(r.name) {
		c.Fail("a name that breaks the rule")
	}
}

// ValidName reports whether a device may be called so: 1 to 64 bytes of text in
// one line.
func ValidName(s string) bool {
	if s == "" || len(s) > MaxName || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == 0x2028 || r == 0x2029 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return false
		}
	}
	return true
}

// A Bundle is what makes the new device one of the member's.
//
//	struct {
//	    uint8  version = 1;
//	    opaque member[32];      seed of the identity key
//	    opaque directory[32];   the category's directory key
//	    opaque founder[32];     seed of the root key; zeros for a member
//	    opaque transfer[64];    secret of the channel by which the history comes
//	    opaque name<V>;         the member's pseudonym
//	} Bundle;
type Bundle struct {
	Member, Directory *secret.Bytes
	Founder           *secret.Bytes // nil for a member
	Transfer          *secret.Bytes
	Name              string
}

// Code implements [syntax.Value].
func (b *Bundle) Code(c *syntax.Codec) {
	codeVersion(c)
	codeSecret(c, &b.Member, 32)
	codeSecret(c, &b.Directory, 32)
	none := b.Founder
	if !c.Reading() && none.Len() == 0 {
		none = secret.New(make([]byte, 32))
	}
	codeSecret(c, &none, 32)
	if c.Reading() && c.Err() == nil && !none.Equal(secret.New(make([]byte, 32))) {
		b.Founder = none
	}
	codeSecret(c, &b.Transfer, TransferSize)
	c.String(&b.Name)
}

// Wipe ends the secrets.
func (b *Bundle) Wipe() {
	for _, s := range []*secret.Bytes{b.Member, b.Directory, b.Founder, b.Transfer} {
		s.Wipe()
	}
}

func codeSecret(c *syntax.Codec, s **secret.Bytes, size int) {
	b := make([]byte, size)
	defer secret.Wipe(b)
	if !c.Reading() {
		if (*s).Len() != size {
			c.Fail("a secret of %d bytes", (*s).Len())
			return
		}
		copy(b, (*s).Reveal())
	}
	c.Fixed(b)
	if c.Reading() && c.Err() == nil {
		*s = secret.Copy(b)
	}
}

func codeVersion(c *syntax.Codec) {
	v := uint8(version)
	c.Uint8(&v)
	if c.Err() == nil && v != version {
		c.Fail("version %d", v)
	}
}
