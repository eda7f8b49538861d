package governance

import "bulle/protocol/syntax"

// CategoryBody states a category: a compartment of members. Its item is the
// category's description, sealed under the category's directory key and opaque
// to the log.
//
//	struct { opaque id[16]; opaque item<0..1024>; } Category;
type CategoryBody struct {
	ID   CategoryID
	Item []byte
}

// Code is the layout above.
func (b *CategoryBody) Code(c *syntax.Codec) {
	c.Fixed(b.ID[:])
	c.Opaque(&b.Item)
}

func (*CategoryBody) kind() Kind { return KindCategory }

func (*CategoryBody) signer(s *State, id KeyID) (*PublicKey, error) { return s.authority(id) }

func (*CategoryBody) introduced() introducedKey { return nil }

func (b *CategoryBody) check(s *State, _ *Statement) error {
	switch _, taken := s.categories[b.ID]; {
	case len(b.Item) > MaxCategoryItem:
		return refuse("B1", ErrTooLarge)
	case b.ID == CategoryID{}:
		return refusef("B2", "a category has no identifier")
	case taken:
		return refusef("B3", "the category exists")
	case len(s.categories) >= s.limits.categories:
		return refusef("B4", "the bubble has as many categories as it may")
	}
	return nil
}

func (b *CategoryBody) apply(s *State, st *Statement) {
	s.categories[b.ID] = Category{ID: b.ID, Item: b.Item, Position: st.Position, Hour: st.Hour}
	s.categoryOrder = append(s.categoryOrder, b.ID)
}
