package conversation

import (
	"context"

	"bulle/device/vault"
	"bulle/protocol/governance"
)

// Blocking is between two members. What a blocked one says in the conversation of the
// two is dropped when it arrives: it is not kept, counted or shown, not later either,
// and no receipt goes out, so that its sender sees it relayed and no further. In
// groups everything arrives; screens hide it there. Nobody is told.

// silenced reports whether what a member says in a conversation is dropped.
func (e *Engine) silenced(tx *vault.Tx, m *meta, from governance.MemberID) (bool, error) {
	if e.Blocked == nil || m.Kind != Direct || from == e.Self.Member {
		return false, nil
	}
	return e.Blocked(tx, from)
}

// Hush drops, in the transaction that blocks a member, the receipts that wait for it.
func (e *Engine) Hush(tx *vault.Tx, member governance.MemberID) error {
	seg := segment(e.Direct(member))
	names, err := tx.List(seg, vault.Range{Prefix: receiptsPrefix})
	if err != nil {
		return ignoreMissing(err)
	}
	for _, name := range names {
		if err := tx.Delete(seg, name); err != nil {
			return err
		}
	}
	return nil
}

// Mute says that new messages of a conversation are not to be announced, or that they
// are again. It is kept with the conversation.
func (e *Engine) Mute(ctx context.Context, id ID, muted bool) error {
	return e.update(ctx, "mute", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		switch {
		case err != nil:
			return err
		case !ok:
			return ErrNoConversation
		}
		m.Muted = muted
		n.tell(Event{Kind: EventConversation, Conversation: id})
		return m.save(tx, id)
	})
}
