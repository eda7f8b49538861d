package client

import (
	"context"
	"slices"
	"strings"
	"time"

	"bulle/device/client/conversation"
)

// What members say beyond texts and files: reactions, edits, deletions, and how
// long messages live.

// React answers a message with an emoji, instead of the one before; an empty one
// takes it back.
func (c *Client) React(id ConversationID, m MessageID, emoji string) error {
	return worded(c.engine.React(context.Background(), id, m, emoji))
}

// Edit gives a message of this member another text, within [EditWindow].
func (c *Client) Edit(id ConversationID, m MessageID, text string) error {
	return worded(c.engine.Edit(context.Background(), id, m, text))
}

// DeleteMessage takes a message out of the history of this device, or, one of this
// member's own, out of everybody's: there a line remains that says so. One that has
// not left this device is not sent at all.
func (c *Client) DeleteMessage(id ConversationID, m MessageID, everyone bool) error {
	return worded(c.engine.Delete(context.Background(), id, m, everyone))
}

// SetTimer says how long the messages live that are sent from now on: in whole
// seconds between [MinTimer] and [MaxTimer], or 0 for ever.
func (c *Client) SetTimer(id ConversationID, timer time.Duration) error {
	if timer%time.Second != 0 || timer < 0 || timer > MaxTimer {
		return ErrTimer
	}
	peer, _ := c.peer(id)
	return worded(c.engine.SetTimer(context.Background(), id, peer.ID, int(timer/time.Second)))
}

// maxQuote is how much of a message a quote shows, in bytes.
const maxQuote = 280

// quote returns what is here of the message that m replies to.
func (c *Client) quote(m conversation.Message) *Quote {
	if m.ReplyTo == (MessageID{}) {
		return nil
	}
	q := &Quote{Message: m.ReplyTo, Gone: true}
	to, err := c.engine.Message(context.Background(), m.Conversation, m.ReplyTo)
	if err != nil || to.Deleted || to.Kind == MessageChange {
		return q
	}
	q.From, q.FromName, q.Own, q.Kind, q.Text, q.Gone = to.From, c.memberOf(to.From).Name, to.Own, to.Kind, to.Text, false
	if q.Text == "" && to.File != nil {
		q.Text = to.File.Name
	}
	if len(q.Text) > maxQuote {
		q.Text = strings.ToValidUTF8(q.Text[:maxQuote], "") + "…"
	}
	return q
}

// reactions groups the reactions of members by their emoji.
func (c *Client) reactions(in []conversation.Reacted) []Reaction {
	var out []Reaction
	for _, r := range in {
		i := slices.IndexFunc(out, func(x Reaction) bool { return x.Emoji == r.Emoji })
		if i < 0 {
			i = len(out)
			out = append(out, Reaction{Emoji: r.Emoji})
		}
		out[i].Own = out[i].Own || r.Member == c.member
		out[i].Members = append(out[i].Members, c.memberOf(r.Member))
	}
	return out
}
