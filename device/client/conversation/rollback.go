package conversation

import (
	"context"

	"bulle/device/vault"
	"bulle/mls"
)

// What a device does when the channel and its own state do not fit together.
//
// A vault can be put back to an older copy. Sealing with the old state would use
// message keys a second time. So nothing is sealed before the channel was read to
// its end, and two things there say that this state is old: messages of our own leaf
// that it never sealed, and a truncation past our position, to which we must once
// have agreed. Then our own ratchets jump, and a commit with a fresh leaf comes
// before anything else. A commit of our own that we do not know cannot be followed:
// its secrets are gone. The thread is lost.
//
// A relay that hides those messages can keep an old state from being noticed; then
// the four random bytes that MLS mixes into each nonce (RFC 9420, section 6.3.1)
// are what keeps a nonce from repeating.

// skipped is how far our own ratchets jump when the state turns out to be old.
const skipped = 64

// own processes a message of our own leaf that came back.
func (w *threadWork) own(tx *vault.Tx, n *notes, m *meta, o *mls.OwnMessage) error {
	if !o.Unknown {
		return nil // an echo
	}
	n.tell(Event{Kind: EventWarning, Conversation: w.conversation, Warning: WarningRollback})
	if o.ContentType == mls.ContentCommit {
		return w.lose(tx, n, m)
	}
	return w.distrust()
}

// distrust makes our own state one that must be healed before it seals.
func (w *threadWork) distrust() error {
	if w.t.line.Heal {
		return nil
	}
	w.t.line.Heal = true
	return w.t.group.SkipGenerations(skipped)
}

// truncated goes on where the relay still has cells. What came before is lost to
// us: either our state is old, or the cells expired.
func (w *threadWork) truncated(ctx context.Context, first uint64) error {
	err := w.update(ctx, "truncated", func(tx *vault.Tx, n *notes, m *meta) error {
		if err := w.distrust(); err != nil {
			return err
		}
		w.t.line.Position, w.t.line.Missed = max(first, w.t.line.Position), true
		if err := w.missed(tx, n, m, w.engine.Self.Member); err != nil {
			return err
		}
		if err := w.t.saveRatchet(tx); err != nil {
			return err
		}
		return w.t.saveLine(tx)
	})
	if err != nil {
		return err
	}
	return errAgain
}

// vanished makes the channel anew: nobody wrote in it for so long that the relay
// forgot it. Everyone else comes to the same channel.
func (w *threadWork) vanished(ctx context.Context) error {
	err := w.update(ctx, "vanished", func(tx *vault.Tx, _ *notes, _ *meta) error {
		l := &w.t.line
		l.Created, l.Position, l.Truncated, l.Missed, l.Acks = false, 0, 0, true, nil
		return w.t.saveLine(tx)
	})
	if err != nil {
		return err
	}
	return errAgain
}

// ended goes on after a channel that was sealed without a commit that counts. If
// we read all of it, so did the others: everyone moves to the next channel of the
// same epoch. If not, the commit may have been in what we missed.
func (w *threadWork) ended(ctx context.Context) error {
	err := w.update(ctx, "ended", func(tx *vault.Tx, n *notes, m *meta) error {
		t := w.t
		if t.line.Missed {
			return w.lose(tx, n, m)
		}
		w.unpropose()
		if err := t.dropOut(tx); err != nil {
			return err
		}
		if err := t.dropPending(tx); err != nil {
			return err
		}
		t.line.Lane++
		for i := range t.line.Acks {
			t.line.Acks[i].Position = 0 // it counted the cells of the other channel
		}
		return t.enter(tx)
	})
	if err != nil {
		return err
	}
	if w.t.line.Status != inside {
		return errGone
	}
	return w.moved(ctx)
}

// lose ends a thread that cannot be followed any more.
func (w *threadWork) lose(tx *vault.Tx, n *notes, m *meta) error {
	n.tell(Event{Kind: EventWarning, Conversation: w.conversation, Warning: WarningLost})
	return w.leaveBehind(tx, n, m, lost)
}

// leaveBehind ends a thread: its secrets leave the vault, the history stays. A
// conversation of two can begin anew; from a group this member is out.
func (w *threadWork) leaveBehind(tx *vault.Tx, n *notes, m *meta, s status) error {
	t, seg := w.t, segment(w.conversation)
	for _, part := range []string{"epoch", "ratchet", "out", "pending", siblingsPart} {
		if err := tx.Delete(seg, t.name(part)); err != nil {
			return err
		}
	}
	t.line.Status, t.line.Secret = s, [64]byte{}
	if err := t.saveLine(tx); err != nil {
		return err
	}
	n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
	n.kick(workerKey{kind: inboxWorker}) // a Welcome back may be waiting
	if m.Kind == Group {
		m.Outside, m.Leaving = true, false
		m.Members = without(m.Members, w.engine.Self.Member)
		if err := failQueue(tx, n, w.conversation, m); err != nil {
			return err
		}
		return m.save(tx, w.conversation)
	}
	return w.engine.resume(tx, n, w.conversation, m)
}
