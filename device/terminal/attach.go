package terminal

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/terminal/files"
	"bulle/device/terminal/safe"
)

// maxEntries bounds how much of a folder is offered.
const maxEntries = 500

// attach chooses a file to send, by its path.
type attach struct {
	path    editor
	listed  string // the folder and beginning that entries answers
	entries picker
}

func newAttach() *attach { return &attach{path: editor{limit: 4096}} }

func (a *attach) title(m *model) string {
	return m.lang.Say("Send a file to %s", "Envoyer un fichier à %s", safe.Line(m.room.conv.Name))
}

func (a *attach) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	switch press.String() {
	case "enter":
		return a.enter(m)
	case "tab":
		if on, ok := a.entries.current(); ok {
			return a.take(m, on.key)
		}
		return nil
	}
	if a.entries.key(press, false) {
		return nil
	}
	a.path.key(press, 1<<10)
	return a.look(m)
}

func (a *attach) paste(m *model, s string) tea.Cmd {
	// Terminals paste a dropped file's path in quotes or with escaped spaces.
	s = strings.TrimSpace(s)
	if len(s) > 1 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1]
	}
	a.path.insert(strings.ReplaceAll(s, `\ `, " "))
	return a.look(m)
}

// take puts a chosen entry into the path, and goes into it if it is a folder.
func (a *attach) take(m *model, entry string) tea.Cmd {
	written := a.path.value()
	a.path.set(written[:strings.LastIndex(written, "/")+1] + entry)
	return a.look(m)
}

// look lists what the path may become.
func (a *attach) look(m *model) tea.Cmd {
	written := a.path.value()
	a.listed = written
	return m.task(func(context.Context) apply {
		found := entries(m.expand(written), written)
		return func(*model) tea.Cmd {
			if a.listed == written {
				a.entries = picker{all: found}
			}
			return nil
		}
	})
}

// entries are the names in the folder of path that begin as its last part does; folders end in "/".
func entries(path, written string) []choice {
	dir, begin := filepath.Split(path)
	if written == "" || written == "~" {
		dir, begin = path, ""
	}
	if dir == "" {
		dir = "."
	}
	f, err := os.Open(dir) //nolint:gosec // G304: the person's own path
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // only read
	all, _ := f.ReadDir(maxEntries)
	var found []choice
	for _, entry := range all {
		name := entry.Name()
		if !strings.HasPrefix(strings.ToLower(name), strings.ToLower(begin)) || strings.HasPrefix(name, ".") && begin == "" {
			continue
		}
		if entry.IsDir() {
			name += "/"
		}
		found = append(found, choice{key: name, label: safe.Line(name)})
	}
	return found
}

// expand puts the home folder in the place of a leading ~.
func (m *model) expand(path string) string {
	if m.cfg.Home == "" {
		return path
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		return m.cfg.Home + path[1:]
	}
	return path
}

// enter sends the file that the path names; if it names none, it completes the path.
func (a *attach) enter(m *model) tea.Cmd {
	path := m.expand(strings.TrimSpace(a.path.value()))
	on, offered := a.entries.current()
	return m.task(func(context.Context) apply {
		at, err := os.Stat(path)
		isFile := err == nil && !at.IsDir()
		return func(m *model) tea.Cmd {
			switch {
			case m.panel != panel(a) || m.room == nil:
				return nil
			case isFile || !offered:
				return a.send(m, path)
			case strings.HasSuffix(on.key, "/"):
				return a.take(m, on.key)
			}
			return a.send(m, path[:strings.LastIndex(path, "/")+1]+on.key)
		}
	})
}

func (a *attach) send(m *model, path string) tea.Cmd {
	if path == "" {
		return nil
	}
	id := m.room.conv.ID
	return m.attempt(func(context.Context) error {
		source, err := files.Open(path)
		if err != nil {
			return err
		}
		_, err = m.cfg.Client.SendFile(id, source)
		return err
	}, func(m *model) tea.Cmd {
		if m.panel == panel(a) {
			m.panel = nil
		}
		return m.loadList()
	})
}

func (a *attach) view(m *model, width, height int) ([]string, *tea.Position) {
	text, x := m.field(m.lang.Say("Path:", "Chemin :"), &a.path, width)
	lines := []string{text, ""}
	if len(a.entries.all) > 0 {
		lines = append(lines, a.entries.view(m, width, max(1, height-2), false)...)
	} else {
		lines = append(lines, m.verse(width, "Write or paste the path of a file. ~ is your home folder.",
			"Écrivez ou collez le chemin d'un fichier. ~ est votre dossier personnel.")...)
	}
	return lines, &tea.Position{X: x}
}

func (a *attach) hints(m *model) []string {
	return []string{m.hint("Enter", "send", "envoyer"), m.hint("Tab", "complete", "compléter")}
}
