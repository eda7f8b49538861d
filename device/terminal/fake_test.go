package terminal

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"

	"bulle/device/client"
)

// fake is a client in memory, with the behaviour that the screens rely on.
type fake struct {
	mu        sync.Mutex
	self      client.Contact
	contacts  []client.Contact
	rooms     []*fakeRoom
	events    chan client.Event
	status    client.Status
	now       time.Time
	next      uint16
	err       error // what every change answers, if set
	read      map[client.ConversationID]client.Cursor
	did       []string
	fileBytes []byte
	hold      chan struct{} // SaveFile waits for it half way, if set
}

type fakeRoom struct {
	conv     client.Conversation
	messages []client.Message
}

func id(n byte) (v [32]byte)    { v[0] = n; return v }
func mid(n uint16) (v [16]byte) { v[0], v[1] = byte(n), byte(n>>8); return v }

func newFake() *fake {
	return &fake{
		self:   client.Contact{ID: id(1), Name: "Alice", Self: true},
		events: make(chan client.Event, 100),
		status: client.Status{State: client.LinkOnline},
		now:    time.Date(2026, 3, 4, 14, 5, 0, 0, time.UTC),
		read:   map[client.ConversationID]client.Cursor{},
		next:   100,
	}
}

func (f *fake) addContact(n byte, name string, verified bool) client.Contact {
	c := client.Contact{ID: id(n), Name: name, Verified: verified, Devices: 1}
	f.contacts = append(f.contacts, c)
	return c
}

func (f *fake) addRoom(n byte, kind client.Kind, name string, members ...client.Contact) *fakeRoom {
	r := &fakeRoom{conv: client.Conversation{ID: id(n), Kind: kind, Name: name, Active: true, Members: append([]client.Contact{f.self}, members...)}}
	f.rooms = append(f.rooms, r)
	return r
}

// say adds a message to r; ago says how long before now.
func (f *fake) say(r *fakeRoom, from client.Contact, text string, ago time.Duration, state client.State) client.Message {
	f.next++
	at := f.now.Add(-ago)
	msg := client.Message{
		ID: mid(f.next), Conversation: r.conv.ID, Cursor: client.Cursor(len(r.messages) + 1), From: from.ID, FromName: from.Name,
		Own: from.Self, Kind: client.MessageText, Text: text, Sent: at, Received: at, State: state,
	}
	r.messages = append(r.messages, msg)
	f.settle(r)
	return msg
}

func (f *fake) file(r *fakeRoom, from client.Contact, name string, content []byte, ago time.Duration, state client.State) client.Message {
	msg := f.say(r, from, "", ago, state)
	msg.Kind = client.MessageFile
	msg.File = &client.FileInfo{Name: name, Size: int64(len(content)), SHA256: sha256.Sum256(content)}
	r.messages[len(r.messages)-1] = msg
	f.fileBytes = content
	f.settle(r)
	return msg
}

func (f *fake) change(r *fakeRoom, from client.Contact, c client.Change, ago time.Duration) {
	msg := f.say(r, from, "", ago, client.StateRelayed)
	msg.Kind, msg.Change = client.MessageChange, &c
	r.messages[len(r.messages)-1] = msg
	f.settle(r)
}

func (f *fake) settle(r *fakeRoom) {
	r.conv.Count = len(r.messages)
	r.conv.Newest = client.Cursor(len(r.messages))
	r.conv.Unread = 0
	for _, msg := range r.messages {
		if !msg.Own && msg.Kind != client.MessageChange && msg.Cursor > f.read[r.conv.ID] && msg.State != client.StateRead {
			r.conv.Unread++
		}
	}
	if n := len(r.messages); n > 0 {
		last := r.messages[n-1]
		r.conv.Last = &last
	}
}

func (f *fake) find(id client.ConversationID) *fakeRoom {
	for _, r := range f.rooms {
		if r.conv.ID == id {
			return r
		}
	}
	return nil
}

func (f *fake) lock() func() { f.mu.Lock(); return f.mu.Unlock }

func (f *fake) Self() client.Contact { return f.self }
func (f *fake) Bubble() client.Bubble {
	return client.Bubble{Address: "relay.example:8443", Fingerprint: strings.Repeat("ab", 32)}
}
func (f *fake) Status() client.Status                      { return f.status }
func (f *fake) Events(context.Context) <-chan client.Event { return f.events }
func (f *fake) Contacts() ([]client.Contact, error)        { return slices.Clone(f.contacts), nil }

func (f *fake) SafetyNumber(client.MemberID) (client.SafetyNumber, error) {
	return client.SafetyNumber{Digits: strings.TrimSpace(strings.Repeat("12345 67890 ", 6)), Payload: []byte("payload")}, nil
}

func (f *fake) MarkVerified(m client.MemberID, verified bool) error {
	defer f.lock()()
	f.did = append(f.did, "verified")
	for _, r := range f.rooms {
		for i := range r.conv.Members {
			if r.conv.Members[i].ID == m {
				r.conv.Members[i].Verified = verified
			}
		}
	}
	return f.err
}

func (f *fake) Conversations() ([]client.Conversation, error) {
	defer f.lock()()
	var all []client.Conversation
	for _, r := range f.rooms {
		c := r.conv
		c.Members = slices.Clone(c.Members)
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b client.Conversation) int {
		if a.Last == nil || b.Last == nil {
			return 0
		}
		return b.Last.Received.Compare(a.Last.Received)
	})
	return all, nil
}

func (f *fake) Conversation(id client.ConversationID) (client.Conversation, error) {
	defer f.lock()()
	if r := f.find(id); r != nil {
		return r.conv, nil
	}
	return client.Conversation{}, client.ErrNoConversation
}

func (f *fake) Direct(m client.MemberID) (client.Conversation, error) {
	defer f.lock()()
	for _, r := range f.rooms {
		if r.conv.Kind == client.KindDirect && r.conv.Members[1].ID == m {
			return r.conv, nil
		}
	}
	for _, c := range f.contacts {
		if c.ID == m {
			return f.addRoom(50, client.KindDirect, c.Name, c).conv, nil
		}
	}
	return client.Conversation{}, client.ErrNoContact
}

func (f *fake) CreateGroup(_ context.Context, name string, members []client.MemberID) (client.Conversation, error) {
	defer f.lock()()
	if f.err != nil {
		return client.Conversation{}, f.err
	}
	var inside []client.Contact
	for _, c := range f.contacts {
		if slices.Contains(members, c.ID) {
			inside = append(inside, c)
		}
	}
	return f.addRoom(60, client.KindGroup, name, inside...).conv, nil
}

func (f *fake) AddMembers(_ context.Context, id client.ConversationID, members []client.MemberID) error {
	defer f.lock()()
	for _, c := range f.contacts {
		if slices.Contains(members, c.ID) {
			r := f.find(id)
			r.conv.Members = append(r.conv.Members, c)
		}
	}
	return f.err
}

func (f *fake) RemoveMembers(_ context.Context, id client.ConversationID, members []client.MemberID) error {
	defer f.lock()()
	r := f.find(id)
	r.conv.Members = slices.DeleteFunc(slices.Clone(r.conv.Members), func(c client.Contact) bool { return slices.Contains(members, c.ID) })
	return f.err
}

func (f *fake) Leave(_ context.Context, id client.ConversationID) error {
	defer f.lock()()
	f.find(id).conv.Active = false
	return f.err
}

func (f *fake) Rename(_ context.Context, id client.ConversationID, name string) error {
	defer f.lock()()
	f.find(id).conv.Name = name
	return f.err
}

func (f *fake) History(id client.ConversationID, before client.Cursor, limit int) ([]client.Message, error) {
	defer f.lock()()
	r := f.find(id)
	if r == nil {
		return nil, client.ErrNoConversation
	}
	end := len(r.messages)
	if before > 0 {
		end = min(end, int(before)-1)
	}
	return slices.Clone(r.messages[max(0, end-limit):end]), nil
}

func (f *fake) Search(_ context.Context, id client.ConversationID, text string, _ client.Cursor, _ int) ([]client.Message, error) {
	defer f.lock()()
	var found []client.Message
	for _, r := range f.rooms {
		for _, msg := range slices.Backward(r.messages) {
			if (id == client.ConversationID{} || id == r.conv.ID) && strings.Contains(strings.ToLower(msg.Text), strings.ToLower(text)) {
				found = append(found, msg)
			}
		}
	}
	return found, nil
}

func (f *fake) Send(id client.ConversationID, d client.Draft) (client.MessageID, error) {
	defer f.lock()()
	if f.err != nil {
		return client.MessageID{}, f.err
	}
	msg := f.say(f.find(id), f.self, d.Text, 0, client.StateQueued)
	f.events <- client.Event{Kind: client.EventMessage, Conversation: id, Message: &msg}
	return msg.ID, nil
}

func (f *fake) SendFile(id client.ConversationID, source client.FileSource) (client.MessageID, error) {
	defer f.lock()()
	content := make([]byte, source.Size)
	if _, err := source.Content.ReadAt(content, 0); err != nil && source.Size > 0 {
		return client.MessageID{}, err
	}
	msg := f.file(f.find(id), f.self, source.Name, content, 0, client.StateQueued)
	f.events <- client.Event{Kind: client.EventMessage, Conversation: id, Message: &msg}
	return msg.ID, source.Content.Close()
}

func (f *fake) SaveFile(ctx context.Context, _ client.ConversationID, _ client.MessageID, to client.FileTarget, progress func(client.Progress)) error {
	total := int64(len(f.fileBytes))
	progress(client.Progress{Done: total / 2, Total: total})
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if f.err != nil {
		return f.err
	}
	_, err := to.Content.WriteAt(f.fileBytes, 0)
	return err
}

func (f *fake) MarkRead(id client.ConversationID, upTo client.Cursor) error {
	defer f.lock()()
	f.read[id] = upTo
	r := f.find(id)
	for i := range r.messages {
		if msg := &r.messages[i]; !msg.Own && msg.Cursor <= upTo {
			msg.State = client.StateRead
		}
	}
	f.settle(r)
	return nil
}

func (f *fake) Retry(client.ConversationID, client.MessageID) error {
	defer f.lock()()
	f.did = append(f.did, "retry")
	return f.err
}
