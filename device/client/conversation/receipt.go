package conversation

import (
	"errors"
	"slices"

	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// Receipts. A device tells the others which messages are durable in its vault and,
// unless its member turned that off, which were read. Identifiers are told one by
// one and not as "everything up to here": a message that could not be opened must
// not count as delivered. They wait in the vault, in the transaction that makes
// them true, until they ride along with a text or go out together a little later.

const receiptsPrefix = "r/"

// Receipts is the body of [KindReceipts]: which messages of others are durable on
// the sender's device, and which the sender has read.
type Receipts struct {
	Delivered []MessageID
	Read      []MessageID
}

// Code implements [syntax.Value].
func (r *Receipts) Code(c *syntax.Codec) {
	codeIDs(c, &r.Delivered)
	codeIDs(c, &r.Read)
	if c.Err() == nil && len(r.Delivered)+len(r.Read) == 0 {
		c.Fail("empty receipts")
	}
}

func codeIDs(c *syntax.Codec, ids *[]MessageID) {
	syntax.Vector(c, ids, func(c *syntax.Codec, id *MessageID) { c.Fixed(id[:]) })
	if c.Err() == nil && len(*ids) > maxReceipts {
		c.Fail("%d receipts", len(*ids))
	}
}

// owe notes receipts to be sent.
func owe(tx *vault.Tx, id ID, m *meta, delivered, read []MessageID) error {
	for len(delivered)+len(read) > 0 {
		var next Receipts
		next.Delivered, delivered = split(delivered, maxReceipts)
		next.Read, read = split(read, maxReceipts)
		if err := save(tx, segment(id), numbered(receiptsPrefix, m.number()), &next); err != nil {
			return err
		}
	}
	return m.save(tx, id)
}

func split(ids []MessageID, n int) (head, tail []MessageID) {
	n = min(n, len(ids))
	return ids[:n:n], ids[n:]
}

// owed returns the receipts that wait, up to what one content carries, and the
// names of their records.
func owed(r reader, id ID) (*Receipts, []string, error) {
	names, err := r.List(segment(id), vault.Range{Prefix: receiptsPrefix, Limit: maxReceipts})
	if err != nil {
		return nil, nil, ignoreMissing(err)
	}
	var sum Receipts
	for i, name := range names {
		var next Receipts
		if _, err := load(r, segment(id), name, &next); err != nil {
			return nil, nil, err
		}
		if len(sum.Delivered)+len(next.Delivered) > maxReceipts || len(sum.Read)+len(next.Read) > maxReceipts {
			return &sum, names[:i], nil
		}
		sum.Delivered = append(sum.Delivered, next.Delivered...)
		sum.Read = append(sum.Read, next.Read...)
	}
	return &sum, names, nil
}

// acknowledge notes what a member said about own messages and returns those
// whose state changed. Receipts for messages of others, for unknown ones, or for those
// that were deleted here or have expired, have no effect.
func acknowledge(tx *vault.Tx, id ID, m *meta, from governance.MemberID, r *Receipts, roster []governance.MemberID) ([]Message, error) {
	var changed []Message
	mark := func(ids []MessageID, read bool) error {
		for _, message := range ids {
			at, rec, err := heardOf(tx, id, message)
			if err != nil {
				return err
			}
			if rec == nil || !rec.Own {
				continue
			}
			before := rec.State
			if !rec.heard(from, read, roster) {
				continue
			}
			if err := save(tx, segment(id), messagePrefix+at.key(), rec); err != nil {
				return err
			}
			if rec.State != before {
				changed = append(changed, rec.message(id, at, m))
			}
		}
		return nil
	}
	if err := mark(r.Delivered, false); err != nil {
		return nil, err
	}
	return changed, mark(r.Read, true)
}

// heardOf returns a message that others say something of, nil if it is unknown or gone.
func heardOf(tx *vault.Tx, id ID, message MessageID) (Cursor, *record, error) {
	at, ok, err := findMessage(tx, id, message)
	if err != nil || !ok {
		return 0, nil, err
	}
	rec, err := loadMessage(tx, id, at)
	if errors.Is(err, ErrNoMessage) {
		return 0, nil, nil
	}
	return at, rec, err
}

// heard notes a receipt of one member and reports whether it says something new.
func (r *record) heard(from governance.MemberID, read bool, roster []governance.MemberID) bool {
	i := slices.IndexFunc(r.Waiting, func(w recipient) bool { return w.Member == from })
	if i < 0 || !read && r.Waiting[i].Delivered {
		return false
	}
	r.Waiting[i].Delivered = true
	if read {
		r.Waiting = slices.Delete(r.Waiting, i, i+1)
		r.Readers++
	}
	r.settle(roster)
	return true
}

// settle works out the state of a relayed message: it is delivered when every
// recipient who is still in the conversation has it.
func (r *record) settle(roster []governance.MemberID) {
	if r.State == Queued || r.State == Failed {
		return
	}
	r.Waiting = slices.DeleteFunc(r.Waiting, func(w recipient) bool { return !slices.Contains(roster, w.Member) })
	missing := slices.ContainsFunc(r.Waiting, func(w recipient) bool { return !w.Delivered })
	switch {
	case missing:
		r.State = Relayed
	case len(r.Waiting) > 0:
		r.State = Delivered
	case r.Readers > 0: // who went away without reading does not make it read
		r.State = Read
	}
}

// heardReceipts notes what a member says about messages of ours.
func (w *threadWork) heardReceipts(s *said) (*MessageID, error) {
	var r Receipts
	if !decodes(s.Body, &r) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	changed, err := acknowledge(s.tx, w.conversation, s.m, s.from, &r, w.t.roster())
	for i := range changed {
		s.n.tell(Event{Kind: EventState, Conversation: w.conversation, Message: &changed[i]})
	}
	return nil, err
}
