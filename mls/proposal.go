package mls

import (
	"fmt"

	"bulle/protocol/syntax"
)

// A ProposalType is an entry of RFC 9420, section 17.4.
type ProposalType uint16

// The proposal types of RFC 9420.
const (
	ProposalAdd                    ProposalType = 1
	ProposalUpdate                 ProposalType = 2
	ProposalRemove                 ProposalType = 3
	ProposalPSK                    ProposalType = 4
	ProposalReInit                 ProposalType = 5
	ProposalExternalInit           ProposalType = 6
	ProposalGroupContextExtensions ProposalType = 7
)

// isDefault reports whether every client implements the type.
func (t ProposalType) isDefault() bool {
	return t >= ProposalAdd && t <= ProposalGroupContextExtensions
}

// pathRequired reports whether a commit of the type needs an update path (RFC
// 9420, section 12.4).
func (t ProposalType) pathRequired() bool {
	switch t {
	case ProposalAdd, ProposalPSK, ProposalReInit:
		return false
	default:
		return true
	}
}

// fromOutside reports whether an external sender may propose it (RFC 9420,
// section 12.1.8).
func (t ProposalType) fromOutside() bool {
	switch t {
	case ProposalAdd, ProposalRemove, ProposalPSK, ProposalReInit, ProposalGroupContextExtensions:
		return true
	default:
		return false
	}
}

// A Proposal is one change of a group (RFC 9420, section 12.1). Type says which of
// the other fields counts.
//
//	ProposalType proposal_type;
//	select (proposal_type) {
//	    case add:                      KeyPackage key_package;
//	    case update:                   LeafNode leaf_node;
//	    case remove:                   uint32 removed;
//	    case psk:                      PreSharedKeyID psk;
//	    case reinit:                   ReInit;
//	    case external_init:            opaque kem_output<V>;
//	    case group_context_extensions: Extension extensions<V>;
//	};
type Proposal struct {
	Type       ProposalType
	KeyPackage *KeyPackage
	Leaf       *LeafNode
	Removed    LeafIndex
	PSK        *PSKID
	ReInit     *ReInit
	KEMOutput  []byte
	Extensions []Extension
}

// A ReInit closes a group and says what the next one is like (RFC 9420, section
// 12.1.5).
//
//	opaque group_id<V>;
//	ProtocolVersion version;
//	CipherSuite cipher_suite;
//	Extension extensions<V>;
type ReInit struct {
	GroupID    []byte
	Version    ProtocolVersion
	Suite      Suite
	Extensions []Extension
}

// Code codes the value.
func (r *ReInit) Code(c *syntax.Codec) {
	c.Opaque(&r.GroupID)
	syntax.Enum16(c, &r.Version)
	syntax.Enum16(c, &r.Suite)
	codeExtensions(c, &r.Extensions)
}

// Code codes the proposal. A type that is not implemented has no known length, so
// that it cannot be skipped: it is malformed, as a group that uses it cannot be
// followed (rule V064).
func (p *Proposal) Code(c *syntax.Codec) {
	syntax.Enum16(c, &p.Type)
	if c.Reading() {
		p.allocate()
	}
	switch p.Type {
	case ProposalAdd:
		p.KeyPackage.Code(c)
	case ProposalUpdate:
		p.Leaf.Code(c)
	case ProposalRemove:
		codeLeafIndex(c, &p.Removed)
	case ProposalPSK:
		p.PSK.Code(c)
	case ProposalReInit:
		p.ReInit.Code(c)
	case ProposalExternalInit:
		c.Opaque(&p.KEMOutput)
	case ProposalGroupContextExtensions:
		codeExtensions(c, &p.Extensions)
	default:
		c.Fail("a proposal of unknown type %d", p.Type)
	}
}

// allocate makes room for what is about to be read.
func (p *Proposal) allocate() {
	switch p.Type { //nolint:exhaustive // the others need no pointer
	case ProposalAdd:
		p.KeyPackage = new(KeyPackage)
	case ProposalUpdate:
		p.Leaf = new(LeafNode)
	case ProposalPSK:
		p.PSK = new(PSKID)
	case ProposalReInit:
		p.ReInit = new(ReInit)
	}
}

// encodable refuses a proposal of the caller's that has no encoding.
func (p *Proposal) encodable() error {
	if p.Type == ProposalAdd && p.KeyPackage == nil || p.Type == ProposalUpdate && p.Leaf == nil ||
		p.Type == ProposalPSK && p.PSK == nil || p.Type == ProposalReInit && p.ReInit == nil {
		return fmt.Errorf("%w: a proposal without its content", ErrMalformed)
	}
	return encodable(p)
}

// ProposeAdd proposes to add the client of a key package.
func ProposeAdd(k *KeyPackage) Proposal { return Proposal{Type: ProposalAdd, KeyPackage: k} }

// ProposeRemove proposes to remove a member; the member itself may propose it, to
// leave.
func ProposeRemove(l LeafIndex) Proposal { return Proposal{Type: ProposalRemove, Removed: l} }

// ProposePSK proposes to mix a pre-shared key into the key schedule. A nil nonce
// is drawn when the proposal is sent.
func ProposePSK(id PSKID) Proposal { return Proposal{Type: ProposalPSK, PSK: &id} }

// ProposeReInit proposes to close the group for one with other parameters.
func ProposeReInit(r ReInit) Proposal {
	if r.Version == 0 {
		r.Version = MLS10
	}
	return Proposal{Type: ProposalReInit, ReInit: &r}
}

// ProposeExtensions proposes to replace the extensions of the group, all of them.
func ProposeExtensions(list []Extension) Proposal {
	return Proposal{Type: ProposalGroupContextExtensions, Extensions: cloneExtensions(list)}
}

// proposalOrRef is ProposalOrRef of RFC 9420, section 12.4: a proposal, or the
// reference of one that was sent before.
//
//	ProposalOrRefType type;
//	select (type) {
//	    case proposal:  Proposal proposal;
//	    case reference: opaque reference<V>;
//	};
type proposalOrRef struct {
	proposal  *Proposal
	reference []byte
}

const (
	inlineProposal     uint8 = 1
	referencedProposal uint8 = 2
)

func (p *proposalOrRef) Code(c *syntax.Codec) {
	kind := referencedProposal
	if p.proposal != nil {
		kind = inlineProposal
	}
	c.Uint8(&kind)
	switch {
	case c.Err() != nil:
	case kind == inlineProposal:
		if c.Reading() {
			p.proposal = new(Proposal)
		}
		p.proposal.Code(c)
	case kind == referencedProposal:
		c.Opaque(&p.reference)
	default:
		c.Fail("neither a proposal nor a reference: %d", kind)
	}
}
