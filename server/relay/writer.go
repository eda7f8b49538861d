package relay

import (
	"context"
	"errors"
	"log/slog"

	"bulle/protocol/wire"
)

// fullFrame is the size in bytes at which a frame is sent although more waits.
const fullFrame = 64 << 10

// write is the writer: it fills frames with what waits and sends them, and
// returns when nothing waits any more.
func (c *circuit) write() {
	buf, ok := c.e.frames.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	for {
		frame, last := c.fill((*buf)[:0])
		*buf = frame[:0]
		if len(frame) == 0 {
			break
		}
		c.stuck.Store(max(1, c.e.tick()))
		err := c.conn.Write(context.Background(), frame)
		c.stuck.Store(0)
		if err != nil {
			c.kill()
		}
		if last {
			c.closeAt.Store(c.e.tick() + int64(lingerTime))
		}
	}
	if cap(*buf) <= 2*fullFrame {
		c.e.frames.Put(buf)
	}
}

// fill puts what waits into a frame: replies, then cells, then the last word. An
// empty frame says that the writer has stopped.
func (c *circuit) fill(frame []byte) (full []byte, last bool) {
	n := 0
	for n < wire.MaxMessages-1 && len(frame) < fullFrame {
		r, s, final := c.pick()
		switch {
		case r != nil:
			frame = c.encode(frame, r)
			n++
		case s != nil:
			var added int
			frame, added = c.deliver(frame, s)
			n += added
		case final != nil:
			frame = c.must(frame, *final)
			return frame, true
		case len(frame) > 0:
			return frame, false
		case c.stop():
			return nil, false
		}
	}
	return frame, false
}

// pick takes one thing that waits.
func (c *circuit) pick() (*reply, *subscription, *wire.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.killed || c.said:
	case len(c.replies) > 0:
		r := c.replies[0]
		c.replies[0] = reply{}
		if c.replies = c.replies[1:]; len(c.replies) == 0 {
			c.replies = nil
		}
		if r.request != 0 {
			c.inFlight--
		}
		return &r, nil, nil
	case c.final != nil:
		if c.final.Body.(*wire.Refusal).Reason != wire.Draining || c.inFlight <= 0 {
			c.said = true
			return nil, nil, c.final
		}
	case len(c.ready) > 0:
		s := c.ready[0]
		c.ready[0] = nil
		if c.ready = c.ready[1:]; len(c.ready) == 0 {
			c.ready = nil
		}
		s.queued = false
		return nil, s, nil
	}
	return nil, nil, nil
}

// stop ends the writer if nothing has come to wait since it looked.
func (c *circuit) stop() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waits := len(c.replies) > 0 || c.final == nil && len(c.ready) > 0 || c.final != nil && c.inFlight <= 0
	if waits && !c.killed && !c.said {
		return false
	}
	c.writing = false
	return true
}

func (c *circuit) encode(frame []byte, r *reply) []byte {
	body := r.body
	if r.load != nil {
		body = r.load()
	}
	return c.must(frame, wire.Message{Request: r.request, Body: body})
}

// must appends a message of ours to a frame.
func (c *circuit) must(frame []byte, m wire.Message) []byte {
	longer, err := wire.Append(frame, m)
	if err != nil {
		panic("relay: " + err.Error()) // what a store returns fits into messages
	}
	return longer
}

// deliver puts cells of a subscription into a frame, and its end when it comes.
func (c *circuit) deliver(frame []byte, s *subscription) (longer []byte, added int) {
	c.mu.Lock()
	from, credit, ended := s.next, s.credit, s.ended
	c.mu.Unlock()
	if ended || credit == 0 {
		return frame, 0
	}
	got, at, more, end, err := c.e.after(s.topic, from, int(min(credit, wire.MaxCells)))
	if errors.Is(err, wire.NotFound) {
		c.drop(s)
		return c.must(frame, wire.Message{Request: s.request, Body: &wire.Refusal{Reason: wire.NotFound}}), 1
	}
	if err != nil {
		c.e.log.Error("the store could not be read", slog.Any("error", err))
		c.fail(s.request, wire.Internal)
		return frame, 0
	}
	n := got.cells.Count()
	if n > 0 {
		frame = c.must(frame, wire.Message{Request: s.request, Body: &wire.CellsEvent{First: got.first, Cells: got.cells}})
		added++
	}
	c.mu.Lock()
	s.next = at
	s.credit -= uint32(n) //nolint:gosec // G115: at most MaxCells, and no more than the credit
	if more && !end {
		c.wakeLocked(s)
	}
	c.mu.Unlock()
	if end && c.drop(s) {
		frame = c.must(frame, wire.Message{Request: s.request, Body: &wire.End{Next: at}})
		added++
	}
	return frame, added
}
