package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/safe"
)

// line is one line of the history as it is drawn, and the message it belongs to.
type line struct {
	text    string
	message client.MessageID
}

// together is how close messages of one sender stand under one name.
const together = 5 * time.Minute

// stateWidth is kept free at the right of own messages for the word that tells how far they have come.
const stateWidth = 11

// historyLines draws all loaded messages for width columns.
func (m *model) historyLines(width int) []line {
	r := m.room
	lines := m.historyHead(width)
	now := m.cfg.Now()
	var before *client.Message
	for i := range r.messages {
		msg := &r.messages[i]
		newDay := before == nil || m.lang.Day(when(before), now) != m.lang.Day(when(msg), now)
		if newDay {
			lines = append(lines, line{text: m.divider(m.lang.Day(when(msg), now), width, false)})
		}
		fresh := r.fresh != 0 && msg.Cursor == r.fresh
		if fresh {
			lines = append(lines, line{text: m.divider(m.lang.Say("New", "Nouveau"), width, true)})
		}
		headed := newDay || fresh || !joins(before, msg)
		for _, text := range m.messageLines(msg, headed, width) {
			lines = append(lines, line{text, msg.ID})
		}
		before = msg
	}
	return lines
}

func (m *model) historyHead(width int) []line {
	r := m.room
	switch {
	case !r.first && len(r.messages) > 0:
		return []line{{text: m.theme.dim.Render(fit(" …", width))}}
	case r.first && len(r.messages) == 0:
		words := m.lang.Say("No messages yet. What you write here only %s can read.",
			"Aucun message. Ce que vous écrivez ici, seul %s peut le lire.", safe.Line(r.conv.Name))
		if r.conv.Kind == client.KindGroup {
			words = m.lang.Say("No messages yet. What you write here only the members of this group can read.",
				"Aucun message. Ce que vous écrivez ici, seuls les membres de ce groupe peuvent le lire.")
		}
		var lines []line
		for _, text := range wrap(words, width-2) {
			lines = append(lines, line{text: " " + m.theme.dim.Render(text)})
		}
		return lines
	}
	return nil
}

// joins reports whether msg continues what the same person just said.
func joins(before, msg *client.Message) bool {
	return before != nil && before.Kind != client.MessageChange && msg.Kind != client.MessageChange &&
		before.From == msg.From && when(msg).Sub(when(before)).Abs() < together
}

// when is the time that a message shows: its sender's, as far as that can be true. Nothing comes from the future.
func when(msg *client.Message) time.Time {
	if msg.Sent.After(msg.Received) {
		return msg.Received
	}
	return msg.Sent
}

func (m *model) divider(words string, width int, strong bool) string {
	style := m.theme.dim
	if strong {
		style = m.theme.accent
	}
	side := max(1, (width-ansi.StringWidth(words)-4)/2)
	bar := strings.Repeat(m.theme.sign.rule, side)
	return style.Render(ansi.Truncate(" "+bar+" "+words+" "+bar, width, ""))
}

// drawn is a message as it was last drawn, and what that depended on.
type drawn struct {
	width  int
	headed bool
	lines  []string
}

// messageLines draws a message, or takes the lines it had: a long history is drawn anew at every key.
func (m *model) messageLines(msg *client.Message, headed bool, width int) []string {
	_, moving := m.transfers[msg.ID]
	chosen := m.room.choosing && m.room.chosen == msg.ID
	if moving || chosen {
		return m.drawMessage(msg, headed, width)
	}
	if was, ok := m.room.drawn[msg.ID]; ok && was.width == width && was.headed == headed {
		return was.lines
	}
	lines := m.drawMessage(msg, headed, width)
	if m.room.drawn == nil {
		m.room.drawn = map[client.MessageID]drawn{}
	}
	m.room.drawn[msg.ID] = drawn{width, headed, lines}
	return lines
}

func (m *model) drawMessage(msg *client.Message, headed bool, width int) []string {
	if msg.Kind == client.MessageChange {
		var lines []string
		for _, text := range wrap(m.changeLine(*msg), width-4) {
			lines = append(lines, m.edge(msg)+"  "+m.theme.dim.Render(text))
		}
		return lines
	}
	var lines []string
	if headed {
		lines = append(lines, m.messageHead(msg, width))
	}
	room := width - 4
	if msg.Own {
		room -= stateWidth
	}
	body := m.quoteLines(msg, room)
	if msg.File != nil {
		body = append(body, m.fileLines(msg, room)...)
	}
	if msg.Text != "" {
		body = append(body, wrap(safe.Text(msg.Text), room)...)
	}
	body = append(body, m.aboutLines(msg, room)...)
	for i, text := range body {
		line := m.edge(msg) + "  " + text
		if msg.Own && i == len(body)-1 {
			word, style := m.stateWord(msg)
			line = between(line, style.Render(word)+" ", width)
		}
		lines = append(lines, line)
	}
	return lines
}

// edge marks the chosen message at its left.
func (m *model) edge(msg *client.Message) string {
	if m.room.choosing && m.room.chosen == msg.ID {
		return m.theme.accent.Render(m.theme.sign.cursor)
	}
	return " "
}

func (m *model) messageHead(msg *client.Message, width int) string {
	name := safe.Line(msg.FromName)
	style := m.theme.accent.Bold(true)
	if msg.Own {
		name, style = m.lang.Say("You", "Vous"), m.theme.bold
	}
	clock := m.lang.Clock(when(msg).In(m.cfg.Now().Location()))
	name = ansi.Truncate(name, max(1, width-len(clock)-4), "…")
	return m.edge(msg) + style.Render(name) + "  " + m.theme.dim.Render(clock)
}

// fileLines draws a file: its name, then its size and the beginning of its hash, or how far it has come.
func (m *model) fileLines(msg *client.Message, width int) []string {
	f := msg.File
	name := ansi.Truncate(m.theme.sign.file+" "+safe.Line(f.Name), width, "…")
	if p, moving := m.transfers[msg.ID]; moving {
		bar := m.theme.progress(p.Done, p.Total, max(4, min(20, width-24)))
		return []string{name, ansi.Truncate(fmt.Sprintf("%s %3d%%  %s", bar, percent(p.Done, p.Total), m.lang.Size(p.Total)), width, "")}
	}
	detail := m.lang.Size(f.Size)
	if about := files.About(m.lang, f); about != "" {
		detail = about + "  " + detail
	}
	if f.SHA256 != ([32]byte{}) {
		detail += "  sha256 " + client.Fingerprint(f.SHA256[:8]) + "…"
	}
	return []string{name, m.theme.dim.Render(ansi.Truncate(detail, width, "…"))}
}
