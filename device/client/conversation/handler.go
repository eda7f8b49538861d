package conversation

import (
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// A said is one content as it arrives: who said it, and the transaction in which
// it takes effect.
type said struct {
	*Content
	id   MessageID // what it is called if it is a message
	from governance.MemberID
	tx   *vault.Tx
	n    *notes
	m    *meta
}

// A handler gives a content its effect. It returns the message that the content
// became, if it is one and is new. What is malformed, or not for its sender to
// say, has no effect and is no failure.
type handler func(*threadWork, *said) (*MessageID, error)

// handlers is what a device does with each kind of content that it knows.
func handlers() map[ContentKind]handler {
	return map[ContentKind]handler{
		KindText:     (*threadWork).heardText,
		KindFile:     (*threadWork).heardFile,
		KindReceipts: (*threadWork).heardReceipts,
		KindReaction: (*threadWork).heardReaction,
		KindEdit:     (*threadWork).heardEdit,
		KindDelete:   (*threadWork).heardDelete,
		KindSync:     (*threadWork).heardSync,
	}
}

// content processes one content; it returns the message that it became, if it is
// one and is new.
func (w *threadWork) content(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, c *Content) (*MessageID, error) {
	handle := handlers()[c.Kind]
	if handle == nil {
		return nil, nil //nolint:nilnil // a kind of a later version
	}
	return handle(w, &said{Content: c, id: messageID(from, c.Nonce), from: from, tx: tx, n: n, m: m})
}

// heardRecord begins the record of a message that arrived.
func (w *threadWork) heardRecord(s *said, kind MessageKind) *record {
	rec := &record{
		ID: s.id, From: s.from, Own: s.from == w.engine.Self.Member, Kind: kind, Sent: s.Sent,
		Received: millis(w.engine.Clock()), State: Delivered, Reply: s.reply(), Lifetime: s.lifetime(),
	}
	if rec.Own { // a sibling sent it: the others have yet to say that they have it
		rec.State, rec.Waiting = Relayed, w.recipients()
	}
	return rec
}

// enterHistory adds a message that arrived, unless it is there already.
func (w *threadWork) enterHistory(s *said, rec *record) (*MessageID, error) {
	at, isNew, err := addMessage(s.tx, w.conversation, s.m, rec)
	if err != nil || !isNew {
		return nil, err
	}
	if rec.Own { // sent by another device of this member
		if err := w.engine.startClock(s.tx, s.n, w.conversation, at, rec); err != nil {
			return nil, err
		}
	}
	msg := rec.message(w.conversation, at, s.m)
	s.n.tell(Event{Kind: EventMessage, Conversation: w.conversation, Message: &msg})
	if err := w.engine.readAhead(s.tx, s.n, w.conversation, s.m, rec.ID, at); err != nil {
		return nil, err
	}
	return &rec.ID, w.arrivedLate(s)
}
