package governance

import "bulle/protocol/syntax"

// InvitationBody states that whoever holds the seed of a key may join a category,
// so many times and until an end. The seed travels in the invitation link; the
// log has the public key alone.
//
//	struct {
//	  opaque key[1984];
//	  opaque category[16];
//	  uint32 uses;        // 1..10000
//	  uint64 expires;     // Unix seconds, not 0; kept by the relay's clock
//	} Invitation;
type InvitationBody struct {
	Key      PublicKey
	Category CategoryID
	Uses     uint32
	Expires  uint64
}

// Code is the layout above.
func (b *InvitationBody) Code(c *syntax.Codec) {
	c.Fixed(b.Key[:])
	c.Fixed(b.Category[:])
	c.Uint32(&b.Uses)
	c.Uint64(&b.Expires)
}

func (*InvitationBody) kind() Kind { return KindInvitation }

func (*InvitationBody) signer(s *State, id KeyID) (*PublicKey, error) { return s.authority(id) }

func (*InvitationBody) introduced() introducedKey { return nil }

func (b *InvitationBody) check(s *State, _ *Statement) error {
	_, category := s.categories[b.Category]
	_, used := s.keys[b.Key.ID()]
	switch {
	case !category:
		return refusef("C1", "the invitation's category does not exist")
	case b.Uses == 0 || b.Uses > MaxUses:
		return refusef("C2", "the invitation's number of uses is out of bounds")
	case b.Expires == 0:
		return refusef("C3", "the invitation has no end")
	case used:
		return refusef("C4", "the invitation's key has a role already")
	case len(s.invitations) >= s.limits.invitations:
		return refusef("C5", "the bubble has as many invitations as it may")
	}
	return nil
}

func (b *InvitationBody) apply(s *State, st *Statement) {
	id, key := InvitationID(b.Key.ID()), b.Key
	s.invitations[id] = Invitation{
		ID: id, Key: &key, Category: b.Category, Uses: b.Uses, Expires: b.Expires, Position: st.Position, Hour: st.Hour,
	}
	s.invitationOrder = append(s.invitationOrder, id)
	s.keys[KeyID(id)] = struct{}{}
}
