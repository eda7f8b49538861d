package conversation

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

// A Delete takes back, for everyone, a message that its own sender wrote:
//
//	struct { MessageID target; } Delete;
type Delete struct{ Target MessageID }

// Code implements [syntax.Value].
func (x *Delete) Code(c *syntax.Codec) { c.Fixed(x.Target[:]) }

// heardDelete leaves of a message of its sender nothing but that it was deleted.
func (w *threadWork) heardDelete(s *said) (*MessageID, error) {
	var x Delete
	if !decodes(s.Body, &x) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	return nil, w.amend(s, x.Target, func(rec *record) bool {
		if rec.From != s.from || rec.Deleted || rec.Kind == MessageChange {
			return false
		}
		rec.bury()
		return true
	})
}

// Delete takes a message out of the history of this member's devices, or, of this
// member's own ones, out of everybody's. What waits to be sent and nothing has sealed yet is
// not sent at all.
func (e *Engine) Delete(ctx context.Context, id ID, message MessageID, everyone bool) error {
	return e.about(ctx, "delete", id, message, func(a *amendment) error {
		if everyone && (!a.rec.Own || a.rec.Deleted || a.rec.Kind == MessageChange) {
			return ErrNotEditable
		}
		unsent, err := e.unsend(a)
		if err != nil {
			return err
		}
		if !everyone || unsent || a.rec.State == Failed {
			return e.remove(a, unsent)
		}
		if err := e.discard(a.tx, a.n, a.id, a.m, a.rec.manifest()); err != nil {
			return err
		}
		a.rec.bury()
		return e.send(a, KindDelete, millis(e.Clock()), &Delete{Target: message})
	})
}

// remove takes a message out of the history here and on the siblings, which know of it
// unless it was never sealed.
func (e *Engine) remove(a *amendment, unsent bool) error {
	if !unsent && a.rec.State != Failed {
		removed := &Sync{About: aboutRemoved, Conversation: a.id, Messages: []MessageID{a.rec.ID}}
		if err := e.tell(a.tx, a.n, removed); err != nil {
			return err
		}
	}
	return e.erase(a.tx, a.n, a.id, a.m, a.at, a.rec)
}

// unsend takes back what waits about a message of ours: itself, reactions and
// edits. It reports whether the message itself was never sealed.
func (e *Engine) unsend(a *amendment) (unsent bool, err error) {
	if !a.rec.Own {
		return false, nil
	}
	stopped, err := e.stopUpload(a)
	if err != nil {
		return false, err
	}
	if _, err := withdraw(a.tx, a.id, a.m, func(q *queued) bool {
		itself := q.Cursor == a.at
		unsent = unsent || itself
		return itself || q.Content.about() == a.rec.ID
	}); err != nil {
		return false, err
	}
	if unsent {
		err = e.discard(a.tx, a.n, a.id, a.m, a.rec.manifest())
	}
	return unsent || stopped, err
}

// stopUpload ends the upload of the file of a message, if it is not done.
func (e *Engine) stopUpload(a *amendment) (stopped bool, err error) {
	name, u, err := findUpload(a.tx, a.id, a.rec.ID)
	if errors.Is(err, ErrNoUpload) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer u.State.Wipe()
	if err := hold(a.tx, a.id, name, u, cancelled); err != nil {
		return false, err
	}
	e.halt(a.id, name)
	e.dropSource(a.rec.ID)
	a.n.kick(workerKey{kind: uploadWorker})
	return true, nil
}

// erase takes a message out of the history, leaving its place in the index: it does
// not come back when it is said again.
func (e *Engine) erase(tx *vault.Tx, n *notes, id ID, m *meta, at Cursor, rec *record) error {
	if m.counts(at, rec) {
		m.Unread -= min(m.Unread, 1)
	}
	m.Erased++
	if err := stopClock(tx, id, at, rec); err != nil {
		return err
	}
	if err := tx.Delete(segment(id), messagePrefix+at.key()); err != nil {
		return err
	}
	n.tell(Event{Kind: EventGone, Conversation: id, Message: &Message{ID: rec.ID, Conversation: id, Cursor: at}})
	n.tell(Event{Kind: EventConversation, Conversation: id})
	return m.save(tx, id)
}

// bury leaves of a message nothing but that it was deleted.
func (r *record) bury() {
	*r = record{
		ID: r.ID, From: r.From, Own: r.Own, Kind: MessageText, Sent: r.Sent, Received: r.Received,
		State: r.State, Reason: r.Reason, Waiting: r.Waiting, Readers: r.Readers,
		Deleted: true, Lifetime: r.Lifetime, Expires: r.Expires,
	}
}
