package relay

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"bulle/protocol/over"
	"bulle/protocol/wire"
)

// A circuit is one connection. Its reader runs in Serve; its writer runs while
// there is something to write.
type circuit struct {
	e         *Engine
	conn      Conn
	challenge [32]byte
	ended     chan struct{} // closed with the connection

	// Ticks that the sweeper looks at; 0 is none.
	heard   atomic.Int64 // when the last frame came
	openBy  atomic.Int64 // until when OPEN must have come
	stuck   atomic.Int64 // since when a frame is being written
	closeAt atomic.Int64 // when to end after the last word

	lastRequest uint32 // the reader's own

	mu       sync.Mutex
	grant    Grant
	open     bool
	writing  bool // the writer runs
	inFlight int  // requests without a reply on its way
	replies  []reply
	ready    []*subscription
	subs     map[uint32]*subscription
	final    *wire.Message // the last word, once there is one
	said     bool          // the last word was taken for writing
	killed   bool
}

// A reply is a message that waits to be written; load, when there is one, makes
// its body then, so that large ones do not wait in memory.
type reply struct {
	request uint32
	body    wire.Body
	load    func() wire.Body
}

// read is the reader: it takes requests until the connection ends.
func (c *circuit) read(ctx context.Context) {
	for {
		frame, err := c.conn.Read(ctx)
		switch {
		case errors.Is(err, over.ErrTooLarge):
			c.fail(0, wire.TooLarge)
			<-c.ended // nothing more can be read; the sweeper ends it
			return
		case errors.Is(err, over.ErrNotBinary):
			c.fail(0, wire.Malformed)
			<-c.ended
			return
		case err != nil:
			return
		}
		c.heard.Store(c.e.tick())
		for m, err := range wire.Requests(frame) {
			if c.failing() {
				break // the last word is said: only wait for the other side to go
			}
			if err == nil {
				err = c.take(m)
			}
			var refusal *wire.Refusal
			if errors.As(err, &refusal) {
				c.fail(m.Request, refusal.Reason)
			}
		}
	}
}

// take checks a request against the state of the circuit and carries it out. Its
// error is a *wire.Refusal that ends the circuit.
func (c *circuit) take(m wire.Message) error {
	h, ok := handlerOf(m.Body.Kind())
	if !ok {
		return &wire.Refusal{Reason: wire.UnknownKind}
	}
	if _, open := c.granted(); !open && !h.before {
		return &wire.Refusal{Reason: wire.OutOfState}
	}
	if m.Body.Kind() == wire.KindCredit { // the one request that has no number of its own
		return h.run(c, m)
	}
	if m.Request <= c.lastRequest {
		return &wire.Refusal{Reason: wire.OutOfState}
	}
	c.lastRequest = m.Request
	c.mu.Lock()
	c.inFlight++
	over := c.inFlight > wire.MaxInFlight
	c.mu.Unlock()
	if over {
		return &wire.Refusal{Reason: wire.TooMany}
	}
	return h.run(c, m)
}

func (c *circuit) granted() (Grant, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grant, c.open
}

// reply sends the reply to a request, or a message without one.
func (c *circuit) reply(request uint32, body wire.Body) {
	c.enqueue(reply{request: request, body: body})
}

func (c *circuit) enqueue(r reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said || c.killed {
		c.inFlight--
		return
	}
	c.replies = append(c.replies, r)
	c.startLocked()
}

// wake notes that a subscription may have something to send.
func (c *circuit) wake(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeLocked(s)
}

func (c *circuit) wakeLocked(s *subscription) {
	if !s.active || s.ended || s.queued || s.credit == 0 || c.final != nil || c.killed {
		return
	}
	s.queued = true
	c.ready = append(c.ready, s)
	c.startLocked()
}

// startLocked starts the writer if it does not run.
func (c *circuit) startLocked() {
	if !c.writing && !c.killed {
		c.writing = true
		c.e.serving.Go(c.write)
	}
}

// fail says the last word: a code, after the replies that wait. With Draining,
// requests on their way are answered first. The connection ends when the client
// closes it or a little later.
func (c *circuit) fail(request uint32, code wire.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.final != nil || c.killed {
		return
	}
	c.final = &wire.Message{Request: request, Body: &wire.Refusal{Reason: code}}
	c.closeAt.Store(c.e.tick() + int64(lingerTime+wire.WriteTime))
	c.startLocked()
}

func (c *circuit) failing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.final != nil
}

// reason is why the circuit has ended, nil when the client went away.
func (c *circuit) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.final == nil {
		return nil
	}
	return c.final.Body.(*wire.Refusal)
}

// kill ends the connection at once. Closing it may take seconds when the other
// side is dead, and nobody is to wait for that.
func (c *circuit) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed {
		return
	}
	c.killed = true
	close(c.ended)
	c.e.serving.Go(func() { _ = c.conn.Close() }) // it is gone either way
}

// sweep ends the circuit if it is late with something.
func (c *circuit) sweep(now int64) {
	if by := c.openBy.Load(); by != 0 && now > by {
		c.openBy.Store(0)
		c.fail(0, wire.Silent)
	}
	if now-c.heard.Load() > int64(wire.MaxSilence) {
		c.fail(0, wire.Silent)
	}
	since, at := c.stuck.Load(), c.closeAt.Load()
	if since != 0 && now-since > int64(wire.WriteTime) || at != 0 && now > at {
		c.kill()
	}
}

// drop ends a subscription and reports whether it had not ended before.
func (c *circuit) drop(s *subscription) bool {
	c.mu.Lock()
	was := s.ended
	s.ended = true
	delete(c.subs, s.request)
	c.mu.Unlock()
	if !was {
		c.e.leave(s)
	}
	return !was
}

// unsubscribeAll ends all subscriptions of a circuit that has ended.
func (c *circuit) unsubscribeAll() {
	c.mu.Lock()
	subs := c.subs
	c.subs = nil
	for _, s := range subs {
		s.ended = true
	}
	c.mu.Unlock()
	for _, s := range subs {
		c.e.leave(s)
	}
}
