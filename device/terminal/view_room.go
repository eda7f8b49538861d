package terminal

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

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
