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
	words := m.lang.Say("Choose a conversation, or press n to begin one.\n\nRelay %s\n%s\n\nOnly the devices of a conversation can read it; the relay cannot.",
		"Choisissez une conversation, ou n pour en commencer une.\n\nRelais %s\n%s\n\nSeuls les appareils d'une conversation peuvent la lire ; le relais ne le peut pas.",
		safe.Line(m.bubble.Address), grouped(m.bubble.Fingerprint))
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

// grouped writes a fingerprint in groups of eight digits, for eyes.
func grouped(fingerprint string) string {
	var groups []string
	for i := 0; i < len(fingerprint); i += 8 {
		groups = append(groups, fingerprint[i:min(len(fingerprint), i+8)])
	}
	return strings.Join(groups, " ")
}
