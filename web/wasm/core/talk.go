package core

import (
	"context"
	"time"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
	"bulle/web/wasm/veil"
)

// maxPage bounds what one call may ask for.
const maxPage = 500

// ReadLink implements [page.Core].
func (c *Core) ReadLink(_ context.Context, in page.Link) (page.LinkKind, error) {
	l, err := client.ReadLink(in.Link)
	if err != nil {
		return page.LinkKind{}, err
	}
	kind := "invitation"
	switch {
	case l.Founds:
		kind = "claim"
	case l.Links:
		kind = "device"
	}
	return page.LinkKind{Kind: kind, Address: l.Address}, nil
}

// Overview implements [page.Core].
func (c *Core) Overview(context.Context, bridge.None) (page.Overview, error) {
	cl, err := c.open()
	if err != nil {
		return page.Overview{}, err
	}
	contacts, err := cl.Contacts()
	if err != nil {
		return page.Overview{}, err
	}
	conversations, err := cl.Conversations()
	if err != nil {
		return page.Overview{}, err
	}
	settings, err := cl.Settings()
	if err != nil {
		return page.Overview{}, err
	}
	b, v := cl.Bubble(), c.view()
	return page.Overview{
		Self:          v.contact(cl.Self()),
		Bubble:        page.Bubble{Address: b.Address, Fingerprint: b.Fingerprint, Founder: b.Founder},
		Contacts:      list(contacts, v.contact),
		Conversations: list(conversations, v.conversation),
		Status:        status(cl.Status()),
		Settings:      page.Settings{NoReceipts: settings.NoReceipts, Notices: settings.Notices.String()},
		Mask:          page.Mask{On: v.veil != nil, Seconds: int(c.shown().Seconds())},
	}, nil
}

// Direct implements [page.Core].
func (c *Core) Direct(_ context.Context, in page.ID) (page.Conversation, error) {
	cl, err := c.open()
	if err != nil {
		return page.Conversation{}, err
	}
	member, err := client.ParseMemberID(in.ID)
	if err != nil {
		return page.Conversation{}, err
	}
	d, err := cl.Direct(member)
	return c.view().conversation(d), err
}

// History implements [page.Core].
func (c *Core) History(_ context.Context, in page.Page) (page.Messages, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return page.Messages{}, err
	}
	var found []client.Message
	switch limit := bounded(in.Limit); {
	case in.Around != "":
		var m client.MessageID
		if m, err = client.ParseMessageID(in.Around); err == nil {
			found, err = cl.Around(id, m, limit)
		}
	case in.Oldest, in.After > 0:
		found, err = cl.Later(id, client.Cursor(in.After), limit)
	default:
		found, err = cl.History(id, client.Cursor(in.Before), limit)
	}
	return page.Messages{Messages: list(found, c.view().message)}, err
}

// Search implements [page.Core]. A masked device refuses it: who may ask which
// messages hold a word can find out what they say.
func (c *Core) Search(ctx context.Context, in page.Query) (page.Messages, error) {
	if c.masked() {
		return page.Messages{}, veil.ErrMasked
	}
	cl, err := c.open()
	if err != nil {
		return page.Messages{}, err
	}
	var id client.ConversationID
	if in.Conversation != "" {
		if id, err = client.ParseConversationID(in.Conversation); err != nil {
			return page.Messages{}, err
		}
	}
	found, err := cl.Search(ctx, id, in.Text, client.Cursor(in.Before), bounded(in.Limit))
	return page.Messages{Messages: list(found, c.view().message)}, err
}

// Send implements [page.Core].
func (c *Core) Send(_ context.Context, in page.Draft) (page.MessageID, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return page.MessageID{}, err
	}
	to, err := replyTo(in.ReplyTo)
	if err != nil {
		return page.MessageID{}, err
	}
	m, err := cl.Send(id, client.Draft{Text: in.Text, ReplyTo: to})
	return page.MessageID{Conversation: in.Conversation, Message: m.String()}, err
}

// Retry implements [page.Core].
func (c *Core) Retry(_ context.Context, in page.MessageID) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Retry(id, m)
}

// MarkRead implements [page.Core].
func (c *Core) MarkRead(_ context.Context, in page.Reading) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.MarkRead(id, client.Cursor(in.Upto))
}

// Invite implements [page.Core].
func (c *Core) Invite(ctx context.Context, in page.InviteTerms) (page.Link, error) {
	cl, err := c.open()
	if err != nil {
		return page.Link{}, err
	}
	link, err := cl.Invite(ctx, client.InviteOptions{Uses: in.Uses, Expires: time.Duration(in.Hours) * time.Hour})
	return page.Link{Link: link}, err
}

// SetSettings implements [page.Core].
func (c *Core) SetSettings(_ context.Context, in page.Settings) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.SetSettings(client.Settings{NoReceipts: in.NoReceipts, Notices: client.ParseNotices(in.Notices)})
}

// in returns the client and the conversation that the page named.
func (c *Core) in(conversation string) (*client.Client, client.ConversationID, error) {
	cl, err := c.open()
	if err != nil {
		return nil, client.ConversationID{}, err
	}
	id, err := client.ParseConversationID(conversation)
	return cl, id, err
}

// at returns the client and the message that the page named.
func (c *Core) at(conversation, message string) (*client.Client, client.ConversationID, client.MessageID, error) {
	cl, id, err := c.in(conversation)
	if err != nil {
		return nil, client.ConversationID{}, client.MessageID{}, err
	}
	m, err := client.ParseMessageID(message)
	return cl, id, m, err
}

func bounded(limit int) int { return max(1, min(limit, maxPage)) }
