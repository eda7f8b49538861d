package bubble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/device/vault"
	"bulle/protocol/governance"
)

// ErrRemoved says that the member removed this device: nothing of what it kept is
// left.
var ErrRemoved = errors.New("this device was removed from its member's account")

// AddTicket states a device without a card, by which a further device of the member
// may come in.
func (l *Ledger) AddTicket(ctx context.Context, ticket *governance.DeviceKey, now time.Time) error {
	member := l.cfg.Identity.MemberKey()
	defer member.Wipe()
	return l.submit(ctx, func(p governance.Place) ([]byte, error) {
		return governance.AddDevice(p, member, ticket, nil)
	}, now)
}

// RemoveDevice states that a device of this member is one no more. It succeeds when the
// log says so already.
func (l *Ledger) RemoveDevice(ctx context.Context, id governance.DeviceID, now time.Time) error {
	member := l.cfg.Identity.MemberKey()
	defer member.Wipe()
	err := l.submit(ctx, func(p governance.Place) ([]byte, error) {
		if _, gone := l.log.State().RemovedDevice(id); gone {
			return nil, errGone
		}
		return governance.RemoveDevice(p, member, id)
	}, now)
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

var errGone = errors.New("the device is removed already")

// removedName is the record that is left of a device that was removed.
const removedName = "removed"

// Wipe shreds everything that a vault holds but the word that its device was removed.
// What was kept elsewhere, such as files that were saved, is not of the vault.
func Wipe(ctx context.Context, v *vault.Vault) error {
	names, err := v.Segments(ctx)
	if err != nil {
		return fmt.Errorf("wipe a removed device: %w", err)
	}
	err = v.Update(ctx, func(tx *vault.Tx) error {
		for _, name := range names {
			if tx.HasSegment(name) {
				if err := tx.Shred(name); err != nil {
					return err
				}
			}
		}
		if err := tx.NewSegment(removedName); err != nil {
			return err
		}
		return tx.Put(removedName, removedName, []byte{1})
	})
	if err != nil {
		return fmt.Errorf("wipe a removed device: %w", err)
	}
	return nil
}

// Removed reports whether a vault was wiped because its device was removed.
func Removed(ctx context.Context, v *vault.Vault) (bool, error) {
	_, err := v.Get(ctx, removedName, removedName)
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
