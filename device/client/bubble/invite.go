package bubble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// ErrNotAllowed says that this device has no authority to do this.
var ErrNotAllowed = errors.New("only the founder may do this")

// attempts is how often a statement is made anew because others were faster.
const attempts = 8

// Invite adds an invitation to the log and returns its link.
func (l *Ledger) Invite(ctx context.Context, uses int, expires time.Duration, now time.Time) (string, error) {
	id := l.cfg.Identity
	switch {
	case id.Founder == nil:
		return "", ErrNotAllowed
	case uses < 1 || uses > governance.MaxUses:
		return "", fmt.Errorf("an invitation has 1 to %d uses", governance.MaxUses)
	case expires <= 0:
		return "", errors.New("an invitation ends in the future")
	}
	seed := secret.Random(governance.SeedSize)
	defer seed.Wipe()
	key := governance.NewSigningKey(seed.Clone())
	defer key.Wipe()
	root := governance.NewSigningKey(id.Founder.Clone())
	defer root.Wipe()
	terms := governance.Terms{Key: *key.Public(), Category: id.Category, Uses: uint32(uses), Expires: now.Add(expires)}
	err := l.submit(ctx, func(p governance.Place) ([]byte, error) { return governance.Invite(p, root, terms) }, now)
	if err != nil {
		return "", err
	}
	return (&governance.InvitationLink{
		Address: id.Address, Pin: id.Pin, Root: id.Root, Seed: seed, Category: id.Category, Directory: id.Directory,
	}).URL()
}

// submit makes a statement at the log's end and submits it, again when another one
// came first.
func (l *Ledger) submit(ctx context.Context, make func(governance.Place) ([]byte, error), now time.Time) error {
	c, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // nothing is under way on it
	for range attempts {
		if err := l.catchUp(ctx, c); err != nil {
			return err
		}
		statement, err := make(governance.Place{Head: l.log.Head(), Time: now})
		if err != nil {
			return err
		}
		_, err = c.Submit(ctx, [][]byte{statement})
		if errors.Is(err, link.ErrStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("submit to the governance log: %w", err)
		}
		return l.catchUp(ctx, c)
	}
	return link.ErrStale
}
