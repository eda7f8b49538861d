package terminal

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// maxFound is how many messages a search shows.
const maxFound = 100

// search finds words in the open conversation or in all of them.
type search struct {
	here    *room // the conversation to search, nil if none is open
	all     bool
	query   editor
	asked   string // what found answers, with the scope
	found   []client.Message
	on, top int
	busy    bool
	stop    context.CancelFunc
}

func newSearch(here *room) *search {
	return &search{here: here, all: here == nil, query: editor{limit: 200}}
}

func (s *search) title(m *model) string {
	if s.all {
		return m.lang.Say("Search in all conversations", "Rechercher dans toutes les conversations")
	}
	return m.lang.Say("Search in %s", "Rechercher dans %s", safe.Line(s.here.conv.Name))
}

func (s *search) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	switch press.String() {
	case "up":
		s.on = max(0, s.on-1)
		return nil
	case "down":
		s.on = max(0, min(len(s.found)-1, s.on+1))
		return nil
	case "tab":
		if s.here != nil {
			s.all = !s.all
		}
		return s.ask(m)
	case "enter":
		if s.on < len(s.found) && !s.busy {
			return m.jump(s.found[s.on])
		}
		return nil
	}
	s.query.key(press, 1<<10)
	return s.ask(m)
}

func (s *search) paste(m *model, text string) tea.Cmd {
	s.query.insert(text)
	return s.ask(m)
}

// ask searches for what is written now and gives up an earlier search that still runs.
func (s *search) ask(m *model) tea.Cmd {
	words := strings.TrimSpace(s.query.value())
	asked := words
	if s.all {
		asked = "\x00" + words
	}
	if asked == s.asked {
		return nil
	}
	s.asked = asked
	if s.stop != nil {
		s.stop()
	}
	if words == "" {
		s.found, s.busy = nil, false
		return nil
	}
	var where client.ConversationID
	if !s.all {
		where = s.here.conv.ID
	}
	ctx, stop := context.WithCancel(m.ctx)
	s.stop, s.busy = stop, true
	return m.task(func(context.Context) apply {
		defer stop()
		found, err := m.cfg.Client.Search(ctx, where, words, 0, maxFound)
		return func(m *model) tea.Cmd {
			if s.asked != asked {
				return nil
			}
			s.busy = false
			if err != nil {
				m.fail(err)
				return nil
			}
			s.found, s.on, s.top = found, 0, 0
			return nil
		}
	})
}

// jump opens the conversation of a message at that message.
func (m *model) jump(msg client.Message) tea.Cmd {
	return m.task(func(context.Context) apply {
		conv, err := m.cfg.Client.Conversation(msg.Conversation)
		return func(m *model) tea.Cmd {
			if err != nil {
				m.fail(err)
				return nil
			}
			return m.openAt(conv, msg)
		}
	})
}

func (s *search) view(m *model, width, height int) ([]string, *tea.Position) {
	label := m.lang.Say("Words:", "Mots :")
	text, x := m.field(label, &s.query, width)
	lines := []string{text, ""}
	switch {
	case s.busy:
		lines = append(lines, m.theme.dim.Render(m.lang.Say("Searching…", "Recherche…")))
	case strings.TrimSpace(s.query.value()) != "" && len(s.found) == 0:
		lines = append(lines, m.theme.dim.Render(m.lang.Say("Nothing found.", "Rien trouvé.")))
	}
	const each = 2
	sight := max(1, (height-2)/each)
	s.top = max(min(s.top, s.on, len(s.found)-sight), s.on-sight+1, 0)
	for i := s.top; i < min(len(s.found), s.top+sight); i++ {
		lines = append(lines, s.entry(m, i, width)...)
	}
	return lines, &tea.Position{X: x}
}

// entry draws one find: where and who, then the words around it.
func (s *search) entry(m *model, i, width int) []string {
	msg := s.found[i]
	who := safe.Line(msg.FromName)
	if msg.Own {
		who = m.lang.Say("You", "Vous")
	}
	if s.all {
		if name := m.nameOf(msg.Conversation); name != "" && name != who {
			who = name + ", " + who
		}
	}
	head := between(who, m.lang.Short(when(&msg), m.cfg.Now()), width-3)
	body := fit(around(m.gist(msg), strings.TrimSpace(s.query.value()), width-3), width-3)
	if i == s.on {
		edge := m.theme.accent.Render(m.theme.sign.cursor) + " "
		return []string{edge + m.theme.selected.Render(head), edge + m.theme.selected.Render(body)}
	}
	return []string{"  " + m.theme.bold.Render(head), "  " + m.theme.dim.Render(body)}
}

func (m *model) nameOf(id client.ConversationID) string {
	for _, c := range m.list.all {
		if c.ID == id {
			return safe.Line(c.Name)
		}
	}
	return ""
}

// around cuts the beginning of text so that the words found in it are in sight.
func around(text, words string, width int) string {
	at := strings.Index(strings.ToLower(text), strings.ToLower(words))
	if at < 0 || at > len(text) || ansi.StringWidth(text[:at])+ansi.StringWidth(words) <= width {
		return text
	}
	return ansi.TruncateLeft(text, max(0, ansi.StringWidth(text[:at])-width/3), "…")
}

func (s *search) hints(m *model) []string {
	hints := []string{m.hint("Enter", "go there", "y aller"), m.hint("↑↓", "choose", "choisir")}
	if s.here != nil {
		hints = append(hints, m.hint("Tab", "here / everywhere", "ici / partout"))
	}
	return hints
}
