package terminal

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/terminal/safe"
)

// editor is a text field of one line or several. What is typed or pasted is cleaned as received text is,
// so that it looks to its sender as it will look to others. The zero value is an empty field of one line.
type editor struct {
	text      []string // clusters
	cursor    int      // before which cluster
	multiline bool
	limit     int // bytes; 0 is none
	top       int // first line in sight
}

func (e *editor) value() string { return strings.Join(e.text, "") }
func (e *editor) empty() bool   { return len(e.text) == 0 }
func (e *editor) set(s string)  { e.text, e.cursor, e.top = nil, 0, 0; e.insert(s) }
func (e *editor) clear()        { e.set("") }

// insert puts s at the cursor, as much of it as the limit allows.
func (e *editor) insert(s string) {
	if e.multiline {
		s = safe.Text(s)
	} else {
		// Line trims, which would eat the space between two typed words.
		s = strings.ReplaceAll(safe.Text(s), "\n", " ")
	}
	before, after := strings.Join(e.text[:e.cursor], ""), strings.Join(e.text[e.cursor:], "")
	if e.limit > 0 {
		s = cutBytes(s, e.limit-len(before)-len(after))
	}
	// A combining mark joins the cluster before it, so the text is divided anew.
	e.text = clusters(before + s + after)
	e.cursor = len(clusters(before + s))
	e.cursor = min(e.cursor, len(e.text))
}

// cutBytes returns the whole clusters of s that fit n bytes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	size := 0
	for _, cluster := range clusters(s) {
		if size+len(cluster) > n {
			break
		}
		size += len(cluster)
	}
	return s[:size]
}

// key handles one key press and reports whether it was one for a text field.
func (e *editor) key(press tea.KeyPressMsg, width int) bool {
	if press.Text != "" && press.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) == 0 {
		e.insert(press.Text)
		return true
	}
	switch press.String() {
	case "left", "ctrl+b":
		e.cursor = max(0, e.cursor-1)
	case "right":
		e.cursor = min(len(e.text), e.cursor+1)
	case "ctrl+left", "alt+left", "alt+b":
		e.cursor = e.wordStart()
	case "ctrl+right", "alt+right":
		e.cursor = e.wordEnd()
	case "home", "ctrl+a":
		e.cursor = e.line(width).from
	case "end", "ctrl+e":
		e.cursor = e.lineEnd(width)
	case "up":
		return e.vertical(-1, width)
	case "down":
		return e.vertical(1, width)
	default:
		return e.keyDelete(press, width)
	}
	return true
}

func (e *editor) keyDelete(press tea.KeyPressMsg, width int) bool {
	switch press.String() {
	case "backspace", "shift+backspace", "ctrl+h":
		e.remove(e.cursor-1, e.cursor)
	case "delete", "ctrl+d":
		e.remove(e.cursor, e.cursor+1)
	case "ctrl+w", "alt+backspace", "ctrl+backspace":
		e.remove(e.wordStart(), e.cursor)
	case "ctrl+delete", "alt+d":
		e.remove(e.cursor, e.wordEnd())
	case "ctrl+u":
		e.remove(e.line(width).from, e.cursor)
	case "ctrl+k":
		e.remove(e.cursor, e.lineEnd(width))
	case "alt+enter", "shift+enter", "ctrl+j":
		if !e.multiline {
			return false
		}
		e.insert("\n")
	default:
		return false
	}
	return true
}

// remove deletes clusters [from, to), clipped to the text, and leaves the cursor where they were.
func (e *editor) remove(from, to int) {
	from, to = max(0, from), min(to, len(e.text))
	if from >= to {
		return
	}
	rest := append(append([]string(nil), e.text[:from]...), e.text[to:]...)
	e.text = clusters(strings.Join(rest, ""))
	e.cursor = min(from, len(e.text))
}

func blank(cluster string) bool { return cluster == " " || cluster == "\n" }

func (e *editor) wordStart() int {
	i := e.cursor
	for i > 0 && blank(e.text[i-1]) {
		i--
	}
	for i > 0 && !blank(e.text[i-1]) {
		i--
	}
	return i
}

func (e *editor) wordEnd() int {
	i := e.cursor
	for i < len(e.text) && blank(e.text[i]) {
		i++
	}
	for i < len(e.text) && !blank(e.text[i]) {
		i++
	}
	return i
}

// lines divides the text for a field of width columns; the last column is kept for the cursor.
func (e *editor) lines(width int) []span { return breakLines(e.text, max(1, width-1)) }

// at returns the line and column of the cursor.
func (e *editor) at(width int) (x, y int) {
	lines := e.lines(width)
	for i := len(lines) - 1; i >= 0; i-- {
		if e.cursor >= lines[i].from {
			return min(columns(e.text[lines[i].from:e.cursor]), max(0, width-1)), i
		}
	}
	return 0, 0
}

func (e *editor) line(width int) span {
	_, y := e.at(width)
	return e.lines(width)[y]
}

// lineEnd is the last place of the cursor on its line. The end of a wrapped line is the start of the next.
func (e *editor) lineEnd(width int) int {
	l := e.line(width)
	if l.to < len(e.text) && e.text[l.to] != "\n" && l.to > l.from {
		return l.to - 1
	}
	return l.to
}

// vertical moves the cursor by lines; false at the edge of the text.
func (e *editor) vertical(by, width int) bool {
	x, y := e.at(width)
	lines := e.lines(width)
	if y+by < 0 || y+by >= len(lines) {
		return false
	}
	target := lines[y+by]
	e.cursor = target.from
	for e.cursor < target.to && columns(e.text[target.from:e.cursor]) < x {
		e.cursor++
	}
	if y+by+1 < len(lines) && e.cursor == lines[y+by+1].from && e.cursor > target.from {
		e.cursor--
	}
	return true
}

// height is how many lines the text needs, at most most.
func (e *editor) height(width, most int) int { return min(len(e.lines(width)), max(1, most)) }

// view shows height lines around the cursor and says where in them the cursor stands.
func (e *editor) view(width, height int) (shown []string, x, y int) {
	lines := e.lines(width)
	x, y = e.at(width)
	height = max(1, height)
	e.top = min(e.top, y, max(0, len(lines)-height))
	if y >= e.top+height {
		e.top = y - height + 1
	}
	for i := e.top; i < min(len(lines), e.top+height); i++ {
		text := strings.Join(e.text[lines[i].from:lines[i].to], "")
		shown = append(shown, ansi.Truncate(text, width, ""))
	}
	return shown, x, y - e.top
}

// scroll shows a field of one line: the part around the cursor, and the cursor's column in it.
func (e *editor) scroll(width int) (shown string, x int) {
	width = max(1, width)
	start := 0
	for columns(e.text[start:e.cursor]) > width-1 {
		start++
	}
	return ansi.Truncate(strings.Join(e.text[start:], ""), width, ""), columns(e.text[start:e.cursor])
}
