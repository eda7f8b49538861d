package client

import (
	"context"
	"slices"
	"time"

	"bulle/device/client/conversation"
)

// message gives a message the names of its people.
func (c *Client) message(m conversation.Message) Message {
	out := Message{
		ID: m.ID, Conversation: m.Conversation, Cursor: m.Cursor, From: m.From, FromName: c.memberOf(m.From).Name, Own: m.Own,
		Kind: m.Kind, Text: m.Text, Sent: m.Sent, Received: m.Received, State: m.State, Reason: m.Reason,
		ReplyTo: c.quote(m), Reactions: c.reactions(m.Reactions), Edited: m.Edited, Deleted: m.Deleted,
		Lifetime: time.Duration(m.Lifetime) * time.Second, Expires: m.Expires,
	}
	if f := m.File; f != nil {
		out.File = &FileInfo{Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256, Shown: f.Shown}
	}
	if x := m.Change; x != nil {
		out.Change = &Change{Kind: x.Kind, Name: x.Name, Timer: time.Duration(x.Seconds) * time.Second}
		for _, id := range x.Members {
			out.Change.Members = append(out.Change.Members, c.memberOf(id))
		}
	}
	return out
}

func (c *Client) messages(in []conversation.Message, err error) ([]Message, error) {
	out := make([]Message, len(in))
	for i, m := range in {
		out[i] = c.message(m)
	}
	return out, worded(err)
}

// History returns up to limit messages before a position, oldest first; before 0
// means the newest ones. Limit is at most 500.
func (c *Client) History(id ConversationID, before Cursor, limit int) ([]Message, error) {
	return c.messages(c.engine.History(context.Background(), id, before, limit))
}

// Later returns up to limit messages after a position, oldest first.
func (c *Client) Later(id ConversationID, after Cursor, limit int) ([]Message, error) {
	return c.messages(c.engine.Later(context.Background(), id, after, limit))
}

// Around returns up to limit messages with one of them in their middle, oldest first.
func (c *Client) Around(id ConversationID, m MessageID, limit int) ([]Message, error) {
	return c.messages(c.engine.Around(context.Background(), id, m, limit))
}

// Message returns one message.
func (c *Client) Message(id ConversationID, m MessageID) (Message, error) {
	found, err := c.engine.Message(context.Background(), id, m)
	if err != nil {
		return Message{}, err
	}
	return c.message(found), nil
}

// Search returns up to limit messages whose text or file name contains text, newest
// first: of one conversation before a position, or, for the zero identifier, of all
// of them. It opens one message after the other: there is no index of what was said.
func (c *Client) Search(ctx context.Context, id ConversationID, text string, before Cursor, limit int) ([]Message, error) {
	if id != (ConversationID{}) {
		return c.messages(c.engine.Search(ctx, id, text, before, limit))
	}
	all, err := c.engine.Conversations(ctx)
	if err != nil {
		return nil, err
	}
	var out []Message
	for _, x := range all {
		found, err := c.messages(c.engine.Search(ctx, x.ID, text, 0, limit))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b Message) int { return b.Received.Compare(a.Received) })
	return out[:min(len(out), max(limit, 1))], nil
}

// Send queues a text. It is durable when Send returns.
func (c *Client) Send(id ConversationID, d Draft) (MessageID, error) {
	peer, _ := c.peer(id)
	m, err := c.engine.Reply(context.Background(), id, peer.ID, d.ReplyTo, d.Text)
	return m, worded(err)
}

// MarkRead notes that this member has read up to a message, and lets the others
// know unless the settings say no.
func (c *Client) MarkRead(id ConversationID, upTo Cursor) error {
	s, err := c.Settings()
	if err != nil {
		return err
	}
	return worded(c.engine.MarkRead(context.Background(), id, upTo, !s.NoReceipts))
}

// Retry sends a failed text again, as a new message.
func (c *Client) Retry(id ConversationID, m MessageID) error {
	return worded(c.engine.SendAgain(context.Background(), id, m))
}

// WaitSent returns when every message is on the relay, and [ErrSendFailed] when one
// will not get there. Somebody must connect meanwhile: [Client.Start].
func (c *Client) WaitSent(ctx context.Context, ids ...MessageID) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	events := c.Events(watching)
	for {
		waiting, err := c.engine.Unsent(ctx, ids)
		if err != nil {
			return err
		}
		for _, state := range waiting {
			if state == StateFailed {
				return ErrSendFailed
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-events:
			if !open {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return ErrClosed
			}
		}
	}
}
