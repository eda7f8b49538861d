package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// theme is how everything looks. Colour only repeats what a word, a sign or its place says already, so
// the screen stays whole without it.
type theme struct {
	bold, dim, accent, warn, danger, selected lipgloss.Style
	sign                                      signs
}

// signs are the drawn characters, with a spelling for terminals that know ASCII only.
type signs struct {
	rule, wall, tee, cursor, unread, bar, rest, online, offline, mark, checked, unchecked, file string
}

// newTheme chooses colours that are readable on a dark or a light background.
func newTheme(dark, ascii bool) theme {
	pick := lipgloss.LightDark(dark)
	colour := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(pick(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	t := theme{
		bold:     lipgloss.NewStyle().Bold(true),
		dim:      colour("#6b7280", "#8b95a1"),
		accent:   colour("#0f766e", "#5eead4"),
		warn:     colour("#a16207", "#facc15"),
		danger:   colour("#b91c1c", "#f87171"),
		selected: lipgloss.NewStyle().Background(pick(lipgloss.Color("#d9efec"), lipgloss.Color("#1f3b3a"))).Bold(true),
		sign: signs{
			rule: "─", wall: "│", tee: "┬", cursor: "▌", unread: "●", bar: "█", rest: "░", online: "●", offline: "○",
			mark: "✓", checked: "[x]", unchecked: "[ ]", file: "▤",
		},
	}
	if ascii {
		t.sign = signs{
			rule: "-", wall: "|", tee: "+", cursor: ">", unread: "*", bar: "#", rest: ".", online: "*", offline: "o",
			mark: "ok", checked: "[x]", unchecked: "[ ]", file: "#",
		}
	}
	return t
}

// asciiOnly reports whether the environment says that the terminal's characters are not UTF-8.
func asciiOnly(environ []string) bool {
	charset := ""
	for _, name := range []string{"LC_ALL=", "LC_CTYPE=", "LANG="} {
		for _, entry := range environ {
			if value, found := strings.CutPrefix(entry, name); found && value != "" && charset == "" {
				charset = strings.ToLower(value)
			}
		}
	}
	known := strings.Contains(charset, ".")
	return charset == "c" || charset == "posix" || known && !strings.Contains(charset, "utf")
}

// progress draws a bar of width columns.
func (t theme) progress(done, total int64, width int) string {
	filled := width
	if total > 0 {
		filled = int(int64(width) * min(done, total) / total)
	}
	return strings.Repeat(t.sign.bar, filled) + strings.Repeat(t.sign.rest, width-filled)
}

// percent is the share of total that is done, and all of nothing.
func percent(done, total int64) int {
	if total <= 0 {
		return 100
	}
	return int(100 * min(done, total) / total)
}
