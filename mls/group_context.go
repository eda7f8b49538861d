package mls

import (
	"bytes"

	"bulle/protocol/syntax"
)

// A groupContext is what the members of an epoch agree on (RFC 9420, section 8.1).
//
//	ProtocolVersion version = mls10;
//	CipherSuite cipher_suite;
//	opaque group_id<V>;
//	uint64 epoch;
//	opaque tree_hash<V>;
//	opaque confirmed_transcript_hash<V>;
//	Extension extensions<V>;
type groupContext struct {
	suite         Suite
	groupID       []byte
	epoch         uint64
	treeHash      []byte
	confirmedHash []byte
	extensions    []Extension
}

func (g *groupContext) Code(c *syntax.Codec) {
	codeVersion(c)
	syntax.Enum16(c, &g.suite)
	c.Opaque(&g.groupID)
	c.Uint64(&g.epoch)
	c.Opaque(&g.treeHash)
	c.Opaque(&g.confirmedHash)
	codeExtensions(c, &g.extensions)
}

// confirmedInput is ConfirmedTranscriptHashInput of RFC 9420, section 8.2.
//
//	WireFormat wire_format;
//	FramedContent content;
//	opaque signature<V>;
type confirmedInput struct{ *authenticatedContent }

func (i confirmedInput) Code(c *syntax.Codec) {
	syntax.Enum16(c, &i.wireFormat)
	i.content.Code(c)
	c.Opaque(&i.signature)
}

// confirmedHash moves the confirmed transcript hash over a commit.
func (a *algorithms) confirmedHash(interim []byte, m *authenticatedContent) []byte {
	return a.digest(interim, encode(confirmedInput{m}))
}

// interimInput is InterimTranscriptHashInput of RFC 9420, section 8.2.
type interimInput []byte

func (i *interimInput) Code(c *syntax.Codec) { c.Opaque((*[]byte)(i)) }

// interimHash moves the interim transcript hash over a confirmation tag.
func (a *algorithms) interimHash(confirmed, tag []byte) []byte {
	in := interimInput(bytes.Clone(tag))
	return a.digest(confirmed, encode(&in))
}
