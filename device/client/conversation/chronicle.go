package conversation

import (
	"slices"

	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
)

// What happened to a conversation itself stands in its history, as lines between
// the messages.

// recordChanges writes what a commit did into the history.
func (w *threadWork) recordChanges(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, c mls.Changes) error {
	if err := w.recordDevices(tx, n, m, c); err != nil {
		return err
	}
	if m.Kind == Direct {
		return nil // it has two members, whatever their devices do
	}
	if c.Extensions != nil {
		d, err := describe(*c.Extensions)
		if err != nil {
			return err
		}
		if d.Name != m.Name {
			m.Name = d.Name
			if err := w.record(tx, n, m, from, &changeRecord{Kind: ChangeRenamed, Name: d.Name}); err != nil {
				return err
			}
		}
	}
	if gone := except(membersOf(c.Removed), w.remaining(c)); len(gone) > 0 {
		kind := ChangeRemoved
		if w.left(c.Removed) {
			kind, from = ChangeLeft, gone[0]
		}
		if err := w.record(tx, n, m, from, &changeRecord{Kind: kind, Members: gone}); err != nil {
			return err
		}
	}
	if in := except(membersOf(c.Added), m.Members); len(in) > 0 {
		if err := w.record(tx, n, m, from, &changeRecord{Kind: ChangeAdded, Members: in}); err != nil {
			return err
		}
	}
	if c.RemovedSelf {
		return nil // what else changed is the business of those who stay
	}
	return w.recordRoles(tx, n, m, from)
}

// recordRoles writes who became an administrator or is none any more, after the
// group has moved to its new epoch.
func (w *threadWork) recordRoles(tx *vault.Tx, n *notes, m *meta, from governance.MemberID) error {
	roster, now, err := w.t.admins()
	if err != nil {
		return err
	}
	before := m.Admins
	m.Admins = now
	up := slices.DeleteFunc(slices.Clone(now), func(id governance.MemberID) bool { return slices.Contains(before, id) })
	down := slices.DeleteFunc(slices.Clone(before), func(id governance.MemberID) bool {
		return slices.Contains(now, id) || !slices.Contains(roster, id)
	})
	for _, x := range []changeRecord{{Kind: ChangePromoted, Members: up}, {Kind: ChangeDemoted, Members: down}} {
		if len(x.Members) == 0 {
			continue
		}
		if err := w.record(tx, n, m, from, &x); err != nil {
			return err
		}
	}
	if len(before) > 0 && len(now) == 0 {
		return w.record(tx, n, m, from, &changeRecord{Kind: ChangeOpened})
	}
	return nil
}

// left reports whether all who were removed had asked for it.
func (w *threadWork) left(leaves []mls.Member) bool {
	return !slices.ContainsFunc(leaves, func(m mls.Member) bool {
		return !slices.Contains(w.t.line.Leaving, uint32(m.Leaf))
	})
}

// record writes one line about the conversation itself into its history.
func (w *threadWork) record(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, x *changeRecord) error {
	id, err := w.lineID(x)
	if err != nil {
		return err
	}
	return w.engine.recordAs(tx, n, w.conversation, m, from, x, id)
}

func (e *Engine) record(tx *vault.Tx, n *notes, id ID, m *meta, from governance.MemberID, x *changeRecord) error {
	return e.recordAs(tx, n, id, m, from, x, e.newMessageID())
}

func (e *Engine) recordAs(tx *vault.Tx, n *notes, id ID, m *meta, from governance.MemberID, x *changeRecord, line MessageID) error {
	now := millis(e.Clock())
	rec := &record{
		From: from, Own: from == e.Self.Member, Kind: MessageChange, Sent: now, Received: now, State: Read, Change: x,
	}
	if x.Kind == ChangeTimer {
		rec.Lifetime = m.Timer
	}
	rec.ID = line
	at, isNew, err := addMessage(tx, id, m, rec)
	if err != nil || !isNew {
		return err
	}
	msg := rec.message(id, at, m)
	n.tell(Event{Kind: EventMessage, Conversation: id, Message: &msg})
	return nil
}

func membersOf(leaves []mls.Member) []governance.MemberID {
	var out []governance.MemberID
	for _, l := range leaves {
		if id, _, ok := parseCredential(l.Credential); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func without(ids []governance.MemberID, id governance.MemberID) []governance.MemberID {
	return slices.DeleteFunc(slices.Clone(ids), func(x governance.MemberID) bool { return x == id })
}
