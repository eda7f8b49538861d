package conversation

import (
	"context"

	"bulle/device/vault"
)

// Later returns up to limit messages after a position, oldest first.
func (e *Engine) Later(ctx context.Context, id ID, after Cursor, limit int) ([]Message, error) {
	r := vault.Range{Prefix: messagePrefix, From: messagePrefix + (after + 1).key(), Limit: min(max(limit, 1), MaxPage)}
	return e.scan(ctx, id, r, func(*record) bool { return true })
}

// Around returns up to limit messages with one of them in their middle, oldest
// first. It fails with [ErrNoMessage].
func (e *Engine) Around(ctx context.Context, id ID, message MessageID, limit int) ([]Message, error) {
	m, err := e.Message(ctx, id, message)
	if err != nil {
		return nil, err
	}
	return e.History(ctx, id, m.Cursor+Cursor(max(limit, 1)/2)+1, limit)
}
