package conversation

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// MaxPage bounds what one call reads of a history.
const MaxPage = 500

// ErrNoMessage says that a history has no such message.
var ErrNoMessage = errors.New("there is no such message")

const messagePrefix, indexPrefix = "m/", "i/"

// addMessage appends a record to the history. It reports false when the message
// is there already: whoever repeats it, nothing is told twice.
func addMessage(tx *vault.Tx, id ID, m *meta, r *record) (Cursor, bool, error) {
	seg := segment(id)
	switch at, ok, err := findMessage(tx, id, r.ID); {
	case err != nil:
		return 0, false, err
	case ok:
		return at, false, nil
	}
	m.Last++
	m.Activity = max(m.Activity, r.Received)
	if !r.Own && r.Kind != MessageChange {
		m.Unread++
	}
	if err := save(tx, seg, messagePrefix+m.Last.key(), r); err != nil {
		return 0, false, err
	}
	if err := tx.Put(seg, indexPrefix+string(r.ID[:]), []byte(m.Last.key())); err != nil {
		return 0, false, err
	}
	return m.Last, true, m.save(tx, id)
}

// findMessage returns where a message is.
func findMessage(r reader, id ID, message MessageID) (Cursor, bool, error) {
	b, err := r.Get(segment(id), indexPrefix+string(message[:]))
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrNoSegment) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if len(b) != 8 {
		return 0, false, syntax.ErrMalformed
	}
	return Cursor(binary.BigEndian.Uint64(b)), true, nil
}

func loadMessage(r reader, id ID, at Cursor) (*record, error) {
	var rec record
	switch ok, err := load(r, segment(id), messagePrefix+at.key(), &rec); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrNoMessage
	}
	return &rec, nil
}

// History returns up to limit messages before a position, oldest first. Before 0
// means the newest ones.
func (e *Engine) History(ctx context.Context, id ID, before Cursor, limit int) ([]Message, error) {
	r := vault.Range{Prefix: messagePrefix, Reverse: true, Limit: min(max(limit, 1), MaxPage)}
	if before > 0 {
		r.To = messagePrefix + before.key()
	}
	out, err := e.scan(ctx, id, r, func(*record) bool { return true })
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, err
}

// Search returns up to limit messages before a position whose text, or file
// name, contains words, newest first. It opens one message after the other: no
// index of what was said exists anywhere.
func (e *Engine) Search(ctx context.Context, id ID, words string, before Cursor, limit int) ([]Message, error) {
	r := vault.Range{Prefix: messagePrefix, Reverse: true}
	if before > 0 {
		r.To = messagePrefix + before.key()
	}
	words, left := strings.ToLower(words), min(max(limit, 1), MaxPage)
	return e.scan(ctx, id, r, func(rec *record) bool {
		found := left > 0 && !rec.Deleted && (strings.Contains(strings.ToLower(rec.Text), words) ||
			rec.File != nil && strings.Contains(strings.ToLower(rec.File.Name), words))
		if found {
			left--
		}
		return found
	})
}

// scan returns the messages of a range that keep accepts.
func (e *Engine) scan(ctx context.Context, id ID, r vault.Range, keep func(*record) bool) ([]Message, error) {
	m, ok, err := loadMeta(e.view(ctx), id)
	if err != nil || !ok {
		return nil, err
	}
	var out []Message
	now := millis(e.Clock())
	err = e.vault.Scan(ctx, segment(id), r, func(name string, value []byte) error {
		var rec record
		if err := syntax.Unmarshal(value, &rec); err != nil {
			return err
		}
		if !rec.expired(now) && keep(&rec) {
			out = append(out, rec.message(id, cursorOf(strings.TrimPrefix(name, messagePrefix)), m))
		}
		if len(out) == MaxPage {
			return vault.ErrStop
		}
		return ctx.Err()
	})
	return out, err
}

// Message returns one message.
func (e *Engine) Message(ctx context.Context, id ID, message MessageID) (Message, error) {
	v := e.view(ctx)
	m, ok, err := loadMeta(v, id)
	if err != nil || !ok {
		return Message{}, orNoMessage(err)
	}
	at, rec, err := e.present(v, id, message)
	if err != nil {
		return Message{}, err
	}
	return rec.message(id, at, m), nil
}

func orNoMessage(err error) error {
	if err == nil {
		return ErrNoMessage
	}
	return err
}

// wipeAll ends secrets that were read for one step.
func wipeAll(bs ...[]byte) {
	for _, b := range bs {
		secret.Wipe(b)
	}
}
