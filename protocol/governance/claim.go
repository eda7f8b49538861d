package governance

import "bulle/protocol/syntax"

// Claim is the first statement of a log: it states the root key, which signs it.
//
//	struct { opaque root[1984]; } Claim;
type Claim struct {
	Root PublicKey
}

// Code is the layout above.
func (b *Claim) Code(c *syntax.Codec) { c.Fixed(b.Root[:]) }

func (*Claim) kind() Kind { return KindClaim }

func (b *Claim) signer(s *State, id KeyID) (*PublicKey, error) {
	if b.Root.ID() != id {
		return nil, refusef("G7", "a claim is signed by the root key that it states")
	}
	if s.pin != (RootID{}) && s.pin != RootID(id) {
		return nil, refuse("A1", ErrRoot)
	}
	return &b.Root, nil
}

func (*Claim) introduced() introducedKey { return nil }

// check has nothing to add: G6 says that a claim comes first and only first.
func (*Claim) check(*State, *Statement) error { return nil }

func (b *Claim) apply(s *State, _ *Statement) {
	root := b.Root
	s.root = &root
	s.keys[root.ID()] = struct{}{}
}
