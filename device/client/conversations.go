package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"bulle/device/client/conversation"
)

// ParseConversationID and ParseMessageID read what String wrote.
func ParseConversationID(s string) (ConversationID, error) { return conversation.ParseID(s) }

// ParseMessageID reads what MessageID.String wrote.
func ParseMessageID(s string) (MessageID, error) { return conversation.ParseMessageID(s) }

// Conversations returns all conversations, the newest activity first.
func (c *Client) Conversations() ([]Conversation, error) {
	all, err := c.engine.Conversations(context.Background())
	if err != nil {
		return nil, err
	}
	out := make([]Conversation, len(all))
	for i := range all {
		if out[i], err = c.conversation(all[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Conversation returns one conversation.
func (c *Client) Conversation(id ConversationID) (Conversation, error) {
	found, err := c.engine.Conversation(context.Background(), id)
	if errors.Is(err, conversation.ErrNoConversation) {
		return c.unbegun(id)
	}
	if err != nil {
		return Conversation{}, err
	}
	return c.conversation(found)
}

// unbegun returns the conversation with a contact that nobody has begun yet.
func (c *Client) unbegun(id ConversationID) (Conversation, error) {
	peer, ok := c.peer(id)
	if !ok {
		return Conversation{}, ErrNoConversation
	}
	return Conversation{
		ID: id, Kind: KindDirect, Name: peer.Name, Members: []Contact{c.Self(), peer}, Active: true, Manages: true,
	}, nil
}

// peer finds the contact whose conversation has an identifier.
func (c *Client) peer(id ConversationID) (Contact, bool) {
	for _, m := range c.ledger.Now().Members() {
		if m.ID != c.member && c.engine.Direct(m.ID) == id {
			return c.contact(m), true
		}
	}
	return Contact{}, false
}

func (c *Client) conversation(in conversation.Conversation) (Conversation, error) {
	out := Conversation{
		ID: in.ID, Kind: in.Kind, Name: in.Name, Active: in.Active, Unread: in.Unread, Seen: in.Seen, Count: in.Count, Pending: in.Pending,
		Timer:   time.Duration(in.Timer) * time.Second,
		Manages: in.Manages, Muted: in.Muted,
	}
	members := in.Members
	if in.Kind == KindDirect {
		out.Name = c.memberOf(in.Peer).Name
		members = []MemberID{c.member, in.Peer}
	}
	for _, id := range members {
		member := c.memberOf(id)
		member.Admin = slices.Contains(in.Admins, id)
		out.Members = append(out.Members, member)
	}
	last, err := c.History(in.ID, 0, 1)
	if err == nil && len(last) == 1 {
		out.Last, out.Newest = &last[0], last[0].Cursor
	}
	return out, err
}

// Resolve returns the conversation that a person means by a name: that of a group,
// else that with a contact; "#" and the beginning of an identifier name it exactly.
// A group that this device has left counts only if nothing else has the name.
func (c *Client) Resolve(name string) (Conversation, error) {
	all, err := c.Conversations()
	if err != nil {
		return Conversation{}, err
	}
	if prefix, ok := strings.CutPrefix(name, "#"); ok && prefix != "" {
		return one(all, func(x Conversation) bool { return strings.HasPrefix(x.ID.String(), strings.ToLower(prefix)) })
	}
	group, err := one(all, func(x Conversation) bool { return x.Kind == KindGroup && x.Active && x.Name == name })
	if !errors.Is(err, ErrNoConversation) {
		if _, contact := c.Contact(name); err == nil && contact == nil {
			return Conversation{}, ErrAmbiguous
		}
		return group, err
	}
	if contact, err := c.Contact(name); err == nil && !contact.Self {
		return c.Direct(contact.ID)
	}
	group, err = one(all, func(x Conversation) bool {
		return x.Kind == KindGroup && x.Active && strings.EqualFold(x.Name, name)
	})
	if !errors.Is(err, ErrNoConversation) {
		return group, err
	}
	return one(all, func(x Conversation) bool { return x.Kind == KindGroup && x.Name == name })
}

func one(all []Conversation, is func(Conversation) bool) (Conversation, error) {
	var found []Conversation
	for _, x := range all {
		if is(x) {
			found = append(found, x)
		}
	}
	switch len(found) {
	case 0:
		return Conversation{}, ErrNoConversation
	case 1:
		return found[0], nil
	default:
		return Conversation{}, ErrAmbiguous
	}
}

// Direct returns the conversation with a member, begun or not.
func (c *Client) Direct(m MemberID) (Conversation, error) {
	return c.Conversation(c.engine.Direct(m))
}

// CreateGroup makes a group. Its members are added when the relay can be reached.
func (c *Client) CreateGroup(ctx context.Context, name string, members []MemberID) (Conversation, error) {
	if err := c.known(members); err != nil {
		return Conversation{}, err
	}
	id, err := c.engine.CreateGroup(ctx, name, members)
	if err != nil {
		return Conversation{}, worded(err)
	}
	return c.Conversation(id)
}

// AddMembers adds members to a group when the relay can be reached.
func (c *Client) AddMembers(ctx context.Context, id ConversationID, members []MemberID) error {
	if err := c.known(members); err != nil {
		return err
	}
	return worded(c.engine.AddMembers(ctx, id, members))
}

func (c *Client) known(members []MemberID) error {
	directory := c.ledger.Now()
	for _, id := range members {
		if _, ok := directory.Member(id); !ok {
			return ErrNoContact
		}
	}
	return nil
}

// RemoveMembers removes members from a group when the relay can be reached. What is
// said after that they cannot read, find, or write.
func (c *Client) RemoveMembers(ctx context.Context, id ConversationID, members []MemberID) error {
	return worded(c.engine.RemoveMembers(ctx, id, members))
}

// SetRole makes a member of a group an administrator, or takes that from it, when
// the relay can be reached. While a group has administrators, only they change it.
func (c *Client) SetRole(ctx context.Context, id ConversationID, member MemberID, admin bool) error {
	return worded(c.engine.SetRole(ctx, id, member, admin))
}

// Leave leaves a group. The next member who is online completes it.
func (c *Client) Leave(ctx context.Context, id ConversationID) error {
	return worded(c.engine.Leave(ctx, id))
}

// Rename gives a group another name.
func (c *Client) Rename(ctx context.Context, id ConversationID, name string) error {
	return worded(c.engine.Rename(ctx, id, name))
}

// DeleteConversation shreds a conversation of two, or a group that this device is
// out of: nothing of it can be read any more, not even from the vault's files.
func (c *Client) DeleteConversation(id ConversationID) error {
	return worded(c.engine.Forget(context.Background(), id))
}
