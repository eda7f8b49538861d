package main

import (
	"errors"
	"slices"

	"bulle/device/terminal/lang"
	"bulle/server/node"
)

// problemWords says how one problem of a relay's start is told. Subject and detail fill the sentence.
type problemWords struct {
	problem node.Problem
	code    exitCode
	name    string
	words   lang.Words
}

// problems is the table from problems to words: each says what to change.
func problems() []problemWords {
	return slices.Concat(configProblems(), dataProblems(), certificateProblems())
}

func configProblems() []problemWords {
	return []problemWords{
		{node.NoData, exitUsage, "config", lang.Words{
			EN: "Name the relay's data directory with --data DIR.%s%s",
			FR: "Indiquez le dossier de données du relais avec --data DOSSIER.%s%s",
		}},
		{node.BadListen, exitUsage, "config", lang.Words{
			EN: "%s: %q is not HOST:PORT; write it like 0.0.0.0:8443.",
			FR: "%s : %q n'est pas HÔTE:PORT ; écrivez-le comme 0.0.0.0:8443.",
		}},
		{node.BadAddress, exitUsage, "config", lang.Words{
			EN: "%s: %q is not HOST:PORT as others reach it; write it like chat.example.org:8443.",
			FR: "%s : %q n'est pas HÔTE:PORT tel que les autres le joignent ; écrivez-le comme chat.example.org:8443.",
		}},
		{node.BadStore, exitUsage, "config", lang.Words{
			EN: "%s: %q is neither pebble nor memory.",
			FR: "%s : %q n'est ni pebble ni memory.",
		}},
		{node.BadNumber, exitUsage, "config", lang.Words{
			EN: "%s: %s is negative; write 0 for the default.",
			FR: "%s : %s est négatif ; écrivez 0 pour la valeur par défaut.",
		}},
		{node.BadDrain, exitUsage, "config", lang.Words{
			EN: "%s: %q is not a duration up to 1h; write it like 10s.",
			FR: "%s : %q n'est pas une durée d'au plus 1h ; écrivez-le comme 10s.",
		}},
		{node.FileUnreadable, exitUsage, "config", lang.Words{
			EN: "The config file %s cannot be read: %s.",
			FR: "Le fichier de réglages %s est illisible : %s.",
		}},
		{node.FileTooLarge, exitUsage, "config", lang.Words{
			EN: "The config file %s%s is larger than 64 KiB.",
			FR: "Le fichier de réglages %s%s dépasse 64 Kio.",
		}},
		{node.FileSyntax, exitUsage, "config", lang.Words{
			EN: "The config file %s is not JSON at line %s.",
			FR: "Le fichier de réglages %s n'est pas du JSON à la ligne %s.",
		}},
		{node.FileValue, exitUsage, "config", lang.Words{
			EN: "The config file %s: the value of %q has the wrong type (see docs/operate.md).",
			FR: "Le fichier de réglages %s : la valeur de %q n'a pas le bon type (voir docs/operate.md).",
		}},
		{node.FileKey, exitUsage, "config", lang.Words{
			EN: "The config file %s: there is no setting %q (see docs/operate.md).",
			FR: "Le fichier de réglages %s : le réglage %q n'existe pas (voir docs/operate.md).",
		}},
		{node.FileShape, exitUsage, "config", lang.Words{
			EN: "The config file %s%s must hold exactly one object: { ... }.",
			FR: "Le fichier de réglages %s%s doit contenir exactement un objet : { ... }.",
		}},
		{node.ListenFailed, exitGeneral, "listen", lang.Words{
			EN: "The relay cannot listen on %s: %s. Choose another address with --listen HOST:PORT.",
			FR: "Le relais ne peut pas écouter sur %s : %s. Choisissez une autre adresse avec --listen HÔTE:PORT.",
		}},
		{node.FileTwice, exitUsage, "config", lang.Words{
			EN: "The config file %s: the setting %q stands there twice; keep one.",
			FR: "Le fichier de réglages %s : le réglage %q y figure deux fois ; gardez-en un.",
		}},
		{node.BadSize, exitUsage, "config", lang.Words{
			EN: "%s: %q is not a size of at least 1MiB; write it like 500MiB or 20GiB.",
			FR: "%s : %q n'est pas une taille d'au moins 1MiB ; écrivez-la comme 500MiB ou 20GiB.",
		}},
		{node.QuotaExceedsTotal, exitUsage, "config", lang.Words{
			EN: "%s is larger than %s, which bounds all categories together; lower it.",
			FR: "%s dépasse %s, qui borne toutes les catégories ensemble ; diminuez-le.",
		}},
		{node.ReserveWithoutDisk, exitUsage, "config", lang.Words{
			EN: "%s keeps room on a disk, and the store %s uses none; leave it out.",
			FR: "%s garde de la place sur un disque, et le stockage %s n'en utilise pas ; retirez-le.",
		}},
	}
}

func dataProblems() []problemWords {
	return []problemWords{
		{node.DataUnusable, exitGeneral, "data", lang.Words{
			EN: "%s cannot be used: %s. Mend that, or choose another data directory with --data DIR.",
			FR: "%s est inutilisable : %s. Réparez cela, ou choisissez un autre dossier de données avec --data DOSSIER.",
		}},
		{node.DataForeign, exitGeneral, "data", lang.Words{
			EN: "%s%s is not empty and not the data directory of a relay. Choose another one with --data DIR.",
			FR: "%s%s n'est ni vide ni le dossier de données d'un relais. Choisissez-en un autre avec --data DOSSIER.",
		}},
		{node.DataInUse, exitBusy, "busy", lang.Words{
			EN: "Another relay runs on the data directory %s%s. Stop it, or choose another directory with --data DIR.",
			FR: "Un autre relais tourne sur le dossier de données %s%s. Arrêtez-le, ou choisissez un autre dossier avec --data DOSSIER.",
		}},
		{node.DataReadable, exitGeneral, "data", lang.Words{
			EN: "Others may read %[1]s%[2]s, which is secret: chmod 600 %[1]s",
			FR: "D'autres peuvent lire %[1]s%[2]s, qui est secret : chmod 600 %[1]s",
		}},
		{node.KeyDamaged, exitDamaged, "damaged", lang.Words{
			EN: "The relay's key %s%s is damaged. Restore it from a copy: every link pins it.",
			FR: "La clé du relais %s%s est endommagée. Restaurez-la d'une copie : chaque lien la désigne.",
		}},
		{node.TokenDamaged, exitDamaged, "damaged", lang.Words{
			EN: "The claim token %s%s is damaged. Delete it and start again for a new claim link.",
			FR: "Le jeton %s%s est endommagé. Supprimez-le et redémarrez pour un nouveau lien.",
		}},
		{node.LogDamaged, exitDamaged, "damaged", lang.Words{
			EN: "The governance log %s%s is damaged. Restore it from a copy.",
			FR: "Le journal de gouvernance %s%s est endommagé. Restaurez-le d'une copie.",
		}},
		{node.StoreUnusable, exitDamaged, "damaged", lang.Words{
			EN: "The store %s cannot be opened: %s. Restore the data directory from a copy, or choose another one with --data DIR.",
			FR: "Le stockage %s ne peut pas être ouvert : %s. Restaurez le dossier de données d'une copie, ou choisissez-en un autre avec --data DOSSIER.",
		}},
		{node.StoreGone, exitDamaged, "damaged", lang.Words{
			EN: "%s%s is gone, and with it what was not delivered yet. Restore it from a copy, or start without it: bulle serve --empty-store.",
			FR: "%s%s n'est plus là, ni ce qui n'était pas encore distribué. Restaurez-le d'une copie, ou démarrez sans : bulle serve --empty-store.",
		}},
	}
}

func certificateProblems() []problemWords {
	return []problemWords{
		{node.BadName, exitUsage, "config", lang.Words{
			EN: "%s: %q is neither a host name nor an address; write it like chat.example.org.",
			FR: "%s : %q n'est ni un nom de machine ni une adresse ; écrivez-le comme chat.example.org.",
		}},
		{node.PairIncomplete, exitUsage, "config", lang.Words{
			EN: "A %s needs its %s and the reverse: give both, with --cert FILE --key FILE.",
			FR: "Il faut les deux (%s, %s) : donnez --cert FICHIER et --key FICHIER.",
		}},
		{node.GuideWithoutAuthority, exitUsage, "config", lang.Words{
			EN: "%s shows how to install the relay's own authority, and with %s it has none: leave it out.",
			FR: "%s montre comment installer l'autorité du relais, et avec %s il n'en a pas : retirez-le.",
		}},
		{node.BadMDNS, exitUsage, "config", lang.Words{
			EN: "%s: %q is not one word before .local; write it like bulle.local.",
			FR: "%s : %q n'est pas un seul mot devant .local ; écrivez-le comme bulle.local.",
		}},
		{node.DirectoryMissing, exitUsage, "config", lang.Words{
			EN: "%s and %s go together: name the domains with --acme and the authority's address with --acme-directory URL.",
			FR: "%s et %s vont ensemble : nommez les domaines par --acme et l'adresse de l'autorité par --acme-directory URL.",
		}},
		{node.BadDirectory, exitUsage, "config", lang.Words{
			EN: "%s: %q is not the address of an ACME directory; it begins with https://.",
			FR: "%s : %q n'est pas l'adresse d'un répertoire ACME ; elle commence par https://.",
		}},
		{node.TwoCertificates, exitUsage, "config", lang.Words{
			EN: "%s and %s exclude each other: keep one.",
			FR: "%s et %s s'excluent : gardez l'un des deux.",
		}},
		{node.AccountDamaged, exitDamaged, "damaged", lang.Words{
			EN: "%s%s is damaged. Delete it: the relay opens another account with the authority.",
			FR: "%s%s est endommagé. Supprimez-le : le relais ouvrira un autre compte auprès de l'autorité.",
		}},
		{node.ACMEFailed, exitGeneral, "certificate", lang.Words{
			EN: "The ACME authority gave no certificate%s (%s); the relay goes on with the one it has and tries again later.",
			FR: "L'autorité ACME n'a pas donné de certificat%s (%s) ; le relais continue avec celui qu'il a et réessaiera plus tard.",
		}},
		{node.AuthorityDamaged, exitDamaged, "damaged", lang.Words{
			EN: "The relay's certificate authority %s%s is damaged. Restore it from a copy, or make another with --new-ca and install it in every browser again.",
			FR: "L'autorité de certification du relais %s%s est endommagée. Restaurez-la d'une copie, ou créez-en une autre avec --new-ca, à réinstaller dans chaque navigateur.",
		}},
		{node.PinDamaged, exitDamaged, "damaged", lang.Words{
			EN: "%s%s is damaged. Delete it, and start once with --new-key.",
			FR: "%s%s est endommagé. Supprimez-le, et démarrez une fois avec --new-key.",
		}},
		{node.KeyChanged, exitGeneral, "key_changed", lang.Words{
			EN: "The relay of %s%s would have another key than before, and every device and link would refuse it. Go back to the key it had, or give --new-key to go on.",
			FR: "Le relais de %s%s aurait une autre clé qu'avant, et tous les appareils et tous les liens le refuseraient. Revenez à sa clé, ou donnez --new-key pour continuer.",
		}},
		{node.NameTaken, exitGeneral, "name", lang.Words{
			EN: "Another machine on the network has the name that was wanted; this relay's name is now: %s%s.",
			FR: "Une autre machine du réseau a déjà le nom voulu ; le nom de ce relais est maintenant : %s%s.",
		}},
		{node.CertificateUnreadable, exitGeneral, "certificate", lang.Words{
			EN: "The certificate %s or its key cannot be read: %s.",
			FR: "Le certificat %s ou sa clé est illisible : %s.",
		}},
		{node.CertificateBad, exitGeneral, "certificate", lang.Words{
			EN: "%s and %s are not a certificate and its key, both in PEM, and not an authority's.",
			FR: "%s et %s ne sont pas un certificat et sa clé, tous deux en PEM, et pas d'une autorité.",
		}},
		{node.CertificateOtherKey, exitGeneral, "certificate", lang.Words{
			EN: "The new certificate %s%s is for another key, so the one before stays in use: every device and link knows the relay by its key. Renew it for the same key.",
			FR: "Le nouveau certificat %s%s est pour une autre clé ; l'ancien reste donc en service : appareils et liens reconnaissent le relais à sa clé. Renouvelez-le pour la même clé.",
		}},
		{node.NamesOutside, exitGeneral, "certificate", lang.Words{
			EN: "Browsers will warn of %s%s: the relay's certificate authority was not made for it. Start once with --new-ca to make one that is, and install it in every browser again.",
			FR: "Les navigateurs mettront en garde contre %s%s : l'autorité du relais n'a pas été créée pour cela. Démarrez une fois avec --new-ca, puis réinstallez l'autorité dans chaque navigateur.",
		}},
		{node.AuthorityEnded, exitGeneral, "certificate", lang.Words{
			EN: "The relay's certificate authority has ended, so browsers warn%s%s. Start once with --new-ca, and install the new one in every browser.",
			FR: "L'autorité de certification du relais a expiré ; les navigateurs mettent donc en garde%s%s. Démarrez une fois avec --new-ca, puis installez la nouvelle dans chaque navigateur.",
		}},
	}
}

// wordProblem words what stopped a relay from starting; other errors pass.
func wordProblem(err error) error {
	var p *node.StartError
	if !errors.As(err, &p) {
		return err
	}
	for _, row := range problems() {
		if row.problem == p.Problem {
			return failf(row.code, row.name, row.words, p.Subject, p.Detail)
		}
	}
	return err
}
