package main

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/web"
	"bulle/web/manifest"
	"bulle/web/verify"
)

func verifyWebCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("verify-web URL|LINK", "verify-web URL|LIEN"),
		Short: s.lang.Say("Check the web app that a relay serves", "Contrôler l'application web servie par un relais"),
		Long: s.lang.Say(`Check the web app that a relay serves, from outside.

Every file and header is compared with the list that the release key signed, and that key with this program's own.
With a LINK the relay is known by the key that the link carries; with a URL the key that was seen is shown.`,
			`Contrôler de l'extérieur l'application web servie par un relais.

Chaque fichier et chaque en-tête est comparé à la liste signée par la clé de publication, et cette clé à celle de ce
programme. Avec un LIEN, le relais est reconnu à la clé du lien ; avec une URL, la clé vue est affichée.`),
		Args: s.between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.verifyWeb(cmd.Context(), args[0]) },
	}
}

// verifyWebLine is the JSON of `bulle verify-web`.
type verifyWebLine struct {
	OK          bool     `json:"ok"`
	Address     string   `json:"address"`
	Fingerprint string   `json:"fingerprint"` // hexadecimal SHA-256 of the relay's TLS key
	Pinned      bool     `json:"pinned"`      // it is the key that the link carries
	Key         string   `json:"key"`         // the release key, hexadecimal
	Known       bool     `json:"known"`       // it is this program's own
	Release     uint64   `json:"release"`
	Development bool     `json:"development"`
	Files       int      `json:"files"`
	Faults      []string `json:"faults"`
}

func (s *shell) verifyWeb(ctx context.Context, where string) error {
	target, err := webTarget(where)
	if err != nil {
		return err
	}
	if files, err := web.Files(); err == nil {
		ours, err := web.Manifest(files)
		if err != nil {
			return wordApp(err)
		}
		target.Ours = &ours
	}
	const patience = 5 * time.Minute
	checking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	report, err := verify.Relay(checking, target)
	if err != nil {
		return wordVerify(err)
	}
	line := verifyWebLine{
		OK: len(report.Faults) == 0, Address: target.Address, Fingerprint: hex.EncodeToString(report.TLS[:]), Pinned: target.Pin != nil,
		Key: hex.EncodeToString(report.Manifest.Key[:]), Known: report.Known, Release: report.Manifest.Release,
		Development: report.Manifest.Development, Files: report.Files, Faults: append([]string{}, report.Faults...),
	}
	if s.flags.json {
		err = s.line(line)
	} else {
		s.sayVerified(line)
	}
	if err != nil || line.OK {
		return err
	}
	return failf(exitUntrusted, "app_changed", lang.Words{
		EN: "The relay serves another app than was signed. Do not open it; tell your administrator.",
		FR: "Le relais sert une autre application que celle qui a été signée. Ne l'ouvrez pas ; prévenez votre administrateur.",
	})
}

func (s *shell) sayVerified(l verifyWebLine) {
	s.say("%d files of release %d at %s", "%d fichiers de la version %d sur %s", l.Files, l.Release, l.Address)
	s.say("Key of the relay:   %s", "Clé du relais :        %s", l.Fingerprint)
	s.say("Key of the release: %s", "Clé de publication :   %s", l.Key)
	if !l.Pinned {
		s.say("Compare the key of the relay with the one that its administrator has: no link was given.",
			"Comparez la clé du relais avec celle qu'a son administrateur : aucun lien n'a été donné.")
	}
	if !l.Known && l.OK {
		s.say("This program has no web app, so no key of its own: compare the key of the release too.",
			"Ce programme n'a pas d'application web, donc pas de clé : comparez aussi la clé de publication.")
	}
	if l.Development {
		s.say("It is a development build, signed by a key of one checkout.", "C'est une version de développement, signée par la clé d'une copie des sources.")
	}
	for _, fault := range l.Faults {
		s.say("- %s", "- %s", fault)
	}
	if l.OK {
		s.say("Every byte and header is as it was signed.", "Chaque octet et chaque en-tête est tel qu'il a été signé.")
	}
}

// webTarget reads a link, or an address with or without https://.
func webTarget(where string) (verify.Target, error) {
	if to, err := client.ReadLink(where); err == nil {
		return verify.Target{Address: to.Address, Pin: &to.Pin, Headers: web.Headers()}, nil
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		return verify.Target{}, failf(exitUsage, "bad_link", lang.Words{
			EN: "Give a whole link, or the address of a relay as https://HOST:PORT.", FR: "Donnez un lien entier, ou l'adresse d'un relais : https://HÔTE:PORT.",
		})
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return verify.Target{Address: net.JoinHostPort(u.Hostname(), port), Headers: web.Headers()}, nil
}

func wordVerify(err error) error {
	var network net.Error
	switch {
	case errors.Is(err, verify.ErrPin):
		return client.ErrPin
	case errors.Is(err, manifest.ErrMalformed), errors.Is(err, manifest.ErrSignature):
		return failf(exitUntrusted, "app_unsigned", lang.Words{
			EN: "The relay serves no app that is signed.", FR: "Le relais ne sert aucune application signée.",
		})
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &network):
		return client.ErrUnreachable
	}
	return err
}

// wordApp is for a web app inside this binary that is not whole.
func wordApp(err error) error {
	return failf(exitDamaged, "app_damaged", lang.Words{
		EN: "The web app in this program is not the one that was signed: build it again. (%s)",
		FR: "L'application web de ce programme n'est pas celle qui a été signée : reconstruisez-le. (%s)",
	}, err)
}
