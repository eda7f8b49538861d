package mls

import (
	"fmt"

	"bulle/protocol/syntax"
)

// A Message is MLSMessage of RFC 9420, section 6: one of five things, none of it
// verified.
//
//	ProtocolVersion version = mls10;
//	WireFormat wire_format;
//	select (wire_format) { ... };
type Message struct {
	public     *publicMessage
	private    *privateMessage
	welcome    *Welcome
	groupInfo  *GroupInfo
	keyPackage *KeyPackage
}

// WireFormat says which of the five it is.
func (m *Message) WireFormat() WireFormat {
	switch {
	case m.public != nil:
		return WirePublicMessage
	case m.private != nil:
		return WirePrivateMessage
	case m.welcome != nil:
		return WireWelcome
	case m.groupInfo != nil:
		return WireGroupInfo
	case m.keyPackage != nil:
		return WireKeyPackage
	default:
		return 0
	}
}

// Code codes the message.
func (m *Message) Code(c *syntax.Codec) {
	codeVersion(c)
	format := m.WireFormat()
	syntax.Enum16(c, &format)
	if c.Err() != nil {
		return
	}
	switch format {
	case WirePublicMessage:
		codeNew(c, &m.public)
	case WirePrivateMessage:
		codeNew(c, &m.private)
	case WireWelcome:
		codeNew(c, &m.welcome)
	case WireGroupInfo:
		codeNew(c, &m.groupInfo)
	case WireKeyPackage:
		codeNew(c, &m.keyPackage)
	default:
		c.Fail("a message of unknown wire format %d", format)
	}
}

// codeNew codes a value behind a pointer, which reading allocates.
func codeNew[T any, P interface {
	*T
	syntax.Value
}](c *syntax.Codec, p *P) {
	if c.Reading() {
		*p = new(T)
	}
	(*p).Code(c)
}

func parseMessage(b []byte) (*Message, error) {
	m := new(Message)
	return m, syntax.Unmarshal(b, m)
}

// A Header is what a message of a group says about itself to everybody. Nothing of
// it is verified: it serves to find the group.
type Header struct {
	WireFormat  WireFormat
	GroupID     []byte
	Epoch       uint64
	ContentType ContentType
}

// ParseHeader reads the header of a PublicMessage or a PrivateMessage.
func ParseHeader(b []byte) (Header, error) {
	m, err := parseMessage(b)
	switch {
	case err != nil:
		return Header{}, fmt.Errorf("parse header: %w", err)
	case m.public != nil:
		f := &m.public.content
		return Header{WirePublicMessage, f.groupID, f.epoch, f.contentType}, nil
	case m.private != nil:
		p := m.private
		return Header{WirePrivateMessage, p.groupID, p.epoch, p.contentType}, nil
	default:
		return Header{}, fmt.Errorf("%w: not a message of a group", ErrMalformed)
	}
}

// publicMessage is PublicMessage of RFC 9420, section 6.2.
//
//	FramedContent content;
//	FramedContentAuthData auth;
//	select (content.sender.sender_type) {
//	    case member: MAC membership_tag;
//	    ...
//	};
type publicMessage struct {
	authenticatedContent
	membershipTag []byte
}

func (p *publicMessage) Code(c *syntax.Codec) {
	p.wireFormat = WirePublicMessage
	p.content.Code(c)
	if c.Err() != nil {
		return
	}
	p.codeAuth(c)
	if p.content.sender.kind == senderMember {
		c.Opaque(&p.membershipTag)
	}
}

// privateMessage is PrivateMessage of RFC 9420, section 6.3.
//
//	opaque group_id<V>;
//	uint64 epoch;
//	ContentType content_type;
//	opaque authenticated_data<V>;
//	opaque encrypted_sender_data<V>;
//	opaque ciphertext<V>;
type privateMessage struct {
	groupID             []byte
	epoch               uint64
	contentType         ContentType
	aad                 []byte
	encryptedSenderData []byte
	ciphertext          []byte
}

func (p *privateMessage) Code(c *syntax.Codec) {
	c.Opaque(&p.groupID)
	c.Uint64(&p.epoch)
	syntax.Enum8(c, &p.contentType)
	if c.Err() == nil && (p.contentType < ContentApplication || p.contentType > ContentCommit) {
		c.Fail("content of unknown type %d", p.contentType)
	}
	c.Opaque(&p.aad)
	c.Opaque(&p.encryptedSenderData)
	c.Opaque(&p.ciphertext)
}

// senderDataAAD is SenderDataAAD of RFC 9420, section 6.3.2.
type senderDataAAD struct{ p *privateMessage }

func (a senderDataAAD) Code(c *syntax.Codec) {
	c.Opaque(&a.p.groupID)
	c.Uint64(&a.p.epoch)
	syntax.Enum8(c, &a.p.contentType)
}

// contentAAD is PrivateContentAAD of RFC 9420, section 6.3.1.
type contentAAD struct{ p *privateMessage }

func (a contentAAD) Code(c *syntax.Codec) {
	senderDataAAD(a).Code(c)
	c.Opaque(&a.p.aad)
}

// senderData is SenderData of RFC 9420, section 6.3.2.
//
//	uint32 leaf_index;
//	uint32 generation;
//	opaque reuse_guard[4];
type senderData struct {
	leaf       LeafIndex
	generation uint32
	reuseGuard [4]byte
}

func (s *senderData) Code(c *syntax.Codec) {
	codeLeafIndex(c, &s.leaf)
	c.Uint32(&s.generation)
	c.Fixed(s.reuseGuard[:])
}

// privateContent is PrivateMessageContent of RFC 9420, section 6.3.1: the body,
// its authentication, and zeros to the end.
type privateContent struct {
	*authenticatedContent
	padding int
}

func (p *privateContent) Code(c *syntax.Codec) {
	p.content.codeBody(c)
	if c.Err() != nil {
		return
	}
	p.codeAuth(c)
	zeros := make([]byte, p.padding)
	c.Rest(&zeros)
	for _, z := range zeros {
		if z != 0 {
			c.Fail("padding that is not zero") // rule V014
			return
		}
	}
}
