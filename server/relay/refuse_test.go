package relay_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/memory"
)

func TestProtocolIsEnforced(t *testing.T) {
	e := newEngine(t, relay.Config{})
	tests := []struct {
		name string
		want wire.Code
		do   func(c *client)
	}{
		{"garbage", wire.Malformed, func(c *client) { c.write([]byte("\xffgarbage")) }},
		{"empty frame", wire.Malformed, func(c *client) { c.write(nil) }},
		{"huge frame", wire.TooLarge, func(c *client) { c.write(make([]byte, wire.MaxFrame+1)) }},
		{"large field", wire.TooLarge, func(c *client) { c.write(oversized(c.T)) }},
		{"unknown kind", wire.UnknownKind, func(c *client) { c.write([]byte{5, 0x7f, 0, 0, 0, 9}) }},
		{"kind of a relay", wire.UnknownKind, func(c *client) { c.send(&wire.Done{}) }},
		{"kind of another connection", wire.UnknownKind, func(c *client) { c.send(&wire.Head{}) }},
		{"second open", wire.OutOfState, func(c *client) { c.send(&wire.Open{Proof: []byte{1}}) }},
		{"request 0", wire.OutOfState, func(c *client) { c.write(encode(c.T, 0, &wire.Ping{})) }},
		{"number again", wire.OutOfState, func(c *client) { c.write(encode(c.T, 1, &wire.Ping{})) }},
		{"credit for the future", wire.OutOfState, func(c *client) { c.credit(99, 1) }},
		{"large credit", wire.TooMany, func(c *client) { c.send(subscribe(1, 0, wire.MaxCredit+1)) }},
		{"credit on credit", wire.TooMany, func(c *client) {
			c.done(channel(2))
			c.credit(c.follow(2, 0, wire.MaxCredit), 1)
		}},
		{"many messages", wire.TooMany, func(c *client) {
			var frame []byte
			for i := range uint32(wire.MaxMessages + 1) {
				frame = append(frame, encode(c.T, 10+i, &wire.Ping{})...)
			}
			c.write(frame)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := open(t, e, 1)
			test.do(c)
			c.ends(test.want)
		})
	}
	still := open(t, e, 1)
	still.done(&wire.Ping{})
}

// oversized is a PUT whose item is one byte too long.
func oversized(t *testing.T) []byte {
	t.Helper()
	frame := encode(t, 2, &wire.Put{Item: make([]byte, wire.MaxItem)})
	body := append([]byte(nil), frame[2:]...)
	at := 1 + 4 + 64
	body[at], body[at+1] = 0x40|byte((wire.MaxItem+1)>>8), byte((wire.MaxItem+1)&0xff)
	body = append(body, 0)
	return append([]byte{0x40 | byte(len(body)>>8), byte(len(body))}, body...)
}

func TestBeforeOpen(t *testing.T) {
	e := newEngine(t, relay.Config{})
	for _, kind := range wire.Kinds() {
		if kind.From() != wire.FromClient || kind == wire.KindOpen || kind == wire.KindPing {
			continue
		}
		c := connect(t, e)
		c.request++
		body := []byte{byte(kind), 0, 0, 0, byte(c.request)}
		switch kind {
		case wire.KindRenew:
			body = append(body, 0)
		case wire.KindCredit, wire.KindUnsubscribe:
			body = append(body, 0, 0, 0, 1)
		default:
			continue // their bodies are long; the state is checked in one place for all
		}
		c.write(append([]byte{byte(len(body))}, body...))
		c.ends(wire.OutOfState)
	}
	for _, body := range []wire.Body{channel(1), cells(1, 0, 1), subscribe(1, 0, 1), truncate(1, 0), &wire.Take{}, &wire.BlobGet{}} {
		c := connect(t, e)
		c.send(body)
		c.ends(wire.OutOfState)
	}
	c := connect(t, e)
	c.send(&wire.Open{Proof: []byte{0}})
	c.ends(wire.Unauthorised)
}

func TestMaxInFlight(t *testing.T) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowStore{store, make(chan struct{}, 1000), make(chan struct{}, 1000)}
	e := newEngine(t, relay.Config{Store: slow})
	c := open(t, e, 1)
	for range wire.MaxInFlight {
		c.send(channel(1))
	}
	<-slow.begun
	c.send(&wire.Ping{})
	c.ends(wire.TooMany)
	for range 1000 {
		slow.release <- struct{}{}
	}
}

func TestMaxSubscriptions(t *testing.T) {
	e := newEngine(t, relay.Config{})
	c := open(t, e, 1)
	c.done(channel(1))
	for range wire.MaxSubscriptions {
		c.follow(1, 0, 1)
	}
	c.send(subscribe(1, 0, 1))
	c.ends(wire.TooMany)
}

func TestMaxCircuits(t *testing.T) {
	e := newEngine(t, relay.Config{MaxCircuits: 2})
	first, second := open(t, e, 1), connect(t, e)
	third := connect(t, e)
	third.ends(wire.TooMany)
	second.hangUp()
	if err := <-second.served; err != nil {
		t.Errorf("one who hangs up ends with %v", err)
	}
	fourth := connect(t, e)
	fourth.done(&wire.Open{Proof: []byte{1}})
	first.done(&wire.Ping{})
}

// brokenStore fails.
type brokenStore struct{ relay.Store }

func (brokenStore) Commit([]relay.Change) ([]wire.Body, error) { return nil, errors.New("broken") }

func (brokenStore) Maintain(context.Context) error { return errors.New("broken") }

func TestStoreFaults(t *testing.T) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	e := newEngine(t, relay.Config{Store: brokenStore{store}, Log: log})
	c := open(t, e, 1)
	c.send(channel(1))
	c.ends(wire.Internal)
	c = open(t, e, 1)
	c.done(&wire.Ping{})
}

// FuzzCircuit sends arbitrary frames to an open circuit. Whatever they are, the
// relay answers in the protocol and goes on serving others.
func FuzzCircuit(f *testing.F) {
	f.Add(encode(f, 2, channel(1)), encode(f, 3, cells(1, 0, 1)))
	f.Add(encode(f, 2, subscribe(1, 0, 5)), encode(f, 2, &wire.Credit{Cells: 1}))
	f.Add(encode(f, 2, truncate(1, 1)), []byte{5, 3, 0, 0, 0, 9})
	f.Add([]byte{}, []byte{0xff})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		e := newEngine(t, relay.Config{})
		c := open(t, e, 1)
		c.write(first)
		c.write(second)
		if err := c.conn.Write(c.Context(), encode(t, 1<<31, &wire.Ping{})); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := c.receive()
			if err != nil {
				t.Fatalf("the circuit ends without a word: %v", err)
			}
			if r, ok := m.Body.(*wire.Refusal); ok && r.Reason.Fatal() || m.Request == 1<<31 {
				break
			}
		}
		open(t, e, 1).done(&wire.Ping{})
	})
}
