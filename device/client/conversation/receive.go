package conversation

import (
	"context"
	"errors"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
)

// errUnknownDevice stops a step that named a device which the log, as far as it
// was read, does not have. The log is read again before the step counts.
var errUnknownDevice = errors.New("a device that the governance log does not have yet")

// arrived is an item with its content at hand.
type arrived struct {
	item *delivery.Item
	data []byte // nil: damaged or gone, for ever
}

// read processes the cells of one batch in one transaction. Cells that do not open
// and items that are not of the group are skipped: anyone who had the write cap
// can have put them there.
func (w *threadWork) read(ctx context.Context, batch link.Batch) error {
	items, err := w.assemble(ctx, batch)
	if err != nil {
		return err
	}
	epoch, gap := w.t.line.Epoch, batch.First > w.next
	w.next = max(w.next, batch.First+uint64(len(batch.Cells)))
	err = w.update(ctx, "receive", func(tx *vault.Tx, n *notes, m *meta) error {
		if gap && !w.t.line.Missed { // expired while we were reading, or hidden from us
			if err := w.missed(tx, n, m, w.engine.Self.Member); err != nil {
				return err
			}
			w.t.line.Missed = true
		}
		for _, item := range items {
			if err := w.receive(tx, n, m, item); err != nil {
				return err
			}
			if w.t.line.Epoch != epoch || w.t.line.Status != inside {
				return nil // what follows a commit in its channel counts for nothing
			}
		}
		return w.advance(tx, len(items) > 0)
	})
	if errors.Is(err, errUnknownDevice) {
		return w.askAgain(ctx)
	}
	if err != nil {
		return err
	}
	w.asked = false
	if w.t.line.Status != inside {
		return errGone
	}
	if w.t.line.Epoch != epoch {
		return w.moved(ctx)
	}
	return nil
}

// assemble turns cells into items and fetches the large ones.
func (w *threadWork) assemble(ctx context.Context, batch link.Batch) ([]arrived, error) {
	var items []arrived
	for i, cell := range batch.Cells {
		item, err := w.t.cells.Add(batch.First+uint64(i), cell)
		if err != nil || item == nil {
			continue
		}
		data, err := item.Data(ctx, w.engine.relay)
		if err != nil && !errors.Is(err, delivery.ErrDamaged) && !errors.Is(err, attachment.ErrGone) {
			return nil, err
		}
		items = append(items, arrived{item, data})
	}
	return items, nil
}

// advance makes the new position durable.
func (w *threadWork) advance(tx *vault.Tx, opened bool) error {
	t := w.t
	t.line.Position = max(t.line.Position, t.cells.Resume()) // a replay leads back
	if opened {
		if err := t.saveRatchet(tx); err != nil {
			return err
		}
	}
	return t.saveLine(tx)
}

// askAgain reads the governance log to its end and lets the batch be read again;
// if that changed nothing before, the unknown device stays unknown.
func (w *threadWork) askAgain(ctx context.Context) error {
	w.forget()
	if err := w.engine.Directory.Refresh(ctx); err != nil {
		return err
	}
	w.asked = true
	return errAgain
}

// receive processes one item of the channel.
func (w *threadWork) receive(tx *vault.Tx, n *notes, m *meta, in arrived) error {
	t := w.t
	if t.out != nil && in.item.Is(&t.out.Parcel) {
		if err := w.relayed(tx, n, m); err != nil {
			return err
		}
	}
	if t.pending != nil && in.item.Is(&t.pending.Parcel) {
		return w.won(tx, n, m, in.item.Next)
	}
	if in.data == nil {
		t.line.Missed = true
		return nil
	}
	received, err := t.group.Receive(in.data)
	if t.creds.missedDevice() && !w.asked {
		return errUnknownDevice
	}
	if err != nil {
		return w.refused(n, err)
	}
	switch r := received.(type) {
	case *mls.Application:
		return w.opened(tx, n, m, r)
	case *mls.StoredProposal:
		return w.proposed(tx, n, r)
	case *mls.StagedCommit:
		return w.committed(tx, n, m, r, in.item.Next)
	case *mls.OwnMessage:
		return w.own(tx, n, m, r)
	}
	return nil
}

// refused counts what does not belong here: duplicates, junk, items of other
// epochs. None of it changes anything.
func (w *threadWork) refused(n *notes, err error) error {
	switch {
	case errors.Is(err, mls.ErrConsumed), errors.Is(err, mls.ErrDecrypt), errors.Is(err, mls.ErrMalformed),
		errors.Is(err, mls.ErrWrongEpoch), errors.Is(err, mls.ErrWrongGroup), errors.Is(err, mls.ErrTooFar),
		errors.Is(err, mls.ErrUnsupported):
	case errors.Is(err, errCredential):
		n.tell(Event{Kind: EventWarning, Conversation: w.conversation, Warning: WarningCredential})
	default:
	}
	w.engine.Log("an item of a channel was skipped", err)
	return nil
}

// opened processes what another member said.
func (w *threadWork) opened(tx *vault.Tx, n *notes, m *meta, a *mls.Application) error {
	from, _, ok := parseCredential(a.Sender.Credential)
	var env Envelope
	readable := ok && decodes(a.Data, &env)
	if !readable {
		env = Envelope{}
	}
	if w.t.line.spoke(uint32(a.Sender.Leaf), env.Read, a.Generation) && !w.t.line.Missed {
		if err := w.missed(tx, n, m, from); err != nil {
			return err
		}
	}
	if !readable {
		return nil
	}
	n.heard = append(n.heard, env.Head)
	blocked, err := w.engine.silenced(tx, m, from)
	if err != nil {
		return err
	}
	var delivered []MessageID
	for i := range env.Contents {
		if blocked && env.Contents[i].Kind != KindReceipts {
			continue // it was never here, and its sender learns nothing
		}
		id, err := w.content(tx, n, m, from, &env.Contents[i])
		if err != nil {
			return err
		}
		if id != nil && from != w.engine.Self.Member {
			delivered = append(delivered, *id)
		}
	}
	if len(delivered) == 0 {
		return nil
	}
	n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
	if key, err := w.engine.speaker(tx, w.conversation, m); err == nil {
		n.kick(key)
	}
	return owe(tx, w.conversation, m, delivered, nil)
}

// missed tells the member, now and in the history, that messages are missing.
func (w *threadWork) missed(tx *vault.Tx, n *notes, m *meta, from governance.MemberID) error {
	n.tell(Event{Kind: EventWarning, Conversation: w.conversation, Warning: WarningTruncated})
	return w.record(tx, n, m, from, &changeRecord{Kind: ChangeLost})
}
