package conversation

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/syntax"
)

// The inbox of this device: a channel of its own, whose position is in the vault's
// segment "inbox". Anyone of the category can append to it. What is durable here is
// truncated there.

const inboxSegment = "inbox"

// An inboxState is where we are in our inbox.
type inboxState struct {
	Created  bool
	Position uint64
}

// Code implements [syntax.Value].
func (s *inboxState) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Bool(&s.Created)
	c.Uint64(&s.Position)
}

// inboxPass reads the inbox to its end and then waits for more.
func (e *Engine) inboxPass(ctx context.Context, self *worker, round uint64) error {
	if wait, err := expecting(e.view(ctx)); wait || err != nil {
		return err // the history comes first: past.go wakes us after it
	}
	var s inboxState
	if _, err := load(e.view(ctx), inboxSegment, "state", &s); err != nil {
		return err
	}
	sub, err := e.openInbox(ctx, &s)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Close() }() // it holds nothing that must arrive
	if err := e.again(ctx, &s); err != nil {
		return err
	}
	cells := e.Self.Inbox.Assembler()
	for {
		wait, kicked := ctx, false
		if s.Position >= sub.Known() {
			e.setInboxRead(true)
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
		if err := e.readInbox(ctx, &s, cells, batch); err != nil {
			return err
		}
		if kicked {
			return errAgain
		}
	}
}

// openInbox makes sure of the inbox and subscribes from our position.
func (e *Engine) openInbox(ctx context.Context, s *inboxState) (link.Subscription, error) {
	inbox := e.Self.Inbox
	if !s.Created {
		if err := e.relay.Create(ctx, inbox.Link(channelClass)); err != nil {
			return nil, fmt.Errorf("create the inbox: %w", err)
		}
		s.Created = true
		if err := e.saveInbox(ctx, s); err != nil {
			return nil, err
		}
	}
	sub, err := e.relay.Subscribe(ctx, inbox.ID(), inbox.Read(), s.Position)
	var truncated *link.TruncatedError
	switch {
	case errors.As(err, &truncated):
		s.Position = max(s.Position, truncated.First)
		return e.reopen(ctx, s)
	case errors.Is(err, link.ErrNotFound), errors.Is(err, link.ErrAhead):
		*s = inboxState{} // nothing came for so long that the relay forgot it
		return e.reopen(ctx, s)
	case err != nil:
		return nil, fmt.Errorf("subscribe to the inbox: %w", err)
	}
	return sub, nil
}

func (e *Engine) reopen(ctx context.Context, s *inboxState) (link.Subscription, error) {
	if err := e.saveInbox(ctx, s); err != nil {
		return nil, err
	}
	return nil, errAgain
}

func (e *Engine) saveInbox(ctx context.Context, s *inboxState) error {
	return e.update(ctx, "inbox", func(tx *vault.Tx, _ *notes) error { return saveInbox(tx, s) })
}

func saveInbox(tx *vault.Tx, s *inboxState) error {
	if err := ensureSegment(tx, inboxSegment); err != nil {
		return err
	}
	return save(tx, inboxSegment, "state", s)
}

// readInbox processes a batch item by item, then truncates what is durable.
func (e *Engine) readInbox(ctx context.Context, s *inboxState, cells *delivery.Assembler, batch link.Batch) error {
	for i, cell := range batch.Cells {
		item, err := cells.Add(batch.First+uint64(i), cell)
		next := cells.Resume()
		if err != nil || item == nil {
			s.Position = next
			continue
		}
		data, err := item.Data(ctx, e.relay)
		if err != nil && !errors.Is(err, delivery.ErrDamaged) && !errors.Is(err, attachment.ErrGone) {
			return err
		}
		s.Position = next
		if err := e.noted(ctx, s, data); err != nil {
			return err
		}
		_ = item.Forget(ctx, e.relay) // it was for us alone, and expires anyway
	}
	if err := e.saveInbox(ctx, s); err != nil {
		return err
	}
	if err := e.relay.Truncate(ctx, e.Self.Inbox.ID(), e.Self.Inbox.Control(), s.Position); err != nil {
		return fmt.Errorf("truncate the inbox: %w", err)
	}
	return nil
}

// noted processes one note, in one transaction with the new position.
func (e *Engine) noted(ctx context.Context, s *inboxState, data []byte) error {
	var n note
	if data == nil || !decodes(data, &n) {
		return nil
	}
	return e.welcomed(ctx, s, &n, "")
}
