//nolint:misspell // half of the words are French
package main

import (
	"context"
	"io/fs"
	"syscall"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
	"bulle/device/vault"
	"bulle/device/vault/passphrase"
)

func vaultSentences() []sentence {
	return []sentence{
		{vault.ErrPassphrase, exitPassphrase, "wrong_passphrase", lang.Words{
			EN: "This passphrase does not open the vault.", FR: "Cette phrase de passe n'ouvre pas le coffre.",
		}},
		{passphrase.ErrInvalid, exitPassphrase, "invalid_passphrase", lang.Words{
			EN: "A passphrase is one line of UTF-8 text without control characters, of at most 1024 bytes.",
			FR: "Une phrase de passe est une ligne de texte UTF-8 sans caractères de contrôle, d'au plus 1024 octets.",
		}},
		{vault.ErrInUse, exitBusy, "vault_in_use", lang.Words{
			EN: "Another bulle process has this vault open. End it first; a running \"bulle listen --interactive\" can send for you.",
			FR: "Un autre processus bulle utilise ce coffre. Terminez-le d'abord ; « bulle listen --interactive » peut envoyer à votre place.",
		}},
		{vault.ErrNoVault, exitNotFound, "no_vault", lang.Words{
			EN: "There is no vault in this folder. Join a bubble first: bulle join LINK --name NAME",
			FR: "Il n'y a pas de coffre dans ce dossier. Rejoignez d'abord une bulle : bulle join LIEN --name NOM",
		}},
		{vault.ErrExists, exitRefused, "vault_exists", lang.Words{
			EN: "There is already a vault in this folder. Name another one with --vault DIR.",
			FR: "Il y a déjà un coffre dans ce dossier. Indiquez-en un autre avec --vault DOSSIER.",
		}},
		{vault.ErrTruncated, exitDamaged, "vault_truncated", lang.Words{
			EN: "The end of the vault's file is missing. Nothing was changed; restore the folder from a backup.",
			FR: "La fin du fichier du coffre manque. Rien n'a été modifié ; restaurez le dossier depuis une sauvegarde.",
		}},
		{vault.ErrDamaged, exitDamaged, "vault_damaged", lang.Words{
			EN: "The vault's file is damaged. Nothing was changed; restore the folder from a backup.",
			FR: "Le fichier du coffre est endommagé. Rien n'a été modifié ; restaurez le dossier depuis une sauvegarde.",
		}},
		{vault.ErrNewer, exitDamaged, "vault_newer", lang.Words{
			EN: "A newer version of bulle wrote this vault. Update bulle.", FR: "Une version plus récente de bulle a écrit ce coffre. Mettez bulle à jour.",
		}},
		{vault.ErrDowngrade, exitRefused, "downgrade", lang.Words{
			EN: "The passphrase would be easier to try than before. That is refused; use more iterations.",
			FR: "La phrase de passe serait plus facile à essayer qu'avant. C'est refusé ; utilisez plus d'itérations.",
		}},
		{vault.ErrFull, exitDamaged, "disk_full", lang.Words{
			EN: "There is no space left for the vault. Nothing is lost; make room and try again.",
			FR: "Il n'y a plus de place pour le coffre. Rien n'est perdu ; libérez de la place et réessayez.",
		}},
		{vault.ErrBroken, exitDamaged, "vault_broken", lang.Words{
			EN: "The disk failed while writing the vault. What was acknowledged is safe; check the disk, then try again.",
			FR: "Le disque a échoué pendant l'écriture du coffre. Ce qui était confirmé est sauf ; vérifiez le disque, puis réessayez.",
		}},
	}
}

func linkSentences() []sentence {
	return []sentence{
		{client.ErrPin, exitUntrusted, "pin_changed", lang.Words{
			EN: "The relay's key is not the one this device knows. Somebody may be in between; ask your administrator before going on.",
			FR: "La clé du relais n'est pas celle que cet appareil connaît. Quelqu'un s'interpose peut-être ; demandez à votre administrateur avant de continuer.",
		}},
		{client.ErrFork, exitUntrusted, "fork", lang.Words{
			EN: "The relay shows another history of the bubble than before. Do not trust it; tell your administrator.",
			FR: "Le relais montre un autre historique de la bulle qu'avant. Ne vous y fiez pas ; prévenez votre administrateur.",
		}},
		{client.ErrUnreachable, exitOffline, "unreachable", lang.Words{
			EN: "The relay cannot be reached. Check the network and that the relay runs, then try again.",
			FR: "Le relais est injoignable. Vérifiez le réseau et que le relais fonctionne, puis réessayez.",
		}},
		{client.ErrFull, exitDamaged, "relay_full", lang.Words{
			EN: "The relay has no room left. Nothing is lost; ask whoever runs it to make room, then try again.",
			FR: "Le relais n'a plus de place. Rien n'est perdu ; demandez à qui s'en occupe de libérer de la place, puis réessayez.",
		}},
		{client.ErrLinkExpired, exitRefused, "link_expired", lang.Words{
			EN: "This invitation has expired. Ask for a new one.", FR: "Cette invitation a expiré. Demandez-en une nouvelle.",
		}},
		{client.ErrLinkUsed, exitRefused, "link_used", lang.Words{
			EN: "This invitation has been used up. Ask for a new one.", FR: "Cette invitation est épuisée. Demandez-en une nouvelle.",
		}},
		{client.ErrClaimed, exitRefused, "claimed", lang.Words{
			EN: "This relay has a founder already. Ask them for an invitation.", FR: "Ce relais a déjà un fondateur. Demandez-lui une invitation.",
		}},
		{client.ErrLinkOver, exitRefused, "link_over", lang.Words{
			EN: "This link is over. Make a new one on your other device: bulle devices link",
			FR: "Ce lien n'est plus valable. Créez-en un autre sur votre autre appareil : bulle devices link",
		}},
		{client.ErrLinkRaced, exitUntrusted, "link_raced", lang.Words{
			EN: "Another device used this link too. Nothing was given away; make a new link where nobody else sees it.",
			FR: "Un autre appareil a utilisé ce lien. Rien n'a été transmis ; créez un autre lien à l'abri des regards.",
		}},
		{client.ErrLinkCancelled, exitRefused, "link_cancelled", lang.Words{
			EN: "The device was not linked.", FR: "L'appareil n'a pas été lié.",
		}},
		{client.ErrRemoved, exitRefused, "device_removed", lang.Words{
			EN: "This device was removed from its account, and what it held was erased. It can be linked anew in another vault.",
			FR: "Cet appareil a été retiré de son compte, et son contenu a été effacé. Il peut être lié à nouveau dans un autre coffre.",
		}},
		{client.ErrNoDevice, exitNotFound, "no_device", lang.Words{
			EN: "You have no other device that is called so. See bulle devices.",
			FR: "Vous n'avez pas d'autre appareil de ce nom. Voir bulle devices.",
		}},
		{client.ErrLinkVersion, exitDamaged, "link_newer", lang.Words{
			EN: "A newer version of bulle made this link. Update bulle.", FR: "Une version plus récente de bulle a créé ce lien. Mettez bulle à jour.",
		}},
		{client.ErrLink, exitUsage, "bad_link", lang.Words{
			EN: "This is not a whole Bulle link. Copy all of it, from https:// to its end, and put it in quotes.",
			FR: "Ce n'est pas un lien Bulle entier. Copiez-le en totalité, depuis https://, et mettez-le entre guillemets.",
		}},
		{client.ErrEnrolled, exitRefused, "already_member", lang.Words{
			EN: "This vault is already a member of a bubble. Use another one for another bubble: --vault DIR",
			FR: "Ce coffre est déjà membre d'une bulle. Utilisez-en un autre pour une autre bulle : --vault DOSSIER",
		}},
		{client.ErrNotEnrolled, exitNotFound, "not_member", lang.Words{
			EN: "This vault has not joined a bubble yet: bulle join LINK --name NAME",
			FR: "Ce coffre n'a pas encore rejoint de bulle : bulle join LIEN --name NOM",
		}},
		{client.ErrName, exitUsage, "bad_name", lang.Words{
			EN: "A name has 1 to 64 bytes, no control characters, no # before it, and no space at its ends.",
			FR: "Un nom fait 1 à 64 octets, sans caractère de contrôle, ni # au début, ni espace aux extrémités.",
		}},
		{client.ErrNameTaken, exitRefused, "name_taken", lang.Words{
			EN: "Somebody in this bubble has that name already. Choose another one.", FR: "Quelqu'un porte déjà ce nom dans cette bulle. Choisissez-en un autre.",
		}},
		{client.ErrRefused, exitRefused, "refused", lang.Words{
			EN: "The relay refused this device. It may have been removed from the bubble; ask your administrator.",
			FR: "Le relais a refusé cet appareil. Il a peut-être été retiré de la bulle ; demandez à votre administrateur.",
		}},
	}
}

func talkSentences() []sentence {
	return []sentence{
		{client.ErrNoContact, exitNotFound, "no_contact", lang.Words{
			EN: "Nobody here has that name. See bulle contacts.", FR: "Personne ne porte ce nom ici. Voir bulle contacts.",
		}},
		{client.ErrNoConversation, exitNotFound, "no_conversation", lang.Words{
			EN: "There is no such conversation. See bulle conversations.", FR: "Cette conversation n'existe pas. Voir bulle conversations.",
		}},
		{client.ErrNoMessage, exitNotFound, "no_message", lang.Words{EN: "There is no such message.", FR: "Ce message n'existe pas."}},
		{client.ErrNotMember, exitRefused, "not_in_conversation", lang.Words{
			EN: "You are no longer in this conversation. What you had stays readable.",
			FR: "Vous n'êtes plus dans cette conversation. Ce que vous aviez reste lisible.",
		}},
		{client.ErrNotGroup, exitUsage, "not_group", lang.Words{EN: "This is not a group.", FR: "Ce n'est pas un groupe."}},
		{client.ErrNotAdmin, exitRefused, "not_admin", lang.Words{
			EN: "Only an administrator of the group may do this.", FR: "Seul un administrateur du groupe peut le faire.",
		}},
		{client.ErrInside, exitRefused, "inside", lang.Words{
			EN: "They are in the group already.", FR: "Ils sont déjà dans le groupe.",
		}},
		{client.ErrNotInside, exitNotFound, "not_inside", lang.Words{
			EN: "They are not in the group.", FR: "Ils ne sont pas dans le groupe.",
		}},
		{client.ErrNotAllowed, exitRefused, "not_allowed", lang.Words{
			EN: "Only the founder of the bubble may do this.", FR: "Seul le fondateur de la bulle peut le faire.",
		}},
		{client.ErrNotEmoji, exitUsage, "not_emoji", lang.Words{EN: "A reaction is one emoji.", FR: "Une réaction est un seul émoji."}},
		{client.ErrNotEditable, exitRefused, "not_editable", lang.Words{
			EN: "This message cannot be changed: it is not yours, deleted, or older than a day.",
			FR: "Ce message ne peut pas être modifié : il n'est pas de vous, est supprimé, ou a plus d'un jour.",
		}},
		{client.ErrTimer, exitUsage, "bad_timer", lang.Words{
			EN: "A timer is off, or between 5 seconds and 52 weeks: 30s, 1h, 7d.", FR: "Un délai est off, ou entre 5 secondes et 52 semaines : 30s, 1h, 7d.",
		}},
		{client.ErrTooLarge, exitUsage, "too_large", lang.Words{
			EN: "This is too large to send as a message. Send it as a file.", FR: "C'est trop grand pour un message. Envoyez-le en fichier.",
		}},
		{client.ErrTooMany, exitRefused, "too_many", lang.Words{
			EN: "A group has at most 256 devices.", FR: "Un groupe compte au plus 256 appareils.",
		}},
		{client.ErrFileGone, exitNotFound, "file_gone", lang.Words{
			EN: "The file is no longer on the relay. Ask for it again.", FR: "Le fichier n'est plus sur le relais. Redemandez-le.",
		}},
		{client.ErrDamaged, exitDamaged, "file_damaged", lang.Words{
			EN: "The file that came is not the one that was sent. It was not saved; ask for it again.",
			FR: "Le fichier reçu n'est pas celui qui a été envoyé. Il n'a pas été enregistré ; redemandez-le.",
		}},
		{client.ErrSendFailed, exitRefused, "send_failed", lang.Words{EN: "The message could not be sent.", FR: "Le message n'a pas pu être envoyé."}},
		{client.ErrClosed, exitGeneral, "closed", lang.Words{EN: "The client was closed.", FR: "Le client a été fermé."}},
		{files.ErrKind, exitUsage, "not_file", lang.Words{
			EN: "Only regular files can be sent. Pack a folder first.", FR: "Seuls les fichiers ordinaires s'envoient. Archivez d'abord un dossier.",
		}},
		{files.ErrChanged, exitNotFound, "file_changed", lang.Words{
			EN: "The file has changed since it was to be sent. Send it again.", FR: "Le fichier a changé depuis la demande d'envoi. Renvoyez-le.",
		}},
	}
}

// systemSentences come last: an error of ours may wrap one of the system's, and its own words say more.
func systemSentences() []sentence {
	return []sentence{
		{context.Canceled, exitGeneral, "interrupted", lang.Words{EN: "Interrupted.", FR: "Interrompu."}},
		{context.DeadlineExceeded, exitOffline, "timeout", lang.Words{
			EN: "The relay did not answer in time. Try again in a moment.", FR: "Le relais n'a pas répondu à temps. Réessayez dans un instant.",
		}},
		{syscall.EPIPE, exitGeneral, "pipe", lang.Words{EN: "Nobody reads the output any more.", FR: "Plus personne ne lit la sortie."}},
		{syscall.ENOSPC, exitDamaged, "disk_full", lang.Words{EN: "The disk is full. Make room and try again.", FR: "Le disque est plein. Libérez de la place et réessayez."}},
		{fs.ErrNotExist, exitNotFound, "no_file", lang.Words{EN: "There is no such file or folder.", FR: "Ce fichier ou ce dossier n'existe pas."}},
		{syscall.ENOTDIR, exitNotFound, "not_folder", lang.Words{
			EN: "Where a folder is needed there is a file. Name another folder.", FR: "Il y a un fichier là où il faut un dossier. Indiquez un autre dossier.",
		}},
		{syscall.EROFS, exitGeneral, "no_permission", lang.Words{
			EN: "This folder can only be read. Name another one.", FR: "Ce dossier est en lecture seule. Indiquez-en un autre.",
		}},
		{fs.ErrPermission, exitGeneral, "no_permission", lang.Words{
			EN: "You may not read or write this file or folder.", FR: "Vous n'avez pas le droit de lire ou d'écrire ce fichier ou ce dossier.",
		}},
	}
}

// wordWeak says why a passphrase is weak and how to do better.
func (s *shell) wordWeak(weak *passphrase.WeakError) *failure {
	return &failure{
		code: exitPassphrase, name: "weak_passphrase", cause: weak,
		words: lang.Words{
			EN: "This passphrase is too easy to guess: about %.0f bits, where %d are needed. %s, or take one from: bulle passphrase generate",
			FR: "Cette phrase de passe est trop facile à deviner : environ %.0f bits, il en faut %d. %s, ou prenez-en une avec : bulle passphrase generate",
		},
		args: []any{weak.Bits, passphrase.Floor, advice(weak.Weakness).In(s.lang)},
	}
}

// advice says how to do better than a weak passphrase.
func advice(w passphrase.Weakness) lang.Words {
	switch w {
	case passphrase.FewWords:
		return lang.Words{EN: "Use six words or more that have nothing to do with each other", FR: "Utilisez au moins six mots sans rapport entre eux"}
	case passphrase.Famous:
		return lang.Words{EN: "Leave out what everybody uses", FR: "Évitez ce que tout le monde utilise"}
	case passphrase.Sequence:
		return lang.Words{EN: "Leave out sequences and rows of the keyboard", FR: "Évitez les suites et les rangées du clavier"}
	case passphrase.Repetition:
		return lang.Words{EN: "Leave out what repeats", FR: "Évitez les répétitions"}
	case passphrase.Date:
		return lang.Words{EN: "Leave out dates", FR: "Évitez les dates"}
	case passphrase.TooShort:
	}
	return lang.Words{EN: "Make it longer", FR: "Allongez-la"}
}
