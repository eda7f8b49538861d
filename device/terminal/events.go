package terminal

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
)

// maxBurst is how many events are applied between two pictures of the screen.
const maxBurst = 256

// nextEvents waits for the client to say something and takes what else is there already.
func (m *model) nextEvents() tea.Cmd {
	events := m.events
	return m.task(func(ctx context.Context) apply {
		burst := make([]client.Event, 0, 8)
		select {
		case event, open := <-events:
			if !open {
				return nil
			}
			burst = append(burst, event)
		case <-ctx.Done():
			return nil
		}
		for len(burst) < maxBurst {
			select {
			case event, open := <-events:
				if open {
					burst = append(burst, event)
					continue
				}
			default:
			}
			break
		}
		return func(m *model) tea.Cmd { return tea.Batch(m.happen(burst), m.nextEvents()) }
	})
}

// happen applies events. The list is loaded again once for all of them: it is short, and the vault is the
// only one who knows its order and counters.
func (m *model) happen(burst []client.Event) tea.Cmd {
	var commands []tea.Cmd
	stale := false
	for _, event := range burst {
		switch event.Kind {
		case client.EventMessage:
			stale = true
			commands = append(commands, m.arrived(event))
		case client.EventState:
			stale = true
			m.progressed(event)
		case client.EventConversation, client.EventContact:
			stale = true
		case client.EventStatus:
			if event.Status != nil {
				m.status = *event.Status
			}
		case client.EventTransfer:
			m.transferred(event)
		case client.EventWarning:
			m.warning, m.warned = event.Warning, true
		case client.EventGone:
			stale = true
			if event.Message != nil && m.shows(event.Conversation) {
				m.room.forget(event.Message.ID)
			}
		case client.EventRemoved:
			m.removed = true
			return tea.Quit
		case client.EventDevices: // no screen shows them here
		case client.EventMissed:
			stale = true
			commands = append(commands, m.reloadRoom())
		}
	}
	if stale {
		commands = append(commands, m.loadList())
	}
	return tea.Batch(commands...)
}

// arrived adds a new message to the open conversation, if it belongs there.
func (m *model) arrived(event client.Event) tea.Cmd {
	if event.Message == nil || !m.shows(event.Conversation) {
		return nil
	}
	m.room.add(*event.Message)
	return m.markRead()
}

func (m *model) progressed(event client.Event) {
	if event.Message == nil {
		return
	}
	if event.Message.State != client.StateQueued {
		delete(m.transfers, event.Message.ID)
	}
	if m.shows(event.Conversation) {
		m.room.replace(*event.Message)
	}
}

func (m *model) transferred(event client.Event) {
	if t := event.Transfer; t != nil {
		m.transfers[t.Message] = t.Progress
		if t.Progress.Done >= t.Progress.Total {
			delete(m.transfers, t.Message)
		}
	}
}

func (m *model) shows(id client.ConversationID) bool { return m.room != nil && m.room.conv.ID == id }
