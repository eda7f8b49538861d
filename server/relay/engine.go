// Package relay is the blind relay: it keeps channels of sealed cells, pools and
// blobs for anonymous circuits, and knows nothing of messages, people or groups.
//
// Most callers need [New] and [Engine.Serve]; package websocket calls Serve for
// each connection, packages memory and pebble are the stores.
//
//	conn -> reader (one goroutine a circuit): frames, requests, handlers
//	           |  what writes                     | what reads
//	           v                                  v
//	        committer (one): many requests,    Store.Channel, Store.Blob
//	           |  one durable Store.Commit
//	           +--> replies --------------+
//	           v                          v
//	        topic: a channel with      writer (a goroutine while there is
//	        subscribers, its latest    something to send): replies first, then
//	        cells in memory            each ready subscription from its position:
//	           |  wakes                topic's memory, else Store.Read -> conn
//	           +--------------------------^
//
// A subscription is a position, not a queue: nothing is kept for a slow
// subscriber, who reads from the store when the memory has moved on. The
// committer never waits for a circuit.
package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bulle/protocol/wire"
)

// A Conn carries frames; package over describes it.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	Close() error
}

// A Gate decides who may open a circuit. It may be called concurrently.
type Gate interface {
	// Admit checks a proof against the challenge of its connection. Any error
	// refuses it; the client is never told why.
	Admit(ctx context.Context, challenge [32]byte, proof []byte) (Grant, error)
}

// A Grant is what a proof has shown.
type Grant struct {
	Category Category
	// Holder is whose circuit it is, as far as the gate knows; zero with
	// anonymous passes. It serves [Engine.CloseCircuits] only.
	Holder [32]byte
}

// Config is what an engine needs. Fields without a default must be set.
type Config struct {
	Store Store
	Gate  Gate
	Log   *slog.Logger     // default discards
	Now   func() time.Time // for deadlines; default time.Now
	Rand  io.Reader        // for challenges; default crypto/rand

	MaxCircuits int           // default 20,000
	Recent      int           // bytes of new cells kept in memory for their subscribers; default 64 MiB
	Maintenance time.Duration // how often the store is maintained; default a minute
}

const (
	defaultCircuits    = 20_000
	defaultRecent      = 64 << 20
	defaultMaintenance = time.Minute
	sweepInterval      = time.Second
	admitTime          = 5 * time.Second
	lingerTime         = 2 * time.Second
)

// ErrClosed says that the engine takes no more circuits.
var ErrClosed = errors.New("the relay is closed")

// An Engine serves circuits over one store. Its methods may be called concurrently.
type Engine struct {
	store Store
	gate  Gate
	log   *slog.Logger
	now   func() time.Time
	rand  io.Reader
	start time.Time

	maxCircuits int
	queue       chan pending // to the committer
	frames      sync.Pool    // *[]byte, for writers
	recent      recent
	background  context.Context //nolint:containedctx // it is the life of the engine's own goroutines
	stop        context.CancelFunc

	revision atomic.Uint64 // how often circuits were closed by their grants

	mu       sync.Mutex // see docs/lock-order.md
	circuits map[*circuit]struct{}
	draining bool
	empty    chan struct{} // closed when draining and no circuit is left

	topicsMu sync.RWMutex
	topics   map[wire.ID]*topic

	serving sync.WaitGroup // circuits and their writers
	workers sync.WaitGroup // committer, sweeper, maintainer
	closing sync.Once
}

// New starts an engine.
func New(c Config) (*Engine, error) {
	if c.Store == nil || c.Gate == nil {
		return nil, errors.New("relay: a store and a gate are needed")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.MaxCircuits == 0 {
		c.MaxCircuits = defaultCircuits
	}
	if c.Recent == 0 {
		c.Recent = defaultRecent
	}
	if c.Maintenance == 0 {
		c.Maintenance = defaultMaintenance
	}
	e := &Engine{
		store: c.Store, gate: c.Gate, log: c.Log, now: c.Now, rand: c.Rand, start: c.Now(),
		maxCircuits: c.MaxCircuits,
		queue:       make(chan pending, maxQueued),
		recent:      recent{budget: c.Recent},
		circuits:    map[*circuit]struct{}{},
		topics:      map[wire.ID]*topic{},
		empty:       make(chan struct{}),
	}
	e.background, e.stop = context.WithCancel(context.Background())
	e.workers.Go(e.commitAll)
	e.workers.Go(e.sweepAll)
	e.workers.Go(func() { e.maintainAll(c.Maintenance) })
	return e, nil
}

// tick is the time since the engine started, for cheap comparisons.
func (e *Engine) tick() int64 { return int64(e.now().Sub(e.start)) }

// Serve speaks with one connection until it ends, and closes it. It returns why
// it ended, nil when the client went away.
func (e *Engine) Serve(ctx context.Context, conn Conn) error {
	c := &circuit{e: e, conn: conn, ended: make(chan struct{})}
	if _, err := io.ReadFull(e.rand, c.challenge[:]); err != nil {
		return errors.Join(fmt.Errorf("make a challenge: %w", err), conn.Close())
	}
	if err := e.add(c); err != nil {
		return errors.Join(err, conn.Close())
	}
	defer e.serving.Done()
	defer e.remove(c)
	defer c.kill()
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	c.read(context.WithoutCancel(ctx))
	return c.reason()
}

func (e *Engine) add(c *circuit) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return ErrClosed
	}
	now := e.tick()
	c.heard.Store(now)
	c.openBy.Store(now + int64(wire.OpenTime))
	full := len(e.circuits) >= e.maxCircuits
	e.serving.Add(1)
	e.circuits[c] = struct{}{}
	c.reply(0, &wire.Hello{Version: wire.Version, Challenge: c.challenge})
	if full {
		c.fail(0, wire.TooMany)
	}
	return nil
}

func (e *Engine) remove(c *circuit) {
	c.unsubscribeAll()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.circuits, c)
	if e.draining && len(e.circuits) == 0 {
		close(e.empty)
	}
}

// CloseCircuits ends every open circuit whose grant matches, with the code
// Closed, and returns how many. What they had sent before may still be carried
// out. The gate must refuse their holders before it is called: a circuit that is
// being opened meanwhile asks the gate again.
func (e *Engine) CloseCircuits(match func(Grant) bool) int {
	e.revision.Add(1)
	n := 0
	for _, c := range e.list() {
		if grant, open := c.granted(); open && match(grant) {
			c.fail(0, wire.Closed)
			n++
		}
	}
	return n
}

func (e *Engine) list() []*circuit {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]*circuit, 0, len(e.circuits))
	for c := range e.circuits {
		all = append(all, c)
	}
	return all
}

// Circuits returns how many connections there are.
func (e *Engine) Circuits() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.circuits)
}

// Drain takes no more circuits, answers what was asked already, tells every
// client to go, and returns when all have gone or ctx ends. Close comes after it.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	first := !e.draining
	e.draining = true
	if first && len(e.circuits) == 0 {
		close(e.empty)
	}
	e.mu.Unlock()
	for _, c := range e.list() {
		c.fail(0, wire.Draining)
	}
	select {
	case <-e.empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain: %w", ctx.Err())
	}
}

// Close ends all circuits and waits until nothing of the engine runs. It does not
// close the store.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.mu.Lock()
		if !e.draining {
			e.draining = true
			if len(e.circuits) == 0 {
				close(e.empty)
			}
		}
		e.mu.Unlock()
		for _, c := range e.list() {
			c.kill()
		}
		e.stop()
		e.serving.Wait()
		close(e.queue)
		e.workers.Wait()
	})
	return nil
}

// sweepAll ends circuits that are late, and frees cells nobody asked for.
func (e *Engine) sweepAll() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-e.background.Done():
			return
		case <-ticker.C:
		}
		now := e.tick()
		for _, c := range e.list() {
			c.sweep(now)
		}
		e.recent.age(now)
	}
}

func (e *Engine) maintainAll(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := e.store.Maintain(e.background); err != nil && e.background.Err() == nil {
			e.log.Error("the store could not be maintained", slog.Any("error", err))
		}
		select {
		case <-e.background.Done():
			return
		case <-ticker.C:
		}
	}
}
