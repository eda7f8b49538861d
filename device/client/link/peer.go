package link

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bulle/protocol/wire"
)

// A peer is one open connection to a relay.
//
//	callers -> call -> slot, number, pending -> frames -> writer -> conn -> relay
//	callers <- reply channel <- pending <------------- reader <- conn <- relay
//	consumer <- Next <- subscription <- streams <--'      (its credit goes the upper way)
//
// Numbers are given in the order of the frames, because a relay demands that they
// rise. Memory is bounded: a slot is held from the call to its reply, also when
// the caller has gone away, and a stream holds no more than its credit. keeper
// notices a relay that has fallen silent.
//
// mu is taken by callers, writer and reader for moments only; a subscription's
// own lock is taken under it or alone.
type peer struct {
	conn      Conn
	timing    Timing
	challenge [32]byte
	slots     chan struct{}
	wake      chan struct{} // tells the writer that frames has something
	done      chan struct{} // closed when the connection has failed
	wait      sync.WaitGroup

	mu       sync.Mutex
	reason   error // why done is closed
	number   uint32
	frames   [][]byte // to be written, the last one may still grow
	messages int      // in the last of frames
	spare    []byte   // an empty frame to be used again
	pending  map[uint32]pending
	streams  map[uint32]stream
	sent     time.Time // when something was last handed to the transport
	heard    time.Time // when something last came
	latency  time.Duration
}

type pending struct {
	reply chan wire.Body // of capacity 1
	since time.Time
}

// A stream takes the events of one request. event is called with the peer's lock
// held and must not wait; an error ends the connection.
type stream interface {
	event(b wire.Body) error
	// ended tells that no event will come any more. It is called without the lock.
	ended(err error)
}

// call sends a request and waits for its reply, which it returns, or the error
// that the relay replied. s takes the request's events, if it has any.
func (p *peer) call(ctx context.Context, body wire.Body, s stream) (uint32, wire.Body, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	case <-p.done:
		return 0, nil, p.failure()
	}
	reply := make(chan wire.Body, 1)
	number, err := p.enqueue(body, reply, s)
	if err != nil {
		<-p.slots
		return 0, nil, err
	}
	select {
	case b := <-reply:
		return number, b, p.refusal(number, b)
	case <-ctx.Done():
		return number, nil, ctx.Err()
	case <-p.done:
	}
	select {
	case b := <-reply: // it came before the end
		return number, b, p.refusal(number, b)
	default:
		return number, nil, p.failure()
	}
}

// refusal returns the error that a reply is, and forgets the stream of a request
// that was refused.
func (p *peer) refusal(number uint32, b wire.Body) error {
	r, ok := b.(*wire.Refusal)
	if !ok {
		return nil
	}
	p.mu.Lock()
	delete(p.streams, number)
	p.mu.Unlock()
	return refused(r)
}

// read takes the relay's frames apart until the connection fails. The deadline of
// a read is the keeper's.
func (p *peer) read(ctx context.Context) {
	defer p.wait.Done()
	for {
		frame, err := p.conn.Read(ctx)
		if err != nil {
			p.fail(lost(ctx, err))
			return
		}
		for m, err := range wire.Replies(frame) {
			if err != nil {
				p.fail(fmt.Errorf("%w: %w", ErrProtocol, err))
				return
			}
			if err := p.receive(m); err != nil {
				p.fail(err)
				return
			}
		}
	}
}

// receive gives a message to whoever waits for it. Its error ends the connection.
func (p *peer) receive(m wire.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
	switch b := m.Body.(type) {
	case *wire.Hello:
		return fmt.Errorf("%w: a second greeting", ErrProtocol)
	case *wire.CellsEvent, *wire.End, *wire.HeadEvent:
		if s := p.streams[m.Request]; s != nil {
			return s.event(b)
		}
		return nil // of a subscription that was closed a moment ago
	case *wire.Refusal:
		if m.Request == 0 {
			return refused(b)
		}
	}
	waiting, ok := p.pending[m.Request]
	if !ok {
		return fmt.Errorf("%w: a reply to nothing", ErrProtocol)
	}
	delete(p.pending, m.Request)
	waiting.reply <- m.Body
	<-p.slots
	if r, ok := m.Body.(*wire.Refusal); ok && r.Reason.Fatal() {
		return refused(r)
	}
	return nil
}

// forget stops a stream's events from being delivered.
func (p *peer) forget(number uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.streams, number)
}

// failure says why the connection has ended.
func (p *peer) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return offline(p.reason)
}

// fail ends the connection; the first reason counts.
func (p *peer) fail(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failLocked(reason)
}

func (p *peer) failLocked(reason error) {
	if p.reason != nil {
		return
	}
	p.reason = reason
	close(p.done)
	streams := p.streams
	p.streams = map[uint32]stream{}
	p.wait.Add(1)
	go func() {
		defer p.wait.Done()
		_ = p.conn.Close() // it has failed already, or is not needed any more
		for _, s := range streams {
			s.ended(offline(reason))
		}
	}()
}

// close ends the connection and waits for its goroutines.
func (p *peer) close() {
	p.fail(ErrClosed)
	p.wait.Wait()
}

// background sends a request whose reply nobody needs.
func (p *peer) background(body wire.Body) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != nil {
		return
	}
	p.wait.Add(1) // before close waits: it fails the peer first, under the lock
	go func() {
		defer p.wait.Done()
		_, _, _ = p.call(context.Background(), body, nil) // it ends with the peer
	}()
}
