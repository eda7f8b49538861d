package link

import (
	"context"
	"fmt"
	"sync"

	"bulle/protocol/wire"
)

// Head is the length of a governance log and the hash of its last statement.
type Head = wire.LogHead

// Governance is one open connection to the governance log of a relay. What it
// returns is unverified: package governance verifies it. All methods may be called
// concurrently.
type Governance struct {
	peer  *peer
	heads heads
}

// OpenGovernance connects once. cfg.Prove makes the proof of a device, or that of
// an invitation or a claim before there is one.
func OpenGovernance(ctx context.Context, cfg Config) (*Governance, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	p, err := connect(ctx, &cfg, governancePath)
	if err != nil {
		return nil, fmt.Errorf("open a governance connection: %w", err)
	}
	return &Governance{peer: p, heads: heads{news: make(chan struct{})}}, nil
}

// Close ends the connection and what is under way on it.
func (g *Governance) Close() error {
	g.peer.close()
	return nil
}

// Head returns the log's head.
func (g *Governance) Head(ctx context.Context) (Head, error) {
	return g.head(ctx, "ask for the head of the log", &wire.Head{})
}

// Fetch returns statements from a position on, counted from 0: as many of limit
// as fit in a reply, none at the end of the log. limit is cut to the protocol's.
func (g *Governance) Fetch(ctx context.Context, from uint64, limit int) ([][]byte, error) {
	n := uint32(max(1, min(limit, wire.MaxFetch))) // #nosec G115 -- at most MaxFetch
	reply, err := ask[*wire.Statements](ctx, g.peer, "fetch the log", &wire.Fetch{From: from, Max: n})
	if err != nil {
		return nil, err
	}
	return reply.Statements, nil
}

// Submit adds statements to the log, all or none, and returns the new head. It
// fails with [ErrStale] when the log has grown since they were made.
func (g *Governance) Submit(ctx context.Context, statements [][]byte) (Head, error) {
	return g.head(ctx, "submit to the log", &wire.Submit{Statements: statements})
}

// Watch asks to be told when the log grows, and returns its head. Call it once,
// then [Governance.NextHead].
func (g *Governance) Watch(ctx context.Context) (Head, error) {
	number, reply, err := g.peer.call(ctx, &wire.Watch{}, &g.heads)
	if err != nil {
		if number != 0 {
			g.peer.forget(number)
		}
		return Head{}, fmt.Errorf("watch the log: %w", err)
	}
	head, ok := reply.(*wire.LogHead)
	if !ok {
		g.peer.fail(fmt.Errorf("%w: %v answers WATCH", ErrProtocol, reply.Kind()))
		return Head{}, fmt.Errorf("watch the log: %w", g.peer.failure())
	}
	return *head, nil
}

// NextHead waits for the log to be longer than length and returns its newest head.
func (g *Governance) NextHead(ctx context.Context, length uint64) (Head, error) {
	for {
		head, news, err := g.heads.latest()
		if head.Length > length {
			return head, nil
		}
		if err != nil {
			return Head{}, err
		}
		select {
		case <-news:
		case <-g.peer.done: // also of one who never watched
			if head, _, _ := g.heads.latest(); head.Length > length {
				return head, nil
			}
			return Head{}, g.peer.failure()
		case <-ctx.Done():
			return Head{}, ctx.Err()
		}
	}
}

func (g *Governance) head(ctx context.Context, what string, body wire.Body) (Head, error) {
	reply, err := ask[*wire.LogHead](ctx, g.peer, what, body)
	if err != nil {
		return Head{}, err
	}
	return *reply, nil
}

// heads is a stream that keeps the newest head.
type heads struct {
	mu   sync.Mutex
	head Head
	err  error
	news chan struct{} // closed and replaced at each event
}

func (h *heads) event(b wire.Body) error {
	e, ok := b.(*wire.HeadEvent)
	if !ok {
		return fmt.Errorf("%w: %v for a watch", ErrProtocol, b.Kind())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = e.LogHead
	h.newsLocked()
	return nil
}

func (h *heads) ended(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	h.newsLocked()
}

func (h *heads) newsLocked() {
	close(h.news)
	h.news = make(chan struct{})
}

func (h *heads) latest() (Head, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head, h.news, h.err
}
