package conversation

import (
	"errors"
	"strings"

	"bulle/device/vault"
)

// failQueue gives up everything that waits to be sent in a conversation.
func failQueue(tx *vault.Tx, n *notes, id ID, m *meta) error {
	seg := segment(id)
	for _, prefix := range []string{queuePrefix, uploadPrefix, changePrefix, receiptsPrefix} {
		names, err := tx.List(seg, vault.Range{Prefix: prefix})
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := failOne(tx, n, id, m, name); err != nil {
				return err
			}
			if err := tx.Delete(seg, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func failOne(tx *vault.Tx, n *notes, id ID, m *meta, name string) error {
	var at Cursor
	switch {
	case strings.HasPrefix(name, queuePrefix):
		var q queued
		if _, err := load(tx, segment(id), name, &q); err != nil {
			return err
		}
		at = q.Cursor
	case strings.HasPrefix(name, uploadPrefix):
		var u upload
		if _, err := load(tx, segment(id), name, &u); err != nil {
			return err
		}
		at = u.Cursor
	default:
		return nil
	}
	return failMessage(tx, n, id, m, at, ReasonRemoved)
}

// failMessage marks a message as one that will not be sent.
func failMessage(tx *vault.Tx, n *notes, id ID, m *meta, at Cursor, why Reason) error {
	return setState(tx, n, id, m, at, Failed, why)
}

// setState changes how far a message of ours has come, if it is still there.
func setState(tx *vault.Tx, n *notes, id ID, m *meta, at Cursor, s State, why Reason) error {
	rec, err := loadMessage(tx, id, at)
	if errors.Is(err, ErrNoMessage) {
		return nil
	}
	if err != nil {
		return err
	}
	rec.State, rec.Reason = s, why
	return saveMessage(tx, n, id, m, at, rec)
}
