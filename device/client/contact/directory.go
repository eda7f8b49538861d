package contact

import (
	"fmt"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// A Member is a person of the category with the name that its card gives.
type Member struct {
	ID      governance.MemberID
	Name    string
	Key     *governance.PublicKey
	Devices []governance.DeviceID
}

// A Device is one installation of a member. Card is nil when it cannot be opened:
// the device is then a member of conversations but cannot be invited to one.
type Device struct {
	ID     governance.DeviceID
	Member governance.MemberID
	Key    governance.DevicePublic
	Card   *DeviceCard
}

// A Directory is who is in one category, from one state of the governance log. It
// never changes; it may be used concurrently.
type Directory struct {
	state    *governance.State
	category governance.CategoryID
	order    []governance.MemberID
	members  map[governance.MemberID]Member
	devices  map[governance.DeviceID]Device
}

// NewDirectory opens the cards of a category. Cards that before holds already are
// taken from there; before may be nil.
func NewDirectory(before *Directory, s *governance.State, category governance.CategoryID, key *secret.Bytes) *Directory {
	d := &Directory{
		state: s, category: category,
		members: map[governance.MemberID]Member{},
		devices: map[governance.DeviceID]Device{},
	}
	if before == nil || before.category != category || before.state.Root() != s.Root() {
		before = &Directory{}
	}
	taken := map[string]bool{}
	for _, m := range s.Members(category) {
		entry, ok := before.members[m.ID]
		if !ok {
			entry = Member{ID: m.ID, Key: m.Key, Name: openName(key, m)}
		}
		entry.Name, entry.Devices = distinct(taken, entry.Name), m.Devices
		d.order = append(d.order, m.ID)
		d.members[m.ID] = entry
		for _, id := range m.Devices {
			d.devices[id] = openDevice(before, s, key, id)
		}
	}
	return d
}

// openName returns the name on a member's card, and one made from the member's
// identifier where the card says nothing that can be shown.
func openName(key *secret.Bytes, m governance.Member) string {
	var card MemberCard
	if open(key, governance.ItemMemberCard, m.ID[:], m.Card, &card) != nil {
		return "? " + m.ID.String()[:8]
	}
	return card.Name
}

func openDevice(before *Directory, s *governance.State, key *secret.Bytes, id governance.DeviceID) Device {
	if known, ok := before.devices[id]; ok {
		return known
	}
	entry, _ := s.Device(id)
	device := Device{ID: id, Member: entry.Member, Key: entry.Key}
	var card DeviceCard
	if open(key, governance.ItemDeviceCard, id[:], entry.Card, &card) == nil {
		device.Card = &card
	}
	return device
}

// distinct makes a name unique: who came later in the log carries a number, so
// nobody can be taken for an older member.
func distinct(taken map[string]bool, name string) string {
	unique := name
	for n := 2; taken[fold(unique)]; n++ {
		unique = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[fold(unique)] = true
	return unique
}

// Members returns everyone in the order of the log.
func (d *Directory) Members() []Member {
	out := make([]Member, len(d.order))
	for i, id := range d.order {
		out[i] = d.members[id]
	}
	return out
}

// Member returns one member of the category.
func (d *Directory) Member(id governance.MemberID) (Member, bool) {
	m, ok := d.members[id]
	return m, ok
}

// Device returns one device of a member of the category.
func (d *Directory) Device(id governance.DeviceID) (Device, bool) {
	x, ok := d.devices[id]
	return x, ok
}

// Removed reports whether a device was one of the category and is none any more.
func (d *Directory) Removed(id governance.DeviceID) bool {
	_, ok := d.RemovedDevice(id)
	return ok
}

// RemovedDevice returns a device that was removed. It has no card.
func (d *Directory) RemovedDevice(id governance.DeviceID) (Device, bool) {
	x, ok := d.state.RemovedDevice(id)
	if m, in := d.members[x.Member]; !ok || !in || m.ID != x.Member {
		return Device{}, false
	}
	return Device{ID: id, Member: x.Member, Key: x.Key}, true
}

// Taken reports whether a new member could not be told apart under this name.
func (d *Directory) Taken(name string) bool {
	for _, m := range d.members {
		if SameName(m.Name, name) {
			return true
		}
	}
	return false
}

// Named returns the member with a name: exactly, or else the only one that
// differs in the case of letters alone.
func (d *Directory) Named(name string) (Member, bool) {
	var alike []Member
	for _, id := range d.order {
		switch m := d.members[id]; {
		case m.Name == name:
			return m, true
		case SameName(m.Name, name):
			alike = append(alike, m)
		}
	}
	if len(alike) != 1 {
		return Member{}, false
	}
	return alike[0], true
}
