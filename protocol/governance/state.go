package governance

import (
	"maps"
	"slices"
)

// A State is what a log implies: a pure function of its statements. It never
// changes once a [Log] handed it out, so it may be kept and read concurrently.
// What it returns is shared and must not be changed either.
type State struct {
	pin    RootID // zero: any root key may claim
	limits limits

	root            *PublicKey // nil before the claim
	head            Head
	categories      map[CategoryID]Category
	categoryOrder   []CategoryID
	invitations     map[InvitationID]Invitation
	invitationOrder []InvitationID
	members         map[MemberID]Member
	memberOrder     []MemberID
	devices         map[DeviceID]Device
	removed         map[DeviceID]Device // their keys may not be used again
	keys            map[KeyID]struct{}  // every hybrid key that has a role: none has two
	deviceless      MemberID            // who joined in the statement before, until the device follows
}

// A Category is a compartment of members.
type Category struct {
	ID       CategoryID
	Item     []byte // sealed description
	Position uint64 // of its statement
	Hour     uint32 // of its statement
}

// An Invitation admits members to a category.
type Invitation struct {
	ID         InvitationID
	Key        *PublicKey
	Category   CategoryID
	Uses, Used uint32
	Expires    uint64 // Unix seconds
	Position   uint64
	Hour       uint32
}

// A Member is a person in a category.
type Member struct {
	ID         MemberID
	Key        *PublicKey
	Category   CategoryID
	Card       []byte     // sealed
	Devices    []DeviceID // without those that were removed
	Founder    bool
	Invitation InvitationID // that admitted the member; zero for the founder
	Position   uint64
	Hour       uint32

	removed int // devices that it had before
}

// A Device is one client installation of a member.
type Device struct {
	ID       DeviceID
	Key      DevicePublic
	Member   MemberID
	Card     []byte // sealed; empty in a ticket
	Position uint64
	Hour     uint32
	Removed  uint64 // position of its removal, 0 if it has none
}

// Ticket reports whether the device is none yet: a key with which a further device
// of the member may come in. Nobody invites it anywhere, for it has no inbox.
func (d Device) Ticket() bool { return len(d.Card) == 0 }

func newState(pin RootID) *State {
	return &State{
		pin: pin, limits: defaultLimits(),
		categories:  map[CategoryID]Category{},
		invitations: map[InvitationID]Invitation{},
		members:     map[MemberID]Member{},
		devices:     map[DeviceID]Device{},
		removed:     map[DeviceID]Device{},
		keys:        map[KeyID]struct{}{},
	}
}

// clone returns a state that may be changed.
func (s *State) clone() *State {
	n := *s
	n.categories, n.categoryOrder = maps.Clone(s.categories), slices.Clone(s.categoryOrder)
	n.invitations, n.invitationOrder = maps.Clone(s.invitations), slices.Clone(s.invitationOrder)
	n.members, n.memberOrder = maps.Clone(s.members), slices.Clone(s.memberOrder)
	n.devices, n.removed, n.keys = maps.Clone(s.devices), maps.Clone(s.removed), maps.Clone(s.keys)
	return &n
}

// authority returns the key of one who may admit and categorise: the root. This
// is where delegated administrators come in.
func (s *State) authority(id KeyID) (*PublicKey, error) {
	if s.root == nil || s.root.ID() != id {
		return nil, refusef("G7", "the signer has no authority")
	}
	return s.root, nil
}

// Claimed reports whether the log has begun.
func (s *State) Claimed() bool { return s.root != nil }

// Complete reports whether the log may end here: founding is finished and every
// member has a device. Only a submission to a relay must end in such a state.
func (s *State) Complete() bool {
	return len(s.members) > 0 && s.deviceless == (MemberID{})
}

// Root names the root key, zero before the claim.
func (s *State) Root() RootID {
	if s.root == nil {
		return RootID{}
	}
	return RootID(s.root.ID())
}

// RootKey returns the root key, nil before the claim.
func (s *State) RootKey() *PublicKey { return s.root }

// Head is where the log ends.
func (s *State) Head() Head { return s.head }

// Length is the number of statements.
func (s *State) Length() uint64 { return s.head.Length }

// Categories returns all categories in the order of the log. The first one is the
// default category.
func (s *State) Categories() []Category {
	return ordered(s.categoryOrder, s.categories)
}

// Category returns one category.
func (s *State) Category(id CategoryID) (Category, bool) {
	c, ok := s.categories[id]
	return c, ok
}

// Invitations returns all invitations in the order of the log.
func (s *State) Invitations() []Invitation {
	return ordered(s.invitationOrder, s.invitations)
}

// Invitation returns one invitation.
func (s *State) Invitation(id InvitationID) (Invitation, bool) {
	i, ok := s.invitations[id]
	return i, ok
}

// Members returns the members of a category in the order of the log.
func (s *State) Members(category CategoryID) []Member {
	return slices.DeleteFunc(ordered(s.memberOrder, s.members), func(m Member) bool { return m.Category != category })
}

// Member returns one member.
func (s *State) Member(id MemberID) (Member, bool) {
	m, ok := s.members[id]
	return m, ok
}

// Device returns one device, unless it was removed.
func (s *State) Device(id DeviceID) (Device, bool) {
	d, ok := s.devices[id]
	return d, ok
}

// RemovedDevice returns a device that was removed, as it was.
func (s *State) RemovedDevice(id DeviceID) (Device, bool) {
	d, ok := s.removed[id]
	return d, ok
}

// DeviceByKey returns the device that has a key.
func (s *State) DeviceByKey(key DevicePublic) (Device, bool) { return s.Device(key.ID()) }

func ordered[K comparable, V any](order []K, all map[K]V) []V {
	out := make([]V, len(order))
	for i, id := range order {
		out[i] = all[id]
	}
	return out
}
