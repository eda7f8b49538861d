package conversation

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// What siblings tell each other goes through a conversation of their own: one of two
// members of whom both are this one. Everything that keeps other conversations
// holds there too (two may begin it at once, a device may come and go), nobody else
// is in it, and no screen lists it. It says what must not be said where others
// read along: how far this member has read, and what it notes about people.

// KindSync is the kind of a content for the sender's siblings. Anywhere but in the
// conversation of a member's own devices it has no effect.
const KindSync ContentKind = 7

// A Sync is the body of [KindSync]:
//
//	struct {
//	    uint8 about;
//	    select (about) {
//	        case read (1): opaque conversation[32]; MessageID messages<V>;   // newly read, at most 256
//	        case note (2): opaque key<V>; opaque value<V>;                   // at most 256 and 1,024 bytes
//	        case removed (3): opaque conversation[32]; MessageID messages<V>;   // taken out of this member's history
//	    };
//	} Sync;
type Sync struct {
	About        about
	Conversation ID
	Messages     []MessageID
	Key          string
	Value        []byte
}

type about uint8

const (
	aboutRead    about = 1
	aboutNote    about = 2
	aboutRemoved about = 3
)

// The bounds of a note.
const (
	maxNoteKey   = 256
	maxNoteValue = 1024
)

// Code implements [syntax.Value].
func (s *Sync) Code(c *syntax.Codec) {
	syntax.Enum8(c, &s.About)
	switch s.About {
	case aboutRead, aboutRemoved:
		c.Fixed(s.Conversation[:])
		codeIDs(c, &s.Messages)
	case aboutNote:
		c.String(&s.Key)
		c.Opaque(&s.Value)
		if c.Err() == nil && (len(s.Key) > maxNoteKey || len(s.Value) > maxNoteValue) {
			c.Fail("a note of %d bytes", len(s.Value))
		}
	default:
		c.Fail("a sync about %d", s.About)
	}
}

// own is the conversation of this member's devices.
func (e *Engine) own() ID { return DirectID(e.Self.Member, e.Self.Member) }

// siblings returns the other devices of this member that can be reached.
func (e *Engine) siblings() (out []governance.DeviceID) {
	directory := e.Directory.Now()
	self, _ := directory.Member(e.Self.Member)
	for _, id := range self.Devices {
		if d, ok := directory.Device(id); ok && d.Card != nil && id != e.Self.Device {
			out = append(out, id)
		}
	}
	return out
}

// tell queues something for the siblings, if there are any.
func (e *Engine) tell(tx *vault.Tx, n *notes, s *Sync) error {
	if len(e.siblings()) == 0 {
		return nil
	}
	body, err := syntax.Marshal(s)
	if err != nil {
		return err
	}
	m, err := e.ownMeta(tx)
	if err != nil {
		return err
	}
	q := &queued{Content: e.newContent(KindSync, body)}
	if err := save(tx, segment(e.own()), numbered(queuePrefix, m.number()), q); err != nil {
		return err
	}
	return e.ensureThread(tx, n, e.own(), m)
}

func (e *Engine) ownMeta(tx *vault.Tx) (*meta, error) {
	return e.ensureConversation(tx, e.own(), &meta{Kind: Direct, Peer: e.Self.Member, Members: []governance.MemberID{}})
}

// Note tells the siblings something that package client keeps, in the transaction of
// also, which may be nil. Their [Config.Noted] is given it.
func (e *Engine) Note(ctx context.Context, key string, value []byte, also func(*vault.Tx) error) error {
	return e.update(ctx, "note", func(tx *vault.Tx, n *notes) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return e.tell(tx, n, &Sync{About: aboutNote, Key: key, Value: value})
	})
}

// tellRead tells the siblings which messages were read just now.
func (e *Engine) tellRead(tx *vault.Tx, n *notes, id ID, read []MessageID) error {
	for len(read) > 0 {
		var next []MessageID
		next, read = split(read, maxReceipts)
		if err := e.tell(tx, n, &Sync{About: aboutRead, Conversation: id, Messages: next}); err != nil {
			return err
		}
	}
	return nil
}

// heardSync does what a sibling says.
func (w *threadWork) heardSync(s *said) (*MessageID, error) {
	var x Sync
	e := w.engine
	if w.conversation != e.own() || s.from != e.Self.Member || !decodes(s.Body, &x) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	switch x.About {
	case aboutNote:
		return nil, e.takeNote(s.tx, x.Key, x.Value)
	case aboutRemoved:
		return nil, e.heardRemoved(s.tx, s.n, x.Conversation, x.Messages)
	default:
		return nil, e.heardRead(s.tx, s.n, x.Conversation, x.Messages)
	}
}

func (e *Engine) takeNote(tx *vault.Tx, key string, value []byte) error {
	if e.Noted == nil {
		return nil
	}
	return e.Noted(tx, key, value)
}

// readPrefix begins the records of the own conversation that say which message of
// another one a sibling has read that has not come here yet.
const readPrefix = "s/"

// heardRead marks as read what a sibling has read. Messages that have not come here
// yet are marked when they do.
func (e *Engine) heardRead(tx *vault.Tx, n *notes, id ID, read []MessageID) error {
	m, ok, err := loadMeta(tx, id)
	if err != nil {
		return err
	}
	var upTo Cursor
	for _, message := range read {
		at, there, err := Cursor(0), false, error(nil)
		if ok {
			at, there, err = findMessage(tx, id, message)
		}
		switch {
		case err != nil:
			return err
		case there:
			upTo = max(upTo, at)
		default:
			if err := tx.Put(segment(e.own()), readName(id, message), []byte{}); err != nil {
				return err
			}
		}
	}
	if !ok || upTo == 0 {
		return nil
	}
	if _, err := e.markRead(tx, n, id, m, upTo); err != nil {
		return err
	}
	n.tell(Event{Kind: EventConversation, Conversation: id})
	return m.save(tx, id)
}

// heardRemoved takes out of the history what a sibling took out of its own. What has
// not come here yet does not come any more.
func (e *Engine) heardRemoved(tx *vault.Tx, n *notes, id ID, removed []MessageID) error {
	m, ok, err := loadMeta(tx, id)
	if err != nil || !ok {
		return err
	}
	for _, message := range removed {
		at, there, err := findMessage(tx, id, message)
		if err != nil {
			return err
		}
		if !there {
			m.Last, m.Erased = m.Last+1, m.Erased+1
			if err := tx.Put(segment(id), indexPrefix+string(message[:]), []byte(m.Last.key())); err != nil {
				return err
			}
			continue
		}
		rec, err := loadMessage(tx, id, at)
		switch {
		case errors.Is(err, ErrNoMessage): // erased here as well
		case err != nil:
			return err
		default:
			if err := e.erase(tx, n, id, m, at, rec); err != nil {
				return err
			}
		}
	}
	return m.save(tx, id)
}

func readName(id ID, message MessageID) string {
	return readPrefix + string(id[:]) + string(message[:])
}

// readAhead marks a message that arrived as read, if a sibling read it before.
func (e *Engine) readAhead(tx *vault.Tx, n *notes, id ID, m *meta, message MessageID, at Cursor) error {
	name := readName(id, message)
	if _, err := tx.Get(segment(e.own()), name); err != nil {
		return ignoreMissing(err)
	}
	if err := tx.Delete(segment(e.own()), name); err != nil {
		return err
	}
	if _, err := e.markRead(tx, n, id, m, at); err != nil {
		return err
	}
	n.tell(Event{Kind: EventConversation, Conversation: id})
	return m.save(tx, id)
}

// markRead moves the mark of what was read up to a message, and returns what was not
// read before and whose senders are to know.
func (e *Engine) markRead(tx *vault.Tx, n *notes, id ID, m *meta, upTo Cursor) (read []MessageID, err error) {
	upTo = min(upTo, m.Last)
	for at := m.ReadUpTo + 1; at <= upTo; at++ {
		message, err := e.seen(tx, n, id, at)
		if err != nil {
			return nil, err
		}
		if message != (MessageID{}) {
			read = append(read, message)
			m.Unread -= min(m.Unread, 1)
		}
	}
	m.ReadUpTo = max(m.ReadUpTo, upTo)
	if m.ReadUpTo == m.Last {
		m.Unread = 0
	}
	return read, nil
}

// siblingPass keeps the conversation of the own devices, and brings history along.
func (e *Engine) siblingPass(ctx context.Context, self *worker, round uint64) error {
	if err := e.keepOwn(ctx); err != nil {
		return err
	}
	if err := e.sendHistories(ctx); err != nil {
		return err
	}
	return e.receiveHistory(ctx, self, round)
}

// keepOwn begins the conversation of the own devices when there are several. A
// device that was just linked waits: the one that linked it brings it in.
func (e *Engine) keepOwn(ctx context.Context) error {
	if len(e.siblings()) == 0 {
		return nil
	}
	if wait, err := expecting(e.view(ctx)); wait || err != nil || !e.inboxRead() {
		return err
	}
	m, ok, err := loadMeta(e.view(ctx), e.own())
	if err != nil {
		return err
	}
	if ok {
		if _, err := e.speaker(e.view(ctx), e.own(), m); err == nil {
			return nil
		}
	}
	return e.update(ctx, "own", func(tx *vault.Tx, n *notes) error {
		m, err := e.ownMeta(tx)
		if err != nil {
			return err
		}
		return e.ensureThread(tx, n, e.own(), m)
	})
}

// inboxRead reports whether the inbox was read to its end since Run began: who was
// invited does not begin what there is already.
func (e *Engine) inboxRead() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.readInboxOnce
}

func (e *Engine) setInboxRead(read bool) {
	e.mu.Lock()
	before := e.readInboxOnce
	e.readInboxOnce = read
	e.mu.Unlock()
	if read && !before {
		e.kick(workerKey{kind: siblingWorker})
	}
}
