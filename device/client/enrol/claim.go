package enrol

import (
	"context"
	"crypto/rand"
	"fmt"

	"bulle/device/client/bubble"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// Claim founds a bubble on the fresh relay that printed the link: the root key, the
// default category and its directory key are made here and nowhere else.
func Claim(ctx context.Context, c Config, url, name string) error {
	l, err := governance.ParseClaimLink(url)
	if err != nil {
		return err
	}
	defer l.Token.Wipe()
	fresh := &bubble.Identity{
		Address: l.Address, Pin: l.Pin, Name: name, Ticket: l.Token.Clone(),
		Directory: secret.Random(governance.DirectoryKeySize), Founder: secret.Random(governance.SeedSize),
	}
	rand.Read(fresh.Category[:]) // never fails (crypto/rand)
	root := governance.NewSigningKey(fresh.Founder.Clone())
	fresh.Root = governance.RootID(root.ID())
	root.Wipe()
	id, again, err := c.begin(ctx, fresh)
	if err != nil {
		return err
	}
	defer id.Wipe()
	conn, err := c.Dial(ctx, id.Address, id.Pin, func(b governance.Binding) []byte { return governance.ProveClaim(id.Ticket, b) })
	if err != nil {
		if again && refused(err) {
			return c.claimed(ctx, id, err)
		}
		return err
	}
	defer closing(conn)
	statements, err := found(id, &c)
	if err != nil {
		return err
	}
	if err := c.at("submit"); err != nil {
		return err
	}
	if _, err := conn.Submit(ctx, statements); err != nil {
		return fmt.Errorf("found the bubble: %w", err)
	}
	if err := c.at("submit done"); err != nil {
		return err
	}
	log := governance.NewLog(id.Root)
	if err := log.Append(statements...); err != nil {
		return fmt.Errorf("found the bubble: %w", err)
	}
	return c.finishAs(ctx, id, log, statements)
}

// claimed finishes a claim whose answer was lost. refusal is what the relay said to
// the token.
func (c *Config) claimed(ctx context.Context, id *bubble.Identity, refusal error) error {
	if err := c.finishAs(ctx, id, governance.NewLog(id.Root), nil); err != nil {
		if refused(err) {
			return refusal // somebody else was faster
		}
		return err
	}
	return nil
}

// finishAs is finish on a connection that the device opens.
func (c *Config) finishAs(ctx context.Context, id *bubble.Identity, log *governance.Log, have [][]byte) error {
	conn, err := c.known(ctx, id)
	if err != nil {
		return err
	}
	defer closing(conn)
	return c.finish(ctx, id, conn, log, have)
}

// found makes the statements that a bubble begins with.
func found(id *bubble.Identity, c *Config) ([][]byte, error) {
	member, device, err := cards(id)
	if err != nil {
		return nil, err
	}
	item, err := governance.SealItem(id.Directory, governance.ItemCategory, id.Category[:], []byte{})
	if err != nil {
		return nil, fmt.Errorf("seal the category: %w", err)
	}
	root, memberKey, deviceKey := governance.NewSigningKey(id.Founder.Clone()), id.MemberKey(), id.DeviceKey()
	defer root.Wipe()
	defer memberKey.Wipe()
	defer deviceKey.Wipe()
	return governance.Found(root, memberKey, deviceKey, governance.Founding{
		Category: id.Category, CategoryItem: item, MemberCard: member, DeviceCard: device,
	}, c.Clock())
}
