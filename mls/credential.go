package mls

import (
	"bytes"

	"bulle/protocol/syntax"
)

// A CredentialType is an entry of RFC 9420, section 17.5.
type CredentialType uint16

// The credential types of RFC 9420.
const (
	CredentialBasic CredentialType = 1
	CredentialX509  CredentialType = 2
)

// A Credential is what a client presents as its identity (RFC 9420, section 5.3).
// What it is worth is for the [CredentialValidator] to say.
//
//	CredentialType credential_type;
//	select (credential_type) {
//	    case basic: opaque identity<V>;
//	    case x509:  Certificate certificates<V>;
//	};
type Credential struct {
	Type         CredentialType
	Identity     []byte   // basic
	Certificates [][]byte // x509: DER, the client's own first
}

// BasicCredential is a bare assertion of an identity.
func BasicCredential(identity []byte) Credential {
	return Credential{Type: CredentialBasic, Identity: bytes.Clone(identity)}
}

// Equal reports whether both have the same encoding.
func (c *Credential) Equal(d *Credential) bool { return bytes.Equal(encode(c), encode(d)) }

// Code codes the credential. A type that is not implemented has no known length,
// so it cannot be skipped: it is malformed.
func (c *Credential) Code(x *syntax.Codec) {
	syntax.Enum16(x, &c.Type)
	switch c.Type {
	case CredentialBasic:
		x.Opaque(&c.Identity)
	case CredentialX509:
		syntax.Vector(x, &c.Certificates, (*syntax.Codec).Opaque)
	default:
		x.Fail("a credential of unknown type %d", c.Type)
	}
}
