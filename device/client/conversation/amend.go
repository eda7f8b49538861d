package conversation

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

// Amending: reactions, edits and deletions change a message that is there.

// amend lets a content change the message that it is about. If that message has
// not come yet, the content waits for it.
func (w *threadWork) amend(s *said, target MessageID, change func(*record) bool) error {
	at, known, err := findMessage(s.tx, w.conversation, target)
	if err != nil {
		return err
	}
	if !known {
		return w.engine.keepAhead(s, w.conversation, target)
	}
	rec, err := loadMessage(s.tx, w.conversation, at)
	if errors.Is(err, ErrNoMessage) {
		return nil // deleted on this device, or expired
	}
	if err != nil {
		return err
	}
	unread := s.m.counts(at, rec)
	if !change(rec) {
		return nil
	}
	if unread && !s.m.counts(at, rec) {
		s.m.Unread -= min(s.m.Unread, 1)
		s.n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
		if err := s.m.save(s.tx, w.conversation); err != nil {
			return err
		}
	}
	return saveMessage(s.tx, s.n, w.conversation, s.m, at, rec)
}

// counts reports whether a message is one that this member has to read.
func (m *meta) counts(at Cursor, r *record) bool {
	return at > m.ReadUpTo && !r.Own && !r.Deleted && r.Kind != MessageChange
}

// present returns a message that is in the history.
func (e *Engine) present(r reader, id ID, message MessageID) (Cursor, *record, error) {
	at, ok, err := findMessage(r, id, message)
	if err != nil || !ok {
		return 0, nil, orNoMessage(err)
	}
	rec, err := loadMessage(r, id, at)
	if err == nil && rec.expired(millis(e.Clock())) {
		return 0, nil, ErrNoMessage
	}
	return at, rec, err
}

// about runs a step of this member that changes a message of the history and sends
// a content about it.
func (e *Engine) about(ctx context.Context, step string, id ID, message MessageID, f func(*amendment) error) error {
	return e.update(ctx, step, func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return orNoMessage(err)
		}
		at, rec, err := e.present(tx, id, message)
		if err != nil {
			return err
		}
		return f(&amendment{tx: tx, n: n, id: id, m: m, at: at, rec: rec})
	})
}

// An amendment is a change of this member's own to a message that is there.
type amendment struct {
	tx  *vault.Tx
	n   *notes
	id  ID
	m   *meta
	at  Cursor
	rec *record
}

// send writes the changed message and queues what tells the others, instead of
// what waits to tell them something older of the same kind.
func (e *Engine) send(a *amendment, kind ContentKind, sent uint64, body syntax.Value) error {
	if a.m.Outside || a.m.Leaving {
		return ErrNotMember
	}
	if err := saveMessage(a.tx, a.n, a.id, a.m, a.at, a.rec); err != nil {
		return err
	}
	if _, err := withdraw(a.tx, a.id, a.m, func(q *queued) bool { return q.Content.Kind == kind && q.Content.about() == a.rec.ID }); err != nil {
		return err
	}
	encoded, err := syntax.Marshal(body)
	if err != nil {
		return err
	}
	c := e.newContent(kind, encoded)
	c.Sent = sent
	if err := a.m.limit(&c); err != nil {
		return err
	}
	return e.queue(a.tx, a.n, a.id, a.m, &queued{Content: c})
}

// saveMessage writes a message that changed and tells screens.
func saveMessage(tx *vault.Tx, n *notes, id ID, m *meta, at Cursor, rec *record) error {
	if err := save(tx, segment(id), messagePrefix+at.key(), rec); err != nil {
		return err
	}
	msg := rec.message(id, at, m)
	n.tell(Event{Kind: EventState, Conversation: id, Message: &msg})
	return nil
}
