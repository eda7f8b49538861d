package link

import (
	"context"
	"fmt"
	"time"

	"bulle/protocol/wire"
)

// openPeer greets a relay on a fresh connection and proves who may be here. The
// connection is the peer's from now on: it is closed on failure.
func openPeer(ctx context.Context, conn Conn, prove Prover, timing Timing) (*peer, error) {
	p := &peer{
		conn: conn, timing: timing, number: 1,
		slots: make(chan struct{}, timing.InFlight), wake: make(chan struct{}, 1), done: make(chan struct{}),
		pending: map[uint32]pending{}, streams: map[uint32]stream{},
		sent: time.Now(), heard: time.Now(),
	}
	opening, cancel := context.WithTimeout(ctx, timing.Open)
	defer cancel()
	if err := p.greet(opening, prove); err != nil {
		_ = conn.Close() // the first failure says more
		return nil, err
	}
	p.wait.Add(3)
	life := context.WithoutCancel(ctx) // ctx bounds the opening, fail ends what follows
	go p.read(life)
	go p.write(life)
	go p.keep()
	return p, nil
}

func (p *peer) greet(ctx context.Context, prove Prover) error {
	body, err := p.receiveOne(ctx, 0)
	if err != nil {
		return err
	}
	hello, ok := body.(*wire.Hello)
	if !ok || hello.Version != wire.Version {
		return fmt.Errorf("%w: no greeting of version %d", ErrProtocol, wire.Version)
	}
	p.challenge = hello.Challenge
	proof, err := prove(p.challenge)
	if err != nil {
		return fmt.Errorf("prove who is here: %w", err)
	}
	frame, err := wire.Append(nil, wire.Message{Request: p.number, Body: &wire.Open{Proof: proof}})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := p.conn.Write(ctx, frame); err != nil {
		return lost(ctx, err)
	}
	if body, err = p.receiveOne(ctx, p.number); err != nil {
		return err
	}
	if _, ok := body.(*wire.Done); !ok {
		return fmt.Errorf("%w: %v answers OPEN", ErrProtocol, body.Kind())
	}
	return nil
}

// receiveOne reads a frame that holds one message, before the reader runs.
func (p *peer) receiveOne(ctx context.Context, request uint32) (wire.Body, error) {
	frame, err := p.conn.Read(ctx)
	if err != nil {
		return nil, lost(ctx, err)
	}
	var body wire.Body
	for m, err := range wire.Replies(frame) {
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if refusal, ok := m.Body.(*wire.Refusal); ok {
			return nil, refused(refusal)
		}
		if body != nil || m.Request != request {
			return nil, fmt.Errorf("%w: a message before OPEN is answered", ErrProtocol)
		}
		body = m.Body
	}
	return body, nil
}
