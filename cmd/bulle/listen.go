package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

type listenOptions struct {
	folder      string
	changes     bool
	keep        bool
	states      bool
	updates     bool
	interactive bool
	count       int
	timeout     string
}

func listenCommand(s *shell) *cobra.Command {
	var o listenOptions
	cmd := &cobra.Command{
		Use:   "listen",
		Short: s.lang.Say("Print messages as they arrive, for scripts and bots", "Afficher les messages dès leur arrivée, pour scripts et robots"),
		Long: s.lang.Say(`Print messages as they arrive: first what nobody has read yet, then what comes, until interrupted.

Each message is printed once and then marked read. While this command runs it holds the vault, so it can also send:
with --interactive, each line of standard input is a JSON object {"to":"NAME","text":"TEXT"} or {"to":"NAME","file":"PATH"}.
docs/commands.md shows a bot in ten lines.`,
			`Afficher les messages dès leur arrivée : d'abord ce que personne n'a lu, puis ce qui vient, jusqu'à interruption.

Chaque message est affiché une fois puis marqué lu. Cette commande détient le coffre, elle peut donc aussi envoyer : avec
--interactive, chaque ligne de l'entrée standard est un objet JSON {"to":"NOM","text":"TEXTE"} ou {"to":"NOM","file":"CHEMIN"}.
docs/commands.md montre un robot en dix lignes.`),
		Example: "  bulle listen\n  bulle listen --json --interactive\n  bulle listen --json --count 1 --timeout 1m",
		Args:    s.between(0, 0),
	}
	f := cmd.Flags()
	f.StringVar(&o.folder, "save", "", s.lang.Say("save received files in `DIR`", "enregistrer les fichiers reçus dans `DOSSIER`"))
	f.BoolVar(&o.changes, "changes", false, s.lang.Say("with --json, also lines for changes of groups", "avec --json, aussi une ligne par changement de groupe"))
	f.BoolVar(&o.states, "states", false, s.lang.Say("with --json, also lines when a sent message changes state", "avec --json, aussi une ligne quand un message envoyé change d'état"))
	f.BoolVar(&o.updates, "updates", false, s.lang.Say("with --json, also a line when a message is edited, reacted to, deleted or gone", "avec --json, aussi une ligne quand un message est modifié, commenté d'un émoji, supprimé ou disparu"))
	f.BoolVar(&o.interactive, "interactive", false, s.lang.Say("take messages to send from standard input, one JSON object a line; implies --json", "prendre les messages à envoyer sur l'entrée standard, un objet JSON par ligne ; implique --json"))
	f.BoolVar(&o.keep, "keep-unread", false, s.lang.Say("do not mark anything read, send no receipt", "ne rien marquer lu, n'envoyer aucun accusé"))
	f.IntVar(&o.count, "count", 0, s.lang.Say("stop after `N` messages", "s'arrêter après `N` messages"))
	f.StringVar(&o.timeout, "timeout", "", s.lang.Say("stop after a time like 30s or 5m", "s'arrêter après une durée comme 30s ou 5m"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithCancel(cmd.Context())
		defer cancel()
		var limit time.Duration
		if o.timeout != "" {
			var err error
			if limit, err = parseDuration(o.timeout); err != nil {
				return failf(exitUsage, "usage", lang.Words{EN: "--timeout is a time like 30s or 5m.", FR: "--timeout est une durée comme 30s ou 5m."})
			}
		}
		s.flags.json = s.flags.json || o.interactive // who writes JSON reads it
		return s.withClient(ctx, func(c *client.Client) error {
			if limit > 0 { // from now on: unlocking takes as long as it takes
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, limit)
				defer stop()
			}
			l := &listener{s: s, c: c, o: o, seen: map[client.ConversationID]client.Cursor{}}
			l.printer = &printer{s: s, c: c, event: "message", folder: o.folder, changes: o.changes, named: true}
			return l.run(ctx)
		})
	}
	return cmd
}

// listener prints every message once. What it printed last in each conversation is all it remembers: at
// any sign of news it reads on from there, so events that were missed or come twice change nothing.
type listener struct {
	s       *shell
	c       *client.Client
	o       listenOptions
	printer *printer
	seen    map[client.ConversationID]client.Cursor
	printed int
	offline error // why the relay was last said to be away; nil once it is back
}

func (l *listener) enough() bool { return l.o.count > 0 && l.printed >= l.o.count }

// errEnough ends listening after --count messages.
var errEnough = errors.New("enough messages")

func (l *listener) run(ctx context.Context) error {
	events := l.c.Events(ctx)
	if err := l.c.Start(ctx); err != nil {
		return fmt.Errorf("start client: %w", err)
	}
	var commands <-chan order
	if l.o.interactive {
		commands = readOrders(ctx, l.s.stdin)
	}
	err := l.catchUp(ctx)
	for err == nil {
		select {
		case event, open := <-events:
			if !open {
				err = ctx.Err()
				if err == nil {
					err = client.ErrClosed
				}
				break
			}
			err = l.handle(ctx, event)
		case o, open := <-commands:
			if !open {
				commands = nil
				break
			}
			err = l.obey(ctx, o)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return l.end(ctx, err)
}

// end turns the ways in which listening is meant to end into success.
func (l *listener) end(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errEnough):
		// The receipts of the last messages leave with one more round.
		if syncing := l.s.sync(ctx, l.c); syncing != nil && !local(syncing) {
			return syncing
		}
		return l.printer.failed
	case errors.Is(err, context.DeadlineExceeded) && l.o.count > 0:
		return failf(exitNotFound, "timeout", lang.Words{
			EN: "Only %d of %d messages came in time.", FR: "Seuls %d messages sur %d sont arrivés à temps.",
		}, l.printed, l.o.count)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return l.printer.failed
	}
	return err
}

// catchUp prints what is unread in all conversations, the oldest conversation first.
func (l *listener) catchUp(ctx context.Context) error {
	all, err := l.c.Conversations()
	if err != nil {
		return fmt.Errorf("list conversations: %w", err)
	}
	for i := len(all) - 1; i >= 0; i-- {
		if err := l.news(ctx, all[i].ID); err != nil {
			return err
		}
	}
	return nil
}

func (l *listener) handle(ctx context.Context, event client.Event) error {
	switch event.Kind {
	case client.EventMessage, client.EventConversation:
		return l.news(ctx, event.Conversation)
	case client.EventMissed:
		return l.catchUp(ctx)
	case client.EventState:
		return errors.Join(l.state(event), l.update(event))
	case client.EventGone:
		return l.gone(event)
	case client.EventWarning:
		return l.warn(event.Warning)
	case client.EventStatus:
		return l.status(event.Status)
	case client.EventRemoved:
		return client.ErrRemoved
	case client.EventContact, client.EventTransfer, client.EventDevices:
	}
	return nil
}

// news prints what came in one conversation since the last time.
func (l *listener) news(ctx context.Context, id client.ConversationID) error {
	conv, err := l.c.Conversation(id)
	if errors.Is(err, client.ErrNoConversation) {
		return nil // it was deleted since
	}
	if err != nil {
		return fmt.Errorf("look at conversation: %w", err)
	}
	after, known := l.seen[id]
	if !known {
		if after, err = l.firstUnread(conv); err != nil {
			return err
		}
		l.seen[id] = after
	}
	upTo, err := eachMessage(l.c, id, after+1, func(msg client.Message) error { return l.message(ctx, conv, msg) })
	l.seen[id] = upTo
	if err == nil && l.enough() {
		err = errEnough
	}
	if upTo > after && !l.o.keep {
		if marking := l.c.MarkRead(id, upTo); marking != nil && (err == nil || errors.Is(err, errEnough)) {
			err = fmt.Errorf("mark read: %w", marking)
		}
	}
	return err
}

// firstUnread returns the position before the first message that was not read. Read and unread messages
// do not mix, so walking back from the end finds it after as many messages as are unread.
func (l *listener) firstUnread(conv client.Conversation) (client.Cursor, error) {
	before, left := conv.Newest, conv.Unread
	for left > 0 && before > 0 {
		page, err := l.c.History(conv.ID, before+1, historyPage)
		if err != nil {
			return 0, fmt.Errorf("read history: %w", err)
		}
		if len(page) == 0 {
			return 0, nil
		}
		for i := len(page) - 1; i >= 0 && left > 0; i-- {
			if msg := page[i]; !msg.Own && !msg.Deleted && msg.Kind != client.MessageChange {
				left--
			}
			before = page[i].Cursor - 1
		}
	}
	return before, nil
}

func (l *listener) message(ctx context.Context, conv client.Conversation, msg client.Message) error {
	if msg.Own || msg.Kind == client.MessageChange && !l.o.changes && l.s.flags.json {
		return nil
	}
	if l.enough() {
		return errEnough
	}
	if err := l.printer.show(ctx, conv, msg); err != nil {
		return err
	}
	if msg.Kind != client.MessageChange {
		l.printed++
	}
	return nil
}

// update prints the whole of a message of which something has changed.
func (l *listener) update(event client.Event) error {
	msg := event.Message
	if msg == nil || !l.o.updates || !l.s.flags.json || msg.Cursor > l.seen[msg.Conversation] && !msg.Own {
		return nil // what was not printed yet is printed as it is
	}
	conv, err := l.c.Conversation(msg.Conversation)
	if errors.Is(err, client.ErrNoConversation) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at conversation: %w", err)
	}
	line := lineOf(conv, *msg)
	line.Event = "update"
	return l.s.line(line)
}

// goneLine is the JSON of a message that has left the history: deleted here, or expired.
type goneLine struct {
	Event          string `json:"event"` // "gone"
	ID             string `json:"id"`
	ConversationID string `json:"conversation_id"`
}

func (l *listener) gone(event client.Event) error {
	msg := event.Message
	if msg == nil || !l.o.updates || !l.s.flags.json {
		return nil
	}
	return l.s.line(goneLine{Event: "gone", ID: msg.ID.String(), ConversationID: msg.Conversation.String()})
}

// stateLine is the JSON of `bulle listen --states`.
type stateLine struct {
	Event          string `json:"event"` // "state"
	ID             string `json:"id"`
	ConversationID string `json:"conversation_id"`
	State          string `json:"state"`
	Reason         string `json:"reason,omitempty"`
	At             string `json:"at"`
}

func (l *listener) state(event client.Event) error {
	msg := event.Message
	if msg == nil || !msg.Own || !l.o.states || !l.s.flags.json {
		return nil
	}
	line := stateLine{
		Event: "state", ID: msg.ID.String(), ConversationID: msg.Conversation.String(), State: msg.State.String(),
		At: time.Now().UTC().Format(time.RFC3339Nano),
	}
	if msg.State == client.StateFailed {
		line.Reason = msg.Reason.String()
	}
	return l.s.line(line)
}
