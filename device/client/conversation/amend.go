package conversation

import (
	"errors"

	"bulle/device/vault"
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

// saveMessage writes a message that changed and tells screens.
func saveMessage(tx *vault.Tx, n *notes, id ID, m *meta, at Cursor, rec *record) error {
	if err := save(tx, segment(id), messagePrefix+at.key(), rec); err != nil {
		return err
	}
	msg := rec.message(id, at, m)
	n.tell(Event{Kind: EventState, Conversation: id, Message: &msg})
	return nil
}
