package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"bulle/e2e/harness"
	"bulle/protocol/governance"
	"bulle/protocol/over"
	"bulle/protocol/secret"
	"bulle/protocol/wire"
	"bulle/server/relay/websocket"
)

// A founder holds the keys of a bubble that a test has founded by itself, to
// speak with the relay below the level of messages.
type founder struct {
	relay    *harness.Relay
	pin      [32]byte
	category governance.CategoryID
	device   *governance.DeviceKey
}

// found claims a relay.
func found(t *testing.T, r *harness.Relay) *founder {
	t.Helper()
	claim, err := governance.ParseClaimLink(r.Claim)
	if err != nil {
		t.Fatal(err)
	}
	f := &founder{relay: r, pin: claim.Pin, category: governance.CategoryID{1, 2, 3}}
	seed := func() *secret.Bytes { return secret.Random(governance.SeedSize) }
	f.device = governance.NewDeviceKey(seed())
	statements, err := governance.Found(
		governance.NewSigningKey(seed()), governance.NewSigningKey(seed()), f.device,
		governance.Founding{Category: f.category, CategoryItem: []byte("item"), MemberCard: []byte("card"), DeviceCard: []byte("card")},
		time.Now(),
	)
	if err != nil {
		t.Fatal(err)
	}
	c, challenge := f.dial(t, websocket.GovernancePath)
	defer c.close()
	proof := governance.ProveClaim(claim.Token, f.binding(governance.PurposeGovernance, challenge))
	for _, body := range []wire.Body{&wire.Open{Proof: proof}, &wire.Submit{Statements: statements}} {
		if _, err := c.ask(t.Context(), body); err != nil {
			t.Fatalf("%s: %v", body.Kind(), err)
		}
	}
	return f
}

func (f *founder) binding(p governance.Purpose, challenge [32]byte) governance.Binding {
	return governance.Binding{Purpose: p, Pin: f.pin, Challenge: challenge}
}

// open opens a circuit.
func (f *founder) open(t *testing.T) *rawCircuit {
	t.Helper()
	c, challenge := f.dial(t, websocket.CircuitPath)
	proof := governance.ProveDevice(f.device, f.category, f.binding(governance.PurposeCircuit, challenge))
	if _, err := c.ask(t.Context(), &wire.Open{Proof: proof}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *founder) dial(t *testing.T, path string) (*rawCircuit, [32]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	conn, err := over.Dial(ctx, over.Target{Host: f.relay.Address, Path: path, Pin: f.pin}, over.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &rawCircuit{conn: conn}
	hello, err := c.next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c, hello.Body.(*wire.Hello).Challenge
}

// A rawCircuit speaks wire on a connection, from one goroutine.
type rawCircuit struct {
	conn    over.Conn
	request uint32
	waiting []wire.Message
}

func (c *rawCircuit) close() { _ = c.conn.Close() } // it may be gone

func (c *rawCircuit) send(ctx context.Context, body wire.Body) (uint32, error) {
	c.request++
	frame, err := wire.Append(nil, wire.Message{Request: c.request, Body: body})
	if err != nil {
		return 0, err
	}
	return c.request, c.conn.Write(ctx, frame)
}

func (c *rawCircuit) next(ctx context.Context) (wire.Message, error) {
	for len(c.waiting) == 0 {
		frame, err := c.conn.Read(ctx)
		if err != nil {
			return wire.Message{}, err
		}
		for m, err := range wire.Replies(frame) {
			if err != nil {
				return m, err
			}
			c.waiting = append(c.waiting, m)
		}
	}
	m := c.waiting[0]
	c.waiting = c.waiting[1:]
	return m, nil
}

// ask waits for the reply to a request while nothing else is on its way. A
// refusal is an error.
func (c *rawCircuit) ask(ctx context.Context, body wire.Body) (wire.Body, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	request, err := c.send(ctx, body)
	if err != nil {
		return nil, err
	}
	m, err := c.next(ctx)
	if err != nil {
		return nil, err
	}
	var refusal *wire.Refusal
	if r, ok := m.Body.(*wire.Refusal); ok {
		refusal = r
	}
	switch {
	case refusal != nil:
		return nil, refusal
	case m.Request != request:
		return nil, fmt.Errorf("a reply to %d instead of %d", m.Request, request)
	}
	return m.Body, nil
}

// drained reports whether the relay or the connection has gone, which is what a
// test that kills the relay waits for.
func drained(err error) bool {
	return errors.Is(err, over.ErrClosed) || errors.Is(err, context.Canceled)
}
