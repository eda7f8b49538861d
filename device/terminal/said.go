package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// What stands around a message: what it replies to before it, and after it that it
// was edited or deleted, when it goes, and the reactions.

func (m *model) deletedWord() string {
	return m.lang.Say("This message was deleted.", "Ce message a été supprimé.")
}

// quoteLines draws the beginning of what a message replies to, in one line.
func (m *model) quoteLines(msg *client.Message, width int) []string {
	q := msg.ReplyTo
	if q == nil {
		return nil
	}
	words := m.lang.Say("This message is no longer here.", "Ce message n'est plus ici.")
	if !q.Gone {
		name := safe.Line(q.FromName)
		if q.Own {
			name = m.lang.Say("You", "Vous")
		}
		words = name + ": " + strings.Join(strings.Fields(safe.Line(q.Text)), " ")
	}
	return []string{m.theme.dim.Render(ansi.Truncate("> "+words, max(1, width), "…"))}
}

// aboutLines draws what was said about a message, and what became of it.
func (m *model) aboutLines(msg *client.Message, width int) []string {
	var words []string
	if msg.Deleted {
		words = append(words, m.deletedWord())
	}
	if msg.Edited {
		words = append(words, m.lang.Say("(edited)", "(modifié)"))
	}
	if !msg.Expires.IsZero() {
		words = append(words, m.lang.Say("(disappears %s)", "(disparaît %s)", m.lang.Clock(msg.Expires.In(m.cfg.Now().Location()))))
	} else if msg.Lifetime > 0 {
		words = append(words, m.lang.Say("(disappears %s after it is read)", "(disparaît %s après lecture)", msg.Lifetime))
	}
	for _, r := range msg.Reactions {
		words = append(words, safe.Line(r.Emoji)+" "+m.names(r.Members))
	}
	if len(words) == 0 {
		return nil
	}
	var lines []string
	for _, text := range wrap(strings.Join(words, "  "), max(1, width)) {
		lines = append(lines, m.theme.dim.Render(text))
	}
	return lines
}
