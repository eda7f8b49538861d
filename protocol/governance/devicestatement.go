package governance

import "bulle/protocol/syntax"

// DeviceBody states that a device is a member's. The member signs, and the device
// too. The card (inbox, pool of key packages) is sealed under the category's
// directory key and opaque to the log. An
// empty card makes a ticket, see [Device.Ticket].
//
//	struct { opaque member[32]; opaque key[32]; opaque card<0..4096>; } Device;
type DeviceBody struct {
	Member MemberID
	Key    DevicePublic
	Card   []byte
}

// Code is the layout above.
func (b *DeviceBody) Code(c *syntax.Codec) {
	c.Fixed(b.Member[:])
	c.Fixed(b.Key[:])
	c.Opaque(&b.Card)
}

func (*DeviceBody) kind() Kind { return KindDevice }

func (b *DeviceBody) signer(s *State, id KeyID) (*PublicKey, error) {
	m, ok := s.members[b.Member]
	switch {
	case !ok:
		return nil, refusef("E1", "no such member")
	case MemberID(id) != b.Member:
		return nil, refusef("E2", "a device is signed by its member")
	}
	return m.Key, nil
}

func (b *DeviceBody) introduced() introducedKey { return b.Key }

func (b *DeviceBody) check(s *State, _ *Statement) error {
	_, taken := s.devices[b.Key.ID()]
	_, before := s.removed[b.Key.ID()]
	m := s.members[b.Member]
	switch {
	case len(b.Card) > MaxCard:
		return refuse("E3", ErrTooLarge)
	case taken || before:
		return refusef("E4", "the device exists, or was removed")
	case len(m.Devices) >= s.limits.devices:
		return refusef("E5", "the member has as many devices as it may")
	case len(m.Devices)+m.removed >= s.limits.everDevices:
		return refusef("E6", "the member has had as many devices as it may")
	}
	return nil
}

func (b *DeviceBody) apply(s *State, st *Statement) {
	id := b.Key.ID()
	s.devices[id] = Device{ID: id, Key: b.Key, Member: b.Member, Card: b.Card, Position: st.Position, Hour: st.Hour}
	m := s.members[b.Member]
	m.Devices = append(m.Devices[:len(m.Devices):len(m.Devices)], id)
	s.members[b.Member] = m
	s.deviceless = MemberID{}
}
