package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

// What is said about a message that is there, and how long messages live.

func reactCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("react TO MESSAGE EMOJI|off", "react À MESSAGE ÉMOJI|off"),
		Short: s.lang.Say("Answer a message with an emoji, or take it back", "Répondre à un message par un émoji, ou le retirer"),
		Args:  s.between(3, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			emoji := args[2]
			if emoji == "off" {
				emoji = ""
			}
			return s.about(cmd.Context(), args[0], args[1], func(c *client.Client, id client.ConversationID, m client.MessageID) error {
				return c.React(id, m, emoji)
			})
		},
	}
}

func editCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("edit TO MESSAGE TEXT...", "edit À MESSAGE TEXTE..."),
		Short: s.lang.Say("Change a message of yours, within a day", "Modifier un de vos messages, dans la journée"),
		Args:  s.between(3, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := s.textToSend(args[2:])
			if err != nil {
				return err
			}
			return s.about(cmd.Context(), args[0], args[1], func(c *client.Client, id client.ConversationID, m client.MessageID) error {
				return c.Edit(id, m, text)
			})
		},
	}
}

func deleteCommand(s *shell) *cobra.Command {
	var everyone bool
	cmd := &cobra.Command{
		Use:   s.lang.Say("delete TO MESSAGE [--for-everyone]", "delete À MESSAGE [--for-everyone]"),
		Short: s.lang.Say("Delete a message here, or one of yours for everyone", "Supprimer un message ici, ou un des vôtres pour tout le monde"),
		Args:  s.between(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.about(cmd.Context(), args[0], args[1], func(c *client.Client, id client.ConversationID, m client.MessageID) error {
				return c.DeleteMessage(id, m, everyone)
			})
		},
	}
	cmd.Flags().BoolVar(&everyone, "for-everyone", false, s.lang.Say("from the devices of all members", "des appareils de tous les membres"))
	return cmd
}

func timerCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("timer TO TIME|off", "timer À DURÉE|off"),
		Short: s.lang.Say("Let new messages disappear after they are read", "Faire disparaître les nouveaux messages après leur lecture"),
		Args:  s.between(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var timer time.Duration
			if args[1] != "off" {
				var err error
				if timer, err = parseDuration(args[1]); err != nil {
					return fmt.Errorf("read timer: %w", client.ErrTimer)
				}
			}
			ctx := cmd.Context()
			return s.withClient(ctx, func(c *client.Client) error {
				state, late := s.catchUp(ctx, c)
				conv, err := s.resolve(ctx, c, args[0], state)
				if err != nil {
					return explained(err, late)
				}
				if err := c.SetTimer(conv.ID, timer); err != nil {
					return fmt.Errorf("set timer: %w", err)
				}
				return s.settleChange(ctx, c, conv.ID)
			})
		},
	}
}

// about changes a message that is named by its identifier, and sends what tells the others.
func (s *shell) about(ctx context.Context, to, message string, change func(*client.Client, client.ConversationID, client.MessageID) error) error {
	m, err := client.ParseMessageID(message)
	if err != nil {
		return fmt.Errorf("read message identifier: %w", client.ErrNoMessage)
	}
	return s.withClient(ctx, func(c *client.Client) error {
		state, late := s.catchUp(ctx, c)
		conv, err := s.resolve(ctx, c, to, state)
		if err != nil {
			return explained(err, late)
		}
		if err := change(c, conv.ID, m); err != nil {
			return fmt.Errorf("change message: %w", err)
		}
		syncing := s.sync(ctx, c)
		if msg, err := c.Message(conv.ID, m); err == nil && s.flags.json {
			if err := s.line(lineOf(conv, msg)); err != nil {
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
	})
}

// reactionLine is the JSON of one emoji under a message.
type reactionLine struct {
	Emoji string   `json:"emoji"`
	By    []string `json:"by"`
}

// quoteLine is the JSON of the message that another one replies to.
type quoteLine struct {
	ID   string `json:"id"`
	From string `json:"from,omitempty"`
	Text string `json:"text,omitempty"`
	Gone bool   `json:"gone,omitempty"`
}

// wordsOf adds to a line what was said about the message.
func wordsOf(line *messageLine, msg client.Message) {
	line.Edited, line.Deleted = msg.Edited, msg.Deleted
	if q := msg.ReplyTo; q != nil {
		line.ReplyTo = &quoteLine{ID: q.Message.String(), From: q.FromName, Text: q.Text, Gone: q.Gone}
	}
	for _, r := range msg.Reactions {
		x := reactionLine{Emoji: r.Emoji}
		for _, member := range r.Members {
			x.By = append(x.By, member.Name)
		}
		line.Reactions = append(line.Reactions, x)
	}
	line.Lifetime = int(msg.Lifetime.Seconds())
	if !msg.Expires.IsZero() {
		line.Expires = msg.Expires.UTC().Format(time.RFC3339Nano)
	}
}

// withWords adds to the text of a message, for a person, what it replies to and what was said about it.
func (s *shell) withWords(text string, msg client.Message) string {
	if msg.Deleted {
		return s.lang.Say("(deleted)", "(supprimé)")
	}
	if q := msg.ReplyTo; q != nil {
		said := s.lang.Say("> (gone)", "> (disparu)")
		if !q.Gone {
			first, _, _ := strings.Cut(safe.Text(q.Text), "\n")
			said = "> " + safe.Line(q.FromName) + ": " + first
		}
		text = said + "\n" + text
	}
	if msg.Edited {
		text += s.lang.Say("  (edited)", "  (modifié)")
	}
	for _, r := range msg.Reactions {
		var names []string
		for _, member := range r.Members {
			names = append(names, safe.Line(member.Name))
		}
		text += "\n" + r.Emoji + " " + strings.Join(names, ", ")
	}
	return text
}

// timerWords tells a person how long a timer is: 30s, 1h, 7d.
func timerWords(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	words := strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(words, "h0m") {
		words = strings.TrimSuffix(words, "0m")
	}
	return words
}
