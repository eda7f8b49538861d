package terminal

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// info shows the members of a group and what one may change about it.
type info struct {
	id       client.ConversationID
	picker   picker
	contacts map[string]client.Contact
	asking   string // a change that waits for a yes: "leave" or "remove"
	renaming bool
	name     editor
}

// openInfo shows the people of a conversation; of one of two, the safety number at once.
func (m *model) openInfo(c client.Conversation) tea.Cmd {
	if c.Kind == client.KindDirect {
		if other, ok := counterpart(c); ok {
			return m.openVerify(other)
		}
		return nil
	}
	p := &info{id: c.ID, contacts: map[string]client.Contact{}, name: editor{limit: 64}}
	p.fill(m, c)
	m.panel = p
	return nil
}

func (p *info) fill(m *model, c client.Conversation) {
	p.picker.all = nil
	for _, member := range c.Members {
		key, label := member.ID.String(), safe.Line(member.Name)
		if member.Self {
			label += m.lang.Say(" (you)", " (vous)")
		}
		p.contacts[key] = member
		p.picker.all = append(p.picker.all, choice{key: key, label: label, detail: m.trust(member)})
	}
}

func (p *info) conversation(m *model) (client.Conversation, bool) {
	if m.shows(p.id) {
		return m.room.conv, true
	}
	return client.Conversation{}, false
}

func (p *info) title(m *model) string {
	c, _ := p.conversation(m)
	return m.lang.Say("Members of %s", "Membres de %s", safe.Line(c.Name))
}

func (p *info) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	c, ok := p.conversation(m)
	if !ok {
		return nil
	}
	switch {
	case p.renaming:
		return p.keyName(m, press)
	case p.asking != "":
		return p.answer(m, press)
	case p.picker.key(press, false):
		return nil
	}
	on, _ := p.picker.current()
	member := p.contacts[on.key]
	switch press.String() {
	case "enter":
		if !member.Self {
			return m.openVerify(member)
		}
		return nil
	case "a", "r", "n", "l":
		if !c.Active {
			return nil
		}
	}
	switch press.String() {
	case "a":
		return m.choosePeople(&c)
	case "r":
		if !member.Self {
			p.asking = "remove"
		}
	case "l":
		p.asking = "leave"
	case "n":
		p.renaming = true
		p.name.set(safe.Line(c.Name))
	}
	return nil
}

func (p *info) keyName(m *model, press tea.KeyPressMsg) tea.Cmd {
	if press.String() != "enter" {
		p.name.key(press, 1<<10)
		return nil
	}
	name := strings.TrimSpace(p.name.value())
	if name == "" {
		return nil
	}
	m.panel = nil
	return m.attempt(func(ctx context.Context) error { return m.cfg.Client.Rename(ctx, p.id, name) },
		func(m *model) tea.Cmd { return m.loadList() })
}

// answer carries out what was asked about, if the person says yes.
func (p *info) answer(m *model, press tea.KeyPressMsg) tea.Cmd {
	asked := p.asking
	p.asking = ""
	if yes := strings.ToLower(press.Text); yes != "y" && yes != "o" {
		return nil
	}
	m.panel = nil
	on, _ := p.picker.current()
	member := p.contacts[on.key].ID
	return m.attempt(func(ctx context.Context) error {
		if asked == "leave" {
			return m.cfg.Client.Leave(ctx, p.id)
		}
		return m.cfg.Client.RemoveMembers(ctx, p.id, []client.MemberID{member})
	}, func(m *model) tea.Cmd { return m.loadList() })
}

func (p *info) paste(_ *model, s string) tea.Cmd {
	if p.renaming {
		p.name.insert(s)
	}
	return nil
}

func (p *info) view(m *model, width, height int) ([]string, *tea.Position) {
	if c, ok := p.conversation(m); ok {
		p.fill(m, c)
	}
	if p.renaming {
		text, x := m.field(m.lang.Say("New name:", "Nouveau nom :"), &p.name, width)
		return []string{text}, &tea.Position{X: x}
	}
	lines := []string{""}
	if p.asking != "" {
		lines = []string{m.theme.warn.Render(p.question(m)), ""}
	}
	return append(lines, p.picker.view(m, width, max(1, height-len(lines)), false)...), nil
}

func (p *info) question(m *model) string {
	if p.asking == "leave" {
		return m.lang.Say("Leave this group? (y/n)", "Quitter ce groupe ? (o/n)")
	}
	on, _ := p.picker.current()
	return m.lang.Say("Remove %s? (y/n)", "Retirer %s ? (o/n)", on.label)
}

func (p *info) hints(m *model) []string {
	c, _ := p.conversation(m)
	switch {
	case p.renaming:
		return []string{m.hint("Enter", "rename", "renommer")}
	case p.asking != "":
		return nil
	case !c.Active:
		return []string{m.hint("Enter", "safety number", "numéro de sécurité")}
	}
	return []string{
		m.hint("Enter", "safety number", "numéro de sécurité"), m.hint("a", "add", "ajouter"),
		m.hint("r", "remove", "retirer"), m.hint("n", "rename", "renommer"), m.hint("l", "leave", "quitter"),
	}
}
