package governance

import (
	"fmt"
	"time"

	"bulle/protocol/syntax"
)

// Kind says what a statement states. A number is never given to another kind.
type Kind uint8

// The kinds.
const (
	KindClaim      Kind = 1
	KindCategory   Kind = 2
	KindInvitation Kind = 3
	KindJoin       Kind = 4
	KindDevice     Kind = 5
	KindRemoval    Kind = 6
)

// newBody is the table of the kinds: a further kind is a row here, a name below,
// and a file with its body.
func newBody(k Kind) body {
	switch k {
	case KindClaim:
		return &Claim{}
	case KindCategory:
		return &CategoryBody{}
	case KindInvitation:
		return &InvitationBody{}
	case KindJoin:
		return &JoinBody{}
	case KindDevice:
		return &DeviceBody{}
	case KindRemoval:
		return &RemovalBody{}
	}
	return nil
}

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case KindClaim:
		return "claim"
	case KindCategory:
		return "category"
	case KindInvitation:
		return "invitation"
	case KindJoin:
		return "join"
	case KindDevice:
		return "device"
	case KindRemoval:
		return "removal"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// version is the only version of statements so far.
const version = 1

// A body is what differs between kinds: layout, signers, rules, effect.
type body interface {
	syntax.Value
	kind() Kind
	// signer returns the key that must have signed, as the state before the
	// statement has it, or the broken rule.
	signer(s *State, id KeyID) (*PublicKey, error)
	// introduced returns the key whose holder must have signed as well, nil if
	// the statement introduces none that has to prove itself.
	introduced() introducedKey
	// check returns the rule that the statement breaks in the state before it.
	check(s *State, st *Statement) error
	// apply changes the state. It cannot fail.
	apply(s *State, st *Statement)
}

// A Statement is decoded and nothing more: only [Log.Append] verifies it.
//
//	struct {
//	  uint8  version = 1;
//	  uint8  kind;
//	  uint64 position;            // statements before this one
//	  opaque previous[32];        // hash of the log before this one
//	  uint32 hour;                // hours since 1970 on the author's clock; informs, orders nothing
//	  opaque signer[32];          // KeyID of the key that signs
//	  select (kind) body;
//	  opaque signature[3373];     // by signer, context "bulle 1 statement"
//	  select (kind) {             // by the key that the body introduces, context "bulle 1 possession"
//	    case join:   opaque possession[3373];
//	    case device: opaque possession[64];
//	    default:     struct {};
//	  }
//	} Statement;
//
// Both signatures cover everything from version to the end of the body.
type Statement struct {
	Position uint64
	Previous Hash
	Hour     uint32
	Signer   KeyID
	Body     body

	signature  Signature
	possession []byte
	signed     []byte // the encoding that the signatures cover
	hash       Hash   // of the whole encoding
}

// Kind returns what the statement states.
func (st *Statement) Kind() Kind { return st.Body.kind() }

// Code codes what the signatures cover.
func (st *Statement) Code(c *syntax.Codec) {
	v, kind := uint8(version), Kind(0)
	if !c.Reading() {
		kind = st.Body.kind()
	}
	c.Uint8(&v)
	syntax.Enum8(c, &kind)
	if c.Err() == nil && v != version {
		c.Fail("statement version %d", v)
	}
	c.Uint64(&st.Position)
	c.Fixed(st.Previous[:])
	c.Uint32(&st.Hour)
	c.Fixed(st.Signer[:])
	if c.Reading() && c.Err() == nil {
		if st.Body = newBody(kind); st.Body == nil {
			c.Fail("statement of unknown kind %d", kind)
		}
	}
	if c.Err() == nil {
		st.Body.Code(c)
	}
}

// codeSignatures codes what follows.
func (st *Statement) codeSignatures(c *syntax.Codec) {
	c.Fixed(st.signature[:])
	if c.Reading() {
		st.possession = nil
		if key := st.Body.introduced(); key != nil {
			st.possession = make([]byte, key.signatureSize())
		}
	}
	c.Fixed(st.possession)
}

// ParseStatement decodes one statement without verifying it. Errors wrap
// syntax.ErrMalformed or [ErrTooLarge].
func ParseStatement(b []byte) (*Statement, error) {
	if len(b) > MaxStatement {
		return nil, fmt.Errorf("statement of %d bytes: %w", len(b), ErrTooLarge)
	}
	st := &Statement{}
	rest, err := syntax.UnmarshalPrefix(b, st)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	if err := syntax.Unmarshal(rest, signatures{st}); err != nil {
		return nil, fmt.Errorf("signatures of a statement: %w", err)
	}
	st.signed = append([]byte(nil), b[:len(b)-len(rest)]...)
	st.hash = labelled("bulle 1 statement hash", b)
	return st, nil
}

// signatures is the tail of a statement as a value of its own.
type signatures struct{ st *Statement }

func (s signatures) Code(c *syntax.Codec) { s.st.codeSignatures(c) }

// verify checks the signatures against the keys that must have made them.
func (st *Statement) verify(signer *PublicKey) error {
	if signer.Verify(ContextStatement, st.signed, &st.signature) != nil {
		return refuse("G8", ErrSignature)
	}
	if key := st.Body.introduced(); key != nil && key.verifyPossession(st.signed, st.possession) != nil {
		return refuse("G9", ErrSignature)
	}
	return nil
}

// An introducedKey is a public key that a statement brings into the bubble.
type introducedKey interface {
	signatureSize() int
	verifyPossession(signed, sig []byte) error
}

func (p *PublicKey) signatureSize() int { return SignatureSize }

func (p *PublicKey) verifyPossession(signed, sig []byte) error {
	return p.Verify(ContextPossession, signed, (*Signature)(sig))
}

func (p DevicePublic) signatureSize() int { return len(DeviceSignature{}) }

func (p DevicePublic) verifyPossession(signed, sig []byte) error {
	return p.Verify(ContextPossession, signed, (*DeviceSignature)(sig))
}

// hourOf rounds down to the hour: a log that everybody keeps says no more of
// when people act than its readers need.
func hourOf(t time.Time) uint32 {
	return uint32(max(0, t.Unix()/3600)) //nolint:gosec // G115: fits until the year 491,936
}
