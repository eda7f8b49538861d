package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/safe"
)

// conversationLine is the JSON of one line of `bulle conversations` and of `bulle group list`.
type conversationLine struct {
	Conversation   string   `json:"conversation"`
	ConversationID string   `json:"conversation_id"`
	Kind           string   `json:"kind"`
	Members        []string `json:"members"`
	Admins         []string `json:"admins,omitempty"` // of a group: who manages it
	Active         bool     `json:"active"`
	Messages       int      `json:"messages"`
	Unread         int      `json:"unread"`
	Pending        string   `json:"pending,omitempty"`
	Last           string   `json:"last,omitempty"` // when the last message came, RFC 3339
}

func conversationsCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "conversations",
		Short: s.lang.Say("List conversations, newest first", "Lister les conversations, les plus récentes d'abord"),
		Args:  s.between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withClient(cmd.Context(), func(c *client.Client) error {
				state, late := s.catchUp(cmd.Context(), c)
				s.disclaimUnless(late, state)
				return errors.Join(s.listConversations(c, func(client.Conversation) bool { return true }), late)
			})
		},
	}
}

func (s *shell) listConversations(c *client.Client, wanted func(client.Conversation) bool) error {
	all, err := c.Conversations()
	if err != nil {
		return fmt.Errorf("list conversations: %w", err)
	}
	for _, conv := range all {
		if !wanted(conv) {
			continue
		}
		if err := s.showConversation(conv); err != nil {
			return err
		}
	}
	return nil
}

func (s *shell) showConversation(conv client.Conversation) error {
	if s.flags.json {
		return s.line(conversationOf(conv))
	}
	line := safe.Line(conv.Name)
	if conv.Kind == client.KindGroup {
		if n := len(conv.Members); n == 1 {
			line = "# " + line + s.lang.Say("  (1 member)", "  (1 membre)")
		} else {
			line = "# " + line + s.lang.Say("  (%d members)", "  (%d membres)", n)
		}
	}
	if conv.Unread > 0 {
		line += s.lang.Say("  %s unread", "  %s non lus", strconv.Itoa(conv.Unread))
	}
	if !conv.Active {
		line += s.lang.Say("  (left)", "  (quitté)")
	}
	s.say("%s", "%s", line)
	return nil
}

func conversationOf(conv client.Conversation) conversationLine {
	line := conversationLine{
		Conversation: conv.Name, ConversationID: conv.ID.String(), Kind: conv.Kind.String(), Members: []string{},
		Active: conv.Active, Messages: conv.Count, Unread: conv.Unread, Pending: conv.Pending,
	}
	for _, member := range conv.Members {
		line.Members = append(line.Members, member.Name)
		if member.Admin {
			line.Admins = append(line.Admins, member.Name)
		}
	}
	if conv.Last != nil {
		line.Last = conv.Last.Received.UTC().Format(time.RFC3339Nano)
	}
	return line
}
