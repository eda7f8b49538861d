package linktest

import (
	"context"
	"slices"
	"sync"

	"bulle/device/client/link"
)

// batchCells is how many cells one Next returns at most.
const batchCells = 64

type subscription struct {
	relay  *Relay
	ch     *channel
	pos    uint64
	known  uint64
	sealed bool
	cut    <-chan struct{}
	closed chan struct{}
	once   sync.Once
	tamper func(link.ID, link.Batch) []link.Batch
	ready  []link.Batch // what tamper made
}

// Subscribe implements [link.Session].
func (s *Session) Subscribe(ctx context.Context, id link.ID, readCap link.Cap, from uint64) (link.Subscription, error) {
	cut, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	ch, err := r.channelLocked(id, readCap, read)
	if err != nil {
		return nil, err
	}
	if from < ch.first {
		return nil, &link.TruncatedError{First: ch.first}
	}
	if from > ch.next() {
		return nil, link.ErrAhead
	}
	return &subscription{
		relay: r, ch: ch, pos: from, known: ch.next(), sealed: ch.sealed,
		cut: cut, closed: make(chan struct{}), tamper: s.Tamper,
	}, nil
}

func (s *subscription) Known() uint64 { return s.known }
func (s *subscription) Sealed() bool  { return s.sealed }

func (s *subscription) Next(ctx context.Context) (link.Batch, error) {
	for {
		select {
		case <-s.cut:
			return link.Batch{}, link.ErrOffline
		case <-s.closed:
			return link.Batch{}, link.ErrClosed
		default:
		}
		if len(s.ready) > 0 {
			batch := s.ready[0]
			s.ready = s.ready[1:]
			return batch, nil
		}
		batch, changed, err := s.poll()
		if err == nil && len(batch.Cells) > 0 && s.tamper != nil {
			s.ready = s.tamper(s.ch.ID, batch)
			continue
		}
		if err != nil || len(batch.Cells) > 0 {
			return batch, err
		}
		select {
		case <-changed:
		case <-s.cut:
		case <-s.closed:
		case <-ctx.Done():
			return link.Batch{}, ctx.Err()
		}
	}
}

// poll returns what there is now, and what closes when there may be more.
func (s *subscription) poll() (link.Batch, <-chan struct{}, error) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.pos = max(s.pos, s.ch.first) // a truncation of what was not delivered skips it
	if s.pos >= s.ch.next() {
		if s.ch.sealed {
			return link.Batch{}, nil, link.ErrEnd
		}
		return link.Batch{}, s.relay.changed, nil
	}
	batch := link.Batch{First: s.pos}
	for _, cell := range s.ch.cells[s.pos-s.ch.first:] {
		if len(batch.Cells) == batchCells {
			break
		}
		batch.Cells = append(batch.Cells, slices.Clone(cell))
	}
	s.pos += uint64(len(batch.Cells))
	return batch, nil, nil
}

func (s *subscription) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
