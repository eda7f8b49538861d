package terminal

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/terminal/lang"
)

// panel is what can lie over the right side. It has the keys while it does; Esc takes it away.
type panel interface {
	title(m *model) string
	key(m *model, press tea.KeyPressMsg) tea.Cmd
	paste(m *model, s string) tea.Cmd
	// view draws at most height lines of at most width columns, and places the cursor if there is one.
	view(m *model, width, height int) ([]string, *tea.Position)
	hints(m *model) []string
}

// hint words one key for the lower edge.
func (m *model) hint(key, en, fr string) string { return m.keyName(key) + " " + m.lang.Say(en, fr) }

// keyName writes the keys as they are labelled on a keyboard of the language.
func (m *model) keyName(key string) string {
	if en, fr, both := strings.Cut(key, "|"); both {
		return m.lang.Say(en, fr)
	}
	if m.lang == lang.French {
		key = strings.NewReplacer("Enter", "Entrée", "Esc", "Échap", "PgUp", "PgPréc", "PgDn", "PgSuiv").Replace(key)
	}
	if m.ascii {
		key = strings.NewReplacer("↑↓", "Up/Down", "↑", "Up", "↓", "Down", "←", "Left", "→", "Right", "É", "E", "é", "e").Replace(key)
	}
	return key
}

// field draws a text field of one line behind a label.
func (m *model) field(label string, e *editor, width int) (string, int) {
	label += " "
	indent := ansi.StringWidth(label)
	shown, x := e.scroll(max(1, width-indent))
	return m.theme.dim.Render(label) + shown, indent + x
}

// picker is a list to choose from, narrowed by what one types.
type picker struct {
	all    []choice
	filter editor
	on     int // index into matching
	top    int
	marked []string // keys of the marked choices
}

// choice is one entry of a picker.
type choice struct {
	key    string
	label  string
	detail string
}

// matching are the choices whose label holds the filter.
func (p *picker) matching() []choice {
	wanted := strings.ToLower(strings.TrimSpace(p.filter.value()))
	if wanted == "" {
		return p.all
	}
	var found []choice
	for _, c := range p.all {
		if strings.Contains(strings.ToLower(c.label), wanted) {
			found = append(found, c)
		}
	}
	return found
}

func (p *picker) current() (choice, bool) {
	found := p.matching()
	if len(found) == 0 {
		return choice{}, false
	}
	return found[min(p.on, len(found)-1)], true
}

// key handles moving, and typing into the filter if there is one.
func (p *picker) key(press tea.KeyPressMsg, filtered bool) bool {
	last := max(0, len(p.matching())-1)
	switch press.String() {
	case "up":
		p.on = max(0, min(p.on, last)-1)
	case "down":
		p.on = min(last, p.on+1)
	case "pgup":
		p.on = max(0, min(p.on, last)-10)
	case "pgdown":
		p.on = min(last, p.on+10)
	default:
		if !filtered || !p.filter.key(press, 1<<10) {
			return false
		}
		p.on = 0
	}
	return true
}

func (p *picker) toggle() {
	c, ok := p.current()
	if !ok {
		return
	}
	if i := slices.Index(p.marked, c.key); i >= 0 {
		p.marked = slices.Delete(p.marked, i, i+1)
		return
	}
	p.marked = append(p.marked, c.key)
}

// view draws the choices, with boxes to mark if there are marks to make.
func (p *picker) view(m *model, width, height int, marks bool) []string {
	found := p.matching()
	if len(found) == 0 {
		return []string{m.theme.dim.Render(m.lang.Say("Nothing found.", "Rien trouvé."))}
	}
	on := min(p.on, len(found)-1)
	p.top = max(min(p.top, on, len(found)-height), on-height+1, 0)
	var lines []string
	for i := p.top; i < min(len(found), p.top+height); i++ {
		c, edge := found[i], "  "
		if i == on {
			edge = m.theme.accent.Render(m.theme.sign.cursor) + " "
		}
		label := c.label
		if marks {
			box := m.theme.sign.unchecked
			if slices.Contains(p.marked, c.key) {
				box = m.theme.sign.checked
			}
			label = box + " " + label
		}
		room := width - 2
		text := between(label, c.detail, room)
		if i == on {
			text = m.theme.selected.Render(text)
		}
		lines = append(lines, edge+text)
	}
	return lines
}
