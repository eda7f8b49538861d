package membership_test

import (
	"errors"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/wire"
	"bulle/server/membership"
)

// second adds a device with a card to the founder, on a connection of the founder's.
func second(t *testing.T, founder *client, log *governance.Log, name string) {
	t.Helper()
	st, err := governance.AddDevice(governance.Place{Head: log.Head(), Time: clock()}, key("founder"), deviceKey(name), []byte("card"))
	if err == nil {
		err = log.Append(st)
	}
	if err != nil {
		t.Fatal(err)
	}
	founder.must(&wire.Submit{Statements: [][]byte{st}})
}

func removal(t *testing.T, log *governance.Log, member, device string) []byte {
	t.Helper()
	st, err := governance.RemoveDevice(governance.Place{Head: log.Head(), Time: clock()}, key(member), deviceKey(device).ID())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestARemovedDeviceReadsWhyAndNothingElse: its connection ends at once, its circuits
// are given up, and what it can open again shows the log up to its removal.
func TestARemovedDeviceReadsWhyAndNothingElse(t *testing.T) {
	var left func(governance.DeviceID) bool
	r := newRelay(t, func(c *membership.Config) { c.Removed = func(is func(governance.DeviceID) bool) { left = is } })
	founder, log := r.claim()
	second(t, founder, log, "phone")
	second(t, founder, log, "laptop")
	phone := r.dialDevice("phone")
	phone.must(&wire.Head{})
	st := removal(t, log, "founder", "phone")
	if err := log.Append(st); err != nil {
		t.Fatal(err)
	}
	founder.must(&wire.Submit{Statements: [][]byte{st}})
	if m := phone.receive(); m.Request != 0 || !errors.Is(m.Body.(*wire.Refusal), wire.Closed) {
		t.Errorf("it heard %+v", m)
	}
	phone.end(0)
	if left == nil || left(deviceKey("phone").ID()) || !left(deviceKey("laptop").ID()) {
		t.Fatal("the relay was not told whose circuits end")
	}
	end := log.Head()
	founder.must(&wire.Submit{Statements: [][]byte{invite(t, log, "later", 1, clock().Add(time.Hour))}})

	again := r.dialDevice("phone")
	if h := again.must(&wire.Watch{}).(*wire.LogHead); h.Length != end.Length || h.Hash != end.Hash {
		t.Errorf("it sees the head %+v, its removal is %+v", h, end)
	}
	if got := again.must(&wire.Fetch{From: end.Length - 1, Max: 9}).(*wire.Statements); len(got.Statements) != 1 || string(got.Statements[0]) != string(st) {
		t.Errorf("it reads %d statements", len(got.Statements))
	}
	again.refused(&wire.Fetch{From: end.Length + 1, Max: 1}, wire.Ahead)
	again.refused(&wire.Submit{Statements: [][]byte{invite(t, log, "x", 1, clock().Add(time.Hour))}}, wire.Refused)

	b := governance.Binding{Purpose: governance.PurposeCircuit, Pin: [32]byte{1}, Challenge: [32]byte{9}}
	if a, err := r.m.Admit(t.Context(), b.Challenge, governance.ProveDevice(deviceKey("phone"), category(), b)); !errors.Is(err, governance.ErrProof) {
		t.Errorf("its circuit is admitted: %+v", a)
	}
}

// TestDevicesComeOverTheirMembersConnections: who was removed and kept the seed
// needs somebody else's connection, and that one does not carry it.
func TestDevicesComeOverTheirMembersConnections(t *testing.T) {
	r := newRelay(t, nil)
	founder, log := r.claim()
	second(t, founder, log, "phone")
	second(t, founder, log, "laptop")
	st := invite(t, log, "invitation", 1, clock().Add(time.Hour))
	founder.must(&wire.Submit{Statements: [][]byte{st}})
	if err := log.Append(st); err != nil {
		t.Fatal(err)
	}
	joining := admit(t, log, "invitation", "alice")
	joiner := r.dial()
	joiner.must(&wire.Open{Proof: governance.ProveInvitation(key("invitation"), joiner.binding())})
	joiner.must(&wire.Submit{Statements: joining})
	if err := log.Append(joining...); err != nil {
		t.Fatal(err)
	}
	alice := r.dialDevice("alice")
	back, err := governance.AddDevice(governance.Place{Head: log.Head(), Time: clock()}, key("founder"), deviceKey("thief"), nil)
	if err != nil {
		t.Fatal(err)
	}
	alice.refused(&wire.Submit{Statements: [][]byte{back}}, wire.Refused)
	alice.refused(&wire.Submit{Statements: [][]byte{removal(t, log, "founder", "phone")}}, wire.Refused)
	founder.must(&wire.Submit{Statements: [][]byte{removal(t, log, "founder", "phone")}})
}
