package mls

import (
	"slices"

	"bulle/protocol/syntax"
)

// ProtocolVersion is the version of the protocol: 1 is MLS 1.0.
type ProtocolVersion uint16

// MLS10 is the one version that there is.
const MLS10 ProtocolVersion = 1

// codeVersion codes a version that must be ours.
func codeVersion(c *syntax.Codec) {
	v := MLS10
	syntax.Enum16(c, &v)
	if c.Err() == nil && v != MLS10 {
		c.Fail("protocol version %d", v)
	}
}

// Capabilities say what a client supports beyond the defaults (RFC 9420, section
// 7.2). Unknown values in them are kept and ignored.
//
//	ProtocolVersion versions<V>;
//	CipherSuite cipher_suites<V>;
//	ExtensionType extensions<V>;
//	ProposalType proposals<V>;
//	CredentialType credentials<V>;
type Capabilities struct {
	Versions    []ProtocolVersion
	Suites      []Suite
	Extensions  []ExtensionType
	Proposals   []ProposalType
	Credentials []CredentialType
}

// Code codes the value.
func (k *Capabilities) Code(c *syntax.Codec) {
	codeEnums(c, &k.Versions)
	codeEnums(c, &k.Suites)
	codeEnums(c, &k.Extensions)
	codeEnums(c, &k.Proposals)
	codeEnums(c, &k.Credentials)
}

// DefaultCapabilities is what this package supports, with basic credentials.
func DefaultCapabilities() Capabilities {
	return Capabilities{
		Versions:    []ProtocolVersion{MLS10},
		Suites:      Suites(),
		Extensions:  []ExtensionType{ExtensionLastResort},
		Proposals:   []ProposalType{},
		Credentials: []CredentialType{CredentialBasic},
	}
}

func (k *Capabilities) hasExtension(t ExtensionType) bool {
	return t.isDefault() || slices.Contains(k.Extensions, t)
}

func (k *Capabilities) hasProposal(t ProposalType) bool {
	return t.isDefault() || slices.Contains(k.Proposals, t)
}

func (k *Capabilities) hasCredential(t CredentialType) bool {
	return slices.Contains(k.Credentials, t)
}

// satisfies reports whether the client supports all that is required.
func (k *Capabilities) satisfies(r *RequiredCapabilities) bool {
	if r == nil {
		return true
	}
	for _, t := range r.Extensions {
		if !k.hasExtension(t) {
			return false
		}
	}
	for _, t := range r.Proposals {
		if !k.hasProposal(t) {
			return false
		}
	}
	for _, t := range r.Credentials {
		if !k.hasCredential(t) {
			return false
		}
	}
	return true
}

// hasExtensions reports whether the client supports every type in a list.
func (k *Capabilities) hasExtensions(list []Extension) bool {
	for _, e := range list {
		if !k.hasExtension(e.Type) {
			return false
		}
	}
	return true
}

// withGrease returns a copy with a random reserved value in each list where one
// is welcome, so that peers that refuse unknown values show (RFC 9420, section
// 13.5).
func (k Capabilities) withGrease(cfg *Config) (Capabilities, error) {
	b, err := cfg.random(4)
	if err != nil {
		return k, err
	}
	k.Suites = append(slices.Clone(k.Suites), Suite(grease(b[0])))
	k.Extensions = append(slices.Clone(k.Extensions), ExtensionType(grease(b[1])))
	k.Proposals = append(slices.Clone(k.Proposals), ProposalType(grease(b[2])))
	k.Credentials = append(slices.Clone(k.Credentials), CredentialType(grease(b[3])))
	return k, nil
}

// grease maps a random byte to one of the 15 values 0x0A0A, 0x1A1A ... 0xEAEA.
func grease(b byte) uint16 { return uint16(b%15)<<12 | 0x0A00 | uint16(b%15)<<4 | 0x000A }

// greaseExtension is an extension that a receiver must ignore.
func greaseExtension(cfg *Config) (Extension, error) {
	b, err := cfg.random(2)
	if err != nil {
		return Extension{}, err
	}
	return Extension{ExtensionType(grease(b[0])), b[1:]}, nil
}
