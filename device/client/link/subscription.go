package link

import (
	"context"
	"fmt"
	"sync"

	"bulle/protocol/wire"
)

// A subscription holds the cells that wait for their consumer. The relay may send
// as many as it has credit for; credit is given back when the consumer has taken
// half a window, so that a consumer that stops also stops the relay.
type subscription struct {
	peer   *peer
	number uint32 // set before the subscription is handed out
	first  Subscribed
	window uint32
	wake   chan struct{} // of capacity 1: something changed
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	next    uint64 // lowest number that the next cell may have
	batches []Batch
	waiting uint32 // cells in batches
	taken   uint32 // cells whose credit was not given back yet
	end     error  // after batches: why there are no more
}

// Subscribed is what a relay said when a subscription began.
type Subscribed = wire.Subscribed

// Subscribe implements [Session].
func (c *Circuit) Subscribe(ctx context.Context, ch ID, read Cap, from uint64) (Subscription, error) {
	s := &subscription{
		peer: c.peer, window: c.peer.timing.Window, next: from,
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	body := &wire.Subscribe{Channel: ch, Read: read, From: from, Credit: s.window}
	number, reply, err := c.peer.call(ctx, body, s)
	s.number = number
	if err != nil {
		if number != 0 {
			s.abandon()
		}
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	first, ok := reply.(*wire.Subscribed)
	if !ok {
		c.peer.fail(fmt.Errorf("%w: %v answers %v", ErrProtocol, reply.Kind(), body.Kind()))
		return nil, fmt.Errorf("subscribe: %w", c.peer.failure())
	}
	s.first = *first
	return s, nil
}

// Known implements [Subscription].
func (s *subscription) Known() uint64 { return s.first.Next }

// Sealed implements [Subscription].
func (s *subscription) Sealed() bool { return s.first.Sealed }

// event implements stream; it is called by the reader.
func (s *subscription) event(b wire.Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch b := b.(type) {
	case *wire.CellsEvent:
		n := uint32(b.Cells.Count()) // #nosec G115 -- at most wire.MaxCells
		if b.First < s.next || s.end != nil {
			return fmt.Errorf("%w: cells out of order", ErrProtocol)
		}
		if s.waiting+s.taken+n > s.window {
			return fmt.Errorf("%w: cells without credit", ErrProtocol)
		}
		batch := Batch{First: b.First}
		for i := range b.Cells.Count() {
			batch.Cells = append(batch.Cells, b.Cells.At(i))
		}
		s.batches = append(s.batches, batch)
		s.next = b.First + uint64(n)
		s.waiting += n
	case *wire.End:
		s.end = ErrEnd
	default:
		return fmt.Errorf("%w: %v for a subscription", ErrProtocol, b.Kind())
	}
	s.wakeUp()
	return nil
}

// ended implements stream.
func (s *subscription) ended(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = err
	}
	s.wakeUp()
}

func (s *subscription) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next implements [Subscription].
func (s *subscription) Next(ctx context.Context) (Batch, error) {
	for {
		select {
		case <-s.closed:
			return Batch{}, ErrClosed
		default:
		}
		batch, credit, err := s.take()
		if credit > 0 {
			s.peer.post(wire.Message{Request: s.number, Body: &wire.Credit{Cells: credit}})
		}
		if err != nil || len(batch.Cells) > 0 {
			return batch, err
		}
		select {
		case <-s.wake:
		case <-s.closed:
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// take removes the first batch and says how much credit to give back.
func (s *subscription) take() (batch Batch, credit uint32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.batches) == 0 {
		return Batch{}, 0, s.end
	}
	batch = s.batches[0]
	s.batches[0] = Batch{}
	if s.batches = s.batches[1:]; len(s.batches) == 0 {
		s.batches = nil
	}
	n := uint32(len(batch.Cells)) // #nosec G115 -- at most wire.MaxCells
	s.waiting -= n
	s.taken += n
	if s.taken >= s.window/2 && s.end == nil {
		credit, s.taken = s.taken, 0
	}
	return batch, credit, nil
}

// Close implements [Subscription].
func (s *subscription) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.abandon()
	})
	return nil
}

// abandon makes the relay stop without waiting for it.
func (s *subscription) abandon() {
	s.peer.forget(s.number)
	s.mu.Lock()
	ended := s.end != nil
	s.mu.Unlock()
	if ended {
		return
	}
	s.peer.background(&wire.Unsubscribe{Subscription: s.number})
}
