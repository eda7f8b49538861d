package client

import (
	"context"
	"sync"

	"bulle/device/client/conversation"
)

// An Event says that something changed. What it carries is what the vault held
// when it happened; a screen that wants all of it asks the client.
type Event struct {
	Kind         EventKind
	Conversation ConversationID
	Message      *Message // EventMessage, EventState; of EventGone its identifiers and cursor alone
	Status       *Status
	Transfer     *Transfer
	Warning      Warning
}

// EventKind says what an event is about.
type EventKind uint8

// The kinds of event.
const (
	EventMessage      EventKind = 1 // a message entered a history
	EventState        EventKind = 2 // a message changed its state
	EventConversation EventKind = 3 // members, name, unread count
	EventContact      EventKind = 4 // somebody joined
	EventStatus       EventKind = 5 // the relay
	EventTransfer     EventKind = 6 // a file moved on
	EventWarning      EventKind = 7
	EventMissed       EventKind = 8  // the reader was too slow: load everything anew
	EventGone         EventKind = 9  // a message left the history: deleted here, or expired
	EventDevices      EventKind = 10 // the member's devices, or a history that comes along
	EventRemoved      EventKind = 11 // this device was removed: nothing of it is left
)

// A Transfer is how far a file has come.
type Transfer struct {
	Message  MessageID
	Upload   bool
	State    TransferState
	Progress Progress
}

// TransferState says whether a file moves.
type TransferState = conversation.TransferState

// The states of a transfer.
const (
	TransferWaiting = conversation.TransferWaiting // for the relay, or for another file
	TransferMoving  = conversation.TransferMoving
	TransferPaused  = conversation.TransferPaused // by this member
	TransferEnded   = conversation.TransferEnded  // all of it is through, or it was given up
)

func transfer(t *conversation.Transfer) Transfer {
	return Transfer{Message: t.Message, Upload: t.Upload, State: t.State, Progress: Progress{Done: t.Done, Total: t.Total}}
}

// Progress is how many bytes of a file are through. The hash is there once all are.
type Progress struct {
	Done, Total int64
	SHA256      [32]byte
}

// Warning is what a member should know about what the device has seen.
type Warning = conversation.Warning

// The warnings.
const (
	WarningFork       = conversation.WarningFork       // the relay shows different members different logs
	WarningRollback   = conversation.WarningRollback   // this vault was an older copy; its keys were renewed
	WarningTruncated  = conversation.WarningTruncated  // messages were gone before they could be read
	WarningCredential = conversation.WarningCredential // a device that the log does not know tried to enter
	WarningLost       = conversation.WarningLost       // a group cannot be followed any more
	WarningNotAdmin   = conversation.WarningNotAdmin   // a change was dropped: this member may not make it any more
)

// eventBuffer is how many events wait for one reader.
const eventBuffer = 256

// hub hands events to any number of readers. It never waits for one.
type hub struct {
	mu      sync.Mutex
	readers map[*reader]struct{} // nil once closed
}

type reader struct {
	events chan Event
	missed bool // EventMissed is the last one in events
}

func newHub() *hub { return &hub{readers: map[*reader]struct{}{}} }

// Events returns what happens from now on. A reader that is too slow loses events,
// and is told so by one of kind EventMissed. The channel closes with ctx or the
// client.
func (c *Client) Events(ctx context.Context) <-chan Event {
	r := &reader{events: make(chan Event, eventBuffer)}
	h := c.events
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers == nil {
		close(r.events)
		return r.events
	}
	h.readers[r] = struct{}{}
	context.AfterFunc(ctx, func() { h.drop(r) })
	return r.events
}

func (h *hub) drop(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.readers[r]; ok {
		delete(h.readers, r)
		close(r.events)
	}
}

// send gives an event to every reader that has room for it. The last place is for
// EventMissed: who reads that loads everything, what was left out after it too.
func (h *hub) send(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.readers {
		switch {
		case len(r.events) < cap(r.events)-1:
			r.missed = false
			r.events <- e
		case !r.missed && len(r.events) < cap(r.events):
			r.missed = true
			r.events <- Event{Kind: EventMissed}
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.readers {
		close(r.events)
	}
	h.readers = nil
}

// heard turns the engine's events into ours.
func (c *Client) heard(e conversation.Event) {
	out := Event{Conversation: e.Conversation, Warning: e.Warning}
	switch e.Kind {
	case conversation.EventMessage:
		out.Kind = EventMessage
	case conversation.EventState:
		out.Kind = EventState
	case conversation.EventGone:
		out.Kind = EventGone
	case conversation.EventConversation:
		out.Kind = EventConversation
	case conversation.EventTransfer:
		out.Kind = EventTransfer
		t := transfer(e.Transfer)
		out.Transfer = &t
	case conversation.EventHistory:
		out.Kind = EventDevices
		if e.Transfer == nil && e.Device == (DeviceID{}) { // all of it has come: screens load it
			c.events.send(Event{Kind: EventMissed})
		}
	default:
		out.Kind = EventWarning
	}
	if e.Message != nil {
		m := c.message(*e.Message)
		out.Message = &m
	}
	c.events.send(out)
}
