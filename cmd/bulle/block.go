package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bulle/device/client"
)

// blockCommand makes `bulle block` and `bulle unblock`.
func blockCommand(s *shell, block bool) *cobra.Command {
	cmd := &cobra.Command{Args: s.between(1, 1)}
	if block {
		cmd.Use = s.lang.Say("block NAME", "block NOM")
		cmd.Short = s.lang.Say("Hear nothing more from someone", "Ne plus rien recevoir de quelqu'un")
		cmd.Long = s.lang.Say(`Hear nothing more from someone.

What they write to you is dropped as it arrives, and does not come later either. They are not told: for them it stays
on the relay. In groups their messages are hidden.`,
			`Ne plus rien recevoir de quelqu'un.

Ce que cette personne vous écrit est écarté à l'arrivée et ne reviendra pas. Elle n'en est pas informée : pour elle, le
message reste sur le relais. Dans les groupes, ses messages sont masqués.`)
	} else {
		cmd.Use = s.lang.Say("unblock NAME", "unblock NOM")
		cmd.Short = s.lang.Say("Hear from someone again", "Recevoir de nouveau quelqu'un")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			contact, err := s.contact(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if err := c.Block(contact.ID, block); err != nil {
				return fmt.Errorf("block contact: %w", err)
			}
			return nil
		})
	}
	return cmd
}
