package governance

import (
	"crypto/sha256"
	"encoding/hex"

	"bulle/protocol/syntax"
)

// KeyID names a hybrid public key: SHA-256 over the label "bulle 1 key" and the
// key's encoding. It commits to both halves of the key.
type KeyID [32]byte

// MemberID names a member: the KeyID of the member's identity key.
type MemberID [32]byte

// RootID names a bubble's root key by its KeyID. Invitation links pin it.
type RootID [32]byte

// InvitationID names an invitation: the KeyID of the invitation's key.
type InvitationID [32]byte

// DeviceID names a device: SHA-256 over the label "bulle 1 device" and the
// device's Ed25519 public key.
type DeviceID [32]byte

// CategoryID names a category: 16 random bytes. It is all that a relay knows of
// a category.
type CategoryID [16]byte

// Hash is the hash of a log up to some length; see [Log].
type Hash [32]byte

// String returns the identifier in lower-case hexadecimal, as all of them do.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in lower-case hexadecimal.
func (id MemberID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in lower-case hexadecimal.
func (id RootID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in lower-case hexadecimal.
func (id InvitationID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in lower-case hexadecimal.
func (id DeviceID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in lower-case hexadecimal.
func (id CategoryID) String() string { return hex.EncodeToString(id[:]) }

// String returns the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// A Head is a place in a log: how many statements lie before it and their hash.
// Members tell each other their heads inside encrypted messages.
//
//	struct { uint64 length; opaque hash[32]; } Head;
type Head struct {
	Length uint64
	Hash   Hash
}

// Code is the layout above.
func (h *Head) Code(c *syntax.Codec) {
	c.Uint64(&h.Length)
	c.Fixed(h.Hash[:])
}

// labelled returns SHA-256 over a label with its length before it, then the
// parts, which must have fixed lengths or be last.
func labelled(label string, parts ...[]byte) [32]byte {
	h := sha256.New()
	h.Write([]byte{byte(len(label))}) //nolint:gosec // G115: our labels are short
	h.Write([]byte(label))
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}
