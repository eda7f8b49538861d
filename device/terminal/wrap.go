package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// span is a run of clusters [from, to) that stands on one line.
type span struct{ from, to int }

// clusters splits s into what a reader takes for one character each: a letter with its accents, an emoji
// with its modifiers. A line break is a cluster of its own.
func clusters(s string) []string {
	var all []string
	for len(s) > 0 {
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if cluster == "" {
			break
		}
		all = append(all, cluster)
		s = s[len(cluster):]
	}
	return all
}

// breakLines divides text into lines of at most width columns, after spaces where there are any and
// anywhere where there are none. Spaces that would begin a line hang over the end of the one before it.
// There is always at least one line.
func breakLines(text []string, width int) []span {
	var lines []span
	start, space, used := 0, 0, 0
	for i, cluster := range text {
		if cluster == "\n" {
			lines = append(lines, span{start, i})
			start, space, used = i+1, i+1, 0
			continue
		}
		wide := ansi.StringWidth(cluster)
		if cluster == " " {
			space = i + 1
			used += wide
			continue
		}
		if used+wide > width && i > start {
			cut := i
			if space > start {
				cut = space
			}
			lines = append(lines, span{start, cut})
			start, space, used = cut, cut, columns(text[cut:i])
		}
		used += wide
	}
	return append(lines, span{start, len(text)})
}

// wrap is breakLines for a text that only has to be shown.
func wrap(s string, width int) []string {
	text := clusters(s)
	var lines []string
	for _, line := range breakLines(text, max(width, 1)) {
		lines = append(lines, strings.TrimRight(strings.Join(text[line.from:line.to], ""), " "))
	}
	return lines
}

func columns(text []string) int {
	n := 0
	for _, cluster := range text {
		n += ansi.StringWidth(cluster)
	}
	return n
}

// fit cuts s to width columns, with a mark where something is missing, and pads it to exactly width.
func fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	s = ansi.Truncate(s, width, "…")
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

// between puts left and right at the two ends of width columns; left gives way first.
func between(left, right string, width int) string {
	room := width - ansi.StringWidth(right)
	if room < 1 {
		return fit(right, width)
	}
	return fit(left, room) + right
}
