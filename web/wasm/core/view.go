package core

import (
	"encoding/hex"
	"time"

	"bulle/device/client"
	"bulle/web/wasm/page"
	"bulle/web/wasm/veil"
)

const (
	people = "people" // the conversation that the contacts' names are sealed in
	title  = "name"   // the item of a conversation that is its name
)

// A view turns what the client knows into what the page gets. Nothing else does, so
// that a masked page gets no text that is not sealed.
type view struct {
	veil *veil.Veil // nil shows everything as it is
}

func (v view) text(conversation, item, text string) string {
	if v.veil == nil {
		return text
	}
	return v.veil.Seal(veil.Scope{Conversation: conversation, Item: item}, text)
}

func (v view) contact(c client.Contact) page.Contact { return v.member(people, c.ID.String(), c) }

// member is a contact whose name belongs to an item of a conversation.
func (v view) member(conversation, item string, c client.Contact) page.Contact {
	return page.Contact{
		ID: c.ID.String(), Sealed: v.veil != nil, Name: v.text(conversation, item, c.Name),
		Self: c.Self, Verified: c.Verified, Devices: c.Devices, Admin: c.Admin, Blocked: c.Blocked,
	}
}

func (v view) conversation(c client.Conversation) page.Conversation {
	id := c.ID.String()
	out := page.Conversation{
		ID: id, Sealed: v.veil != nil, Kind: c.Kind.String(), Name: v.text(id, title, c.Name),
		Members: list(c.Members, func(m client.Contact) page.Contact { return v.member(id, m.ID.String(), m) }),
		Active:  c.Active, Manages: c.Manages, Muted: c.Muted,
		Unread: c.Unread, Seen: float64(c.Seen), Count: c.Count, Pending: c.Pending,
		Timer: int(c.Timer.Seconds()),
	}
	if c.Last != nil {
		last := v.message(*c.Last)
		if last.File != nil {
			last.File.Preview = nil // a list shows none
		}
		out.Last = &last
	}
	return out
}

func (v view) message(m client.Message) page.Message {
	in, id := m.Conversation.String(), m.ID.String()
	out := page.Message{
		ID: id, Sealed: v.veil != nil, Conversation: in, Cursor: float64(m.Cursor),
		From: m.From.String(), FromName: v.text(in, id, m.FromName), Own: m.Own, Kind: m.Kind.String(),
		Text: v.text(in, id, m.Text),
		Sent: m.Sent, Received: m.Received, State: m.State.String(), Reason: m.Reason.String(),
		Reactions: list(m.Reactions, func(r client.Reaction) page.Reaction { return v.reaction(in, id, r) }),
		Edited:    m.Edited, Deleted: m.Deleted, Lifetime: int(m.Lifetime.Seconds()), Expires: orEpoch(m.Expires),
	}
	if q := m.ReplyTo; q != nil {
		out.ReplyTo = &page.Quote{
			Message: q.Message.String(), From: q.From.String(), FromName: v.text(in, id, q.FromName),
			Own: q.Own, Kind: q.Kind.String(), Text: v.text(in, id, q.Text), Gone: q.Gone,
		}
	}
	if f := m.File; f != nil {
		out.File = &page.Attachment{
			Name: v.text(in, id, f.Name), MediaType: f.MediaType, Size: f.Size, SHA256: hex.EncodeToString(f.SHA256[:]),
			Voice: f.Shown.Voice, Width: f.Shown.Width, Height: f.Shown.Height, Duration: int(f.Shown.Duration.Milliseconds()),
		}
		if v.veil == nil {
			out.File.Preview = f.Shown.Preview
		}
	}
	if x := m.Change; x != nil {
		out.Change = &page.Change{
			Kind:    x.Kind.String(),
			Members: list(x.Members, func(c client.Contact) page.Contact { return v.member(in, id, c) }),
			Name:    v.text(in, id, x.Name),
			Seconds: int(x.Timer.Seconds()),
		}
	}
	return out
}

// orEpoch gives the page a zero time as 0.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.UnixMilli(0)
	}
	return t
}

// reaction is an emoji with which members answered an item of a conversation. Which
// one it is says as much as a word.
func (v view) reaction(conversation, item string, r client.Reaction) page.Reaction {
	return page.Reaction{
		Emoji: v.text(conversation, item, r.Emoji), Count: len(r.Members), Own: r.Own,
		Names: list(r.Members, func(c client.Contact) string { return v.text(conversation, item, c.Name) }),
	}
}
