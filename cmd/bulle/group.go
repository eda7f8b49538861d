package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

func groupCommand(s *shell) *cobra.Command {
	c := s.parent("group", lang.Words{EN: "Create groups and change who is in them", FR: "Créer des groupes et changer leurs membres"},
		groupCreateCommand(s),
		s.groupChange(s.lang.Say("add GROUP MEMBER...", "add GROUPE MEMBRE..."),
			lang.Words{EN: "Add people to a group", FR: "Ajouter des personnes à un groupe"}, (*client.Client).AddMembers),
		s.groupChange(s.lang.Say("remove GROUP MEMBER...", "remove GROUPE MEMBRE..."),
			lang.Words{EN: "Remove people from a group", FR: "Retirer des personnes d'un groupe"}, removeMembers),
		s.groupChange(s.lang.Say("promote GROUP MEMBER...", "promote GROUPE MEMBRE..."),
			lang.Words{EN: "Make people administrators of a group", FR: "Confier l'administration d'un groupe"}, setRole(true)),
		s.groupChange(s.lang.Say("demote GROUP MEMBER...", "demote GROUPE MEMBRE..."),
			lang.Words{EN: "Make administrators plain members", FR: "Retirer l'administration d'un groupe"}, setRole(false)),
		groupRenameCommand(s), groupLeaveCommand(s), groupListCommand(s),
	)
	c.Long = s.lang.Say(`Create groups and change who is in them.

Who makes a group is its administrator and may make others. While a group has administrators, only they add, remove and
rename; once the last one has left, everybody may.

A change is made durable in the vault first and takes effect when the relay has ordered it: at once if the relay can be
reached (exit code 0), else with the next command that reaches it (exit code 3).`,
		`Créer des groupes et changer leurs membres.

Qui crée un groupe en est l'administrateur et peut en désigner d'autres. Tant qu'un groupe a des administrateurs, eux
seuls ajoutent, retirent et renomment ; quand le dernier est parti, chacun le peut.

Un changement est d'abord enregistré dans le coffre et prend effet quand le relais l'a ordonné : aussitôt si le relais
est joignable (code 0), sinon avec la prochaine commande qui le joint (code 3).`)
	return c
}

func groupCreateCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:     s.lang.Say("create NAME MEMBER...", "create NOM MEMBRE..."),
		Short:   s.lang.Say("Create a group", "Créer un groupe"),
		Example: "  bulle group create 'Project X' Bob Charlie",
		Args:    s.between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return s.withClient(ctx, func(c *client.Client) error {
				members, err := s.members(ctx, c, args[1:])
				if err != nil {
					return err
				}
				conv, err := c.CreateGroup(ctx, args[0], members)
				if err != nil {
					return fmt.Errorf("create group: %w", err)
				}
				return s.settleChange(ctx, c, conv.ID)
			})
		},
	}
}

// groupChange makes the commands that name a group and members.
func (s *shell) groupChange(use string, short lang.Words, change func(c *client.Client, ctx context.Context, id client.ConversationID, members []client.MemberID) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short.In(s.lang), Args: s.between(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return s.withGroup(ctx, args[0], func(c *client.Client, conv client.Conversation) error {
				members, err := s.members(ctx, c, args[1:])
				if err != nil {
					return err
				}
				if err := change(c, ctx, conv.ID, members); err != nil {
					return fmt.Errorf("change group: %w", err)
				}
				return s.settleChange(ctx, c, conv.ID)
			})
		},
	}
}

// removeMembers refuses to remove oneself: who leaves says so, and others complete it.
func removeMembers(c *client.Client, ctx context.Context, id client.ConversationID, members []client.MemberID) error {
	if slices.Contains(members, c.Self().ID) {
		return failf(exitUsage, "usage", lang.Words{
			EN: "This is you. To go yourself: bulle group leave GROUP", FR: "C'est vous. Pour partir vous-même : bulle group leave GROUPE",
		})
	}
	return c.RemoveMembers(ctx, id, members)
}

// setRole makes members administrators, or plain members.
func setRole(admin bool) func(*client.Client, context.Context, client.ConversationID, []client.MemberID) error {
	return func(c *client.Client, ctx context.Context, id client.ConversationID, members []client.MemberID) error {
		for _, member := range members {
			if err := c.SetRole(ctx, id, member, admin); err != nil {
				return err
			}
		}
		return nil
	}
}

func groupRenameCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("rename GROUP NAME", "rename GROUPE NOM"),
		Short: s.lang.Say("Give a group another name", "Renommer un groupe"),
		Args:  s.between(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return s.withGroup(ctx, args[0], func(c *client.Client, conv client.Conversation) error {
				if err := c.Rename(ctx, conv.ID, args[1]); err != nil {
					return fmt.Errorf("rename group: %w", err)
				}
				return s.settleChange(ctx, c, conv.ID)
			})
		},
	}
}

func groupLeaveCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("leave GROUP", "leave GROUPE"),
		Short: s.lang.Say("Leave a group; its history stays readable here", "Quitter un groupe ; son historique reste lisible ici"),
		Args:  s.between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return s.withGroup(ctx, args[0], func(c *client.Client, conv client.Conversation) error {
				if err := c.Leave(ctx, conv.ID); err != nil {
					return fmt.Errorf("leave group: %w", err)
				}
				return s.settleChange(ctx, c, conv.ID)
			})
		},
	}
}

func groupListCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("list [GROUP]", "list [GROUPE]"),
		Short: s.lang.Say("List the groups, or the members of one", "Lister les groupes, ou les membres de l'un d'eux"),
		Args:  s.between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if len(args) == 1 {
				return s.withGroup(ctx, args[0], func(_ *client.Client, conv client.Conversation) error { return s.listMembers(conv) })
			}
			return s.withClient(ctx, func(c *client.Client) error {
				state, late := s.catchUp(ctx, c)
				s.disclaimUnless(late, state)
				return errors.Join(s.listConversations(c, func(conv client.Conversation) bool { return conv.Kind == client.KindGroup }), late)
			})
		},
	}
}

func (s *shell) listMembers(conv client.Conversation) error {
	if s.flags.json {
		return s.line(conversationOf(conv))
	}
	for _, member := range conv.Members {
		suffix := ""
		if member.Self {
			suffix = s.lang.Say("  (you)", "  (vous)")
		} else if member.Verified {
			suffix = s.lang.Say("  (verified)", "  (vérifié)")
		}
		if member.Admin {
			suffix += s.lang.Say("  (administrator)", "  (administrateur)")
		}
		s.say("%s%s", "%s%s", safe.Line(member.Name), suffix)
	}
	return nil
}

// withGroup brings the device up to date and calls f with the group called name.
func (s *shell) withGroup(ctx context.Context, name string, f func(c *client.Client, conv client.Conversation) error) error {
	return s.withClient(ctx, func(c *client.Client) error {
		state, late := s.catchUp(ctx, c)
		conv, err := s.resolve(ctx, c, name, state)
		if err != nil {
			return explained(err, late)
		}
		if conv.Kind != client.KindGroup {
			return fmt.Errorf("find group: %w", client.ErrNotGroup)
		}
		return errors.Join(f(c, conv), late)
	})
}

func (s *shell) members(ctx context.Context, c *client.Client, names []string) ([]client.MemberID, error) {
	var members []client.MemberID
	for _, name := range names {
		contact, err := s.contact(ctx, c, name)
		if err != nil {
			return nil, err
		}
		members = append(members, contact.ID)
	}
	return members, nil
}

// settleChange waits until the relay has ordered a change, and says so if it could not be reached.
func (s *shell) settleChange(ctx context.Context, c *client.Client, id client.ConversationID) error {
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	events := c.Events(listening)
	syncing := s.sync(ctx, c)
	if dropped(events, id) {
		return fmt.Errorf("change group: %w", client.ErrNotAdmin)
	}
	conv, err := c.Conversation(id)
	if err != nil {
		return fmt.Errorf("look at group: %w", err)
	}
	if s.flags.json {
		if err := s.line(conversationOf(conv)); err != nil {
			return err
		}
	}
	switch {
	case syncing != nil && !local(syncing):
		return syncing
	case syncing != nil:
		return failf(exitOffline, "queued", lang.Words{
			EN: "The relay cannot be reached. The change is queued; the next command that reaches the relay makes it.",
			FR: "Le relais est injoignable. Le changement est en attente ; la prochaine commande qui joint le relais le fera.",
		})
	}
	return nil
}

// dropped reports whether the client gave up a change of a group, because somebody took the role from this member
// before it was ordered.
func dropped(events <-chan client.Event, id client.ConversationID) bool {
	for {
		select {
		case e, open := <-events:
			if !open || e.Kind == client.EventWarning && e.Warning == client.WarningNotAdmin && e.Conversation == id {
				return open
			}
		default:
			return false
		}
	}
}
