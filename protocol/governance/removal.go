package governance

import "bulle/protocol/syntax"

// RemovalBody states that a device is its member's no more. The member signs. A
// removed device never comes back: its key may not be used again, and the relay
// serves it nothing but the log up to here, so that it can read why.
//
//	struct { opaque device[32]; } Removal;
type RemovalBody struct {
	Device DeviceID
}

// Code is the layout above.
func (b *RemovalBody) Code(c *syntax.Codec) { c.Fixed(b.Device[:]) }

func (*RemovalBody) kind() Kind { return KindRemoval }

func (b *RemovalBody) signer(s *State, id KeyID) (*PublicKey, error) {
	d, ok := s.devices[b.Device]
	_, before := s.removed[b.Device]
	switch {
	case before:
		return nil, refusef("F2", "the device is removed")
	case !ok:
		return nil, refusef("F1", "no such device")
	case MemberID(id) != d.Member:
		return nil, refusef("F3", "a device is removed by its member")
	}
	return s.members[d.Member].Key, nil
}

func (*RemovalBody) introduced() introducedKey { return nil }

// check keeps a device for the member. One without a card is the ticket of a link
// and does not count: nobody could be reached through it.
func (b *RemovalBody) check(s *State, _ *Statement) error {
	for _, id := range s.members[s.devices[b.Device].Member].Devices {
		if id != b.Device && !s.devices[id].Ticket() {
			return nil
		}
	}
	return refusef("F4", "the member would have no device left")
}

func (b *RemovalBody) apply(s *State, st *Statement) {
	d := s.devices[b.Device]
	d.Removed = st.Position
	delete(s.devices, d.ID)
	s.removed[d.ID] = d
	m := s.members[d.Member]
	left := make([]DeviceID, 0, len(m.Devices))
	for _, id := range m.Devices {
		if id != d.ID {
			left = append(left, id)
		}
	}
	m.Devices, m.removed = left, m.removed+1
	s.members[m.ID] = m
}
