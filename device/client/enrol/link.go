package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"bulle/device/client/bubble"
	"bulle/device/client/contact"
	"bulle/device/client/link"
	"bulle/device/client/pairing"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A further device of a member that is there already:
//
//	link ──> fresh keys ──> vault ──> pairing ──> identity ──> vault ──> statements ──> vault
//	                        (1)       as the ticket           (2)        device, and the ticket's removal
//
// What the device says of itself is durable before it says it (1), and so is the
// identity that it is given (2): after a crash at any step the same call goes on
// with the same link. The link's ticket proves who asks until the device is in the
// log; then it is gone.

// ErrLinkOver says that a device link was cancelled, used, or is older than it may
// be.
var ErrLinkOver = errors.New("this link is over: make a new one on your other device")

// LinkConfig is what [Link] needs besides.
type LinkConfig struct {
	Name string // of this device
	// Meet calls f with a session of the device that prove proves to be, again when the
	// relay went away meanwhile.
	Meet func(ctx context.Context, address string, pin [32]byte, prove link.Prover, f func(context.Context, link.Session) error) error
	// Show is given the digits that the member compares.
	Show func(code string)
	// Expect notes, in the transaction that takes the identity over, by which secret
	// the history will come.
	Expect func(tx *vault.Tx, transfer *secret.Bytes) error
}

// Link makes this device a further one of the member who made the link.
func Link(ctx context.Context, c Config, o LinkConfig, url string) error {
	l, err := governance.ParseDeviceLink(url)
	if err != nil {
		return err
	}
	defer l.Seed.Wipe()
	if !pairing.ValidName(o.Name) {
		return contact.ErrName
	}
	ticket := l.Ticket()
	defer ticket.Wipe()
	w := &linking{Config: &c, LinkConfig: &o, link: l, ticket: ticket}
	id, err := bubble.Load(ctx, c.Vault)
	switch {
	case err != nil:
		return err
	case id != nil && id.Enrolled:
		id.Wipe()
		return ErrEnrolled
	case id == nil || !id.Ticket.Equal(l.Seed):
		if id, err = w.pair(ctx); err != nil {
			return err
		}
	}
	defer id.Wipe()
	return w.enter(ctx, id)
}

// linking is one call of [Link].
type linking struct {
	*Config
	*LinkConfig
	link   *governance.DeviceLink
	ticket *governance.DeviceKey
	log    *governance.Log // as of the ticket's last look
	have   [][]byte
}

// A pending is what a device keeps from its first word to the identity.
//
//	struct {
//	    uint8  version = 1;
//	    opaque seed[32];       of the link
//	    opaque key[32]; opaque nonce[32]; opaque name<V>;      of the pairing
//	    opaque device[32]; opaque inbox[32]; opaque pool[32];
//	} Pending;
type pending struct {
	seed, key, nonce, device, inbox, pool [32]byte
	name                                  string
}

// Code implements [syntax.Value].
func (p *pending) Code(c *syntax.Codec) {
	v := uint8(1)
	c.Uint8(&v)
	if c.Err() == nil && v != 1 {
		c.Fail("version %d", v)
	}
	for _, f := range []*[32]byte{&p.seed, &p.key, &p.nonce} {
		c.Fixed(f[:])
	}
	c.String(&p.name)
	for _, f := range []*[32]byte{&p.device, &p.inbox, &p.pool} {
		c.Fixed(f[:])
	}
}

func (p *pending) wipe() {
	for _, f := range []*[32]byte{&p.seed, &p.key, &p.nonce, &p.device, &p.inbox, &p.pool} {
		secret.Wipe(f[:])
	}
}

const (
	pendingSegment = "identity"
	pendingName    = "linking"
)

// pending returns what an earlier attempt with this link has said of the device, or
// makes it, and makes it durable.
func (w *linking) pending(ctx context.Context) (*pending, error) {
	var p pending
	b, err := w.Vault.Get(ctx, pendingSegment, pendingName)
	if err == nil {
		defer secret.Wipe(b)
		if err := syntax.Unmarshal(b, &p); err != nil {
			return nil, fmt.Errorf("read a link that was begun: %w", err)
		}
		if string(p.seed[:]) == string(w.link.Seed.Reveal()) {
			return &p, nil
		}
	} else if !errors.Is(err, vault.ErrNoSegment) && !errors.Is(err, vault.ErrNotFound) {
		return nil, err
	}
	copy(p.seed[:], w.link.Seed.Reveal())
	for _, f := range []*[32]byte{&p.key, &p.nonce, &p.device, &p.inbox, &p.pool} {
		rand.Read(f[:]) // never fails (crypto/rand)
	}
	p.name = w.Name
	if err := w.at("keys"); err != nil {
		return nil, err
	}
	err = w.Vault.Update(ctx, func(tx *vault.Tx) error {
		if !tx.HasSegment(pendingSegment) {
			if err := tx.NewSegment(pendingSegment); err != nil {
				return err
			}
		}
		b, err := syntax.Marshal(&p)
		if err != nil {
			return err
		}
		defer secret.Wipe(b)
		return tx.Put(pendingSegment, pendingName, b)
	})
	if err != nil {
		return nil, fmt.Errorf("keep the new keys: %w", err)
	}
	return &p, w.at("keys done")
}

// pair asks the other device for the identity and makes it durable.
func (w *linking) pair(ctx context.Context) (*bubble.Identity, error) {
	p, err := w.pending(ctx)
	if err != nil {
		return nil, err
	}
	defer p.wipe()
	if err := w.look(ctx); err != nil {
		return nil, err
	}
	meeting := w.link.Meeting()
	defer meeting.Wipe()
	device := governance.NewDeviceKey(secret.Copy(p.device[:]))
	defer device.Wipe()
	asker := &pairing.Asker{Device: device.Public(), Key: secret.Copy(p.key[:]), Nonce: p.nonce, Name: p.name}
	defer asker.Key.Wipe()
	var b *pairing.Bundle
	err = w.Meet(ctx, w.link.Address, w.link.Pin, w.proveCircuit, func(ctx context.Context, s link.Session) (err error) {
		if err := w.at("ask"); err != nil {
			return err
		}
		b, err = pairing.Ask(ctx, s, meeting, asker, w.Show, w.ours)
		return err
	})
	if err != nil {
		return nil, w.over(err)
	}
	defer b.Wipe()
	id := &bubble.Identity{
		Address: w.link.Address, Pin: w.link.Pin, Root: w.link.Root, Category: w.link.Category, Name: b.Name,
		Directory: b.Directory.Clone(), Member: b.Member.Clone(), Founder: b.Founder.Clone(), Ticket: w.link.Seed.Clone(),
		Device: secret.Copy(p.device[:]), Inbox: secret.Copy(p.inbox[:]), Pool: secret.Copy(p.pool[:]),
	}
	if b.Founder.Len() == 0 {
		id.Founder = nil
	}
	if err := w.at("identity"); err != nil {
		return nil, err
	}
	err = id.Begin(ctx, w.Vault, func(tx *vault.Tx) error {
		if err := tx.Delete(pendingSegment, pendingName); err != nil {
			return err
		}
		return w.Expect(tx, b.Transfer)
	})
	if err != nil {
		return nil, fmt.Errorf("keep the identity: %w", err)
	}
	return id, w.at("identity done")
}

// over says what a ticket that is refused means.
func (*linking) over(err error) error {
	if errors.Is(err, link.ErrUnauthorised) {
		return ErrLinkOver
	}
	return err
}

func (w *linking) proveCircuit(challenge [32]byte) ([]byte, error) {
	return governance.ProveDevice(w.ticket, w.link.Category, governance.Binding{
		Purpose: governance.PurposeCircuit, Pin: w.link.Pin, Challenge: challenge,
	}), nil
}

// ours reports whether an identity is that of the member whose ticket the log has:
// whoever has only the link cannot make one.
func (w *linking) ours(b *pairing.Bundle) bool {
	d, ok := w.log.State().Device(w.ticket.ID())
	if !ok {
		return false
	}
	key := governance.NewSigningKey(b.Member.Clone())
	defer key.Wipe()
	return governance.MemberID(key.ID()) == d.Member && contact.CheckName(b.Name) == nil
}

// govern opens a governance connection as the ticket.
func (w *linking) govern(ctx context.Context) (bubble.Connection, error) {
	return w.Dial(ctx, w.link.Address, w.link.Pin, func(b governance.Binding) []byte {
		return governance.ProveDevice(w.ticket, w.link.Category, b)
	})
}

// look reads the log and finds the ticket in it.
func (w *linking) look(ctx context.Context) error {
	conn, err := w.govern(ctx)
	if err != nil {
		return w.over(err)
	}
	defer closing(conn)
	if err := w.read(ctx, conn); err != nil {
		return err
	}
	if d, ok := w.log.State().Device(w.ticket.ID()); !ok || !d.Ticket() {
		return ErrLinkOver
	}
	return nil
}

func (w *linking) read(ctx context.Context, conn bubble.Connection) error {
	if w.log == nil {
		w.log = governance.NewLog(w.link.Root)
	}
	more, err := bubble.CatchUp(ctx, conn, w.log)
	w.have = append(w.have, more...)
	return err
}

// enter states the device and the end of the ticket, at the log's end; again when
// another statement came first.
func (w *linking) enter(ctx context.Context, id *bubble.Identity) error {
	conn, err := w.govern(ctx)
	if err != nil {
		return w.over(err)
	}
	defer closing(conn)
	member, device := id.MemberKey(), id.DeviceKey()
	defer member.Wipe()
	defer device.Wipe()
	for range attempts {
		if err := w.read(ctx, conn); err != nil {
			return err
		}
		state := w.log.State()
		if _, ok := state.Device(device.ID()); ok { // the answer to an earlier attempt was lost
			return w.finishAs(ctx, id, w.log, w.have)
		}
		if _, ok := state.Device(w.ticket.ID()); !ok {
			return w.forget(ctx)
		}
		_, card, err := cards(id)
		if err != nil {
			return err
		}
		statements, err := governance.ReplaceDevice(governance.Place{Head: w.log.Head(), Time: w.Clock()}, member, device, card, w.ticket.ID())
		if err != nil {
			return err
		}
		if err := w.at("submit"); err != nil {
			return err
		}
		if _, err = conn.Submit(ctx, statements); errors.Is(err, link.ErrStale) {
			continue
		}
		if err != nil { // the relay may have ended the ticket's connection before it answered
			if w.finishAs(ctx, id, w.log, w.have) == nil {
				return nil
			}
			return fmt.Errorf("link the device: %w", err)
		}
		if err := w.at("submit done"); err != nil {
			return err
		}
		if err := w.log.Append(statements...); err != nil {
			return fmt.Errorf("link the device: %w", err)
		}
		return w.finishAs(ctx, id, w.log, append(w.have, statements...))
	}
	return link.ErrStale
}

// forget drops an identity that came too late: the ticket is gone, so nothing will
// come of it, and a new link begins anew.
func (w *linking) forget(ctx context.Context) error {
	err := w.Vault.Update(ctx, func(tx *vault.Tx) error { return tx.Shred(pendingSegment) })
	return errors.Join(ErrLinkOver, err)
}
