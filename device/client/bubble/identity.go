// Package bubble is what a device knows of the bubble that it is in: its own keys,
// and the governance log, verified and kept in the vault.
//
// Most callers need [Load] for the identity and [Open] for the [Ledger], which
// follows the log, notices when it is forked or hidden, and says who is there.
package bubble

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// An Identity is the secret half of a device: where its bubble is and the seeds of
// its keys. It is one record of the vault's segment "identity". Enrolment writes it
// before the first byte leaves, and marks it enrolled when the log has the device.
//
//	struct {
//	    uint8  version = 1;
//	    uint8  enrolled;          // 0 or 1
//	    opaque address<V>;        // host:port
//	    opaque pin[32];
//	    opaque root[32];
//	    opaque category[16];
//	    opaque name<V>;
//	    opaque directory[32]; opaque member[32]; opaque device[32];
//	    opaque inbox[32]; opaque pool[32];
//	    opaque founder[32];       // seed of the root key; zeros for a member
//	    opaque ticket[32];        // claim token or invitation seed; zeros once enrolled
//	} Identity;
type Identity struct {
	Enrolled bool
	Address  string
	Pin      [32]byte
	Root     governance.RootID
	Category governance.CategoryID
	Name     string

	Directory, Member, Device *secret.Bytes
	Inbox, Pool               *secret.Bytes
	Founder                   *secret.Bytes // nil for a member
	Ticket                    *secret.Bytes // nil once enrolled
}

const (
	identityVersion = 1
	identitySegment = "identity"
	secretSize      = 32
)

// Code implements [syntax.Value].
func (i *Identity) Code(c *syntax.Codec) {
	version := uint8(identityVersion)
	c.Uint8(&version)
	if c.Err() == nil && version != identityVersion {
		c.Fail("an identity of version %d", version)
	}
	c.Bool(&i.Enrolled)
	c.String(&i.Address)
	c.Fixed(i.Pin[:])
	c.Fixed(i.Root[:])
	c.Fixed(i.Category[:])
	c.String(&i.Name)
	for _, s := range []**secret.Bytes{&i.Directory, &i.Member, &i.Device, &i.Inbox, &i.Pool} {
		codeSecret(c, s, false)
	}
	codeSecret(c, &i.Founder, true)
	codeSecret(c, &i.Ticket, true)
}

// codeSecret codes 32 bytes; zeros stand for none where there may be none.
func codeSecret(c *syntax.Codec, s **secret.Bytes, optional bool) {
	b := make([]byte, secretSize)
	defer secret.Wipe(b)
	if !c.Reading() {
		if n := (*s).Len(); n != secretSize && (!optional || n != 0) {
			c.Fail("a secret of %d bytes", n)
		}
		copy(b, (*s).Reveal())
	}
	c.Fixed(b)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if *s = secret.Copy(b); optional && (*s).Equal(secret.New(make([]byte, secretSize))) {
		*s = nil
	}
}

// Fresh fills in new random seeds for a device and its member.
func (i *Identity) Fresh() {
	i.Member, i.Device = secret.Random(secretSize), secret.Random(secretSize)
	i.Inbox, i.Pool = secret.Random(secretSize), secret.Random(secretSize)
}

// MemberKey returns the member's identity key; the caller wipes it.
func (i *Identity) MemberKey() *governance.SigningKey {
	return governance.NewSigningKey(i.Member.Clone())
}

// DeviceKey returns the device's key; the caller wipes it.
func (i *Identity) DeviceKey() *governance.DeviceKey {
	return governance.NewDeviceKey(i.Device.Clone())
}

// Wipe ends the seeds that memory holds.
func (i *Identity) Wipe() {
	for _, s := range []*secret.Bytes{i.Directory, i.Member, i.Device, i.Inbox, i.Pool, i.Founder, i.Ticket} {
		s.Wipe()
	}
}

// Load reads the identity of a vault, nil if it has none.
func Load(ctx context.Context, v *vault.Vault) (*Identity, error) {
	b, err := v.Get(ctx, identitySegment, "identity")
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return nil, nil //nolint:nilnil // a vault that was just made
	}
	if err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	defer secret.Wipe(b)
	var i Identity
	if err := syntax.Unmarshal(b, &i); err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	return &i, nil
}

// Save makes the identity durable.
func (i *Identity) Save(ctx context.Context, v *vault.Vault) error {
	return v.Update(ctx, i.save)
}

func (i *Identity) save(tx *vault.Tx) error {
	b, err := syntax.Marshal(i)
	if err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	defer secret.Wipe(b)
	if err := ensureSegment(tx, identitySegment); err != nil {
		return err
	}
	return tx.Put(identitySegment, "identity", b)
}

// Begin makes an identity that is not enrolled yet durable, with what also writes in
// the same transaction.
func (i *Identity) Begin(ctx context.Context, v *vault.Vault, also func(*vault.Tx) error) error {
	return v.Update(ctx, func(tx *vault.Tx) error {
		if err := i.save(tx); err != nil {
			return err
		}
		return also(tx)
	})
}

// Enrol marks the identity enrolled and keeps the log that says so, in one step.
func (i *Identity) Enrol(ctx context.Context, v *vault.Vault, statements [][]byte) error {
	i.Enrolled = true
	i.Ticket.Wipe()
	i.Ticket = nil
	return v.Update(ctx, func(tx *vault.Tx) error {
		if err := i.save(tx); err != nil {
			return err
		}
		return keep(tx, 0, statements)
	})
}

func ensureSegment(tx *vault.Tx, name string) error {
	if tx.HasSegment(name) {
		return nil
	}
	return tx.NewSegment(name)
}
