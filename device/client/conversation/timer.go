package conversation

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/governance"
)

// The timer of a conversation says how long the messages live that are sent from
// now on. It is part of the group's description, so that all members agree on it;
// what was sent before keeps the lifetime that it was sent with.

// SetTimer wishes a conversation another timer, in seconds; 0 switches it off. That
// of peer is made if nobody has begun it.
func (e *Engine) SetTimer(ctx context.Context, id ID, peer governance.MemberID, seconds int) error {
	if seconds != 0 && (seconds < MinLifetime || seconds > MaxLifetime) {
		return ErrTimer
	}
	return e.update(ctx, "timer", func(tx *vault.Tx, n *notes) error {
		m, err := e.begun(tx, id, peer)
		if err != nil {
			return err
		}
		if !m.manages(e.Self.Member) {
			return ErrNotAdmin
		}
		if !m.manages(e.Self.Member) {
			return ErrNotAdmin
		}
		if err := dropTimers(tx, id); err != nil {
			return err
		}
		_, err = e.speaker(tx, id, m)
		switch {
		case errors.Is(err, ErrNotMember) && m.Kind == Direct: // the thread that is made now has it from the start
			if err := e.retime(tx, n, id, m, e.Self.Member, uint32(seconds)); err != nil { //nolint:gosec // G115: checked
				return err
			}
		case err != nil:
			return err
		default:
			x := &change{Kind: intendTimer, Members: []governance.MemberID{}, Packages: [][]byte{}, Seconds: uint32(seconds)} //nolint:gosec // G115: checked
			if err := save(tx, segment(id), numbered(changePrefix, m.number()), x); err != nil {
				return err
			}
		}
		n.tell(Event{Kind: EventConversation, Conversation: id})
		return e.ensureThread(tx, n, id, m)
	})
}

// dropTimers takes out the wishes for another timer that wait.
func dropTimers(tx *vault.Tx, id ID) error {
	names, err := tx.List(segment(id), vault.Range{Prefix: changePrefix})
	if err != nil {
		return err
	}
	for _, name := range names {
		var x change
		if ok, err := load(tx, segment(id), name, &x); err != nil || !ok {
			return orMissing(err)
		}
		if x.Kind != intendTimer {
			continue
		}
		if err := tx.Delete(segment(id), name); err != nil {
			return err
		}
	}
	return nil
}

// retime notes the timer that a conversation has now, and who set it.
func (e *Engine) retime(tx *vault.Tx, n *notes, id ID, m *meta, from governance.MemberID, seconds uint32) error {
	if m.Timer == seconds {
		return nil
	}
	m.Timer = seconds
	return e.record(tx, n, id, m, from, &changeRecord{Kind: ChangeTimer, Members: []governance.MemberID{}})
}

// speaks reports whether the conversation is spoken in this thread.
func (w *threadWork) speaks(ctx context.Context) bool {
	v := w.engine.view(ctx)
	m, ok, err := loadMeta(v, w.conversation)
	if err != nil || !ok {
		return false
	}
	speaker, err := w.engine.speaker(v, w.conversation, m)
	return err == nil && speaker == w.key()
}
