package terminal

import (
	"context"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/safe"
)

// save asks where to put a received file.
type save struct {
	msg client.Message
	dir editor
}

func newSave(msg client.Message, dir string) *save {
	s := &save{msg: msg, dir: editor{limit: 4096}}
	s.dir.set(dir)
	return s
}

func (s *save) title(m *model) string {
	return m.lang.Say("Save %s", "Enregistrer %s", safe.Line(s.msg.File.Name))
}

func (s *save) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	if press.String() != "enter" {
		s.dir.key(press, 1<<10)
		return nil
	}
	dir := m.expand(strings.TrimSpace(s.dir.value()))
	if dir == "" {
		return nil
	}
	m.cfg.Saves = s.dir.value()
	m.panel = nil
	return m.fetch(s.msg, dir)
}

// fetch saves the file of msg into dir while the screen goes on.
func (m *model) fetch(msg client.Message, dir string) tea.Cmd {
	if _, busy := m.transfers[msg.ID]; busy {
		return nil
	}
	m.transfers[msg.ID] = client.Progress{Total: msg.File.Size}
	steps := make(chan client.Progress, 1)
	fetching := m.task(func(ctx context.Context) apply {
		path, err := files.Save(ctx, m.cfg.Client, msg, dir, func(p client.Progress) {
			select { // the newest one counts, and fetching never waits for the screen
			case <-steps:
			default:
			}
			select {
			case steps <- p:
			default:
			}
		})
		close(steps)
		return func(m *model) tea.Cmd {
			delete(m.transfers, msg.ID)
			if err != nil {
				m.fail(err)
				return nil
			}
			m.tell("Saved, no longer encrypted: %s", "Enregistré, sans chiffrement : %s", filepath.Clean(path))
			return nil
		}
	})
	return tea.Batch(fetching, m.follow(msg.ID, steps))
}

// follow shows the steps of one transfer until there are no more.
func (m *model) follow(id client.MessageID, steps <-chan client.Progress) tea.Cmd {
	return m.task(func(ctx context.Context) apply {
		var p client.Progress
		select {
		case step, more := <-steps:
			if !more {
				return nil
			}
			p = step
		case <-ctx.Done():
			return nil
		}
		return func(m *model) tea.Cmd {
			if _, busy := m.transfers[id]; busy {
				m.transfers[id] = p
			}
			return m.follow(id, steps)
		}
	})
}

func (s *save) paste(_ *model, text string) tea.Cmd {
	s.dir.insert(strings.TrimSpace(text))
	return nil
}

func (s *save) view(m *model, width, _ int) ([]string, *tea.Position) {
	text, x := m.field(m.lang.Say("Folder:", "Dossier :"), &s.dir, width)
	lines := []string{text, ""}
	lines = append(lines, m.theme.dim.Render(m.lang.Size(s.msg.File.Size)))
	for _, part := range wrap("sha256 "+grouped(client.Fingerprint(s.msg.File.SHA256[:])), width) {
		lines = append(lines, m.theme.dim.Render(part))
	}
	lines = append(lines, "")
	return append(lines, m.verse(width, "Outside the vault the file is no longer encrypted: anyone who can read the folder can read it.",
		"Hors du coffre, le fichier n'est plus chiffré : qui peut lire le dossier peut le lire.")...), &tea.Position{X: x}
}

func (s *save) hints(m *model) []string { return []string{m.hint("Enter", "save", "enregistrer")} }
