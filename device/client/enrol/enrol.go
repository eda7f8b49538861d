// Package enrol brings a new device into a bubble: its founder's by the claim link
// that a fresh relay prints ([Claim]), everyone else's by an invitation link
// ([Join]).
//
//	link ──> fresh keys ──> vault ──> governance connection ──> statements ──> vault
//	                        (1)       read and verify the log   submit          (2)
//
// The keys are durable before the first byte leaves (1), and the device counts as
// enrolled when the log has it (2). After a crash in between, the same call with the
// same link goes on: the relay may or may not have taken the statements, and the
// log says which.
package enrol

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/contact"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// What a caller can decide on. Errors of the link pass through.
var (
	ErrEnrolled  = errors.New("this vault has already joined a bubble")
	ErrNameTaken = errors.New("this name is already taken in the bubble")
	ErrLinkUsed  = errors.New("the invitation has been used up")
)

// Config of [Claim] and [Join]. All fields but Hook are required.
type Config struct {
	Vault *vault.Vault
	Dial  bubble.Dialer
	Clock func() time.Time
	Hook  func(step string) error // see conversation.Config
}

func (c *Config) at(step string) error {
	if c.Hook == nil {
		return nil
	}
	return c.Hook(step)
}

// attempts is how often statements are made anew because others were faster.
const attempts = 8

// begin returns the identity to enrol with: the one that an earlier attempt with
// the same link left behind, or a fresh one, which it makes durable. again says
// that the relay may know it already.
func (c *Config) begin(ctx context.Context, fresh *bubble.Identity) (id *bubble.Identity, again bool, err error) {
	if err := contact.CheckOwnName(fresh.Name); err != nil {
		return nil, false, err
	}
	before, err := bubble.Load(ctx, c.Vault)
	switch {
	case err != nil:
		return nil, false, err
	case before != nil && before.Enrolled:
		before.Wipe()
		return nil, false, ErrEnrolled
	case before != nil && before.Address == fresh.Address && before.Pin == fresh.Pin && before.Ticket.Equal(fresh.Ticket):
		before.Name = fresh.Name
		return before, true, nil
	}
	fresh.Fresh()
	if err := c.at("keys"); err != nil {
		return nil, false, err
	}
	if err := fresh.Save(ctx, c.Vault); err != nil {
		return nil, false, fmt.Errorf("keep the new keys: %w", err)
	}
	return fresh, false, c.at("keys done")
}

// cards seals what the others learn of the member and the device.
func cards(id *bubble.Identity) (member, device []byte, err error) {
	memberKey, deviceKey := id.MemberKey(), id.DeviceKey()
	defer memberKey.Wipe()
	defer deviceKey.Wipe()
	inbox, err := delivery.NewInbox(id.Inbox)
	if err != nil {
		return nil, nil, err
	}
	defer inbox.Wipe()
	pool, err := delivery.NewPool(id.Pool)
	if err != nil {
		return nil, nil, err
	}
	defer pool.Wipe()
	member, err = (&contact.MemberCard{Name: id.Name}).Seal(id.Directory, governance.MemberID(memberKey.ID()))
	if err != nil {
		return nil, nil, fmt.Errorf("seal the member's card: %w", err)
	}
	device, err = (&contact.DeviceCard{Inbox: *inbox.Address(), Pool: pool.Address()}).Seal(id.Directory, deviceKey.ID())
	if err != nil {
		return nil, nil, fmt.Errorf("seal the device's card: %w", err)
	}
	return member, device, nil
}

// known opens a connection as the device that the log may have already.
func (c *Config) known(ctx context.Context, id *bubble.Identity) (bubble.Connection, error) {
	key := id.DeviceKey()
	return c.Dial(ctx, id.Address, id.Pin, func(b governance.Binding) []byte {
		return governance.ProveDevice(key, id.Category, b)
	})
}

// finish reads the whole log, checks that the device is in it, and makes it the
// enrolled device of the vault.
func (c *Config) finish(ctx context.Context, id *bubble.Identity, conn bubble.Connection, log *governance.Log, have [][]byte) error {
	more, err := bubble.CatchUp(ctx, conn, log)
	if err != nil {
		return err
	}
	key := id.DeviceKey()
	defer key.Wipe()
	if _, ok := log.State().Device(key.ID()); !ok {
		return bubble.ErrFork // it took the statements and does not show them
	}
	if err := c.at("enrolled"); err != nil {
		return err
	}
	if err := id.Enrol(ctx, c.Vault, append(have, more...)); err != nil {
		return fmt.Errorf("keep the enrolment: %w", err)
	}
	return c.at("enrolled done")
}

// closing closes a connection on which nothing is under way.
func closing(c bubble.Connection) { _ = c.Close() }

// refused reports that a proof was not accepted: the ticket may have been used by
// an earlier attempt of ours.
func refused(err error) bool {
	return errors.Is(err, link.ErrUnauthorised) || errors.Is(err, link.ErrInvitationUsed) ||
		errors.Is(err, link.ErrInvitationExpired) || errors.Is(err, link.ErrClaimed)
}
