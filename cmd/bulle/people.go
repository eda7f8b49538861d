package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// contactLine is the JSON of one line of `bulle contacts`.
type contactLine struct {
	Name     string `json:"name"`
	Member   string `json:"member"`
	Verified bool   `json:"verified"`
	Devices  int    `json:"devices"`
	Blocked  bool   `json:"blocked,omitempty"`
}

func contactsCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "contacts",
		Short: s.lang.Say("List who is in the bubble", "Lister les membres de la bulle"),
		Args:  s.between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withClient(cmd.Context(), func(c *client.Client) error {
				state, late := s.catchUp(cmd.Context(), c)
				s.disclaimUnless(late, state)
				contacts, err := c.Contacts()
				if err != nil {
					return fmt.Errorf("list contacts: %w", err)
				}
				return errors.Join(s.listContacts(contacts), late)
			})
		},
	}
}

func (s *shell) listContacts(contacts []client.Contact) error {
	for _, contact := range contacts {
		if contact.Self {
			continue
		}
		if s.flags.json {
			if err := s.line(contactLine{contact.Name, contact.ID.String(), contact.Verified, contact.Devices, contact.Blocked}); err != nil {
				return err
			}
			continue
		}
		trust := ""
		if contact.Verified {
			trust = s.lang.Say("  (verified)", "  (vérifié)")
		}
		if contact.Blocked {
			trust += s.lang.Say("  (blocked)", "  (bloqué)")
		}
		s.say("%s%s", "%s%s", safe.Line(contact.Name), trust)
	}
	return nil
}

// safetyLine is the JSON of `bulle verify`.
type safetyLine struct {
	Name     string `json:"name"`
	Member   string `json:"member"`
	Number   string `json:"number"`
	Words    string `json:"words"`
	Payload  string `json:"payload"` // what the QR code holds, in base64
	Verified bool   `json:"verified"`
}

func verifyCommand(s *shell) *cobra.Command {
	var confirm, undo bool
	cmd := &cobra.Command{
		Use:                   s.lang.Say("verify NAME [--confirm | --undo]", "verify NOM [--confirm | --undo]"),
		DisableFlagsInUseLine: true,
		Short:                 s.lang.Say("Show the safety number shared with someone", "Afficher le numéro de sécurité partagé avec quelqu'un"),
		Long: s.lang.Say(`Show the safety number that you share with someone, and its QR code.

Compare it where nobody can interfere: face to face, or by voice. If both of you see the same number, nobody stands
between you; note it with --confirm.`,
			`Afficher le numéro de sécurité que vous partagez avec quelqu'un, et son code QR.

Comparez-le là où personne ne peut intervenir : de vive voix, ou face à face. Si chacun voit le même numéro, personne
n'est entre vous ; notez-le avec --confirm.`),
		Args: s.between(1, 1),
	}
	cmd.Flags().BoolVar(&confirm, "confirm", false, s.lang.Say("note that you have compared the number", "noter que vous avez comparé le numéro"))
	cmd.Flags().BoolVar(&undo, "undo", false, s.lang.Say("forget that you have compared it", "oublier que vous l'avez comparé"))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if confirm && undo {
			return s.misused(cmd)
		}
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			contact, err := s.contact(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if confirm || undo {
				if err := c.MarkVerified(contact.ID, confirm); err != nil {
					return fmt.Errorf("note verification: %w", err)
				}
				contact.Verified = confirm
			}
			return s.showSafety(c, contact)
		})
	}
	return cmd
}

func (s *shell) showSafety(c *client.Client, contact client.Contact) error {
	number, err := c.SafetyNumber(contact.ID)
	if err != nil {
		return fmt.Errorf("make safety number: %w", err)
	}
	if s.flags.json {
		return s.line(safetyLine{
			Name: contact.Name, Member: contact.ID.String(), Number: number.Digits, Words: number.Words,
			Payload: base64.StdEncoding.EncodeToString(number.Payload), Verified: contact.Verified,
		})
	}
	s.say("Safety number with %s:\n", "Numéro de sécurité avec %s :\n", safe.Line(contact.Name))
	groups := strings.Fields(number.Digits)
	for i := 0; i < len(groups); i += 4 {
		s.print("    " + strings.Join(groups[i:min(len(groups), i+4)], "  ") + "\n")
	}
	spelt := strings.Fields(number.Words)
	s.say("\nThe same in words, for reading aloud:\n", "\nLe même en mots, à lire à voix haute :\n")
	for i := 0; i < len(spelt); i += 6 {
		s.print("    " + strings.Join(spelt[i:min(len(spelt), i+6)], " ") + "\n")
	}
	if err := s.drawCode(number.Payload); err != nil {
		return err
	}
	if contact.Verified {
		s.say("\nYou have compared this number.", "\nVous avez comparé ce numéro.")
		return nil
	}
	s.say("\nNot compared yet. If both of you see the same: bulle verify %[1]q --confirm",
		"\nPas encore comparé. Si chacun voit le même : bulle verify %[1]q --confirm", safe.Line(contact.Name))
	return nil
}
