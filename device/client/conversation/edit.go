package conversation

import (
	"context"
	"time"
	"unicode/utf8"

	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// An Edit replaces what its own sender wrote before: a text, or what stands with a
// file. Of several the newest counts, by the clock of the sender:
//
//	struct {
//	    MessageID target;
//	    opaque    text<V>;  // UTF-8, at most 32,768 bytes
//	} Edit;
type Edit struct {
	Target MessageID
	Text   string
}

// EditWindow is how long after it was sent a message can be edited, as in Signal:
// long enough to mend what one wrote, too short to rewrite what was agreed on.
const EditWindow = 24 * time.Hour

// Code implements [syntax.Value].
func (x *Edit) Code(c *syntax.Codec) {
	c.Fixed(x.Target[:])
	codeText(c, &x.Text)
}

// heardEdit gives a message of its sender another text.
func (w *threadWork) heardEdit(s *said) (*MessageID, error) {
	var x Edit
	if !decodes(s.Body, &x) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	return nil, w.amend(s, x.Target, func(rec *record) bool {
		return rec.edit(s.from, x.Text, s.Sent, millis(w.engine.Clock()))
	})
}

// Edit gives a message of this member another text: within [EditWindow], if it is
// not deleted.
func (e *Engine) Edit(ctx context.Context, id ID, message MessageID, text string) error {
	if len(text) > MaxText || !utf8.ValidString(text) {
		return ErrTooLarge
	}
	return e.about(ctx, "edit", id, message, func(a *amendment) error {
		if a.rec.Text == text && a.rec.Own {
			return nil
		}
		now := millis(e.Clock())
		sent := max(now, a.rec.Edited+1)
		if a.rec.State == Failed || !a.rec.edit(e.Self.Member, text, sent, now) {
			return ErrNotEditable
		}
		return e.send(a, KindEdit, sent, &Edit{Target: message, Text: text})
	})
}

// edit gives a message another text if its sender may still do that, and reports
// whether it did. Both times of the window are of the sender's clock, which may
// lie; so no edit counts either that comes later than an honest one can, after the
// window and the time that the relay keeps it.
func (r *record) edit(from governance.MemberID, text string, sent, now uint64) bool {
	const window = uint64(EditWindow / time.Millisecond)
	const kept = uint64(30 * 24 * time.Hour / time.Millisecond) // channelClass
	switch {
	case r.From != from || r.Deleted || r.Kind != MessageText && r.Kind != MessageFile:
	case r.Kind == MessageText && text == "":
	case sent < r.Edited, sent > r.Sent && sent-r.Sent > window:
	case now > r.Received && now-r.Received > window+kept:
	default:
		r.Text, r.Edited = text, max(sent, 1)
		return true
	}
	return false
}
