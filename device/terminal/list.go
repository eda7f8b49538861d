package terminal

import (
	"context"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/safe"
)

// list is the conversations, newest activity first, and which of them the keys are on.
type list struct {
	all     []client.Conversation
	on      client.ConversationID // stays with the conversation when the order changes
	top     int                   // first entry in sight
	moved   bool                  // the person has chosen; until then the keys are on the newest
	loaded  bool
	loading bool
	stale   bool // something changed while loading
}

// entryHeight is two lines: who and when, then what.
const entryHeight = 2

// loadList reads the list again. Calls while a load is under way are answered by one more load after it.
func (m *model) loadList() tea.Cmd {
	if m.list.loading {
		m.list.stale = true
		return nil
	}
	m.list.loading = true
	return m.task(func(context.Context) apply {
		all, err := m.cfg.Client.Conversations()
		status := m.cfg.Client.Status() // it counts what is queued, which changes without an event of its own
		return func(m *model) tea.Cmd {
			m.status = status
			return m.gotList(all, err)
		}
	})
}

func (m *model) gotList(all []client.Conversation, err error) tea.Cmd {
	l := &m.list
	l.loading, l.loaded = false, true
	if err != nil {
		m.fail(err)
	} else {
		l.all = all
		if (l.index() < 0 || !l.moved) && len(all) > 0 {
			l.on = all[0].ID
		}
	}
	if m.room != nil {
		for _, c := range l.all {
			if c.ID == m.room.conv.ID {
				m.room.conv = c
			}
		}
	}
	if l.stale {
		l.stale = false
		return m.loadList()
	}
	return nil
}

func (l *list) index() int {
	for i, c := range l.all {
		if c.ID == l.on {
			return i
		}
	}
	return -1
}

// move goes by entries up or down, stopping at the ends.
func (l *list) move(by int) {
	l.moved = true
	if len(l.all) > 0 {
		l.on = l.all[min(max(0, l.index()+by), len(l.all)-1)].ID
	}
}

func (l *list) current() (client.Conversation, bool) {
	if i := l.index(); i >= 0 {
		return l.all[i], true
	}
	return client.Conversation{}, false
}

// unread counts the messages that wait in all conversations.
func (l *list) unread() int {
	n := 0
	for _, c := range l.all {
		n += c.Unread
	}
	return n
}

func (m *model) keyList(press tea.KeyPressMsg) tea.Cmd {
	page := max(1, (m.height-4)/entryHeight-1)
	switch press.String() {
	case "up", "k":
		m.list.move(-1)
	case "down", "j":
		m.list.move(1)
	case "pgup":
		m.list.move(-page)
	case "pgdown":
		m.list.move(page)
	case "home", "g":
		m.list.move(-len(m.list.all))
	case "end", "G":
		m.list.move(len(m.list.all))
	case "enter", "right", "l":
		if c, ok := m.list.current(); ok {
			return m.open(c)
		}
	case "?":
		m.panel = newHelp()
	case "n":
		return m.openPeople()
	case "/":
		m.panel = newSearch(nil)
	}
	return nil
}

// viewList draws the list into width by height.
func (m *model) viewList(width, height int) []string {
	l := &m.list
	if len(l.all) == 0 {
		return m.viewEmptyList(width, height)
	}
	sight := max(1, height/entryHeight)
	on := max(0, l.index())
	l.top = max(min(l.top, on, len(l.all)-sight), on-sight+1, 0)
	lines := make([]string, 0, height)
	for i := l.top; i < min(len(l.all), l.top+sight); i++ {
		lines = append(lines, m.viewEntry(l.all[i], i == on, width)...)
	}
	return lines
}

func (m *model) viewEmptyList(width, height int) []string {
	if !m.list.loaded || height < 3 {
		return nil
	}
	lines := []string{""}
	for _, line := range wrap(m.lang.Say("Nobody to talk to yet.\n\nPress n to begin a conversation.",
		"Aucune conversation.\n\nAppuyez sur n pour en commencer une."), width-2) {
		lines = append(lines, " "+m.theme.dim.Render(line))
	}
	return lines
}

func (m *model) viewEntry(c client.Conversation, on bool, width int) []string {
	t := m.theme
	open := m.shows(c.ID)
	edge := " "
	if on && !m.inRoom || open && m.inRoom {
		edge = t.accent.Render(t.sign.cursor)
	}
	when := ""
	if c.Last != nil {
		when = m.lang.Short(c.Last.Received, m.cfg.Now())
	}
	name := safe.Line(c.Name)
	if c.Kind == client.KindGroup {
		name = "# " + name
	}
	inner := width - 2
	count := ""
	if c.Unread > 0 {
		count = t.sign.unread + " " + strconv.Itoa(min(c.Unread, 999))
	}
	head := fit(name, inner-ansi.StringWidth(when)-1) + " "
	body := fit(m.snippet(c), inner-ansi.StringWidth(count)-1) + " "
	if on && !m.inRoom {
		return []string{
			edge + t.selected.Render(head+when+" "),
			edge + t.selected.Render(body+count+" "),
		}
	}
	if c.Unread > 0 || open {
		head = t.bold.Render(head)
	}
	return []string{
		edge + head + t.dim.Render(when) + " ",
		edge + t.dim.Render(body) + t.accent.Render(count) + " ",
	}
}

// snippet is the last thing said in c, on one line.
func (m *model) snippet(c client.Conversation) string {
	if c.Last == nil {
		return ""
	}
	text := m.gist(*c.Last)
	if draft, ok := m.drafts[c.ID]; ok && !draft.empty() && !m.shows(c.ID) {
		return m.lang.Say("Draft: ", "Brouillon : ") + safe.Line(draft.value())
	}
	switch {
	case c.Last.Kind == client.MessageChange:
		return text
	case c.Last.Own:
		return m.lang.Say("You: ", "Vous : ") + text
	case c.Kind == client.KindGroup:
		return safe.Line(c.Last.FromName) + ": " + text
	}
	return text
}

// gist is a message on one line.
func (m *model) gist(msg client.Message) string {
	switch {
	case msg.Kind == client.MessageChange:
		return m.changeLine(msg)
	case msg.Deleted:
		return m.deletedWord()
	case msg.File != nil:
		if about := files.About(m.lang, msg.File); about != "" {
			return m.theme.sign.file + " " + about
		}
		return m.theme.sign.file + " " + safe.Line(msg.File.Name)
	}
	const enough = 400 // bytes; more than any list is wide
	text := msg.Text
	if len(text) > enough {
		text = text[:enough]
	}
	return strings.Join(strings.Fields(safe.Line(text)), " ")
}
