package governance

import (
	"fmt"
	"time"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Purpose says what a proof opens.
type Purpose uint8

// The purposes.
const (
	PurposeCircuit    Purpose = 1 // cells, pools, blobs; devices alone
	PurposeGovernance Purpose = 2 // the log; devices, and invitations and the claim to get in
)

// A Binding is what a proof is made for, so that it serves nowhere else and never
// again: one purpose, one relay, one connection.
type Binding struct {
	Purpose   Purpose
	Pin       [32]byte // SHA-256 of the public key (SPKI) in the relay's TLS certificate
	Challenge [32]byte // fresh, chosen by the relay for this connection
}

// ProofKind says what a proof proves.
type ProofKind uint8

// The kinds.
const (
	ProofDevice     ProofKind = 1
	ProofInvitation ProofKind = 2
	ProofClaim      ProofKind = 3
)

// MaxProof is the largest encoded proof in bytes.
const MaxProof = 4 << 10

// A Proof is decoded and nothing more; its Verify methods judge it.
//
//	struct {
//	  uint8 version = 1;
//	  uint8 kind;
//	  select (kind) {
//	    case device:     opaque device[32]; opaque category[16]; opaque signature[64];
//	    case invitation: opaque invitation[32]; opaque signature[3373];
//	    case claim:      opaque mac[32];
//	  };
//	} Proof;
//
// The signatures, context "bulle 1 proof", cover
//
//	struct {
//	  uint8 version = 1; uint8 kind;
//	  uint8 purpose; opaque pin[32]; opaque challenge[32];
//	  opaque category[16];        // zero unless a device proves
//	} ProofContent;
//
// and mac is HKDF-SHA256("bulle 1 claim proof", claim token, no salt, ProofContent): the
// token itself never travels.
type Proof struct {
	Kind       ProofKind
	Device     DeviceID
	Category   CategoryID
	Invitation InvitationID

	deviceSignature DeviceSignature
	signature       Signature
	mac             [32]byte
}

// Code is the layout of Proof.
func (p *Proof) Code(c *syntax.Codec) {
	v := uint8(version)
	c.Uint8(&v)
	syntax.Enum8(c, &p.Kind)
	if c.Err() == nil && v != version {
		c.Fail("proof version %d", v)
	}
	switch p.Kind {
	case ProofDevice:
		c.Fixed(p.Device[:])
		c.Fixed(p.Category[:])
		c.Fixed(p.deviceSignature[:])
	case ProofInvitation:
		c.Fixed(p.Invitation[:])
		c.Fixed(p.signature[:])
	case ProofClaim:
		c.Fixed(p.mac[:])
	default:
		c.Fail("proof of unknown kind %d", p.Kind)
	}
}

// ParseProof decodes a proof without judging it. Errors wrap
// syntax.ErrMalformed or [ErrTooLarge].
func ParseProof(b []byte) (*Proof, error) {
	if len(b) > MaxProof {
		return nil, fmt.Errorf("proof of %d bytes: %w", len(b), ErrTooLarge)
	}
	p := &Proof{}
	if err := syntax.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	return p, nil
}

// ProveDevice proves to be a device of a member of category.
func ProveDevice(k *DeviceKey, category CategoryID, b Binding) []byte {
	p := &Proof{Kind: ProofDevice, Device: k.ID(), Category: category}
	p.deviceSignature = *k.Sign(ContextProof, p.content(b))
	return p.encode()
}

// ProveInvitation proves to hold the key of an invitation. It opens governance
// connections alone.
func ProveInvitation(k *SigningKey, b Binding) []byte {
	p := &Proof{Kind: ProofInvitation, Invitation: InvitationID(k.ID())}
	p.signature = *k.Sign(ContextProof, p.content(b))
	return p.encode()
}

// ProveClaim proves to know the claim token of a relay that has no founder yet.
// It opens governance connections alone.
func ProveClaim(token *secret.Bytes, b Binding) []byte {
	p := &Proof{Kind: ProofClaim}
	p.mac = p.claimMAC(token, b)
	return p.encode()
}

// VerifyDevice judges a device's proof by the log. It returns the device, or
// [ErrProof] whatever is wrong. On a governance connection a device that was removed
// proves that it was one: its Removed says so, and gives it no other right.
func (p *Proof) VerifyDevice(s *State, b Binding) (Device, error) {
	d, ok := s.Device(p.Device)
	if b.Purpose == PurposeGovernance && !ok { // it may read why it has no right any more
		d, ok = s.RemovedDevice(p.Device)
	}
	m := s.members[d.Member]
	if p.Kind != ProofDevice || !ok || m.Category != p.Category {
		return Device{}, ErrProof
	}
	if d.Key.Verify(ContextProof, p.content(b), &p.deviceSignature) != nil {
		return Device{}, ErrProof
	}
	return d, nil
}

// VerifyInvitation judges an invitation's proof by the log. It returns the
// invitation, or [ErrProof] whatever is wrong. To its true holder alone it says
// [ErrInvitationUsed] or [ErrInvitationExpired].
func (p *Proof) VerifyInvitation(s *State, b Binding, now time.Time) (Invitation, error) {
	inv, ok := s.Invitation(p.Invitation)
	if p.Kind != ProofInvitation || b.Purpose != PurposeGovernance || !ok {
		return Invitation{}, ErrProof
	}
	if inv.Key.Verify(ContextProof, p.content(b), &p.signature) != nil {
		return Invitation{}, ErrProof
	}
	switch {
	case inv.Used >= inv.Uses:
		return Invitation{}, ErrInvitationUsed
	case inv.Expired(now):
		return Invitation{}, ErrInvitationExpired
	}
	return inv, nil
}

// VerifyClaim judges a claim's proof by the relay's token, in constant time. It
// returns [ErrProof] whatever is wrong. That the relay is unclaimed is the caller's
// to know.
func (p *Proof) VerifyClaim(token *secret.Bytes, b Binding) error {
	if p.Kind != ProofClaim || b.Purpose != PurposeGovernance || token.Len() == 0 {
		return ErrProof
	}
	want := p.claimMAC(token, b)
	if !secret.New(want[:]).Equal(secret.New(p.mac[:])) {
		return ErrProof
	}
	return nil
}

func (p *Proof) claimMAC(token *secret.Bytes, b Binding) [32]byte {
	mac := secret.DeriveSHA256(secret.ClaimProof, token, nil, p.content(b), 32)
	return [32]byte(mac.Reveal())
}

// content is what a proof signs.
func (p *Proof) content(b Binding) []byte {
	out := []byte{version, byte(p.Kind), byte(b.Purpose)}
	out = append(out, b.Pin[:]...)
	out = append(out, b.Challenge[:]...)
	return append(out, p.Category[:]...)
}

func (p *Proof) encode() []byte {
	b, err := syntax.Marshal(p)
	if err != nil {
		panic("governance: " + err.Error()) // all fields are fixed
	}
	return b
}
