package client

import (
	"context"
	"errors"

	"bulle/device/vault"
	"bulle/protocol/governance"
)

// noteBlocked and blockedPrefix name who is blocked, to siblings and in the vault.
const (
	noteBlocked   = "blocked/"
	blockedPrefix = "blocked/"
)

// Block blocks a member, or ends that. While blocked, what the member says in the
// conversation of two is dropped as it arrives, and gets no receipts: it does not come
// later either. In groups its messages are marked. The member is not told.
func (c *Client) Block(id MemberID, blocked bool) error {
	if _, ok := c.ledger.Now().Member(id); !ok || id == c.member {
		return ErrNoContact
	}
	value := []byte{0}
	if blocked {
		value[0] = 1
	}
	err := c.engine.Note(context.Background(), noteBlocked+string(id[:]), value, func(tx *vault.Tx) error {
		return c.keepBlocked(tx, id, blocked)
	})
	if err == nil {
		c.events.send(Event{Kind: EventContact})
	}
	return worded(err)
}

func (c *Client) keepBlocked(tx *vault.Tx, id MemberID, blocked bool) error {
	if !tx.HasSegment(contactsSegment) {
		if err := tx.NewSegment(contactsSegment); err != nil {
			return err
		}
	}
	if !blocked {
		return tx.Delete(contactsSegment, blockedPrefix+string(id[:]))
	}
	if err := c.engine.Hush(tx, id); err != nil {
		return err
	}
	return tx.Put(contactsSegment, blockedPrefix+string(id[:]), []byte{1})
}

// blockedIn is the engine's view of who is blocked.
func blockedIn(tx *vault.Tx, id governance.MemberID) (bool, error) {
	_, err := tx.Get(contactsSegment, blockedPrefix+string(id[:]))
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrNoSegment) {
		return false, nil
	}
	return err == nil, err
}

func (c *Client) blocked(id MemberID) bool {
	_, err := c.cfg.Vault.Get(context.Background(), contactsSegment, blockedPrefix+string(id[:]))
	return err == nil
}

// Mute says that new messages of a conversation are not to be announced, or that they
// are again.
func (c *Client) Mute(id ConversationID, muted bool) error {
	return worded(c.engine.Mute(context.Background(), id, muted))
}
