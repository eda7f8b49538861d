package terminal

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
)

func (m *model) keyRoom(press tea.KeyPressMsg) tea.Cmd {
	r := m.room
	switch press.String() {
	case "pgup":
		return m.scroll(m.historyHeight() - 1)
	case "pgdown":
		return m.scroll(1 - m.historyHeight())
	case "ctrl+home":
		return m.scroll(1 << 30)
	case "ctrl+end":
		return m.toEnd()
	case "esc":
		if r.choosing || r.up > 0 || !r.last {
			return m.toEnd()
		}
		m.leaveRoom()
		return nil
	}
	if r.choosing {
		return m.keyChoosing(press)
	}
	if press.String() == "enter" {
		return m.send()
	}
	if !r.conv.Active {
		if press.String() == "up" {
			return m.choose(-1)
		}
		return nil
	}
	if !r.editor.key(press, m.editorWidth()) && press.String() == "up" {
		return m.choose(-1)
	}
	return nil
}

// keyChoosing handles keys while a message is chosen. A letter goes on writing.
func (m *model) keyChoosing(press tea.KeyPressMsg) tea.Cmd {
	switch press.String() {
	case "up":
		return m.choose(-1)
	case "down":
		return m.choose(1)
	case "enter":
		return m.actOnChosen()
	}
	if press.Text != "" && m.room.conv.Active {
		m.room.choosing = false
		m.room.up = 0
		m.room.editor.key(press, m.editorWidth())
	}
	return nil
}

// choose moves the choice by messages; below the newest one it ends.
func (m *model) choose(by int) tea.Cmd {
	r := m.room
	if len(r.messages) == 0 {
		return nil
	}
	if !r.choosing {
		r.choosing, r.chosen = true, r.messages[len(r.messages)-1].ID
		m.reveal()
		return nil
	}
	i := r.index(r.chosen) + by
	if i >= len(r.messages) && !r.last {
		return m.loadAfter(0)
	}
	if i >= len(r.messages) {
		return m.toEnd()
	}
	var more tea.Cmd
	if i <= 0 && !r.first {
		more = m.loadBefore(r.messages[0].Cursor)
	}
	r.chosen = r.messages[max(0, i)].ID
	m.reveal()
	return more
}

// toEnd shows the newest messages again.
func (m *model) toEnd() tea.Cmd {
	m.room.up, m.room.choosing = 0, false
	if !m.room.last {
		return m.reloadRoom()
	}
	return m.markRead()
}

// scroll moves the history by lines into the past, or back for by < 0.
func (m *model) scroll(by int) tea.Cmd {
	r := m.room
	if by < 0 && r.up == 0 && !r.last {
		return m.loadAfter(-by)
	}
	lines := m.historyLines(m.roomWidth())
	most := max(0, len(lines)-m.historyHeight())
	r.up = min(max(0, r.up+by), most)
	if r.up == 0 {
		return m.markRead()
	}
	if r.up == most && !r.first && len(r.messages) > 0 {
		return m.loadBefore(r.messages[0].Cursor)
	}
	return nil
}

// reveal scrolls so that the chosen message is in sight.
func (m *model) reveal() {
	r := m.room
	lines := m.historyLines(m.roomWidth())
	top, bottom := -1, -1
	for i, line := range lines {
		if line.message == r.chosen {
			if top < 0 {
				top = i
			}
			bottom = i
		}
	}
	if top < 0 {
		return
	}
	height := m.historyHeight()
	above, below := len(lines)-top, len(lines)-1-bottom
	if r.up > below {
		r.up = below
	}
	if above > r.up+height {
		r.up = above - height
	}
	r.up = max(0, min(r.up, len(lines)-height))
}

// centre leaves as much of the history below what was revealed as above it.
func (m *model) centre() {
	most := max(0, len(m.historyLines(m.roomWidth()))-m.historyHeight())
	m.room.up = min(most, m.room.up+m.historyHeight()/2)
	m.reveal()
}

// send queues what was written.
func (m *model) send() tea.Cmd {
	r := m.room
	text := strings.TrimRight(r.editor.value(), " \n")
	if strings.TrimSpace(text) == "" || !r.conv.Active {
		return nil
	}
	r.editor.clear()
	r.up = 0
	r.fresh = 0
	id := r.conv.ID
	return m.task(func(context.Context) apply {
		_, err := m.cfg.Client.Send(id, client.Draft{Text: text})
		return func(m *model) tea.Cmd {
			if err == nil {
				return nil // the client's event shows it
			}
			m.fail(err)
			// What could not be queued is not lost: it comes back to be sent again.
			if m.shows(id) && m.room.editor.empty() {
				m.room.editor.set(text)
			} else if _, ok := m.drafts[id]; !ok {
				e := editor{multiline: true, limit: client.MaxText}
				e.set(text)
				m.drafts[id] = e
			}
			return nil
		}
	})
}

// actOnChosen does what Enter means on a message: save a file, send a failed one again.
func (m *model) actOnChosen() tea.Cmd {
	r := m.room
	i := r.index(r.chosen)
	if i < 0 {
		return nil
	}
	msg := r.messages[i]
	switch {
	case msg.State == client.StateFailed:
		return m.attempt(func(context.Context) error { return m.cfg.Client.Retry(msg.Conversation, msg.ID) }, nil)
	case msg.File != nil:
		m.panel = newSave(msg, m.cfg.Saves)
	}
	return nil
}
