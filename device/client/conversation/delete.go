package conversation

import "bulle/protocol/syntax"

// A Delete takes back, for everyone, a message that its own sender wrote:
//
//	struct { MessageID target; } Delete;
type Delete struct{ Target MessageID }

// Code implements [syntax.Value].
func (x *Delete) Code(c *syntax.Codec) { c.Fixed(x.Target[:]) }

// heardDelete leaves of a message of its sender nothing but that it was deleted.
func (w *threadWork) heardDelete(s *said) (*MessageID, error) {
	var x Delete
	if !decodes(s.Body, &x) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	return nil, w.amend(s, x.Target, func(rec *record) bool {
		if rec.From != s.from || rec.Deleted || rec.Kind == MessageChange {
			return false
		}
		rec.bury()
		return true
	})
}

// bury leaves of a message nothing but that it was deleted.
func (r *record) bury() {
	*r = record{
		ID: r.ID, From: r.From, Own: r.Own, Kind: MessageText, Sent: r.Sent, Received: r.Received,
		State: r.State, Reason: r.Reason, Waiting: r.Waiting, Readers: r.Readers,
		Deleted: true, Lifetime: r.Lifetime, Expires: r.Expires,
	}
}
