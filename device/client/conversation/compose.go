package conversation

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"bulle/device/client/contact"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// What a member does to conversations. Each of these writes to the vault and
// returns once that is durable; the workers take it from there, now or when there
// is a relay again.

// Direct returns the conversation with a member. Nothing is written.
func (e *Engine) Direct(peer governance.MemberID) ID { return DirectID(e.Self.Member, peer) }

// SendText queues a text in a conversation, which must exist or be that of peer.
func (e *Engine) SendText(ctx context.Context, id ID, peer governance.MemberID, text string) (MessageID, error) {
	return e.Reply(ctx, id, peer, MessageID{}, text)
}

// Reply is [Engine.SendText] for a text that replies to a message of the
// conversation; the zero identifier is none.
func (e *Engine) Reply(ctx context.Context, id ID, peer governance.MemberID, to MessageID, text string) (MessageID, error) {
	if text == "" || len(text) > MaxText || !utf8.ValidString(text) {
		return MessageID{}, ErrTooLarge
	}
	body, err := syntax.Marshal(&Text{Text: text})
	if err != nil {
		return MessageID{}, err
	}
	c := e.newContent(KindText, body)
	rec := e.ownRecord(&c, MessageText)
	rec.Text, rec.Reply = text, to
	err = e.update(ctx, "send", func(tx *vault.Tx, n *notes) error {
		m, at, err := e.compose(tx, n, id, peer, rec, &c)
		if err != nil {
			return err
		}
		return e.queue(tx, n, id, m, &queued{Cursor: at, Content: c})
	})
	return rec.ID, err
}

// queue makes a content wait to be sealed, and wakes who seals it.
func (e *Engine) queue(tx *vault.Tx, n *notes, id ID, m *meta, q *queued) error {
	if err := save(tx, segment(id), numbered(queuePrefix, m.number()), q); err != nil {
		return err
	}
	return e.ensureThread(tx, n, id, m)
}

func (e *Engine) ownRecord(c *Content, kind MessageKind) *record {
	return &record{
		ID: messageID(e.Self.Member, c.Nonce), From: e.Self.Member, Own: true, Kind: kind,
		Sent: c.Sent, Received: c.Sent, State: Queued,
	}
}

// compose writes a message of ours into the history, and into its content what the
// conversation adds to it: what it replies to, and how long it lives.
func (e *Engine) compose(tx *vault.Tx, n *notes, id ID, peer governance.MemberID, rec *record, c *Content) (*meta, Cursor, error) {
	m, err := e.begun(tx, id, peer)
	if err != nil {
		return nil, 0, err
	}
	if rec.Reply != (MessageID{}) {
		if _, to, err := e.present(tx, id, rec.Reply); err != nil || to.Kind == MessageChange {
			return nil, 0, orNoMessage(err)
		}
	}
	if err := m.dress(rec, c); err != nil {
		return nil, 0, err
	}
	at, _, err := addMessage(tx, id, m, rec)
	if err != nil {
		return nil, 0, err
	}
	msg := rec.message(id, at, m)
	n.tell(Event{Kind: EventMessage, Conversation: id, Message: &msg})
	return m, at, nil
}

// begun returns what is kept of a conversation that this member can speak in; that
// of peer is made if nobody has.
func (e *Engine) begun(tx *vault.Tx, id ID, peer governance.MemberID) (*meta, error) {
	m, ok, err := loadMeta(tx, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		if id != e.Direct(peer) || peer == e.Self.Member {
			return nil, ErrNoConversation
		}
		return e.ensureConversation(tx, id, &meta{Kind: Direct, Peer: peer, Members: []governance.MemberID{}})
	}
	if m.Outside || m.Leaving {
		return nil, ErrNotMember
	}
	return m, nil
}

// dress puts what a message of ours replies to, and how long messages of the
// conversation live, into its record and its content.
func (m *meta) dress(rec *record, c *Content) error {
	if rec.Reply != (MessageID{}) {
		if err := c.extend(extensionReply, &Reply{Target: rec.Reply}); err != nil {
			return err
		}
	}
	rec.Lifetime = m.Timer
	return m.limit(c)
}

// limit says in a content how long it may be kept.
func (m *meta) limit(c *Content) error {
	if m.Timer == 0 {
		return nil
	}
	return c.extend(extensionLifetime, &Lifetime{Seconds: m.Timer})
}

// CreateGroup makes a group with a name and members to be added.
func (e *Engine) CreateGroup(ctx context.Context, name string, members []governance.MemberID) (ID, error) {
	if err := contact.CheckName(name); err != nil {
		return ID{}, err
	}
	members = without(members, e.Self.Member)
	if len(members) >= maxLeaves {
		return ID{}, ErrTooMany
	}
	var id ID
	systemRandom{}.fill(id[:])
	err := e.update(ctx, "create", func(tx *vault.Tx, n *notes) error {
		m, err := e.ensureConversation(tx, id, &meta{
			Kind: Group, Name: name, Members: []governance.MemberID{e.Self.Member}, Admins: []governance.MemberID{e.Self.Member},
		})
		if err != nil {
			return err
		}
		x := &changeRecord{Kind: ChangeCreated, Members: members, Name: name}
		if err := e.record(tx, n, id, m, e.Self.Member, x); err != nil {
			return err
		}
		n.tell(Event{Kind: EventConversation, Conversation: id})
		return e.startThread(tx, n, id, m, id, &description{
			Kind: Group, Name: name, Admins: []governance.MemberID{e.Self.Member},
		}, members)
	})
	return id, err
}

// AddMembers wishes members into a group.
func (e *Engine) AddMembers(ctx context.Context, id ID, members []governance.MemberID) error {
	return e.wish(ctx, id, func(m *meta) (*change, error) {
		missing := slices.DeleteFunc(slices.Clone(members), func(id governance.MemberID) bool {
			return slices.Contains(m.Members, id)
		})
		switch {
		case len(missing) == 0 && len(members) > 0:
			return nil, ErrInside
		case len(m.Members)+len(missing) > maxLeaves:
			return nil, ErrTooMany
		}
		return &change{Kind: intendAdd, Members: missing}, nil
	})
}

// RemoveMembers wishes members out of a group.
func (e *Engine) RemoveMembers(ctx context.Context, id ID, members []governance.MemberID) error {
	return e.wish(ctx, id, func(*meta) (*change, error) {
		return &change{Kind: intendRemove, Members: without(members, e.Self.Member)}, nil
	})
}

// Rename wishes a group another name.
func (e *Engine) Rename(ctx context.Context, id ID, name string) error {
	return e.wish(ctx, id, func(*meta) (*change, error) {
		return &change{Kind: intendRename, Name: name}, contact.CheckName(name)
	})
}

// SetRole wishes a member of a group to be an administrator, or not to be one.
func (e *Engine) SetRole(ctx context.Context, id ID, member governance.MemberID, admin bool) error {
	return e.wish(ctx, id, func(m *meta) (*change, error) {
		if !slices.Contains(m.Members, member) {
			return nil, ErrNotInside
		}
		return &change{Kind: intendRole, Members: []governance.MemberID{member}, Admin: admin}, nil
	})
}

// Leave wishes this member out of a group. Nothing more can be sent to it.
func (e *Engine) Leave(ctx context.Context, id ID) error {
	return e.wish(ctx, id, func(m *meta) (*change, error) {
		m.Leaving = true
		return &change{Kind: intendLeave}, nil
	})
}

// wish writes down a change of a group.
func (e *Engine) wish(ctx context.Context, id ID, make func(*meta) (*change, error)) error {
	return e.update(ctx, "wish", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		switch {
		case err != nil:
			return err
		case !ok:
			return ErrNoConversation
		case m.Kind != Group:
			return ErrNotGroup
		case m.Outside || m.Leaving:
			return ErrNotMember
		}
		x, err := make(m)
		switch {
		case err != nil:
			return err
		case x.Kind != intendLeave && !m.manages(e.Self.Member):
			return ErrNotAdmin
		}
		if err := save(tx, segment(id), numbered(changePrefix, m.number()), x); err != nil {
			return err
		}
		n.tell(Event{Kind: EventConversation, Conversation: id})
		return e.ensureThread(tx, n, id, m)
	})
}

// MarkRead notes that this member has read up to a message. The others are told
// unless receipts is false.
func (e *Engine) MarkRead(ctx context.Context, id ID, upTo Cursor, receipts bool) error {
	return e.update(ctx, "read", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return err
		}
		upTo = min(upTo, m.Last)
		if upTo <= m.ReadUpTo {
			return nil
		}
		read, err := e.markRead(tx, n, id, m, upTo)
		if err != nil {
			return err
		}
		n.tell(Event{Kind: EventConversation, Conversation: id})
		if err := e.tellRead(tx, n, id, read); err != nil {
			return err
		}
		blocked, err := e.silenced(tx, m, m.Peer)
		if err != nil {
			return err
		}
		if !receipts || m.Outside || blocked {
			return m.save(tx, id)
		}
		if key, err := e.speaker(tx, id, m); err == nil {
			n.kick(key)
		}
		return owe(tx, id, m, nil, read)
	})
}

// seen starts the time of a message that was read, and returns its identifier if its
// sender is to know; else zero.
func (e *Engine) seen(tx *vault.Tx, n *notes, id ID, at Cursor) (MessageID, error) {
	rec, err := loadMessage(tx, id, at)
	if errors.Is(err, ErrNoMessage) {
		return MessageID{}, nil
	}
	if err != nil || rec.Own || rec.Kind == MessageChange {
		return MessageID{}, err
	}
	if err := e.startClock(tx, n, id, at, rec); err != nil || rec.Deleted {
		return MessageID{}, err
	}
	return rec.ID, nil
}

// SendAgain queues a failed text again.
func (e *Engine) SendAgain(ctx context.Context, id ID, message MessageID) error {
	return e.about(ctx, "retry", id, message, func(a *amendment) error {
		switch {
		case a.m.Outside || a.m.Leaving:
			return ErrNotMember
		case a.rec.State != Failed || a.rec.Kind != MessageText:
			return ErrNoMessage
		}
		body, err := syntax.Marshal(&Text{Text: a.rec.Text})
		if err != nil {
			return err
		}
		// A new number, and so a new identifier: the message before may have got out.
		c := e.newContent(KindText, body)
		again := e.ownRecord(&c, MessageText)
		again.Text, again.Reply = a.rec.Text, a.rec.Reply
		if err := a.m.dress(again, &c); err != nil {
			return err
		}
		at, _, err := addMessage(a.tx, id, a.m, again)
		if err != nil {
			return err
		}
		msg := again.message(id, at, a.m)
		a.n.tell(Event{Kind: EventMessage, Conversation: id, Message: &msg})
		if a.rec.Lifetime > 0 { // it was not sent, so its time never began: it must not stay behind
			if err := e.erase(a.tx, a.n, id, a.m, a.at, a.rec); err != nil {
				return err
			}
		}
		return e.queue(a.tx, a.n, id, a.m, &queued{Cursor: at, Content: c})
	})
}

// Forget shreds a conversation that this device is out of: nothing of it can be
// read any more, and others may begin it anew.
func (e *Engine) Forget(ctx context.Context, id ID) error {
	return e.update(ctx, "forget", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return err
		}
		if m.Kind == Group && !m.Outside {
			return ErrNotMember
		}
		for _, group := range m.Threads {
			n.kick(workerKey{kind: threadWorker, id: id, thread: group})
		}
		n.tell(Event{Kind: EventConversation, Conversation: id})
		return tx.Shred(segment(id))
	})
}
