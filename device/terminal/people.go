package terminal

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// people chooses one contact to talk to, several for a new group, or several to add to a group.
type people struct {
	contacts map[string]client.Contact
	picker   picker
	group    *client.Conversation // members are added to it; nil begins a conversation
	naming   bool
	name     editor
}

// openPeople reads the contacts and offers them.
func (m *model) openPeople() tea.Cmd { return m.choosePeople(nil) }

func (m *model) choosePeople(group *client.Conversation) tea.Cmd {
	return m.task(func(context.Context) apply {
		contacts, err := m.cfg.Client.Contacts()
		return func(m *model) tea.Cmd {
			if err != nil {
				m.fail(err)
				return nil
			}
			m.panel = newPeople(m, contacts, group)
			return nil
		}
	})
}

func newPeople(m *model, contacts []client.Contact, group *client.Conversation) *people {
	p := &people{contacts: map[string]client.Contact{}, group: group, name: editor{limit: 64}}
	inside := map[client.MemberID]bool{}
	if group != nil {
		for _, member := range group.Members {
			inside[member.ID] = true
		}
	}
	for _, c := range contacts {
		if c.Self || inside[c.ID] {
			continue
		}
		key := c.ID.String()
		p.contacts[key] = c
		p.picker.all = append(p.picker.all, choice{key: key, label: safe.Line(c.Name), detail: m.trust(c)})
	}
	return p
}

// trust says whether the safety number of a contact was compared.
func (m *model) trust(c client.Contact) string {
	if c.Verified {
		return m.theme.sign.mark + " " + m.lang.Say("verified", "vérifié")
	}
	return ""
}

func (p *people) title(m *model) string {
	switch {
	case p.naming:
		return m.lang.Say("Name of the group", "Nom du groupe")
	case p.group != nil:
		return m.lang.Say("Add to %s", "Ajouter à %s", safe.Line(p.group.Name))
	}
	return m.lang.Say("New conversation", "Nouvelle conversation")
}

func (p *people) key(m *model, press tea.KeyPressMsg) tea.Cmd {
	if p.naming {
		if press.String() == "enter" {
			return p.create(m)
		}
		p.name.key(press, 1<<10)
		return nil
	}
	switch press.String() {
	case "tab":
		p.picker.toggle()
		return nil
	case "enter":
		return p.done(m)
	}
	p.picker.key(press, true)
	return nil
}

func (p *people) paste(_ *model, s string) tea.Cmd {
	if p.naming {
		p.name.insert(s)
	} else {
		p.picker.filter.insert(s)
	}
	return nil
}

// done acts on the choice: the marked ones, or the one that the keys are on.
func (p *people) done(m *model) tea.Cmd {
	on, ok := p.picker.current()
	if p.group != nil {
		members := p.chosen()
		if len(members) == 0 && ok {
			members = []client.MemberID{p.contacts[on.key].ID}
		}
		if len(members) == 0 {
			return nil
		}
		m.panel = nil
		id := p.group.ID
		return m.attempt(func(ctx context.Context) error { return m.cfg.Client.AddMembers(ctx, id, members) },
			func(m *model) tea.Cmd { return m.loadList() })
	}
	if len(p.picker.marked) > 0 {
		p.naming = true
		return nil
	}
	if !ok {
		return nil
	}
	member := p.contacts[on.key].ID
	return m.task(func(context.Context) apply {
		conv, err := m.cfg.Client.Direct(member)
		return func(m *model) tea.Cmd { return m.begin(conv, err) }
	})
}

func (p *people) chosen() []client.MemberID {
	var members []client.MemberID
	for _, key := range p.picker.marked {
		members = append(members, p.contacts[key].ID)
	}
	return members
}

func (p *people) create(m *model) tea.Cmd {
	name := strings.TrimSpace(p.name.value())
	if name == "" {
		return nil
	}
	members := p.chosen()
	return m.task(func(ctx context.Context) apply {
		conv, err := m.cfg.Client.CreateGroup(ctx, name, members)
		return func(m *model) tea.Cmd { return m.begin(conv, err) }
	})
}

// begin opens a conversation that was just made.
func (m *model) begin(conv client.Conversation, err error) tea.Cmd {
	if err != nil {
		m.fail(err)
		return nil
	}
	return tea.Batch(m.open(conv), m.loadList())
}

func (p *people) view(m *model, width, height int) ([]string, *tea.Position) {
	if p.naming {
		text, x := m.field(m.lang.Say("Name:", "Nom :"), &p.name, width)
		lines := append([]string{text, ""}, m.verse(width, "With %s", "Avec %s", p.markedNames())...)
		return lines, &tea.Position{X: x}
	}
	text, x := m.field(m.lang.Say("Who:", "Qui :"), &p.picker.filter, width)
	lines := []string{text, ""}
	if len(p.picker.all) == 0 {
		return append(lines, m.verse(width, "Nobody else is here yet. The founder invites people with: bulle invite",
			"Il n'y a personne d'autre ici. Le fondateur invite avec : bulle invite")...), &tea.Position{X: x}
	}
	return append(lines, p.picker.view(m, width, max(1, height-2), true)...), &tea.Position{X: x}
}

func (p *people) markedNames() string {
	var names []string
	for _, key := range p.picker.marked {
		names = append(names, safe.Line(p.contacts[key].Name))
	}
	return strings.Join(names, ", ")
}

func (p *people) hints(m *model) []string {
	switch {
	case p.naming:
		return []string{m.hint("Enter", "create", "créer")}
	case p.group != nil:
		return []string{m.hint("Enter", "add", "ajouter"), m.hint("Tab", "mark several", "en marquer plusieurs")}
	case len(p.picker.marked) > 0:
		return []string{m.hint("Enter", "next", "suite"), m.hint("Tab", "mark", "marquer")}
	}
	return []string{m.hint("Enter", "talk", "discuter"), m.hint("Tab", "mark for a group", "marquer pour un groupe")}
}
