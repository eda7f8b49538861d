package conversation_test

import (
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// group makes a group of some devices, all of whom are in it when it returns.
func group(t *testing.T, name string, founder *device, others ...*device) conversation.ID {
	t.Helper()
	var members []governance.MemberID
	for _, d := range others {
		d.sync()
		members = append(members, d.id())
	}
	id := must(founder.CreateGroup(t.Context(), name, members))(t)
	founder.sync()
	for _, d := range others {
		d.sync()
	}
	return id
}

// tell sends a text to a group.
func (d *device) tell(id conversation.ID, text string) conversation.MessageID {
	d.world.t.Helper()
	return must(d.SendText(d.world.t.Context(), id, governance.MemberID{}, text))(d.world.t)
}

func TestThreeMembersTalkInAGroup(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "three", alice, bob, carol)
	for _, d := range []*device{carol, bob, alice} {
		d.sync()
		d.tell(id, "from "+d.name)
		d.sync()
	}
	for _, d := range []*device{alice, bob, carol} {
		d.sync()
		got := d.history(id)
		want := []string{"carol: from carol", "bob: from bob", "alice: from alice"}
		if len(got) < 3 || !slices.Equal(got[len(got)-3:], want) {
			t.Errorf("%s sees %q", d.name, got)
		}
	}
}
