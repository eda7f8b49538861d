package conversation

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// receiveHistory reads the history that comes to this device, as far as it is there,
// and waits for more.
func (e *Engine) receiveHistory(ctx context.Context, self *worker, round uint64) error {
	r := &historyReader{engine: e}
	if ok, err := load(e.view(ctx), historySegment, inName, &r.in); err != nil || !ok {
		return err
	}
	defer func() { secret.Wipe(r.in.Secret[:]) }()
	shared := secret.Copy(r.in.Secret[:])
	defer shared.Wipe()
	var err error
	if r.channel, err = delivery.NewChannel(shared, nil); err != nil {
		return err
	}
	defer r.channel.Wipe()
	if err := e.relay.Create(ctx, r.channel.Link(historyClass)); err != nil {
		return fmt.Errorf("create the channel of a history: %w", err)
	}
	sub, err := e.relay.Subscribe(ctx, r.channel.ID(), r.channel.Read(), r.in.Position)
	switch {
	case errors.Is(err, link.ErrTruncated), errors.Is(err, link.ErrAhead), errors.Is(err, link.ErrNotFound):
		return r.end(ctx) // the rest of it is gone: go on without it
	case err != nil:
		return fmt.Errorf("subscribe to a history: %w", err)
	}
	defer func() { _ = sub.Close() }() // it holds nothing that must arrive
	return r.read(ctx, sub, self, round)
}

// historyReader reads a history into the vault.
type historyReader struct {
	engine  *Engine
	channel *delivery.Channel
	in      historyIn
	ended   bool
	passed  bool // the position is ahead of the vault's
}

func (r *historyReader) read(ctx context.Context, sub link.Subscription, self *worker, round uint64) error {
	e, cells := r.engine, r.channel.Assembler()
	for {
		wait, kicked := ctx, false
		if r.in.Position >= sub.Known() {
			e.settle(self, round, nil)
			wait = self.waiting(ctx, 0)
		}
		batch, err := sub.Next(wait)
		if wait != ctx {
			kicked = self.awake()
		}
		switch {
		case err == nil:
		case wait.Err() != nil && ctx.Err() == nil && !remote(err):
			return errAgain
		default:
			return err
		}
		if err := r.batch(ctx, cells, batch); err != nil || r.ended {
			return err
		}
		if kicked {
			return errAgain
		}
	}
}

func (r *historyReader) batch(ctx context.Context, cells *delivery.Assembler, batch link.Batch) error {
	e := r.engine
	for i, cell := range batch.Cells {
		item, err := cells.Add(batch.First+uint64(i), cell)
		if err != nil || item == nil {
			r.pass(cells.Resume())
			continue
		}
		data, err := item.Data(ctx, e.relay)
		if err != nil && !errors.Is(err, delivery.ErrDamaged) && !errors.Is(err, attachment.ErrGone) {
			return err
		}
		var x historyItem
		if data == nil || !decodes(data, &x) || x.Number <= r.in.Number {
			secret.Wipe(data)
			r.pass(cells.Resume())
			continue // the relay's own, or sent twice
		}
		secret.Wipe(data)
		if x.Part == partEnd { // not passed by before it is obeyed: after a crash it is read again
			return r.end(ctx)
		}
		next := r.in
		next.Position, next.Number = cells.Resume(), x.Number
		if err := r.take(ctx, &x, &next); err != nil {
			return err
		}
		r.in = next
		_ = item.Forget(ctx, e.relay) // it was for us alone, and expires anyway
	}
	if err := r.keep(ctx); err != nil {
		return err
	}
	if err := e.relay.Truncate(ctx, r.channel.ID(), r.channel.Control(), r.in.Position); err != nil && !errors.Is(err, link.ErrNotFound) {
		return fmt.Errorf("truncate a history: %w", err)
	}
	return nil
}

// pass goes by cells that bring nothing: what is left is to be waited for.
func (r *historyReader) pass(position uint64) {
	r.passed = r.passed || position != r.in.Position
	r.in.Position = position
}

// keep makes durable what was passed by, before the relay truncates it: a position
// that is gone from the relay would end the history.
func (r *historyReader) keep(ctx context.Context) error {
	if !r.passed {
		return nil
	}
	r.passed = false
	return r.engine.update(ctx, "history passed", func(tx *vault.Tx, _ *notes) error {
		if wait, err := expecting(tx); err != nil || !wait {
			return err // skipped meanwhile
		}
		return save(tx, historySegment, inName, &r.in)
	})
}

// take writes one item into the vault.
func (r *historyReader) take(ctx context.Context, x *historyItem, next *historyIn) error {
	e := r.engine
	return e.update(ctx, "history in", func(tx *vault.Tx, n *notes) error {
		switch x.Part {
		case partBegin:
			next.Total = x.Count
		case partConversation:
			m := x.Meta
			m.Threads = [][32]byte{}
			if _, err := e.ensureConversation(tx, x.ID, &m); err != nil {
				return err
			}
			n.tell(Event{Kind: EventConversation, Conversation: x.ID})
		case partMessages:
			if err := e.takePast(tx, n, x); err != nil {
				return err
			}
			next.Done += uint64(len(x.Messages))
		case partNotes:
			if err := e.takeNotes(tx, x.Value); err != nil {
				return err
			}
		case partEnd: // ends the reading instead
		}
		n.tell(Event{Kind: EventHistory, Transfer: &Transfer{
			Done: int64(next.Done), Total: int64(max(next.Total, next.Done)), //nolint:gosec // G115: counts of records
		}})
		return save(tx, historySegment, inName, next)
	})
}

// takePast appends messages to the history of a conversation.
func (e *Engine) takePast(tx *vault.Tx, n *notes, x *historyItem) error {
	m, ok, err := loadMeta(tx, x.ID)
	if err != nil || !ok {
		return err
	}
	for _, p := range x.Messages {
		var rec record
		if !decodes(p.Record, &rec) || rec.expired(millis(e.Clock())) {
			continue // of a later version, or due
		}
		at, isNew, err := addMessage(tx, x.ID, m, &rec)
		if err != nil {
			return err
		}
		if isNew {
			if err := e.resumeClock(tx, n, x.ID, at, &rec); err != nil {
				return err
			}
		}
		if isNew && p.Read {
			if _, err := e.markRead(tx, n, x.ID, m, at); err != nil {
				return err
			}
		}
	}
	n.tell(Event{Kind: EventConversation, Conversation: x.ID})
	return m.save(tx, x.ID)
}

// end goes on without a history: all of it is here, or what is missing is gone.
func (r *historyReader) end(ctx context.Context) error {
	r.ended = true
	if err := r.engine.SkipHistory(ctx); err != nil {
		return err
	}
	_ = r.engine.relay.Truncate(ctx, r.channel.ID(), r.channel.Control(), r.in.Position) // it expires anyway
	return errAgain
}

// SkipHistory goes on with what has come of a history: this device takes part from
// now on.
func (e *Engine) SkipHistory(ctx context.Context) error {
	return e.update(ctx, "history end", func(tx *vault.Tx, n *notes) error {
		if !tx.HasSegment(historySegment) {
			return nil
		}
		if err := tx.Delete(historySegment, inName); err != nil {
			return err
		}
		n.kick(workerKey{kind: inboxWorker}, workerKey{kind: siblingWorker})
		n.tell(Event{Kind: EventHistory})
		return nil
	})
}

// HistoryExpected returns how far the history that comes to this device has come, nil
// if none is on its way.
func (e *Engine) HistoryExpected(ctx context.Context) (*Transfer, error) {
	var in historyIn
	defer func() { secret.Wipe(in.Secret[:]) }()
	ok, err := load(e.view(ctx), historySegment, inName, &in)
	if err != nil || !ok {
		return nil, err
	}
	return &Transfer{Done: int64(in.Done), Total: int64(max(in.Total, in.Done))}, nil //nolint:gosec // G115: counts of records
}

// A note as it comes along.
type pastNote struct {
	Key   string
	Value []byte
}

// Code implements [syntax.Value].
func (p *pastNote) Code(c *syntax.Codec) {
	c.String(&p.Key)
	c.Opaque(&p.Value)
}

type pastNotes []pastNote

// Code implements [syntax.Value].
func (p *pastNotes) Code(c *syntax.Codec) { syntax.Values(c, (*[]pastNote)(p)) }

func packNotes(notes map[string][]byte) ([]byte, error) {
	var out pastNotes
	for key, value := range notes {
		out = append(out, pastNote{key, value})
	}
	return syntax.Marshal(&out)
}

func (e *Engine) takeNotes(tx *vault.Tx, b []byte) error {
	var all pastNotes
	if !decodes(b, &all) {
		return nil
	}
	for _, x := range all {
		if err := e.takeNote(tx, x.Key, x.Value); err != nil {
			return err
		}
	}
	return nil
}
