//nolint:misspell // half of the words are French
package terminal

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

// binding is one key and what it does, for the help page.
type binding struct {
	keys string
	does lang.Words
}

// bindings are all keys, in the order of the help page; an empty key begins a part.
func bindings() []binding {
	return []binding{
		{"", lang.Words{EN: "Everywhere", FR: "Partout"}},
		{"F1", lang.Words{EN: "this page", FR: "cette page"}},
		{"Tab", lang.Words{EN: "between list and conversation", FR: "entre la liste et la conversation"}},
		{"Alt+↑ Alt+↓", lang.Words{EN: "previous, next conversation", FR: "conversation précédente, suivante"}},
		{"Alt+U", lang.Words{EN: "next unread conversation", FR: "prochaine conversation non lue"}},
		{"Ctrl+N", lang.Words{EN: "new conversation or group", FR: "nouvelle conversation ou groupe"}},
		{"Ctrl+F", lang.Words{EN: "search", FR: "rechercher"}},
		{"Ctrl+L", lang.Words{EN: "draw the screen again", FR: "redessiner l'écran"}},
		{"Esc", lang.Words{EN: "back", FR: "retour"}},
		{"Ctrl+Q", lang.Words{EN: "quit", FR: "quitter"}},
		{"", lang.Words{EN: "In the list", FR: "Dans la liste"}},
		{"↑ ↓ Enter", lang.Words{EN: "choose, open", FR: "choisir, ouvrir"}},
		{"n / ?", lang.Words{EN: "new, search, this page", FR: "nouvelle, rechercher, cette page"}},
		{"", lang.Words{EN: "In a conversation", FR: "Dans une conversation"}},
		{"Enter", lang.Words{EN: "send", FR: "envoyer"}},
		{"Alt+Enter Ctrl+J", lang.Words{EN: "new line", FR: "nouvelle ligne"}},
		{"PgUp PgDn", lang.Words{EN: "scroll the history", FR: "parcourir l'historique"}},
		{"↑", lang.Words{EN: "choose a message; Enter saves its file or sends it again", FR: "choisir un message ; Entrée enregistre son fichier ou le renvoie"}},
		{"Ctrl+O", lang.Words{EN: "send a file", FR: "envoyer un fichier"}},
		{"Ctrl+S", lang.Words{EN: "save the newest file", FR: "enregistrer le dernier fichier"}},
		{"Ctrl+P", lang.Words{EN: "people: safety number, members, leave", FR: "personnes : numéro de sécurité, membres, quitter"}},
		{"", lang.Words{EN: "While writing", FR: "Pendant la saisie"}},
		{"Ctrl+← Ctrl+→", lang.Words{EN: "by words", FR: "mot par mot"}},
		{"Ctrl+W Ctrl+U Ctrl+K", lang.Words{EN: "delete a word, to the start, to the end", FR: "effacer un mot, jusqu'au début, jusqu'à la fin"}},
		{"", lang.Words{EN: "States of what you sent", FR: "États de vos messages"}},
		{"queued|en attente", lang.Words{EN: "kept on this device until the relay can be reached", FR: "sur cet appareil tant que le relais est injoignable"}},
		{"relayed|relayé", lang.Words{EN: "safe on the relay", FR: "en sûreté sur le relais"}},
		{"delivered|remis", lang.Words{EN: "on a device of everyone in the conversation", FR: "sur un appareil de chacun"}},
		{"read|lu", lang.Words{EN: "read by everyone in the conversation", FR: "lu par chacun"}},
	}
}

// key sends a key press to whatever has the keys.
func (m *model) key(press tea.KeyPressMsg) tea.Cmd {
	m.notice = notice{}
	switch press.String() {
	case "ctrl+q", "ctrl+c":
		return m.quit()
	case "ctrl+l":
		return tea.ClearScreen
	}
	m.leaving = false
	if m.warned && press.String() == "esc" {
		m.warned = false
		return nil
	}
	if m.panel != nil {
		return m.keyPanel(press)
	}
	if command, done := m.keyEverywhere(press); done {
		return command
	}
	if m.inRoom && m.room != nil {
		return m.keyRoom(press)
	}
	return m.keyList(press)
}

// quit leaves, after asking once if something unsent would be lost.
func (m *model) quit() tea.Cmd {
	m.keepDraft()
	if m.leaving || len(m.drafts) == 0 {
		return tea.Quit
	}
	m.leaving = true
	m.tell("What you were writing is not sent and will be lost. Press again to quit.",
		"Ce que vous écriviez n'est pas envoyé et sera perdu. Appuyez encore pour quitter.")
	return nil
}

func (m *model) keyPanel(press tea.KeyPressMsg) tea.Cmd {
	if press.String() == "esc" {
		m.panel = nil
		return m.markRead()
	}
	return m.panel.key(m, press)
}

// keyEverywhere handles the keys that mean the same in the list and in a conversation.
func (m *model) keyEverywhere(press tea.KeyPressMsg) (tea.Cmd, bool) {
	switch press.String() {
	case "f1", "alt+h":
		m.panel = newHelp()
	case "ctrl+n":
		return m.openPeople(), true
	case "ctrl+f":
		m.panel = newSearch(m.room)
	case "tab":
		return m.otherSide(), true
	case "alt+up":
		return m.neighbour(-1), true
	case "alt+down":
		return m.neighbour(1), true
	case "alt+u":
		return m.nextUnread(), true
	case "ctrl+o", "ctrl+s", "ctrl+p":
		return m.keyAboutRoom(press.String()), true
	default:
		return nil, false
	}
	return nil, true
}

func (m *model) keyAboutRoom(key string) tea.Cmd {
	r := m.room
	if r == nil {
		m.tell("Open a conversation first.", "Ouvrez d'abord une conversation.")
		return nil
	}
	switch key {
	case "ctrl+o":
		if !r.conv.Active {
			return nil
		}
		m.panel = newAttach()
	case "ctrl+s":
		for i := len(r.messages) - 1; i >= 0; i-- {
			if msg := r.messages[i]; msg.File != nil && !msg.Own {
				m.panel = newSave(msg, m.cfg.Saves)
				return nil
			}
		}
		m.tell("There is no file to save here.", "Il n'y a pas de fichier à enregistrer ici.")
	case "ctrl+p":
		return m.openInfo(r.conv)
	}
	return nil
}

// otherSide goes from the list to the conversation and back.
func (m *model) otherSide() tea.Cmd {
	if m.inRoom {
		m.leaveRoom()
		return nil
	}
	if m.room != nil {
		m.inRoom = true
		m.list.on = m.room.conv.ID
		return m.markRead()
	}
	if c, ok := m.list.current(); ok {
		return m.open(c)
	}
	return nil
}

func (m *model) neighbour(by int) tea.Cmd {
	if m.room != nil {
		m.list.on = m.room.conv.ID
		m.list.move(by)
	}
	if c, ok := m.list.current(); ok {
		return m.open(c)
	}
	return nil
}

func (m *model) nextUnread() tea.Cmd {
	for _, c := range m.list.all {
		if c.Unread > 0 && !m.shows(c.ID) {
			return m.open(c)
		}
	}
	m.tell("Nothing unread.", "Rien de non lu.")
	return nil
}

func (m *model) paste(s string) tea.Cmd {
	switch {
	case m.panel != nil:
		return m.panel.paste(m, s)
	case m.inRoom && m.room != nil && m.room.conv.Active:
		m.room.choosing = false
		before := len(m.room.editor.value())
		m.room.editor.insert(s)
		if len(s) > 0 && before+len(s) > client.MaxText {
			m.tell("Only the beginning fits in one message. Send the rest as a file.",
				"Seul le début tient dans un message. Envoyez le reste en fichier.")
		}
	}
	return nil
}

// hints is the lower edge: what the keys do here, the most useful first.
func (m *model) hints() string {
	var parts []string
	add := func(key, en, fr string) { parts = append(parts, m.hint(key, en, fr)) }
	switch {
	case m.panel != nil:
		parts = m.panel.hints(m)
		add("Esc", "back", "retour")
	case m.inRoom && m.room != nil && m.room.choosing:
		add("↑↓", "choose", "choisir")
		if i := m.room.index(m.room.chosen); i >= 0 {
			switch msg := m.room.messages[i]; {
			case msg.State == client.StateFailed:
				add("Enter", "send again", "renvoyer")
			case msg.File != nil:
				add("Enter", "save", "enregistrer")
			}
		}
		add("Esc", "back", "retour")
	case m.inRoom && m.room != nil:
		add("Enter", "send", "envoyer")
		add("F1", "help", "aide")
		add("^O", "file", "fichier")
		add("^F", "search", "rechercher")
		add("^P", "people", "personnes")
		add("Tab", "list", "liste")
		add("Alt+Enter", "new line", "ligne")
	default:
		add("Enter", "open", "ouvrir")
		add("n", "new", "nouveau")
		add("/", "search", "rechercher")
		add("?", "help", "aide")
		add("^Q", "quit", "quitter")
	}
	return strings.Join(parts, "   ")
}
