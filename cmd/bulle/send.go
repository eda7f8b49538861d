package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
)

func sendCommand(s *shell) *cobra.Command {
	var paths []string
	var replyTo string
	cmd := &cobra.Command{
		Use:                   s.lang.Say("send TO [TEXT... | --file PATH | -]", "send À [TEXTE... | --file CHEMIN | -]"),
		DisableFlagsInUseLine: true,
		Short:                 s.lang.Say("Send a text or a file to someone or to a group", "Envoyer un texte ou un fichier à quelqu'un ou à un groupe"),
		Long: s.lang.Say(`Send a text or a file. TO is the name of a contact or of a group, or # and a conversation's identifier.

A single - reads the text from standard input. The command ends with exit code 0 once the relay has stored the message.
While the relay cannot be reached, the message is queued in the vault, the exit code is 3, and the next command that
reaches the relay sends it.`,
			`Envoyer un texte ou un fichier. À est le nom d'un contact ou d'un groupe, ou # suivi de l'identifiant d'une conversation.

Un simple - lit le texte sur l'entrée standard. La commande se termine avec le code 0 une fois le message enregistré par
le relais. Si le relais est injoignable, le message attend dans le coffre, le code est 3, et la prochaine commande qui
joint le relais l'envoie.`),
		Example: "  bulle send Bob 'See you at nine'\n  bulle send 'Project X' --file plan.pdf\n  date | bulle send Bob -",
		Args:    s.between(1, -1),
	}
	cmd.Flags().StringArrayVar(&paths, "file", nil, s.lang.Say("send the file at `PATH`; may be repeated", "envoyer le fichier situé à `CHEMIN` ; peut être répété"))
	cmd.Flags().StringVar(&replyTo, "reply-to", "", s.lang.Say("reply to the message with identifier `ID`", "répondre au message d'identifiant `ID`"))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && len(paths) == 0 {
			return s.misused(cmd)
		}
		text, err := s.textToSend(args[1:])
		if err != nil {
			return err
		}
		var to client.MessageID
		if replyTo != "" {
			if to, err = client.ParseMessageID(replyTo); err != nil {
				return fmt.Errorf("read message identifier: %w", client.ErrNoMessage)
			}
		}
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			return s.send(cmd.Context(), c, args[0], text, paths, to)
		})
	}
	return cmd
}

// textToSend joins the words of the command line, or reads standard input for a single dash.
func (s *shell) textToSend(words []string) (string, error) {
	text := strings.Join(words, " ")
	if text == "-" {
		content, err := io.ReadAll(io.LimitReader(s.stdin, client.MaxText+2))
		if err != nil {
			return "", fmt.Errorf("read text: %w", err)
		}
		text = strings.TrimSuffix(string(content), "\n")
	}
	switch {
	case len(text) > client.MaxText:
		return "", failf(exitUsage, "too_large", lang.Words{
			EN: "A text has at most %d bytes. Send it with --file.", FR: "Un texte a au plus %d octets. Envoyez-le avec --file.",
		}, client.MaxText)
	case !utf8.ValidString(text):
		return "", failf(exitUsage, "not_text", lang.Words{
			EN: "This is not UTF-8 text. Send it with --file.", FR: "Ce n'est pas du texte UTF-8. Envoyez-le avec --file.",
		})
	case len(words) > 0 && strings.TrimSpace(text) == "":
		return "", failf(exitUsage, "usage", lang.Words{EN: "There is nothing to send.", FR: "Il n'y a rien à envoyer."})
	}
	return text, nil
}

// send queues the files and the text, in this order, and waits until the relay has them.
func (s *shell) send(ctx context.Context, c *client.Client, to, text string, paths []string, replyTo client.MessageID) error {
	// The files are opened first: a wrong path must not leave half of a command behind.
	sources, err := openAll(paths)
	if err != nil {
		return err
	}
	conv, err := s.resolve(ctx, c, to, notAsked)
	if err != nil {
		return errors.Join(err, closeAll(sources))
	}
	var ids []client.MessageID
	for i, source := range sources {
		source.ReplyTo = replyTo
		id, err := c.SendFile(conv.ID, source)
		if err != nil {
			return errors.Join(fmt.Errorf("send file: %w", err), closeAll(sources[i+1:]))
		}
		ids = append(ids, id)
	}
	if text != "" {
		id, err := c.Send(conv.ID, client.Draft{Text: text, ReplyTo: replyTo})
		if err != nil {
			return fmt.Errorf("send text: %w", err)
		}
		ids = append(ids, id)
	}
	finish := s.watchUploads(ctx, c, sources)
	syncing := s.sync(ctx, c)
	finish()
	return s.settleSent(c, conv, ids, syncing)
}

func openAll(paths []string) ([]client.FileSource, error) {
	var sources []client.FileSource
	for _, path := range paths {
		source, err := files.Open(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("send file: %w", err), closeAll(sources))
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func closeAll(sources []client.FileSource) error {
	var errs []error
	for _, source := range sources {
		errs = append(errs, source.Content.Close())
	}
	return errors.Join(errs...)
}

// watchUploads shows the progress of files on a terminal until the returned function is called.
func (s *shell) watchUploads(ctx context.Context, c *client.Client, sources []client.FileSource) (finish func()) {
	if len(sources) == 0 || interactive(s.stderr) == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	events := c.Events(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m := s.meter("")
		for event := range events {
			if event.Transfer != nil && event.Transfer.Upload {
				m.show(event.Transfer.Progress)
			}
		}
		m.done()
	}()
	return func() {
		cancel()
		<-ended
	}
}

// settleSent reports what became of the messages, and never more than that.
func (s *shell) settleSent(c *client.Client, conv client.Conversation, ids []client.MessageID, syncing error) error {
	queued, failed := 0, client.ReasonNone
	anyFailed := false
	for _, id := range ids {
		msg, err := c.Message(conv.ID, id)
		if err != nil {
			return fmt.Errorf("look at sent message: %w", err)
		}
		switch msg.State {
		case client.StateQueued:
			queued++
		case client.StateFailed:
			failed, anyFailed = msg.Reason, true
		case client.StateRelayed, client.StateDelivered, client.StateRead:
		}
		if err := s.reportSent(conv, msg); err != nil {
			return err
		}
	}
	switch {
	case anyFailed:
		return s.sendFailure(failed, conv)
	case queued > 0 && syncing != nil && !local(syncing):
		return syncing
	case queued > 0 && syncing == nil:
		return failf(exitOffline, "queued", lang.Words{
			EN: "The message cannot go out yet. It is queued; the next command sends it as soon as that is possible.",
			FR: "Le message ne peut pas encore partir. Il est en attente ; la prochaine commande l'enverra dès que possible.",
		})
	case queued > 0:
		return failf(exitOffline, "queued", lang.Words{
			EN: "The relay cannot be reached. The message is queued; the next command that reaches the relay sends it.",
			FR: "Le relais est injoignable. Le message est en attente ; la prochaine commande qui joint le relais l'enverra.",
		})
	}
	return nil
}

func (s *shell) reportSent(conv client.Conversation, msg client.Message) error {
	if s.flags.json {
		return s.line(lineOf(conv, msg))
	}
	if msg.File != nil {
		s.say("%s", "%s", strings.ReplaceAll(s.fileWords(lineOf(conv, msg).File), "\n", "\n  "))
	}
	return nil
}

func (s *shell) sendFailure(reason client.Reason, conv client.Conversation) error {
	switch reason {
	case client.ReasonFile:
		return failf(exitNotFound, "file_changed", lang.Words{
			EN: "The file is gone or has changed since it was to be sent. Send it again.",
			FR: "Le fichier a disparu ou a changé depuis la demande d'envoi. Renvoyez-le.",
		})
	case client.ReasonRemoved:
		return fmt.Errorf("send: %w", client.ErrNotMember)
	case client.ReasonTooLarge:
		return fmt.Errorf("send: %w", client.ErrTooLarge)
	case client.ReasonCancelled:
		return failf(exitRefused, "cancelled", lang.Words{EN: "You gave the file up.", FR: "Vous avez renoncé au fichier."})
	case client.ReasonNone:
	}
	return failf(exitRefused, "send_failed", lang.Words{
		EN: "The message to %s could not be sent.", FR: "Le message pour %s n'a pas pu être envoyé.",
	}, conv.Name)
}
