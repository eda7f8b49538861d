package core

import (
	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

// list turns every element of a list. An empty list is not nil: the page gets [].
func list[From, To any](in []From, turn func(From) To) []To {
	out := make([]To, len(in))
	for i, v := range in {
		out[i] = turn(v)
	}
	return out
}

func status(s client.Status) page.Status {
	out := page.Status{State: s.State.String(), Latency: float64(s.Latency.Milliseconds()), Queued: s.Queued}
	if s.Reason != nil {
		out.Reason = Code(s.Reason)
	}
	return out
}

// announce tells the page of an event.
func (c *Core) announce(e client.Event) {
	switch e.Kind {
	case client.EventMessage, client.EventState:
		if e.Message == nil {
			return
		}
		name := "message"
		if e.Kind == client.EventState {
			name = "state"
		}
		c.cfg.Announce(name, c.view().message(*e.Message))
		c.announceConversation(e.Conversation)
	case client.EventGone:
		if m := e.Message; m != nil {
			c.cfg.Announce("gone", page.Gone{
				Conversation: e.Conversation.String(), Message: m.ID.String(), Cursor: float64(m.Cursor),
			})
		}
	case client.EventConversation:
		c.announceConversation(e.Conversation)
	case client.EventStatus:
		if e.Status != nil {
			c.cfg.Announce("status", status(*e.Status))
		}
	case client.EventTransfer:
		if t := e.Transfer; t != nil {
			c.cfg.Announce("transfer", transfer(e.Conversation, *t))
		}
	case client.EventWarning:
		c.cfg.Announce("warning", page.Warning{Kind: e.Warning.String()})
	case client.EventDevices:
		c.announceDevices()
	case client.EventRemoved:
		c.cfg.Announce("removed", bridge.None{})
	default: // contacts, or events were missed: the page loads everything anew
		c.cfg.Announce("missed", bridge.None{})
	}
}

// announceConversation sends the row of the list as it is now.
func (c *Core) announceConversation(id client.ConversationID) {
	cl, err := c.open()
	if err != nil {
		return
	}
	if row, err := cl.Conversation(id); err == nil {
		c.cfg.Announce("conversation", c.view().conversation(row))
	}
}
