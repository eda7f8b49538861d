//nolint:misspell // half of the words are French
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
	"bulle/device/vault"
)

// enrolment is the JSON of `bulle claim` and `bulle join`.
type enrolment struct {
	Name        string `json:"name"`
	Member      string `json:"member"`
	Address     string `json:"address"`
	Fingerprint string `json:"fingerprint"`
	Founder     bool   `json:"founder"`
}

func claimCommand(s *shell) *cobra.Command {
	return s.enrolCommand(client.Claim, true, &cobra.Command{
		Use: s.lang.Say("claim LINK --name NAME", "claim LIEN --name NOM"),
		Short: s.lang.Say("Found a bubble on a fresh relay and become its founder",
			"Fonder une bulle sur un relais neuf et en devenir le fondateur"),
		Long: s.lang.Say(`Found a bubble on a fresh relay.

LINK is the claim link that "bulle serve" printed. This device makes the bubble's root key and keeps it in
the new vault; the relay never sees it. Interrupted, the same command goes on.`,
			`Fonder une bulle sur un relais neuf.

LIEN est le lien de prise de possession affiché par « bulle serve ». Cet appareil crée la clé racine de la bulle
et la garde dans le nouveau coffre ; le relais ne la voit jamais. Interrompue, la même commande reprend.`),
		Example: "  bulle claim 'https://127.0.0.1:8443/#...' --name Alice",
	})
}

func joinCommand(s *shell) *cobra.Command {
	return s.enrolCommand(client.Join, false, &cobra.Command{
		Use:   s.lang.Say("join LINK --name NAME", "join LIEN --name NOM"),
		Short: s.lang.Say("Join a bubble by an invitation link", "Rejoindre une bulle par un lien d'invitation"),
		Long: s.lang.Say(`Join a bubble by an invitation link, under a pseudonym.

LINK comes from "bulle invite". Give it to one person only, by a way you trust: it holds the keys of the door.
Interrupted, the same command goes on.`,
			`Rejoindre une bulle par un lien d'invitation, sous un pseudonyme.

LIEN provient de « bulle invite ». Ne le donnez qu'à une personne, par un moyen sûr : il contient les clés de la
porte. Interrompue, la même commande reprend.`),
		Example: "  bulle join 'https://127.0.0.1:8443/#...' --name Bob",
	})
}

// enrolCommand is what claim and join have in common. founds tells which kind of link it takes.
func (s *shell) enrolCommand(enrol func(ctx context.Context, cfg client.Config, link, name string) (*client.Client, error), founds bool, cmd *cobra.Command) *cobra.Command {
	var name string
	var cost stretching
	cmd.DisableFlagsInUseLine = true
	cmd.Args = s.between(1, 1)
	cmd.Flags().StringVar(&name, "name", "", s.lang.Say("your pseudonym in the bubble", "votre pseudonyme dans la bulle"))
	cost.flag(s, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if name == "" {
			return s.misused(cmd)
		}
		kdf, err := cost.kdf()
		if err != nil {
			return err
		}
		if err := checkEnrolment(args[0], name, founds); err != nil { // before a passphrase is asked for and a vault is made
			return err
		}
		ctx := cmd.Context()
		v, err := s.makeVault(ctx, kdf)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, v.Close()) }()
		return s.enrol(ctx, enrol, v, args[0], name)
	}
	return cmd
}

func (s *shell) enrol(ctx context.Context, enrol func(ctx context.Context, cfg client.Config, link, name string) (*client.Client, error), v *vault.Vault, link, name string) (err error) {
	c, err := enrol(ctx, s.clientConfig(v), link, name)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	// The first round puts the key packages out, by which others can reach this device while it is away.
	if err := s.sync(ctx, c); err != nil && !local(err) {
		return err
	}
	self, bubble := c.Self(), c.Bubble()
	if s.flags.json {
		return s.line(enrolment{
			Name: self.Name, Member: self.ID.String(), Address: bubble.Address,
			Fingerprint: bubble.Fingerprint, Founder: bubble.Founder,
		})
	}
	if bubble.Founder {
		s.say("This bubble is yours, %s. Invite people with: bulle invite", "Cette bulle est à vous, %s. Invitez avec : bulle invite", safe.Line(self.Name))
		return nil
	}
	s.say("Welcome, %s. See who is here with: bulle contacts", "Bienvenue, %s. Voyez qui est là avec : bulle contacts", safe.Line(self.Name))
	return nil
}

// checkEnrolment refuses a link and a name with which claim or join cannot succeed.
func checkEnrolment(link, name string, founds bool) error {
	info, err := client.ReadLink(link)
	switch {
	case err != nil:
		return fmt.Errorf("read link: %w", err)
	case info.Links:
		return failf(exitUsage, "bad_link", lang.Words{
			EN: "This link adds a device to an account. Use it so: bulle link LINK",
			FR: "Ce lien ajoute un appareil à un compte. Utilisez-le ainsi : bulle link LIEN",
		})
	case info.Founds && !founds:
		return failf(exitUsage, "bad_link", lang.Words{
			EN: "This link founds a bubble on a new relay. Use it so: bulle claim LINK --name NAME",
			FR: "Ce lien fonde une bulle sur un nouveau relais. Utilisez-le ainsi : bulle claim LIEN --name NOM",
		})
	case !info.Founds && founds:
		return failf(exitUsage, "bad_link", lang.Words{
			EN: "This link is an invitation. Use it so: bulle join LINK --name NAME",
			FR: "Ce lien est une invitation. Utilisez-le ainsi : bulle join LIEN --name NOM",
		})
	}
	if err := client.CheckName(name); err != nil {
		return fmt.Errorf("check name: %w", err)
	}
	return nil
}

func inviteCommand(s *shell) *cobra.Command {
	var uses int
	var expires string
	var code bool
	cmd := &cobra.Command{
		Use:   "invite",
		Short: s.lang.Say("Make a link by which people join the bubble", "Créer un lien pour rejoindre la bulle"),
		Long: s.lang.Say(`Make an invitation link. Only the founder may.

Whoever has the link can join until it is used up or expired, so give it away as you would a key. Everything it
carries stands behind the #, which no web server ever sees.`,
			`Créer un lien d'invitation. Seul le fondateur le peut.

Qui possède le lien peut rejoindre la bulle jusqu'à épuisement ou expiration : confiez-le comme une clé. Tout ce
qu'il contient se trouve derrière le #, qu'aucun serveur web ne voit.`),
		Example: "  bulle invite\n  bulle invite --uses 10 --expires 24h",
		Args:    s.between(0, 0),
	}
	cmd.Flags().IntVar(&uses, "uses", 1, s.lang.Say("how many people may join with it", "combien de personnes peuvent l'utiliser"))
	cmd.Flags().StringVar(&expires, "expires", "7d", s.lang.Say("for how long it is valid: 90m, 24h, 7d", "durée de validité : 90m, 24h, 7d"))
	cmd.Flags().BoolVar(&code, "qr", false, s.lang.Say("draw the link as a QR code too, even to a pipe", "dessiner aussi le lien en code QR, même vers un tube"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		valid, err := parseDuration(expires)
		if err != nil || uses < 1 || uses > client.MaxUses {
			return failf(exitUsage, "usage", lang.Words{
				EN: "--uses is a number from 1 to %d, and --expires is a time like 90m, 24h or 7d.",
				FR: "--uses est un nombre de 1 à %d, et --expires une durée comme 90m, 24h ou 7d.",
			}, client.MaxUses)
		}
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			if err := s.sync(cmd.Context(), c); err != nil {
				return err
			}
			link, err := c.Invite(cmd.Context(), client.InviteOptions{Uses: uses, Expires: valid})
			if err != nil {
				return fmt.Errorf("invite: %w", err)
			}
			if s.flags.json {
				return s.line(map[string]string{"link": link})
			}
			s.say("%s", "%s", link)
			if code || interactive(s.stdout) != nil {
				return s.drawCode([]byte(link))
			}
			return nil
		})
	}
	return cmd
}
