package link

import (
	"context"
	"errors"
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

// enqueue numbers a request and puts it into a frame.
func (p *peer) enqueue(body wire.Body, reply chan wire.Body, s stream) (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != nil {
		return 0, offline(p.reason)
	}
	if p.number == 1<<32-1 {
		p.failLocked(errors.New("all request numbers are used"))
		return 0, offline(p.reason)
	}
	number := p.number + 1
	if err := p.appendLocked(wire.Message{Request: number, Body: body}); err != nil {
		return 0, err
	}
	p.number = number
	p.pending[number] = pending{reply: reply, since: time.Now()}
	if s != nil {
		p.streams[number] = s
	}
	return number, nil
}

// post sends a message that has no reply.
func (p *peer) post(m wire.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == nil {
		_ = p.appendLocked(m) // such a message is a few bytes and always fits
	}
}

// appendLocked puts a message into the last frame, or into a new one.
func (p *peer) appendLocked(m wire.Message) error {
	if n := len(p.frames); n > 0 && p.messages < wire.MaxMessages {
		last := p.frames[n-1]
		longer, err := wire.Append(last, m)
		if err != nil {
			return tooLarge(err)
		}
		if len(longer) <= wire.MaxFrame {
			p.frames[n-1] = longer
			p.messages++
			return nil
		}
	}
	frame, err := wire.Append(p.spare[:0], m)
	if err != nil {
		return tooLarge(err)
	}
	if len(frame) > wire.MaxFrame {
		return ErrTooLarge
	}
	p.spare = nil
	p.frames = append(p.frames, frame)
	p.messages = 1
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil
}

func tooLarge(err error) error { return fmt.Errorf("%w: %w", ErrTooLarge, err) }

// write hands frames to the transport until the connection fails.
func (p *peer) write(life context.Context) {
	defer p.wait.Done()
	for {
		select {
		case <-p.wake:
		case <-p.done:
			return
		}
		for frame := p.takeFrame(); frame != nil; frame = p.takeFrame() {
			ctx, cancel := context.WithTimeout(life, p.timing.Write)
			err := p.conn.Write(ctx, frame)
			err = lost(ctx, err)
			cancel()
			if err != nil {
				p.fail(err)
				return
			}
			p.written(frame)
		}
	}
}

func (p *peer) takeFrame() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) == 0 {
		return nil
	}
	frame := p.frames[0]
	p.frames[0] = nil
	if p.frames = p.frames[1:]; len(p.frames) == 0 {
		p.frames = nil
	}
	p.sent = time.Now()
	return frame
}

// written keeps a frame's memory for the next one.
func (p *peer) written(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cap(frame) > cap(p.spare) {
		p.spare = frame[:0]
	}
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

// keep says something when nothing was said for long, and ends the connection
// when the relay owes a reply and nothing comes any more.
func (p *peer) keep() {
	defer p.wait.Done()
	tick := time.NewTicker(min(p.timing.Ping, p.timing.Reply) / 4)
	defer tick.Stop()
	p.ping()
	for {
		select {
		case <-p.done:
			return
		case now := <-tick.C:
			silent, stalled := p.silence(now)
			if stalled {
				p.fail(ErrTimeout)
				return
			}
			if silent {
				p.ping()
			}
		}
	}
}

func (p *peer) silence(now time.Time) (silent, stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.pending {
		if now.Sub(w.since) > p.timing.Reply && now.Sub(p.heard) > p.timing.Reply {
			return false, true
		}
	}
	return len(p.pending) == 0 && now.Sub(p.sent) >= p.timing.Ping, false
}

// ping asks for a sign of life without waiting for it. While requests are under
// way there is no need to.
func (p *peer) ping() {
	select {
	case p.slots <- struct{}{}:
	default:
		return
	}
	reply, start := make(chan wire.Body, 1), time.Now()
	if _, err := p.enqueue(&wire.Ping{}, reply, nil); err != nil {
		<-p.slots
		return
	}
	p.wait.Add(1)
	go func() {
		defer p.wait.Done()
		select {
		case <-reply:
			p.mu.Lock()
			p.latency = time.Since(start)
			p.mu.Unlock()
		case <-p.done:
		}
	}()
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
