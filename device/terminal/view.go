package terminal

import (
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// The screen, from [wide] columns on; below, only one of the two sides shows.
//
//	 Bulle  Alice                                ● connected     header
//	─────────────────┬──────────────────────────────────────     rule
//	 Bob       14:05 │ Bob                         verified      title
//	 Hello         1 │ ------ Today ------
//	                 │ Bob  14:05                                history
//	                 │   Hello
//	                 │──────────────────────────────────────
//	                 │ > text                                    editor
//	 Enter send   F1 help                                        footer

const (
	wide       = 66
	narrowest  = 20
	lowest     = 6
	mostEditor = 6 // lines that the editor takes at most
)

// View implements [tea.Model].
func (m *model) View() tea.View {
	v := tea.View{AltScreen: true, ReportFocus: true, WindowTitle: "Bulle"}
	if n := m.list.unread(); n > 0 {
		v.WindowTitle = fmt.Sprintf("Bulle (%d)", n)
	}
	if m.tiny() {
		v.SetContent(ansi.Truncate(m.lang.Say("Bulle: enlarge this window", "Bulle : agrandissez la fenêtre"), max(1, m.width), ""))
		return v
	}
	lines, cursor := m.draw()
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], m.width, "")
	}
	content := strings.Join(lines[:min(len(lines), m.height)], "\n")
	if m.ascii {
		content = strings.ReplaceAll(content, "…", "~") // as wide
	}
	v.SetContent(content)
	if cursor != nil && cursor.X < m.width && cursor.Y < m.height {
		v.Cursor = tea.NewCursor(cursor.X, cursor.Y)
		v.Cursor.Shape = tea.CursorBar
	}
	return v
}

func (m *model) tiny() bool { return m.width < narrowest || m.height < lowest }

func (m *model) split() bool { return m.width >= wide }

// listWidth is the width of the left side when both show.
func (m *model) listWidth() int { return min(max(m.width/3, 24), 36) }

// roomWidth is the width of the right side, without the wall.
func (m *model) roomWidth() int {
	if m.split() {
		return m.width - m.listWidth() - 1
	}
	return m.width
}

// bodyHeight is what header, rule and footer leave.
func (m *model) bodyHeight() int {
	if m.banner() != "" {
		return m.height - 4
	}
	return m.height - 3
}

// banner is what must not be overlooked: a warning until it is acknowledged, or why the relay is not trusted.
func (m *model) banner() string {
	if m.warned {
		return m.warningLine() + " (" + m.keyName("Esc") + ")"
	}
	for _, serious := range []error{client.ErrPin, client.ErrFork, client.ErrRefused} {
		if errors.Is(m.status.Reason, serious) {
			return m.cfg.Word(m.status.Reason)
		}
	}
	return ""
}

func (m *model) editorWidth() int { return m.roomWidth() - 3 }

func (m *model) editorHeight() int {
	return m.room.editor.height(m.editorWidth(), min(mostEditor, max(1, m.bodyHeight()/3)))
}

func (m *model) historyHeight() int { return max(1, m.bodyHeight()-2-m.editorHeight()) }

func (m *model) draw() (lines []string, cursor *tea.Position) {
	height := m.bodyHeight()
	var left, right []string
	showList := m.split() || !m.inRoom && m.panel == nil
	showRoom := m.split() || !showList
	if showList {
		width := m.width
		if m.split() {
			width = m.listWidth()
		}
		left = m.viewList(width, height)
	}
	if showRoom {
		right, cursor = m.viewRight(m.roomWidth(), height)
	}
	lines = append(lines, m.viewHeader(), m.viewRule())
	for i := range height {
		switch {
		case m.split():
			lines = append(lines, fit(at(left, i), m.listWidth())+m.theme.dim.Render(m.theme.sign.wall)+at(right, i))
		case showList:
			lines = append(lines, at(left, i))
		default:
			lines = append(lines, at(right, i))
		}
	}
	if banner := m.banner(); banner != "" {
		lines = append(lines, m.theme.danger.Render(fit(" ! "+banner, m.width)))
	}
	lines = append(lines, m.viewFooter())
	if cursor != nil {
		cursor.Y += 2
		if m.split() {
			cursor.X += m.listWidth() + 1
		}
	}
	return lines, cursor
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func (m *model) viewHeader() string {
	word, style := m.linkWord()
	if m.status.Queued > 0 {
		word += m.lang.Say(", %d queued", ", %d en attente", m.status.Queued)
	}
	left := " " + m.theme.bold.Render("Bulle") + "  " + safe.Line(m.self.Name)
	return between(left, style.Render(word)+" ", m.width)
}

func (m *model) viewRule() string {
	s := m.theme.sign
	if !m.split() {
		return m.theme.dim.Render(strings.Repeat(s.rule, m.width))
	}
	l := m.listWidth()
	return m.theme.dim.Render(strings.Repeat(s.rule, l) + s.tee + strings.Repeat(s.rule, m.width-l-1))
}

func (m *model) viewFooter() string {
	switch {
	case m.notice.text != "" && m.notice.bad:
		return m.theme.danger.Render(fit(" "+safe.Line(m.notice.text), m.width))
	case m.notice.text != "":
		return m.theme.accent.Render(fit(" "+safe.Line(m.notice.text), m.width))
	}
	return m.theme.dim.Render(fitWords(" "+m.hints(), m.width))
}

// fitWords leaves out whole hints at the end rather than cutting one.
func fitWords(s string, width int) string {
	for ansi.StringWidth(s) > width {
		cut := strings.LastIndex(s, "   ")
		if cut < 0 {
			return fit(s, width)
		}
		s = s[:cut]
	}
	return s
}

// viewRight is the panel, the conversation, or how to begin.
func (m *model) viewRight(width, height int) ([]string, *tea.Position) {
	if m.panel != nil {
		lines, cursor := m.panel.view(m, width-2, height-1)
		title := " " + m.theme.bold.Render(ansi.Truncate(m.panel.title(m), width-2, "…"))
		out := []string{title}
		for _, text := range lines[:min(len(lines), height-1)] {
			out = append(out, " "+text)
		}
		if cursor != nil {
			cursor.X++
			cursor.Y++
		}
		return out, cursor
	}
	if m.room == nil {
		return m.viewWelcome(width, height), nil
	}
	return m.viewRoom(width, height)
}

func (m *model) viewWelcome(width, height int) []string {
	b := m.cfg.Client.Bubble()
	words := m.lang.Say("Choose a conversation, or press n to begin one.\n\nRelay %s\n%s\n\nOnly the devices of a conversation can read it; the relay cannot.",
		"Choisissez une conversation, ou n pour en commencer une.\n\nRelais %s\n%s\n\nSeuls les appareils d'une conversation peuvent la lire ; le relais ne le peut pas.",
		safe.Line(b.Address), grouped(b.Fingerprint))
	lines := make([]string, 0, height)
	text := wrap(words, max(1, width-4))
	for range max(0, (height-len(text))/3) {
		lines = append(lines, "")
	}
	for _, t := range text {
		lines = append(lines, "  "+m.theme.dim.Render(t))
	}
	return lines
}

func (m *model) viewRoom(width, height int) ([]string, *tea.Position) {
	r := m.room
	lines := []string{m.viewTitle(width)}
	history := m.historyLines(width)
	sight := m.historyHeight()
	r.up = max(0, min(r.up, len(history)-sight))
	end := len(history) - r.up
	for i := end - sight; i < end; i++ {
		text := ""
		if i >= 0 {
			text = history[i].text
		}
		lines = append(lines, text)
	}
	lines = append(lines, m.viewSill(width))
	if !r.conv.Active {
		return append(lines, " "+m.theme.dim.Render(fit(m.lang.Say("You are no longer in this group.",
			"Vous n'êtes plus dans ce groupe."), width-1))), nil
	}
	prompt := " " + m.theme.accent.Render(">") + " "
	if m.inRoom && r.editor.empty() {
		lines = append(lines, prompt+m.theme.dim.Render(fit(m.lang.Say("Write a message", "Écrivez un message"), width-3)))
		return lines[:min(len(lines), height)], &tea.Position{X: 3, Y: len(lines) - 1}
	}
	shown, x, y := r.editor.view(m.editorWidth(), m.editorHeight())
	first := len(lines)
	for i, text := range shown {
		if i > 0 {
			prompt = "   "
		}
		lines = append(lines, prompt+text)
	}
	if !m.inRoom || r.choosing {
		return lines, nil
	}
	return lines, &tea.Position{X: 3 + x, Y: first + y}
}

// viewTitle names the conversation and says what one should know about it.
func (m *model) viewTitle(width int) string {
	c := m.room.conv
	name, detail := safe.Line(c.Name), ""
	if c.Kind == client.KindGroup {
		name = "# " + name
		detail = m.lang.Say("%d members", "%d membres", len(c.Members))
	} else if other, ok := counterpart(c); ok && other.Verified {
		detail = m.theme.sign.mark + " " + m.lang.Say("verified", "vérifié")
	} else {
		detail = m.lang.Say("not verified", "non vérifié")
	}
	switch c.Pending {
	case "":
	case "leaving":
		detail = m.lang.Say("leaving…", "départ…")
	default:
		detail = m.lang.Say("changing…", "modification…")
	}
	style := m.theme.dim
	return between(" "+m.theme.bold.Render(ansi.Truncate(name, max(1, width-ansi.StringWidth(detail)-3), "…")), style.Render(detail)+" ", width)
}

// viewSill is the line over the editor; it says when newer messages are below.
func (m *model) viewSill(width int) string {
	r := m.room
	rule := m.theme.sign.rule
	words := ""
	if r.up > 0 || !r.last {
		words = " " + m.lang.Say("newer below: Esc", "plus récents : Échap") + " "
	}
	if n := len(r.editor.value()); n > client.MaxText*3/4 {
		words = fmt.Sprintf(" %d / %d ", n, client.MaxText)
	}
	left := strings.Repeat(rule, max(0, width-ansi.StringWidth(words)-2))
	return m.theme.dim.Render(fit(left+words+rule+rule, width))
}

// counterpart is the other person of a conversation of two.
func counterpart(c client.Conversation) (client.Contact, bool) {
	for _, member := range c.Members {
		if !member.Self {
			return member, true
		}
	}
	return client.Contact{}, false
}

// grouped writes a fingerprint in groups of eight digits, for eyes.
func grouped(fingerprint string) string {
	var groups []string
	for i := 0; i < len(fingerprint); i += 8 {
		groups = append(groups, fingerprint[i:min(len(fingerprint), i+8)])
	}
	return strings.Join(groups, " ")
}
