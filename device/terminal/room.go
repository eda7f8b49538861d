package terminal

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
)

// pageSize is how many messages are read from the vault at a time; keptPages bounds how much of a long
// history stays in memory while one scrolls through it.
const (
	pageSize  = 100
	keptPages = 20
)

// room is the open conversation: a contiguous part of its history and the field to write in.
type room struct {
	conv     client.Conversation
	messages []client.Message // oldest first
	fresh    client.Cursor    // the first message that was unread on opening; 0 for none
	first    bool             // messages begins with the first of the conversation
	last     bool             // messages ends with the newest
	loading  bool
	chosen   client.MessageID // the message that the keys are on
	choosing bool
	up       int // lines between the end of the history and the lower edge of the screen
	editor   editor
	drawn    map[client.MessageID]drawn
}

// open shows a conversation, newest messages first in sight.
func (m *model) open(c client.Conversation) tea.Cmd {
	m.inRoom = true
	m.list.on, m.list.moved = c.ID, true
	m.panel = nil
	if m.shows(c.ID) && m.room.last {
		m.room.up, m.room.choosing = 0, false
		return m.markRead()
	}
	m.keepDraft()
	m.room = &room{conv: c, last: true, editor: m.draft(c.ID)}
	return m.loadBefore(0)
}

// openAt shows a conversation around one message, which is chosen.
func (m *model) openAt(c client.Conversation, msg client.Message) tea.Cmd {
	m.inRoom, m.panel = true, nil
	m.list.on, m.list.moved = c.ID, true
	m.keepDraft()
	r := &room{conv: c, editor: m.draft(c.ID), chosen: msg.ID, choosing: true}
	m.room = r
	r.loading = true
	return m.task(func(context.Context) apply {
		page, err := m.cfg.Client.History(c.ID, msg.Cursor+pageSize/2, pageSize)
		return func(m *model) tea.Cmd {
			if m.room != r {
				return nil
			}
			r.loading = false
			if err != nil {
				m.fail(err)
				return nil
			}
			r.prepend(page)
			r.last = len(page) == 0 || page[len(page)-1].Cursor >= client.Cursor(max(0, c.Count))
			m.reveal()
			return nil
		}
	})
}

func (m *model) draft(id client.ConversationID) editor {
	e, ok := m.drafts[id]
	if !ok {
		e = editor{multiline: true, limit: client.MaxText}
	}
	delete(m.drafts, id)
	return e
}

// keepDraft remembers, in memory only, what was being written.
func (m *model) keepDraft() {
	if m.room != nil && !m.room.editor.empty() {
		m.drafts[m.room.conv.ID] = m.room.editor
	}
}

// leaveRoom goes back to the list.
func (m *model) leaveRoom() {
	m.inRoom = false
	if m.room != nil {
		m.room.choosing = false
	}
}

// loadBefore reads the page of history that ends before cursor; 0 reads the newest.
func (m *model) loadBefore(before client.Cursor) tea.Cmd {
	r := m.room
	if r == nil || r.loading || r.first {
		return nil
	}
	r.loading = true
	return m.task(func(context.Context) apply {
		page, err := m.cfg.Client.History(r.conv.ID, before, pageSize)
		return func(m *model) tea.Cmd {
			r.loading = false
			if m.room != r {
				return nil
			}
			if err != nil {
				m.fail(err)
				return nil
			}
			if before == 0 && len(r.messages) == 0 && r.conv.Unread > 0 {
				r.fresh = firstUnread(page, r.conv.Unread)
			}
			r.prepend(page)
			return m.markRead()
		}
	})
}

// firstUnread finds the message below which the mark for new ones stands: the count-th from the end that
// somebody else wrote.
func firstUnread(page []client.Message, count int) client.Cursor {
	for _, msg := range slices.Backward(page) {
		if !msg.Own && msg.Kind != client.MessageChange {
			if count--; count <= 0 {
				return msg.Cursor
			}
		}
	}
	if len(page) > 0 {
		return page[0].Cursor
	}
	return 0
}

// reloadRoom reads the newest page again, after events were missed or to come back from the past.
func (m *model) reloadRoom() tea.Cmd {
	if m.room == nil {
		return nil
	}
	r := m.room
	r.messages, r.drawn, r.first, r.loading, r.last, r.up = nil, nil, false, false, true, 0
	return m.loadBefore(0)
}

// prepend puts a page before what is there, without what is there already.
func (r *room) prepend(page []client.Message) {
	if len(page) < pageSize || page[0].Cursor <= 1 {
		r.first = true
	}
	if len(r.messages) > 0 {
		oldest := r.messages[0].Cursor
		page = slices.DeleteFunc(page, func(msg client.Message) bool { return msg.Cursor >= oldest })
	}
	r.messages = append(slices.Clone(page), r.messages...)
	if most := pageSize * keptPages; len(r.messages) > most {
		r.messages = r.messages[:most:most]
		r.last = false
	}
}

// add appends a new message, or takes its newer state if it is there.
func (r *room) add(msg client.Message) {
	if r.replace(msg) || !r.last {
		return
	}
	at := len(r.messages)
	for at > 0 && r.messages[at-1].Cursor > msg.Cursor {
		at--
	}
	r.messages = slices.Insert(r.messages, at, msg)
}

func (r *room) replace(msg client.Message) bool {
	i := r.index(msg.ID)
	if i >= 0 {
		r.messages[i] = msg
		delete(r.drawn, msg.ID)
	}
	return i >= 0
}

func (r *room) index(id client.MessageID) int {
	return slices.IndexFunc(r.messages, func(msg client.Message) bool { return msg.ID == id })
}

// markRead tells the client what was seen: the newest message, while it is in sight and the person here.
func (m *model) markRead() tea.Cmd {
	r := m.room
	if r == nil || m.away || !m.inRoom || m.panel != nil || r.up > 0 || !r.last || len(r.messages) == 0 || m.tiny() {
		return nil
	}
	newest := r.messages[len(r.messages)-1]
	if r.conv.Unread == 0 && (newest.Own || newest.State == client.StateRead) {
		return nil
	}
	id, upTo := r.conv.ID, newest.Cursor
	return m.attempt(func(context.Context) error { return m.cfg.Client.MarkRead(id, upTo) },
		func(m *model) tea.Cmd { return m.loadList() })
}

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
