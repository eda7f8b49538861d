package terminal

import (
	tea "charm.land/bubbletea/v2"
)

// help is the page of all keys.
type help struct{ top int }

func newHelp() *help { return &help{} }

func (h *help) title(m *model) string { return m.lang.Say("Help", "Aide") }

func (h *help) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	switch press.String() {
	case "up", "k":
		h.top--
	case "down", "j":
		h.top++
	case "pgup":
		h.top -= m.bodyHeight() - 2
	case "pgdown", "space":
		h.top += m.bodyHeight() - 2
	case "f1", "?", "q":
		m.panel = nil
	}
	return nil
}

func (h *help) paste(*model, string) tea.Cmd { return nil }

func (h *help) view(m *model, width, height int) ([]string, *tea.Position) {
	keys := min(21, width/2)
	var lines []string
	for _, b := range bindings() {
		words := b.does.In(m.lang)
		if b.keys == "" {
			lines = append(lines, "", m.theme.accent.Render(words))
			continue
		}
		for i, text := range wrap(words, width-keys-1) {
			label := ""
			if i == 0 {
				label = m.keyName(b.keys)
			}
			lines = append(lines, m.theme.bold.Render(fit(label, keys))+" "+text)
		}
	}
	h.top = max(0, min(h.top, len(lines)-height))
	return lines[h.top:min(len(lines), h.top+height)], nil
}

func (h *help) hints(m *model) []string { return []string{m.hint("↑↓", "scroll", "défiler")} }

// verse draws a paragraph in dim words.
func (m *model) verse(width int, en, fr string, args ...any) []string {
	var lines []string
	for _, text := range wrap(m.lang.Say(en, fr, args...), max(1, width)) {
		lines = append(lines, m.theme.dim.Render(text))
	}
	return lines
}
