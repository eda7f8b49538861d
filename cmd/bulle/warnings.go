//nolint:misspell // half of the words are French
package main

import (
	"errors"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

// warn tells a person on stderr, and a script on stdout, what the client noticed.
func (l *listener) warn(w client.Warning) error {
	name, words := warningWords(w)
	if l.s.flags.json {
		return l.s.line(map[string]string{"event": "warning", "warning": name})
	}
	l.s.note("%s", "%s", words.In(l.s.lang))
	return nil
}

// status tells once why the relay is away. That it is not the relay this device knows, or refuses it, a script hears
// too; listening goes on in any case, for the right relay may come back.
func (l *listener) status(now *client.Status) error {
	if now == nil || now.State == client.LinkOnline {
		l.offline = nil
		return nil
	}
	if now.State != client.LinkOffline || now.Reason == nil || l.offline != nil && errors.Is(now.Reason, l.offline) {
		return nil
	}
	for _, serious := range []error{client.ErrPin, client.ErrFork, client.ErrRefused, client.ErrUnreachable} {
		if !errors.Is(now.Reason, serious) {
			continue
		}
		l.offline = serious
		f := l.s.word(serious)
		if l.s.flags.json && serious != client.ErrUnreachable { //nolint:errorlint // a sentinel of the list above
			return l.s.line(map[string]string{"event": "warning", "warning": f.name})
		}
		l.s.note("%s", "%s", f.words.In(l.s.lang, f.args...))
		return nil
	}
	return nil
}

func warningWords(w client.Warning) (name string, words lang.Words) {
	switch w {
	case client.WarningFork:
		return "fork", lang.Words{
			EN: "The relay shows another history than before. Do not trust it; tell your administrator.",
			FR: "Le relais montre un autre historique qu'avant. Ne vous y fiez pas ; prévenez votre administrateur.",
		}
	case client.WarningRollback:
		return "rollback", lang.Words{
			EN: "This device's vault was older than its messages; its keys have been renewed.",
			FR: "Le coffre de cet appareil était plus ancien que ses messages ; ses clés ont été renouvelées.",
		}
	case client.WarningTruncated:
		return "truncated", lang.Words{
			EN: "The relay dropped messages before this device could fetch them.",
			FR: "Le relais a effacé des messages avant que cet appareil ne les reçoive.",
		}
	case client.WarningLost:
		return "lost", lang.Words{
			EN: "A group went on while this device was away for too long; ask a member to add you again.",
			FR: "Un groupe a continué pendant une trop longue absence de cet appareil ; demandez à un membre de vous rajouter.",
		}
	case client.WarningNotAdmin:
		return "not-admin", lang.Words{
			EN: "A change of a group was dropped: you are no longer its administrator.",
			FR: "Un changement de groupe a été abandonné : vous n'en êtes plus l'administrateur.",
		}
	case client.WarningCredential:
		return "credential", lang.Words{
			EN: "A device that the bubble does not know tried to enter a conversation. It was refused.",
			FR: "Un appareil inconnu de la bulle a tenté d'entrer dans une conversation. Il a été refusé.",
		}
	default:
		return "unknown", lang.Words{EN: "The client has a warning.", FR: "Le client a un avertissement."}
	}
}
