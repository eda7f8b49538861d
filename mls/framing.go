package mls

import (
	"bulle/protocol/syntax"
)

// A WireFormat says what an MLSMessage holds (RFC 9420, section 17.2).
type WireFormat uint16

// The wire formats of RFC 9420.
const (
	WirePublicMessage  WireFormat = 1
	WirePrivateMessage WireFormat = 2
	WireWelcome        WireFormat = 3
	WireGroupInfo      WireFormat = 4
	WireKeyPackage     WireFormat = 5
)

// A ContentType says what a framed message is about (RFC 9420, section 6).
type ContentType uint8

// The content types of RFC 9420.
const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// A senderType says who sends (RFC 9420, section 6).
type senderType uint8

const (
	senderMember            senderType = 1
	senderExternal          senderType = 2
	senderNewMemberProposal senderType = 3
	senderNewMemberCommit   senderType = 4
)

// sender is Sender of RFC 9420, section 6.
//
//	SenderType sender_type;
//	select (sender_type) {
//	    case member:   uint32 leaf_index;
//	    case external: uint32 sender_index;
//	    case new_member_commit, new_member_proposal: struct{};
//	};
type sender struct {
	kind  senderType
	index uint32
}

func (s *sender) Code(c *syntax.Codec) {
	syntax.Enum8(c, &s.kind)
	switch s.kind {
	case senderMember, senderExternal:
		c.Uint32(&s.index)
	case senderNewMemberProposal, senderNewMemberCommit:
	default:
		c.Fail("a sender of unknown type %d", s.kind)
	}
}

// leaf is the member's place; the sender must be a member.
func (s *sender) leaf() LeafIndex { return LeafIndex(s.index) }

func memberSender(l LeafIndex) sender { return sender{senderMember, uint32(l)} }

// framedContent is FramedContent of RFC 9420, section 6.
//
//	opaque group_id<V>;
//	uint64 epoch;
//	Sender sender;
//	opaque authenticated_data<V>;
//	ContentType content_type;
//	select (content_type) {
//	    case application: opaque application_data<V>;
//	    case proposal:    Proposal proposal;
//	    case commit:      Commit commit;
//	};
type framedContent struct {
	groupID     []byte
	epoch       uint64
	sender      sender
	aad         []byte
	contentType ContentType
	application []byte
	proposal    *Proposal
	commit      *commit
}

func (f *framedContent) Code(c *syntax.Codec) {
	c.Opaque(&f.groupID)
	c.Uint64(&f.epoch)
	f.sender.Code(c)
	c.Opaque(&f.aad)
	syntax.Enum8(c, &f.contentType)
	f.codeBody(c)
}

// codeBody codes what depends on the content type.
func (f *framedContent) codeBody(c *syntax.Codec) {
	switch f.contentType {
	case ContentApplication:
		c.Opaque(&f.application)
	case ContentProposal:
		if c.Reading() {
			f.proposal = new(Proposal)
		}
		f.proposal.Code(c)
	case ContentCommit:
		if c.Reading() {
			f.commit = new(commit)
		}
		f.commit.Code(c)
	default:
		c.Fail("content of unknown type %d", f.contentType)
	}
}

// authenticatedContent is AuthenticatedContent of RFC 9420, section 6: content
// with its signature and, for a commit, the confirmation tag. As such it is not
// verified; see verify.go.
//
//	WireFormat wire_format;
//	FramedContent content;
//	FramedContentAuthData auth;
type authenticatedContent struct {
	wireFormat      WireFormat
	content         framedContent
	signature       []byte
	confirmationTag []byte // of a commit
}

func (m *authenticatedContent) Code(c *syntax.Codec) {
	syntax.Enum16(c, &m.wireFormat)
	m.content.Code(c)
	m.codeAuth(c)
}

// codeAuth codes FramedContentAuthData (RFC 9420, section 6.1).
func (m *authenticatedContent) codeAuth(c *syntax.Codec) {
	c.Opaque(&m.signature)
	if m.content.contentType == ContentCommit {
		c.Opaque(&m.confirmationTag)
	}
}

const labelProposalRef = labelPrefix + "Proposal Reference"

// proposalRef is the reference of a proposal (RFC 9420, section 5.2).
func (a *algorithms) proposalRef(m *authenticatedContent) []byte {
	return a.refHash(labelProposalRef, encode(m))
}

// framedContentTBS is FramedContentTBS of RFC 9420, section 6.1. The group context
// counts for those who know it.
type framedContentTBS struct {
	m       *authenticatedContent
	context []byte // encoded GroupContext
}

func (t *framedContentTBS) Code(c *syntax.Codec) {
	codeVersion(c)
	syntax.Enum16(c, &t.m.wireFormat)
	t.m.content.Code(c)
	switch t.m.content.sender.kind {
	case senderMember, senderNewMemberCommit:
		c.Rest(&t.context)
	case senderExternal, senderNewMemberProposal:
	}
}

const labelFramedContent = "FramedContentTBS"

// sign sets the signature over the content, the wire format and the context.
func (m *authenticatedContent) sign(a *algorithms, k *SignatureKey, context []byte) (err error) {
	m.signature, err = a.signWithLabel(k, labelFramedContent, encode(&framedContentTBS{m, context}))
	return err
}

func (m *authenticatedContent) verifySignature(a *algorithms, public, context []byte) bool {
	return a.verifyWithLabel(public, labelFramedContent, encode(&framedContentTBS{m, context}), m.signature)
}

// contentTBM is AuthenticatedContentTBM of RFC 9420, section 6.2.
type contentTBM struct {
	tbs framedContentTBS
}

func (t *contentTBM) Code(c *syntax.Codec) {
	t.tbs.Code(c)
	t.tbs.m.codeAuth(c)
}

func (m *authenticatedContent) membershipTag(a *algorithms, key, context []byte) []byte {
	return a.mac(key, encode(&contentTBM{framedContentTBS{m, context}}))
}
