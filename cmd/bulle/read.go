//nolint:misspell // half of the words are French
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"bulle/device/client"
)

// historyPage is how many messages are in memory at a time while a history is printed.
const historyPage = 200

type readOptions struct {
	last    int
	unread  bool
	folder  string
	changes bool
	keep    bool
}

func readCommand(s *shell) *cobra.Command {
	var o readOptions
	cmd := &cobra.Command{
		Use:                   s.lang.Say("read TO", "read À"),
		DisableFlagsInUseLine: true,
		Short:                 s.lang.Say("Print the messages of a conversation and mark them read", "Afficher les messages d'une conversation et les marquer lus"),
		Long: s.lang.Say(`Print the messages of a conversation, oldest first, and mark them read.

TO is the name of a contact or of a group, or # and a conversation's identifier. What waits on the relay is fetched
first; without the relay, what this device has is shown. Files that --save writes are no longer encrypted.`,
			`Afficher les messages d'une conversation, du plus ancien au plus récent, et les marquer lus.

À est le nom d'un contact ou d'un groupe, ou # suivi de l'identifiant d'une conversation. Ce qui attend sur le relais est
d'abord reçu ; sans le relais, ce que cet appareil possède est affiché. Les fichiers écrits par --save ne sont plus chiffrés.`),
		Example: "  bulle read Bob\n  bulle read Bob --last 10 --json\n  bulle read 'Project X' --unread --save ~/Downloads",
		Args:    s.between(1, 1),
	}
	f := cmd.Flags()
	f.IntVar(&o.last, "last", 0, s.lang.Say("only the last `N` messages", "seulement les `N` derniers messages"))
	f.BoolVar(&o.unread, "unread", false, s.lang.Say("only what was not read yet", "seulement ce qui n'a pas encore été lu"))
	f.StringVar(&o.folder, "save", "", s.lang.Say("save received files in `DIR`", "enregistrer les fichiers reçus dans `DOSSIER`"))
	f.BoolVar(&o.changes, "changes", false, s.lang.Say("with --json, also lines for changes of the group", "avec --json, aussi une ligne par changement du groupe"))
	f.BoolVar(&o.keep, "keep-unread", false, s.lang.Say("do not mark anything read, send no receipt", "ne rien marquer lu, n'envoyer aucun accusé"))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.last < 0 {
			return s.misused(cmd)
		}
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			return s.read(cmd.Context(), c, args[0], o)
		})
	}
	return cmd
}

func (s *shell) read(ctx context.Context, c *client.Client, to string, o readOptions) error {
	state, late := s.catchUp(ctx, c)
	conv, err := s.resolve(ctx, c, to, state)
	if err != nil {
		return explained(err, late)
	}
	s.disclaimUnless(late, state)
	from := client.Cursor(1)
	if o.last > 0 && conv.Count > o.last {
		if from, err = lastFrom(c, conv.ID, o.last); err != nil {
			return err
		}
	}
	p := &printer{s: s, c: c, folder: o.folder, changes: o.changes}
	upTo, err := eachMessage(c, conv.ID, from, func(msg client.Message) error {
		if o.unread && (msg.Own || msg.State == client.StateRead) {
			return nil
		}
		return p.show(ctx, conv, msg)
	})
	if err != nil {
		return err
	}
	if !o.keep && conv.Unread > 0 {
		if err := c.MarkRead(conv.ID, upTo); err != nil {
			return fmt.Errorf("mark read: %w", err)
		}
		if state == fresh { // the receipts leave at once
			if err := s.sync(ctx, c); err != nil && !local(err) {
				late = err
			}
		}
	}
	return errors.Join(p.failed, late)
}

// eachMessage calls f for each message of a conversation from one on, in order, and returns the position
// of the last.
func eachMessage(c *client.Client, id client.ConversationID, from client.Cursor, f func(client.Message) error) (upTo client.Cursor, err error) {
	upTo = from - 1
	for {
		page, err := c.Later(id, upTo, historyPage)
		if err != nil {
			return upTo, fmt.Errorf("read history: %w", err)
		}
		for _, msg := range page {
			if err := f(msg); err != nil {
				return upTo, err
			}
			upTo = msg.Cursor
		}
		if len(page) == 0 {
			return upTo, nil
		}
	}
}

// lastFrom returns the position of the first of the last n messages.
func lastFrom(c *client.Client, id client.ConversationID, n int) (from client.Cursor, err error) {
	for n > 0 {
		page, err := c.History(id, from, min(n, historyPage))
		if err != nil {
			return 0, fmt.Errorf("read history: %w", err)
		}
		if len(page) == 0 {
			break
		}
		from, n = page[0].Cursor, n-len(page)
	}
	return max(from, 1), nil
}
