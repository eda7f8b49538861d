//nolint:misspell // half of the words are French
package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"bulle/device/terminal/lang"
	"bulle/device/vault/passphrase"
)

func passphraseCommand(s *shell) *cobra.Command {
	c := s.parent("passphrase", lang.Words{EN: "Generate, change or rotate the passphrase", FR: "Créer, changer ou renouveler la phrase de passe"},
		passphraseGenerateCommand(s), passphraseChangeCommand(s), passphraseRotateCommand(s))
	c.Long = s.lang.Say(`Generate, change or rotate the passphrase of this device's vault.

"change" wraps the vault's key anew: nothing is re-encrypted and nothing is lost, but someone who kept a copy of the old
vault file and knows the old passphrase can still open that copy. "rotate" makes a new key and re-encrypts everything, so
that the old wrapping opens nothing of what is here.`,
		`Créer, changer ou renouveler la phrase de passe du coffre de cet appareil.

« change » protège autrement la clé du coffre : rien n'est rechiffré et rien n'est perdu, mais qui a gardé une copie de
l'ancien fichier et connaît l'ancienne phrase peut encore ouvrir cette copie. « rotate » crée une nouvelle clé et rechiffre
tout : l'ancienne copie de la clé n'ouvre plus rien de ce qui est ici.`)
	return c
}

// generatedBits is the strength of what is generated: 24 words drawn from 2,048.
const generatedBits = 24 * 11

func passphraseGenerateCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: s.lang.Say("Print a new passphrase of more than 256 bits", "Afficher une nouvelle phrase de passe de plus de 256 bits"),
		Args:  s.between(0, 0),
		RunE: func(*cobra.Command, []string) error {
			s.harden()
			phrase := passphrase.Generate()
			defer phrase.Wipe()
			if s.flags.json {
				return s.line(map[string]any{"passphrase": string(phrase.Reveal()), "bits": generatedBits})
			}
			s.say("%s", "%s", phrase.Reveal())
			return nil
		},
	}
}

func passphraseChangeCommand(s *shell) *cobra.Command {
	var newFile string
	var cost stretching
	cmd := &cobra.Command{
		Use:   "change",
		Short: s.lang.Say("Change the passphrase; nothing is lost", "Changer la phrase de passe ; rien n'est perdu"),
		Args:  s.between(0, 0),
	}
	cmd.Flags().StringVar(&newFile, "new-passphrase-file", "", s.lang.Say("read the new passphrase from the first line of `FILE`",
		"lire la nouvelle phrase de passe sur la première ligne de `FICHIER`"))
	cost.flag(s, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		kdf, err := cost.kdf()
		if err != nil {
			return err
		}
		ctx := cmd.Context()
		v, old, err := s.openVaultAnd(ctx)
		if err != nil {
			return err
		}
		defer old.Wipe()
		defer func() { err = errors.Join(err, v.Close()) }()
		fresh, err := s.newPassphrase(ctx, newFile)
		if err != nil {
			return err
		}
		defer fresh.Wipe()
		if err := v.ChangePassphrase(ctx, old, fresh, kdf); err != nil {
			return fmt.Errorf("change passphrase: %w", err)
		}
		return s.done("changed", lang.Words{EN: "The passphrase is changed.", FR: "La phrase de passe est changée."})
	}
	return cmd
}

func passphraseRotateCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: s.lang.Say("Re-encrypt the vault under a new key", "Rechiffrer le coffre avec une nouvelle clé"),
		Args:  s.between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			v, err := s.openVault(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, v.Close()) }()
			if err := v.Rotate(cmd.Context()); err != nil {
				return fmt.Errorf("rotate vault: %w", err)
			}
			return s.done("rotated", lang.Words{EN: "The vault has a new key.", FR: "Le coffre a une nouvelle clé."})
		},
	}
}

// done reports that something without other results has succeeded.
func (s *shell) done(name string, words lang.Words) error {
	if s.flags.json {
		return s.line(map[string]bool{name: true})
	}
	s.say("%s", "%s", words.In(s.lang))
	return nil
}
