package node_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/wire"
)

// govern opens a governance connection of a device.
func (r *running) govern(device string) func(request uint32, body wire.Body) wire.Body {
	r.t.Helper()
	conn, challenge, err := r.dial("/governance", r.pin())
	if err != nil {
		r.t.Fatal(err)
	}
	b := governance.Binding{Purpose: governance.PurposeGovernance, Pin: r.pin(), Challenge: challenge}
	proof := governance.ProveDevice(governance.NewDeviceKey(seed(device)), governance.CategoryID{1}, b)
	if reply, ok := ask(r.t, conn, 1, &wire.Open{Proof: proof}).(*wire.Done); !ok {
		r.t.Fatalf("%s's connection is answered by %+v", device, reply)
	}
	return func(request uint32, body wire.Body) wire.Body { return ask(r.t, conn, request, body) }
}

// TestRemovingADeviceClosesItsCircuits: the circuit that is open ends, unasked, and no
// other one opens.
func TestRemovingADeviceClosesItsCircuits(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.claim()
	founder, member := r.govern("device"), governance.NewSigningKey(seed("founder"))
	log := governance.NewUnpinnedLog()
	read := founder(2, &wire.Fetch{Max: 9}).(*wire.Statements)
	if err := log.Append(read.Statements...); err != nil {
		t.Fatal(err)
	}
	submit := func(by func(uint32, wire.Body) wire.Body, request uint32, st []byte, err error) {
		t.Helper()
		if err == nil {
			err = log.Append(st)
		}
		if err != nil {
			t.Fatal(err)
		}
		if reply, ok := by(request, &wire.Submit{Statements: [][]byte{st}}).(*wire.LogHead); !ok {
			t.Fatalf("a statement is answered by %+v", reply)
		}
	}
	here := func() governance.Place { return governance.Place{Head: log.Head(), Time: time.Now()} }
	phone := governance.NewDeviceKey(seed("phone"))
	st, err := governance.AddDevice(here(), member, phone, []byte("card"))
	submit(founder, 3, st, err)
	conn, reply := r.circuit()
	if refusal(reply) != nil {
		t.Fatalf("the circuit is answered by %+v", reply)
	}
	st, err = governance.RemoveDevice(here(), member, governance.NewDeviceKey(seed("device")).ID())
	other := r.govern("phone") // the removed one may be cut off before it hears the answer
	started := time.Now()
	submit(other, 2, st, err)
	if got := receive(t, conn); !errors.Is(refusal(got), wire.Closed) {
		t.Errorf("the open circuit hears %+v", got)
	}
	if d := time.Since(started); d > 2*time.Second {
		t.Errorf("it was open for another %v", d)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if _, err := conn.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the circuit goes on: %v", err)
	}
	if _, reply := r.circuit(); !errors.Is(refusal(reply), wire.Unauthorised) {
		t.Errorf("another circuit is answered by %+v", reply)
	}
}
