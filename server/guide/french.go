//nolint:misspell // it is French
package guide

func french() texts {
	return texts{
		Lang: "fr", Other: "en", OtherName: "English",
		Title: "Faire confiance à votre relais dans ce navigateur",
		Lead: "Votre bulle a son propre serveur et n'a besoin d'aucune autorité extérieure. Dites une fois à cet appareil que ce serveur " +
			"est le vôtre, et le navigateur ouvre Bulle sans avertissement.",
		Fingerprint: "Empreinte (SHA-256)",
		Compare: "Avant de faire confiance au certificat, comparez-la avec celle que votre administrateur lit sur l'écran du serveur. " +
			"Si un seul groupe diffère, arrêtez-vous : quelqu'un s'interpose peut-être.",
		Download: "Télécharger le certificat",
		Profile:  "Télécharger le profil",
		Choose:   "Comment l'installer",
		Systems:  frenchSystems(),
		Done:     "C'est fait ? Ouvrez Bulle ici. Le navigateur montre un cadenas et aucun avertissement.",
		Open:     "Ouvrir Bulle",
		What:     "Ce que vous autorisez ainsi",
		Limits: "Qui tient ce serveur peut prouver à votre navigateur qu'il est l'un des suivants, et rien d'autre : " +
			"le certificat lui-même le dit, et les navigateurs l'imposent. Les adresses sont celles de réseaux privés.",
		Remove: "Pour revenir en arrière, supprimez-le là où vous l'avez installé.",
	}
}

func frenchSystems() []instructions {
	return []instructions{
		{
			ID: "android", Name: "Android",
			Steps: []string{
				"Téléchargez le certificat ci-dessus.",
				"Ouvrez *Paramètres*, *Sécurité et confidentialité*, *Autres paramètres de sécurité*, *Chiffrement et identifiants*, puis *Installer un certificat* et *Certificat CA*.",
				"Choisissez *Installer quand même* et prenez *bulle-ca.crt* parmi les téléchargements.",
				"Dans Firefox, en plus : *Paramètres*, *À propos de Firefox*, touchez cinq fois le logo, revenez, *Secret settings*, *Use third party CA certificates*.",
			},
			Check: "*Paramètres*, *Chiffrement et identifiants*, *Certificats de confiance*, *Utilisateur* : touchez l'entrée et descendez à l'empreinte SHA-256.",
		},
		{
			ID: "ios", Name: "iPhone et iPad",
			Steps: []string{
				"Ouvrez cette page dans Safari, téléchargez le profil ci-dessus et choisissez *Autoriser*.",
				"Ouvrez *Réglages*, touchez *Profil téléchargé* puis *Installer*.",
				"Ouvrez *Réglages*, *Général*, *Informations*, *Réglages des certificats*, et activez l'interrupteur de ce certificat.",
			},
			Check: "Avant de toucher *Installer* : *Plus de détails*, le certificat, et descendez à l'empreinte SHA-256.",
		},
		{
			ID: "windows", Name: "Windows : Edge, Chrome",
			Steps: []string{
				"Téléchargez le certificat ci-dessus et ouvrez-le.",
				"Choisissez *Installer un certificat…*, *Utilisateur actuel*, puis *Placer tous les certificats dans le magasin suivant*.",
				"Prenez *Autorités de certification racines de confiance*, terminez, et répondez *Oui*.",
			},
			Check: "Windows montre une empreinte plus courte. Dans un terminal : *`certutil -hashfile Downloads\\bulle-ca.crt SHA256`*",
		},
		{
			ID: "macos", Name: "macOS : Safari, Chrome",
			Steps: []string{
				"Téléchargez le certificat ci-dessus et ouvrez-le : *Trousseaux d'accès* demande où le garder ; choisissez *session*.",
				"Double-cliquez sur l'entrée, ouvrez *Se fier*, et réglez *Lors de l'utilisation de ce certificat* sur *Toujours approuver*.",
				"Fermez la fenêtre et saisissez votre mot de passe.",
			},
			Check: "La même fenêtre, sous *Détails*, à la fin : SHA-256.",
		},
		{
			ID: "linux", Name: "Linux : Chromium, Chrome",
			Steps: []string{
				"Téléchargez le certificat ci-dessus.",
				"Ouvrez *Paramètres*, *Confidentialité et sécurité*, *Sécurité*, *Gérer les certificats*, *Personnalisé*, *Installés par vous*.",
				"À côté de *Certificats de confiance*, choisissez *Importer* et prenez *bulle-ca.crt*.",
				"Ou dans un terminal, avec libnss3-tools : *`certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n bulle -i bulle-ca.crt`*",
			},
			Check: "Dans un terminal : *`sha256sum bulle-ca.crt`*",
		},
		{
			ID: "firefox", Name: "Firefox sur un ordinateur",
			Steps: []string{
				"Téléchargez le certificat ci-dessus.",
				"Ouvrez *Paramètres*, *Vie privée et sécurité*, *Certificats*, *Afficher les certificats…*, puis *Autorités* et *Importer…*.",
				"Prenez *bulle-ca.crt* et cochez *Confirmer cette AC pour identifier des sites web*.",
			},
			Check: "*Voir* dans la même fenêtre, avant de confirmer : SHA-256.",
		},
	}
}
