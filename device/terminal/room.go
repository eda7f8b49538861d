package terminal

import (
	"context"
	"slices"

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
			r.last = len(page) == 0 || page[len(page)-1].Cursor >= c.Newest
			m.reveal()
			m.centre()
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
	if m.room == nil {
		return
	}
	delete(m.drafts, m.room.conv.ID)
	if !m.room.editor.empty() {
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

// loadAfter reads the page that follows what is there, and scrolls on into it by lines.
func (m *model) loadAfter(by int) tea.Cmd {
	r := m.room
	if r.loading || r.last || len(r.messages) == 0 {
		return nil
	}
	r.loading = true
	newest := r.messages[len(r.messages)-1].Cursor
	return m.task(func(context.Context) apply {
		page, err := m.cfg.Client.History(r.conv.ID, newest+1+pageSize, pageSize)
		return func(m *model) tea.Cmd {
			r.loading = false
			if m.room != r {
				return nil
			}
			if err != nil {
				m.fail(err)
				return nil
			}
			before := len(m.historyLines(m.roomWidth()))
			r.append(page)
			r.up = max(0, r.up+len(m.historyLines(m.roomWidth()))-before-by)
			return m.markRead()
		}
	})
}

// append puts a later page behind what is there.
func (r *room) append(page []client.Message) {
	newest := r.messages[len(r.messages)-1].Cursor
	page = slices.DeleteFunc(page, func(msg client.Message) bool { return msg.Cursor <= newest })
	r.messages = append(r.messages, page...)
	if len(page) < pageSize {
		r.last = true
	}
	if surplus := len(r.messages) - pageSize*keptPages; surplus > 0 {
		r.messages = slices.Clone(r.messages[surplus:])
		r.first = false
	}
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

// forget takes out a message that was deleted here, or has expired.
func (r *room) forget(id client.MessageID) {
	i := r.index(id)
	if i < 0 {
		return
	}
	r.messages = slices.Delete(r.messages, i, i+1)
	delete(r.drawn, id)
	if r.chosen == id {
		r.choosing = false
	}
	for j := range r.messages {
		if q := r.messages[j].ReplyTo; q != nil && q.Message == id {
			r.messages[j].ReplyTo = &client.Quote{Message: id, Gone: true}
			delete(r.drawn, r.messages[j].ID)
		}
	}
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
