package mls

import (
	"bytes"
	"slices"

	"bulle/protocol/syntax"
)

// An ExtensionType is an entry of RFC 9420, section 17.3.
type ExtensionType uint16

// The extension types of RFC 9420, and last_resort of the MLS extensions document,
// which marks a key package that may be used more than once.
const (
	ExtensionApplicationID        ExtensionType = 0x0001
	ExtensionRatchetTree          ExtensionType = 0x0002
	ExtensionRequiredCapabilities ExtensionType = 0x0003
	ExtensionExternalPub          ExtensionType = 0x0004
	ExtensionExternalSenders      ExtensionType = 0x0005
	ExtensionLastResort           ExtensionType = 0x000A
)

// isDefault reports whether every client understands the type, so that
// capabilities do not list it (RFC 9420, section 7.2).
func (t ExtensionType) isDefault() bool {
	return t >= ExtensionApplicationID && t <= ExtensionExternalSenders
}

// An Extension is a typed piece of data (RFC 9420, section 7.2).
//
//	ExtensionType extension_type;
//	opaque extension_data<V>;
type Extension struct {
	Type ExtensionType
	Data []byte
}

// Code codes the extension.
func (e *Extension) Code(c *syntax.Codec) {
	syntax.Enum16(c, &e.Type)
	c.Opaque(&e.Data)
}

// codeExtensions codes a list of extensions. A type may be there once (RFC 9420,
// section 13.4; rule V096).
func codeExtensions(c *syntax.Codec, list *[]Extension) {
	syntax.Values(c, list)
	if c.Err() != nil {
		return
	}
	if len(*list) > maxExtensions {
		c.Fail("%d extensions", len(*list))
		return
	}
	if duplicateExtension(*list) {
		c.Fail("an extension type twice")
	}
}

// maxExtensions and maxCapabilities bound the lists that everybody's leaf brings
// along: each is compared with the others'. RFC 9420 has no bound; what is in use
// has a dozen entries.
const (
	maxExtensions   = 128
	maxCapabilities = 1024
)

func duplicateExtension(list []Extension) bool {
	for i, e := range list {
		for _, f := range list[:i] {
			if e.Type == f.Type {
				return true
			}
		}
	}
	return false
}

// findExtension returns the data of the extension of a type.
func findExtension(list []Extension, t ExtensionType) ([]byte, bool) {
	for _, e := range list {
		if e.Type == t {
			return e.Data, true
		}
	}
	return nil, false
}

func cloneExtensions(list []Extension) []Extension {
	out := make([]Extension, len(list))
	for i, e := range list {
		out[i] = Extension{e.Type, bytes.Clone(e.Data)}
	}
	return out
}

func equalExtensions(a, b []Extension) bool {
	return slices.EqualFunc(a, b, func(x, y Extension) bool {
		return x.Type == y.Type && bytes.Equal(x.Data, y.Data)
	})
}

// RequiredCapabilities lists what every member must support (RFC 9420, section
// 11.1).
//
//	ExtensionType extension_types<V>;
//	ProposalType proposal_types<V>;
//	CredentialType credential_types<V>;
type RequiredCapabilities struct {
	Extensions  []ExtensionType
	Proposals   []ProposalType
	Credentials []CredentialType
}

// Code codes the value.
func (r *RequiredCapabilities) Code(c *syntax.Codec) {
	codeEnums(c, &r.Extensions)
	codeEnums(c, &r.Proposals)
	codeEnums(c, &r.Credentials)
}

// Extension wraps the value for a group's extensions.
func (r *RequiredCapabilities) Extension() Extension {
	return Extension{ExtensionRequiredCapabilities, encode(r)}
}

// requiredCapabilities returns the group's, nil when it has none.
func requiredCapabilities(list []Extension) (*RequiredCapabilities, error) {
	data, ok := findExtension(list, ExtensionRequiredCapabilities)
	if !ok {
		return nil, nil //nolint:nilnil // absent is a value of its own here
	}
	r := new(RequiredCapabilities)
	return r, syntax.Unmarshal(data, r)
}

// An ExternalSender may send proposals from outside (RFC 9420, section 12.1.8.1).
//
//	SignaturePublicKey signature_key;
//	Credential credential;
type ExternalSender struct {
	SignatureKey []byte
	Credential   Credential
}

// Code codes the value.
func (s *ExternalSender) Code(c *syntax.Codec) {
	c.Opaque(&s.SignatureKey)
	s.Credential.Code(c)
}

type externalSenders []ExternalSender

func (s *externalSenders) Code(c *syntax.Codec) { syntax.Values(c, (*[]ExternalSender)(s)) }

// ExternalSenders wraps the list for a group's extensions.
func ExternalSenders(list ...ExternalSender) Extension {
	return Extension{ExtensionExternalSenders, encode((*externalSenders)(&list))}
}

// findExternalSenders returns the group's list, empty when it has none.
func findExternalSenders(list []Extension) ([]ExternalSender, error) {
	data, ok := findExtension(list, ExtensionExternalSenders)
	if !ok {
		return nil, nil
	}
	var s externalSenders
	err := syntax.Unmarshal(data, &s)
	return s, err
}

// externalPub is the ExternalPub extension of RFC 9420, section 12.4.3.2.
type externalPub []byte

func (p *externalPub) Code(c *syntax.Codec) { c.Opaque((*[]byte)(p)) }

// codeEnums codes a vector of enumerations of two bytes.
func codeEnums[T ~uint16](c *syntax.Codec, list *[]T) {
	syntax.Vector(c, list, syntax.Enum16[T])
	if c.Err() == nil && len(*list) > maxCapabilities {
		c.Fail("a list of %d capabilities", len(*list))
	}
}
