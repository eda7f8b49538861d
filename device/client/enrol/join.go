package enrol

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/bubble"
	"bulle/device/client/contact"
	"bulle/device/client/link"
	"bulle/protocol/governance"
)

// Join makes this device the first one of a new member, by an invitation link. The
// link pins the relay's TLS key and the bubble's root key; everything else is
// verified from there.
func Join(ctx context.Context, c Config, url, name string) error {
	l, err := governance.ParseInvitationLink(url)
	if err != nil {
		return err
	}
	defer l.Seed.Wipe()
	id, again, err := c.begin(ctx, &bubble.Identity{
		Address: l.Address, Pin: l.Pin, Root: l.Root, Category: l.Category, Name: name,
		Directory: l.Directory, Ticket: l.Seed.Clone(),
	})
	if err != nil {
		return err
	}
	defer id.Wipe()
	invitation := governance.NewSigningKey(id.Ticket.Clone())
	defer invitation.Wipe()
	conn, err := c.Dial(ctx, id.Address, id.Pin, func(b governance.Binding) []byte {
		return governance.ProveInvitation(invitation, b)
	})
	if err != nil {
		if again && refused(err) {
			return c.claimed(ctx, id, err)
		}
		return err
	}
	defer closing(conn)
	return c.join(ctx, id, invitation, conn)
}

// join reads the log, and submits the join at its end; again when another statement
// came first.
func (c *Config) join(ctx context.Context, id *bubble.Identity, invitation *governance.SigningKey, conn bubble.Connection) error {
	log := governance.NewLog(id.Root)
	var have [][]byte
	for range attempts {
		more, err := bubble.CatchUp(ctx, conn, log)
		if err != nil {
			return err
		}
		have = append(have, more...)
		member := id.MemberKey()
		_, joined := log.State().Member(governance.MemberID(member.ID()))
		member.Wipe()
		if joined {
			return c.finish(ctx, id, conn, log, have)
		}
		statements, err := c.admission(id, invitation, log)
		if err != nil {
			return err
		}
		if err := c.at("submit"); err != nil {
			return err
		}
		_, err = conn.Submit(ctx, statements)
		if errors.Is(err, link.ErrStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("join the bubble: %w", err)
		}
		if err := c.at("submit done"); err != nil {
			return err
		}
		if err := log.Append(statements...); err != nil {
			return fmt.Errorf("join the bubble: %w", err)
		}
		return c.finishAs(ctx, id, log, append(have, statements...)) // the invitation may have no use left
	}
	return link.ErrStale
}

// admission makes the statements of the join, if the log as it is now allows them.
func (c *Config) admission(id *bubble.Identity, invitation *governance.SigningKey, log *governance.Log) ([][]byte, error) {
	state := log.State()
	switch inv, ok := state.Invitation(governance.InvitationID(invitation.ID())); {
	case !ok:
		return nil, link.ErrUnauthorised
	case inv.Used >= inv.Uses:
		return nil, ErrLinkUsed
	}
	if contact.NewDirectory(nil, state, id.Category, id.Directory).Taken(id.Name) {
		return nil, ErrNameTaken
	}
	member, device, err := cards(id)
	if err != nil {
		return nil, err
	}
	memberKey, deviceKey := id.MemberKey(), id.DeviceKey()
	defer memberKey.Wipe()
	defer deviceKey.Wipe()
	place := governance.Place{Head: log.Head(), Time: c.Clock()}
	return governance.Admit(place, invitation, memberKey, deviceKey, governance.Admission{
		Category: id.Category, MemberCard: member, DeviceCard: device,
	})
}
