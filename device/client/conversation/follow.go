package conversation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/device/client/link"
	"bulle/device/vault"
)

// threadWork is the work of one thread's worker: it follows the channels of the
// group, one epoch after the other.
//
//	load from the vault
//	   │
//	   ▼                     ┌── nothing to do: settled; wait for cells or a kick ──┐
//	create the channel ──> subscribe ──> read up to the end ──> act, one step ──────┤
//	   ▲                                      │                      │              │
//	   └───────── next epoch ── commit ───────┘      more to do: ────┴── read on <──┘
//
// Nothing is sealed before the channel was read to the end that it had when this
// session began: only then is it known that the state in the vault is not an old
// copy of one that has spoken since (rollback.go).
type threadWork struct {
	engine       *Engine
	conversation ID
	id           [32]byte

	t      *thread           // nil: to be read from the vault
	sub    link.Subscription // of t's channel
	target uint64            // read up to here before acting
	next   uint64            // the cell that the subscription should deliver now
	asked  bool              // the log was read again for the item at t's position

	owing   time.Time // since when receipts wait; zero: none
	lacking time.Time // since when a sibling could not be added; zero: none
	flushed uint64    // the round for which they were sent without delay
}

// pass follows the thread until nothing is left to do and the relay must be asked
// again, or something failed.
func (w *threadWork) pass(ctx context.Context, self *worker, round uint64) error {
	err := w.follow(ctx, self, round)
	w.unsubscribe()
	if err != nil && !errors.Is(err, errAgain) {
		w.forget() // memory may be ahead of the vault
	}
	if errors.Is(err, errGone) {
		return errFinished
	}
	return err
}

// errGone says that the vault has no such thread any more, or that it has ended.
var errGone = errors.New("the thread has ended")

func (w *threadWork) follow(ctx context.Context, self *worker, round uint64) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	for {
		if err := w.catchUp(ctx); err != nil {
			return err
		}
		more, err := w.act(ctx)
		if err != nil {
			return err
		}
		if more {
			continue
		}
		w.engine.settle(self, round, nil)
		if err := w.idle(ctx, self); err != nil {
			return err
		}
		if w.engine.now() != round {
			return errAgain
		}
	}
}

// open reads the thread from the vault if it is not in memory.
func (w *threadWork) open(ctx context.Context) error {
	if w.t == nil {
		t, err := w.engine.loadThread(ctx, w.conversation, w.id)
		if err != nil {
			return fmt.Errorf("read a thread: %w", err)
		}
		w.t = t
		if t.channel != nil {
			t.channel.Observe = w.engine.Sealing
		}
	}
	if w.t.line.Status != inside {
		return errGone
	}
	return nil
}

// forget throws away what is in memory.
func (w *threadWork) forget() {
	w.unsubscribe()
	if w.t != nil {
		w.t.wipe()
		w.t = nil
	}
}

func (w *threadWork) unsubscribe() {
	if w.sub != nil {
		_ = w.sub.Close() // it holds nothing that must arrive
		w.sub = nil
	}
}

// catchUp reads the channel up to the end that is known, through as many epochs
// as it takes.
func (w *threadWork) catchUp(ctx context.Context) error {
	for !w.t.alone() {
		if err := w.subscribe(ctx); err != nil {
			return err
		}
		if w.t.line.Position >= w.target && !w.sub.Sealed() {
			return nil
		}
		if err := w.receiveNext(ctx, ctx); err != nil {
			return err
		}
	}
	return nil
}

// subscribe makes sure of a subscription from our position.
func (w *threadWork) subscribe(ctx context.Context) error {
	if w.sub != nil {
		return nil
	}
	e, t := w.engine, w.t
	if !t.line.Created {
		if err := e.relay.Create(ctx, t.channel.Link(channelClass)); err != nil {
			return fmt.Errorf("create a channel: %w", err)
		}
		t.line.Created = true
		if err := w.update(ctx, "channel", func(tx *vault.Tx, _ *notes, _ *meta) error { return t.saveLine(tx) }); err != nil {
			return err
		}
	}
	t.cells = t.channel.Assembler() // whatever it held was read before the position
	sub, err := e.relay.Subscribe(ctx, t.channel.ID(), t.channel.Read(), t.line.Position)
	var truncated *link.TruncatedError
	switch {
	case errors.As(err, &truncated):
		return w.truncated(ctx, truncated.First)
	case errors.Is(err, link.ErrNotFound), errors.Is(err, link.ErrAhead):
		return w.vanished(ctx)
	case err != nil:
		return fmt.Errorf("subscribe to a channel: %w", err)
	}
	w.sub, w.target, w.next = sub, sub.Known(), t.line.Position
	return nil
}

// receiveNext waits, no longer than wait, for a batch and reads it, or learns that the
// channel has ended. What it does with them ends only with ctx.
func (w *threadWork) receiveNext(ctx, wait context.Context) error {
	batch, err := w.sub.Next(wait)
	switch {
	case errors.Is(err, link.ErrEnd):
		return w.ended(ctx)
	case err != nil && wait.Err() != nil && !remote(err):
		return errWoken
	case err != nil:
		return err
	}
	return w.read(ctx, batch)
}

// errWoken says that a wait ended before anything arrived.
var errWoken = errors.New("woken")

// idle waits for cells, a kick, or the moment when receipts are due. What arrives
// is read.
func (w *threadWork) idle(ctx context.Context, self *worker) error {
	wait := self.waiting(ctx, w.due())
	defer self.awake()
	if w.t.alone() {
		<-wait.Done()
		return ctx.Err()
	}
	err := w.receiveNext(ctx, wait)
	if ctx.Err() == nil && errors.Is(err, errWoken) {
		return nil
	}
	return err
}

// update is [Engine.update] for a step of this thread: the conversation must still
// have it.
func (w *threadWork) update(ctx context.Context, step string, f func(*vault.Tx, *notes, *meta) error) error {
	return w.engine.update(ctx, step, func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, w.conversation)
		if err != nil {
			return err
		}
		if !ok || !m.has(w.id) {
			return errGone
		}
		return f(tx, n, m)
	})
}

func (w *threadWork) key() workerKey {
	return workerKey{kind: threadWorker, id: w.conversation, thread: w.id}
}
