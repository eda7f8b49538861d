package terminal

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// verify shows the safety number shared with one contact.
type verify struct {
	contact client.Contact
	number  client.SafetyNumber
	code    []string // the QR code's lines
	drawn   bool     // the code shows instead of the words
}

func (m *model) openVerify(c client.Contact) tea.Cmd {
	return m.task(func(context.Context) apply {
		number, err := m.cfg.Client.SafetyNumber(c.ID)
		return func(m *model) tea.Cmd {
			if err != nil {
				m.fail(err)
				return nil
			}
			v := &verify{contact: c, number: number}
			if m.cfg.QR != nil {
				if code, err := m.cfg.QR(number.Payload); err == nil {
					v.code = strings.Split(strings.TrimRight(code, "\n"), "\n")
				}
			}
			m.panel = v
			return nil
		}
	})
}

func (v *verify) title(m *model) string {
	return m.lang.Say("Safety number with %s", "Numéro de sécurité avec %s", safe.Line(v.contact.Name))
}

func (v *verify) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	switch press.String() {
	case "v":
		wanted, id := !v.contact.Verified, v.contact.ID
		return m.attempt(func(context.Context) error { return m.cfg.Client.MarkVerified(id, wanted) },
			func(m *model) tea.Cmd {
				v.contact.Verified = wanted
				return m.loadList()
			})
	case "c":
		v.drawn = !v.drawn && len(v.code) > 0
	}
	return nil
}

func (v *verify) paste(*model, string) tea.Cmd { return nil }

func (v *verify) view(m *model, width, height int) ([]string, *tea.Position) {
	if v.drawn {
		if len(v.code) <= height && ansi.StringWidth(v.code[0]) <= width {
			return v.code, nil
		}
		return m.verse(width, "The code needs %d by %d characters here; enlarge the window, or run bulle verify in another one.",
			"Le code demande %d sur %d caractères ici ; agrandissez la fenêtre, ou lancez bulle verify dans une autre.",
			ansi.StringWidth(v.code[0]), len(v.code)), nil
	}
	lines := []string{""}
	groups := strings.Fields(v.number.Digits)
	perLine := max(1, min(4, (width+1)/7))
	for i := 0; i < len(groups); i += perLine {
		lines = append(lines, "  "+m.theme.bold.Render(strings.Join(groups[i:min(len(groups), i+perLine)], "  ")))
	}
	lines = append(lines, "")
	if v.contact.Verified {
		lines = append(lines, m.theme.accent.Render(m.theme.sign.mark+" "+m.lang.Say("You have compared this number.", "Vous avez comparé ce numéro.")), "")
	}
	return append(lines, m.verse(width, "Meet, or call each other, and compare. If both see the same number, nobody stands between you: press v.",
		"Rencontrez-vous, ou appelez-vous, et comparez. Si chacun voit le même numéro, personne n'est entre vous : appuyez sur v.")...), nil
}

func (v *verify) hints(m *model) []string {
	hints := []string{m.hint("v", "verified", "vérifié")}
	if v.contact.Verified {
		hints = []string{m.hint("v", "not verified after all", "finalement non vérifié")}
	}
	if len(v.code) > 0 {
		hints = append(hints, m.hint("c", "code", "code"))
	}
	return hints
}
