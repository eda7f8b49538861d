package conversation

import (
	"errors"
	"slices"
	"strings"

	"bulle/device/vault"
)

// Withdrawing. What waits to be sealed can be taken back, and then nobody ever
// sees it. What is sealed may be on the relay, whatever this device has heard.

// errWithdrawn stops the sealing of contents of which one was taken back after they
// were collected: the others are collected again.
var errWithdrawn = errors.New("a message was taken back while it was sealed")

// withdraw takes out of the queue what gone picks and nothing has sealed yet. It
// returns how many it took.
func withdraw(tx *vault.Tx, id ID, m *meta, gone func(*queued) bool) (taken int, err error) {
	seg := segment(id)
	names, err := tx.List(seg, vault.Range{Prefix: queuePrefix})
	if err != nil || len(names) == 0 {
		return 0, err
	}
	sealed, err := sealedNames(tx, id, m)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		var q queued
		if ok, err := load(tx, seg, name, &q); err != nil || !ok {
			return taken, orMissing(err)
		}
		if slices.Contains(sealed, name) || !gone(&q) {
			continue
		}
		if err := tx.Delete(seg, name); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

// sealedNames returns the records whose contents are in an item on its way.
func sealedNames(tx *vault.Tx, id ID, m *meta) ([]string, error) {
	var names []string
	for _, group := range m.Threads {
		var out outgoing
		if _, err := load(tx, segment(id), threadName(group, "out"), &out); err != nil {
			return nil, err
		}
		names = append(names, out.Queue...)
	}
	return names, nil
}

// queuedStill checks that what is about to be sealed still waits.
func queuedStill(tx *vault.Tx, id ID, names []string) error {
	waiting, err := tx.List(segment(id), vault.Range{Prefix: queuePrefix})
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, queuePrefix) && !slices.Contains(waiting, name) {
			return errWithdrawn
		}
	}
	return nil
}

// about returns the message that a reaction, edit or deletion is for.
func (m *Content) about() (target MessageID) {
	switch m.Kind {
	case KindReaction, KindEdit, KindDelete:
		copy(target[:], m.Body)
	default:
	}
	return target
}
