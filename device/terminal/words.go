//nolint:misspell // half of the words are French
package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// stateWord tells how far an own message has come, and no further.
func (m *model) stateWord(msg *client.Message) (string, lipgloss.Style) {
	switch msg.State {
	case client.StateQueued:
		return m.lang.Say("queued", "en attente"), m.theme.warn
	case client.StateRelayed:
		return m.lang.Say("relayed", "relayé"), m.theme.dim
	case client.StateDelivered:
		return m.lang.Say("delivered", "remis"), m.theme.dim
	case client.StateRead:
		return m.lang.Say("read", "lu"), m.theme.accent
	case client.StateFailed:
		return m.lang.Say("failed", "échec"), m.theme.danger
	}
	return "", m.theme.dim
}

// changeLine says what happened to a conversation.
func (m *model) changeLine(msg client.Message) string {
	if msg.Change == nil {
		return ""
	}
	who := safe.Line(msg.FromName)
	if msg.Own {
		who = m.lang.Say("You", "Vous")
	}
	say := func(en, fr, ownFR string, args ...any) string {
		if msg.Own {
			fr = ownFR
		}
		return m.lang.Say(en, fr, args...)
	}
	names, title := m.names(msg.Change.Members), safe.Line(msg.Change.Name)
	if members := msg.Change.Members; len(members) == 1 && members[0].Self && who != "" {
		switch msg.Change.Kind { // French puts the person before the verb
		case client.ChangeAdded:
			return m.lang.Say("%s added you", "%s vous a fait entrer dans le groupe", who)
		case client.ChangeRemoved:
			return m.lang.Say("%s removed you", "%s vous a retiré du groupe", who)
		default:
		}
	}
	switch msg.Change.Kind {
	case client.ChangeCreated:
		return say("%s created the group %s", "%s a créé le groupe %s", "%s avez créé le groupe %s", who, title)
	case client.ChangeAdded:
		if who == "" { // the first thing that a new member sees
			return m.lang.Say("%s joined the group", "%s : arrivée dans le groupe", names)
		}
		return say("%s added %s", "%s a ajouté %s", "%s avez ajouté %s", who, names)
	case client.ChangeRemoved:
		return say("%s removed %s", "%s a retiré %s", "%s avez retiré %s", who, names)
	case client.ChangeLeft:
		return say("%s left the group", "%s a quitté le groupe", "%s avez quitté le groupe", who)
	case client.ChangeRenamed:
		return say("%s named the group %s", "%s a renommé le groupe %s", "%s avez renommé le groupe %s", who, title)
	case client.ChangePromoted:
		return say("%s made %s administrator", "%s a confié l'administration à %s", "%s avez confié l'administration à %s", who, names)
	case client.ChangeDemoted:
		return say("%s took the administration from %s", "%s a retiré l'administration à %s", "%s avez retiré l'administration à %s", who, names)
	case client.ChangeOpened:
		return m.lang.Say("No administrator is left: everybody may change the group", "Il n'y a plus d'administrateur : chacun peut changer le groupe")
	case client.ChangeTimer:
		if msg.Change.Timer == 0 {
			return say("%s switched disappearing messages off", "%s a désactivé les messages éphémères", "%s avez désactivé les messages éphémères", who)
		}
		return say("%s set messages to disappear %s after they are read", "%s fait disparaître les messages %s après leur lecture",
			"%s faites disparaître les messages %s après leur lecture", who, msg.Change.Timer)
	case client.ChangeDevice:
		return say("%s added a device", "%s a ajouté un appareil", "%s avez ajouté un appareil", who)
	case client.ChangeDeviceGone:
		return say("%s removed a device", "%s a retiré un appareil", "%s avez retiré un appareil", who)
	case client.ChangeLost:
		return m.lang.Say("Messages were lost: the relay had dropped them before this device came back",
			"Des messages sont perdus : le relais les avait effacés avant le retour de cet appareil")
	}
	return ""
}

func (m *model) names(contacts []client.Contact) string {
	all := make([]string, 0, len(contacts))
	for _, c := range contacts {
		if c.Self {
			all = append(all, m.lang.Say("you", "vous"))
			continue
		}
		all = append(all, safe.Line(c.Name))
	}
	return strings.Join(all, ", ")
}

// linkWord is the state of the connection, in a word.
func (m *model) linkWord() (string, lipgloss.Style) {
	t := m.theme
	switch m.status.State {
	case client.LinkOnline:
		return t.sign.online + " " + m.lang.Say("connected", "connecté"), t.accent
	case client.LinkConnecting:
		return t.sign.offline + " " + m.lang.Say("connecting", "connexion"), t.warn
	case client.LinkOffline:
		return t.sign.offline + " " + m.lang.Say("offline", "hors ligne"), t.warn
	case client.LinkStopped:
	}
	return t.sign.offline + " " + m.lang.Say("stopped", "arrêté"), t.dim
}

// warningLine says in one sentence what the client noticed about the relay or itself.
func (m *model) warningLine() string {
	switch m.warning {
	case client.WarningFork:
		return m.lang.Say("The relay shows another history than before. Do not trust it; tell your administrator.",
			"Le relais montre un autre historique qu'avant. Ne vous y fiez pas ; prévenez votre administrateur.")
	case client.WarningRollback:
		return m.lang.Say("This device's vault was older than its messages; its keys have been renewed.",
			"Le coffre de cet appareil était plus ancien que ses messages ; ses clés ont été renouvelées.")
	case client.WarningTruncated:
		return m.lang.Say("The relay dropped messages before this device could fetch them.",
			"Le relais a effacé des messages avant que cet appareil ne les reçoive.")
	case client.WarningLost:
		return m.lang.Say("A group went on while this device was away for too long; ask a member to add you again.",
			"Un groupe a continué pendant une trop longue absence de cet appareil ; demandez à un membre de vous rajouter.")
	case client.WarningNotAdmin:
		return m.lang.Say("A change of a group was dropped: you are no longer its administrator.",
			"Un changement de groupe a été abandonné : vous n'en êtes plus l'administrateur.")
	case client.WarningCredential:
		return m.lang.Say("A device that the bubble does not know tried to enter a conversation. It was refused.",
			"Un appareil inconnu de la bulle a tenté d'entrer dans une conversation. Il a été refusé.")
	default:
		return m.lang.Say("The client has a warning.", "Le client a un avertissement.")
	}
}
