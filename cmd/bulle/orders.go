package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
)

// order is one line of standard input of `bulle listen --interactive`.
type order struct {
	To   string `json:"to"`             // as TO of `bulle send`
	Text string `json:"text,omitempty"` // or
	File string `json:"file,omitempty"` // a path; with text, the text follows the file
	Ref  string `json:"ref,omitempty"`  // comes back in the answer

	ReplyTo string `json:"reply_to,omitempty"` // the message that text and file reply to

	// About a message that is there, one of the three:
	Message string  `json:"message,omitempty"`
	React   *string `json:"react,omitempty"`  // an emoji; "" takes it back
	Edit    *string `json:"edit,omitempty"`   // its new text
	Delete  string  `json:"delete,omitempty"` // "here" or "everyone"

	invalid error
}

// orderLine is the JSON that answers an order: what was queued, or why nothing was.
type orderLine struct {
	Event          string     `json:"event"` // "sent", "done" or "error"
	Ref            string     `json:"ref,omitempty"`
	To             string     `json:"to,omitempty"`
	ID             string     `json:"id,omitempty"`
	Conversation   string     `json:"conversation,omitempty"`
	ConversationID string     `json:"conversation_id,omitempty"`
	State          string     `json:"state,omitempty"`
	Error          *errorLine `json:"error,omitempty"`
}

type errorLine struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// maxOrder is the longest line that is taken: a text of the greatest size, escaped.
const maxOrder = 6*client.MaxText + 4096

// readOrders reads orders until the input or ctx ends. Reading cannot be interrupted; the goroutine that
// waits for a line that never comes ends with the process, after listen returned.
func readOrders(ctx context.Context, r io.Reader) <-chan order {
	orders := make(chan order)
	go func() {
		defer close(orders)
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 4096), maxOrder)
		for lines.Scan() {
			if strings.TrimSpace(lines.Text()) == "" {
				continue
			}
			var o order
			if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
				o = order{invalid: err}
			}
			select {
			case orders <- o:
			case <-ctx.Done():
				return
			}
		}
		if err := lines.Err(); err != nil {
			select {
			case orders <- order{invalid: err}:
			case <-ctx.Done():
			}
		}
	}()
	return orders
}

// obey queues what an order asks for and answers it. A bad order is answered, and listening goes on.
func (l *listener) obey(ctx context.Context, o order) error {
	if o.Message != "" && o.invalid == nil {
		return l.amend(ctx, o)
	}
	conv, ids, err := l.queue(ctx, o)
	for _, id := range ids {
		answer := orderLine{
			Event: "sent", Ref: o.Ref, To: o.To, ID: id.String(), Conversation: conv.Name, ConversationID: conv.ID.String(),
			State: client.StateQueued.String(),
		}
		if err := l.s.line(answer); err != nil {
			return err
		}
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return l.refuse(o, err)
}

// amend does what an order says about a message, and answers it.
func (l *listener) amend(ctx context.Context, o order) error {
	conv, id, err := l.about(ctx, o)
	if err == nil {
		switch {
		case o.React != nil:
			err = l.c.React(conv.ID, id, *o.React)
		case o.Edit != nil:
			err = l.c.Edit(conv.ID, id, *o.Edit)
		default:
			err = l.c.DeleteMessage(conv.ID, id, o.Delete == "everyone")
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return l.refuse(o, err)
	}
	return l.s.line(orderLine{
		Event: "done", Ref: o.Ref, To: o.To, ID: id.String(), Conversation: conv.Name, ConversationID: conv.ID.String(),
	})
}

// about finds the message that an order is about.
func (l *listener) about(ctx context.Context, o order) (conv client.Conversation, id client.MessageID, err error) {
	wishes := 0
	for _, wish := range []bool{o.React != nil, o.Edit != nil, o.Delete != ""} {
		if wish {
			wishes++
		}
	}
	deletes := o.Delete == "" || o.Delete == "here" || o.Delete == "everyone"
	if wishes != 1 || !deletes || o.To == "" || o.Text+o.File+o.ReplyTo != "" || o.Edit != nil && len(*o.Edit) > client.MaxText {
		return conv, id, failf(exitUsage, "usage", lang.Words{
			EN: `About a message, write {"to":"NAME","message":"ID"} with one of "react":"EMOJI", "edit":"TEXT", "delete":"here" or "delete":"everyone".`,
			FR: `Pour un message, écrivez {"to":"NOM","message":"ID"} avec "react":"ÉMOJI", "edit":"TEXTE", "delete":"here" ou "delete":"everyone".`,
		})
	}
	if conv, err = l.s.resolve(ctx, l.c, o.To, notAsked); err != nil {
		return conv, id, err
	}
	id, err = client.ParseMessageID(o.Message)
	return conv, id, err
}

// refuse answers an order that could not be obeyed.
func (l *listener) refuse(o order, err error) error {
	f := l.s.word(err)
	return l.s.line(orderLine{Event: "error", Ref: o.Ref, To: o.To, Error: &errorLine{f.name, f.words.In(l.s.lang, f.args...)}})
}

func (l *listener) queue(ctx context.Context, o order) (conv client.Conversation, ids []client.MessageID, err error) {
	wishes := o.React != nil || o.Edit != nil || o.Delete != ""
	if o.invalid != nil || wishes || o.To == "" || o.Text == "" && o.File == "" || len(o.Text) > client.MaxText || !utf8.ValidString(o.Text) {
		return conv, nil, failf(exitUsage, "usage", lang.Words{
			EN: `Write {"to":"NAME","text":"TEXT"} or {"to":"NAME","file":"PATH"}, one object a line.`,
			FR: `Écrivez {"to":"NOM","text":"TEXTE"} ou {"to":"NOM","file":"CHEMIN"}, un objet par ligne.`,
		})
	}
	conv, err = l.s.resolve(ctx, l.c, o.To, notAsked)
	if err != nil {
		return conv, nil, err
	}
	var replyTo client.MessageID
	if o.ReplyTo != "" {
		if replyTo, err = client.ParseMessageID(o.ReplyTo); err != nil {
			return conv, nil, err
		}
	}
	if o.File != "" {
		source, err := files.Open(o.File)
		if err != nil {
			return conv, nil, fmt.Errorf("send file: %w", err)
		}
		source.ReplyTo = replyTo
		id, err := l.c.SendFile(conv.ID, source)
		if err != nil {
			return conv, nil, errors.Join(fmt.Errorf("send file: %w", err), source.Content.Close())
		}
		ids = append(ids, id)
	}
	if o.Text != "" {
		id, err := l.c.Send(conv.ID, client.Draft{Text: o.Text, ReplyTo: replyTo})
		if err != nil {
			return conv, ids, fmt.Errorf("send text: %w", err)
		}
		ids = append(ids, id)
	}
	return conv, ids, nil
}
