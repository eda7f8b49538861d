package governance

import "bulle/protocol/syntax"

// JoinBody states that a person is now a member, under an identity key that
// signs too. The invitation's key signs as signer; the founder's join is signed
// by the root key. The card (pseudonym and the like) is sealed under the category's
// directory key and opaque to the log. The member's first device follows at once.
//
//	struct { opaque identity[1984]; opaque category[16]; opaque card<0..4096>; } Join;
type JoinBody struct {
	Identity PublicKey
	Category CategoryID
	Card     []byte
}

// Code is the layout above.
func (b *JoinBody) Code(c *syntax.Codec) {
	c.Fixed(b.Identity[:])
	c.Fixed(b.Category[:])
	c.Opaque(&b.Card)
}

func (*JoinBody) kind() Kind { return KindJoin }

func (*JoinBody) signer(s *State, id KeyID) (*PublicKey, error) {
	if len(s.members) == 0 {
		return s.authority(id) // the founder
	}
	inv, ok := s.invitations[InvitationID(id)]
	switch {
	case !ok:
		return nil, refusef("D1", "no such invitation")
	case inv.Used >= inv.Uses:
		return nil, refuse("D2", ErrInvitationUsed)
	}
	return inv.Key, nil
}

func (b *JoinBody) introduced() introducedKey { return &b.Identity }

func (b *JoinBody) check(s *State, st *Statement) error {
	want := s.categoryOrder[0] // the founder's is the default category
	if inv, ok := s.invitations[InvitationID(st.Signer)]; ok {
		want = inv.Category
	}
	_, used := s.keys[b.Identity.ID()]
	switch {
	case len(b.Card) > MaxCard:
		return refuse("D3", ErrTooLarge)
	case b.Category != want:
		return refusef("D4", "the member joins another category than the invitation's")
	case used:
		return refusef("D5", "the member's key has a role already")
	case len(s.members) >= s.limits.members:
		return refusef("D6", "the bubble has as many members as it may")
	}
	return nil
}

func (b *JoinBody) apply(s *State, st *Statement) {
	id, key := MemberID(b.Identity.ID()), b.Identity
	m := Member{
		ID: id, Key: &key, Category: b.Category, Card: b.Card,
		Founder: len(s.members) == 0, Position: st.Position, Hour: st.Hour,
	}
	if inv, ok := s.invitations[InvitationID(st.Signer)]; ok {
		inv.Used++
		s.invitations[inv.ID] = inv
		m.Invitation = inv.ID
	}
	s.members[id] = m
	s.memberOrder = append(s.memberOrder, id)
	s.keys[KeyID(id)] = struct{}{}
	s.deviceless = id
}
