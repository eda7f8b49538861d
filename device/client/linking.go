package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"bulle/device/client/conversation"
	"bulle/device/client/enrol"
	"bulle/device/client/link"
	"bulle/device/client/pairing"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// LinkTime is how long the link of a further device lasts.
const LinkTime = 10 * time.Minute

// staleTicket is when a ticket that some other device of the member made counts as
// forgotten: the log says the hour alone.
const staleTicket = 2 * time.Hour

// A Linking is a link by which a further device of this member may come in. At most
// one is open: [Client.LinkDevice] ends the one before.
//
//	LinkDevice ──> URL shown ──> Wait: a device asks ──> its name and code shown
//	                                                       │ the member compares
//	                                    Cancel <───────────┴──────────> Confirm ──> Devices
type Linking struct {
	client  *Client
	url     string
	ticket  DeviceID
	expires time.Time
	meeting *secret.Bytes
	host    *pairing.Host
	ctx     context.Context //nolint:containedctx // it is the life of the link, beyond the call that made it
	end     context.CancelFunc
	over    sync.Once

	mu        sync.Mutex
	candidate *pairing.Candidate
	confirmed bool
}

// A Candidate is a device that asks to be one of this member's.
type Candidate struct {
	Name string // what it calls itself; nothing proves it
	Code string // six digits that must stand on both devices
}

// LinkDevice makes a link and states its ticket. It needs the relay.
func (c *Client) LinkDevice(ctx context.Context) (*Linking, error) {
	c.mu.Lock()
	before := c.linking
	c.mu.Unlock()
	if before != nil {
		if err := before.Cancel(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := c.begin(); err != nil {
		return nil, worded(err)
	}
	l, err := c.makeLink(ctx)
	c.mu.Lock()
	if err == nil {
		c.linking = l
	}
	c.making = DeviceID{}
	c.mu.Unlock()
	if err != nil {
		return nil, errors.Join(worded(err), c.release())
	}
	return l, nil
}

func (c *Client) makeLink(ctx context.Context) (*Linking, error) {
	seed := secret.Random(governance.SeedSize)
	defer seed.Wipe()
	id := c.identity
	made := &governance.DeviceLink{Address: id.Address, Pin: id.Pin, Root: id.Root, Category: id.Category, Seed: seed}
	url, err := made.URL()
	if err != nil {
		return nil, err
	}
	key, now := made.Ticket(), c.cfg.Clock()
	defer key.Wipe()
	l := &Linking{client: c, url: url, ticket: key.ID(), expires: now.Add(LinkTime), meeting: made.Meeting()}
	l.host = pairing.NewHost(l.meeting)
	c.mu.Lock()
	c.making = l.ticket // before anything of it can be found and swept away
	c.mu.Unlock()
	t := &ticket{begun: uint64(max(now.Unix(), 0))}
	err = c.step("ticket", func() error {
		return c.cfg.Vault.Update(ctx, func(tx *vault.Tx) error { return t.save(tx, l.ticket) })
	})
	if err == nil {
		err = c.step("ticket submit", func() error { return c.ledger.AddTicket(ctx, key, now) })
	}
	if err != nil {
		l.meeting.Wipe()
		return nil, err
	}
	l.ctx, l.end = context.WithTimeout(context.Background(), LinkTime)
	context.AfterFunc(l.ctx, func() { _ = l.close(false) })
	return l, nil
}

// step is a named step, see [Config.Hook].
func (c *Client) step(name string, f func() error) error {
	if c.cfg.Hook == nil {
		return f()
	}
	if err := c.cfg.Hook(name); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return c.cfg.Hook(name + " done")
}

// URL returns the link. It is secret: whoever has it can ask.
func (l *Linking) URL() string { return l.url }

// Expires returns when the link ends.
func (l *Linking) Expires() time.Time { return l.expires }

// Wait waits until a device asks. It fails with [ErrLinkRaced] when several have, and
// with [ErrLinkOver] when the link has ended.
func (l *Linking) Wait(ctx context.Context) (Candidate, error) {
	var found *pairing.Candidate
	err := l.with(ctx, func(ctx context.Context, s link.Session) (err error) {
		found, err = l.host.Await(ctx, s)
		return err
	})
	if err != nil {
		return Candidate{}, l.failed(ctx, err)
	}
	l.mu.Lock()
	l.candidate = found
	l.mu.Unlock()
	return Candidate{Name: found.Name, Code: found.Code}, nil
}

// failed ends a link that cannot go on, and words why.
func (l *Linking) failed(ctx context.Context, err error) error {
	if l.ctx.Err() != nil {
		return ErrLinkOver
	}
	if errors.Is(err, pairing.ErrRaced) || errors.Is(err, pairing.ErrCancelled) {
		return errors.Join(err, l.Cancel(ctx))
	}
	return worded(err)
}

// with calls f with the relay, again when it comes back after it went away.
func (l *Linking) with(ctx context.Context, f func(context.Context, link.Session) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(l.ctx, stop)()
	r, err := l.client.begin()
	if err != nil {
		return err
	}
	defer func() { _ = l.client.release() }() // the link holds it too
	return retrying(ctx, r.relay, func() error { return f(ctx, r.relay) })
}

// retrying calls f until it ends otherwise than for want of the relay.
func retrying(ctx context.Context, relay Relay, f func() error) error {
	for {
		s := relay.Status()
		if errors.Is(s.Reason, link.ErrUnauthorised) || errors.Is(s.Reason, link.ErrPinChanged) {
			return s.Reason
		}
		if s.State != link.Online {
			if _, err := relay.Await(ctx, s.Version); err != nil {
				return err
			}
			continue
		}
		err := f()
		if !errors.Is(err, link.ErrOffline) && !errors.Is(err, link.ErrDraining) {
			return err
		}
		if relay.Status().State != link.Online {
			continue
		}
		if _, err := relay.Await(ctx, s.Version); err != nil {
			return err
		}
	}
}

// Confirm says that the code stood on both devices: the identity and the history go to
// the one that asked. It returns when that is a device of the member.
func (l *Linking) Confirm(ctx context.Context) error {
	l.mu.Lock()
	found := l.candidate
	l.mu.Unlock()
	if found == nil {
		return ErrLinkOver
	}
	c, id := l.client, deviceOf(found)
	if err := l.give(ctx, found, id); err != nil {
		return l.failed(ctx, err)
	}
	events := c.Events(l.ctx)
	for {
		if err := c.ledger.Refresh(ctx); err == nil {
			if _, ok := c.ledger.State().Device(id); ok {
				return l.close(true)
			}
		}
		select {
		case _, ok := <-events:
			if !ok {
				return ErrLinkOver
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-l.ctx.Done():
			return ErrLinkOver
		}
	}
}

// deviceOf names the device that a candidate will be.
func deviceOf(found *pairing.Candidate) DeviceID { return governance.DevicePublic(found.Key).ID() }

// give seals the identity to a candidate, once it is durable that the history is owed
// to it.
func (l *Linking) give(ctx context.Context, found *pairing.Candidate, id DeviceID) error {
	c := l.client
	l.mu.Lock()
	l.confirmed = true
	l.mu.Unlock()
	transfer := secret.Random(pairing.TransferSize)
	defer transfer.Wipe()
	t := &ticket{begun: uint64(max(l.expires.Add(-LinkTime).Unix(), 0)), confirmed: true}
	err := c.step("confirm", func() error {
		return c.cfg.Vault.Update(ctx, func(tx *vault.Tx) error {
			if err := t.save(tx, l.ticket); err != nil {
				return err
			}
			if err := keepDeviceName(tx, id, found.Name); err != nil {
				return err
			}
			return c.engine.OfferHistory(tx, id, transfer)
		})
	})
	if err != nil {
		return err
	}
	self := c.identity
	b := &pairing.Bundle{
		Member: self.Member, Directory: self.Directory, Founder: self.Founder, Transfer: transfer, Name: self.Name,
	}
	return c.step("bundle", func() error {
		return l.with(ctx, func(ctx context.Context, s link.Session) error { return l.host.Send(ctx, s, found, b) })
	})
}

// Cancel ends the link: its ticket is removed. A device that was confirmed and is on
// its way is refused too.
func (l *Linking) Cancel(ctx context.Context) error {
	if l.ctx.Err() == nil {
		quick, stop := context.WithTimeout(ctx, 2*time.Second)
		defer stop()
		_ = l.with(quick, func(ctx context.Context, s link.Session) error { return l.host.Cancel(ctx, s) }) // a courtesy
	}
	return l.close(false)
}

// close ends the link once. used says that its ticket is gone already.
func (l *Linking) close(used bool) (err error) {
	l.over.Do(func() {
		c := l.client
		l.end()
		c.mu.Lock()
		if c.linking == l {
			c.linking = nil
		}
		c.mu.Unlock()
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		if !used {
			err = c.ledger.RemoveDevice(ctx, l.ticket, c.cfg.Clock())
		}
		if err == nil {
			err = c.dropTicket(ctx, l.ticket)
		}
		err = errors.Join(worded(err), c.release())
		c.events.send(Event{Kind: EventDevices})
	})
	return err
}

func (c *Client) dropTicket(ctx context.Context, id DeviceID) error {
	return c.cfg.Vault.Update(ctx, func(tx *vault.Tx) error {
		if !tx.HasSegment(devicesSegment) {
			return nil
		}
		return tx.Delete(devicesSegment, ticketPrefix+string(id[:]))
	})
}

// sweepTickets removes the tickets that a crash left: those of this device that are
// not in use, and any of the member's that is hours old.
func (c *Client) sweepTickets(ctx context.Context) {
	state, now := c.ledger.State(), c.cfg.Clock()
	member, _ := state.Member(c.member)
	for _, id := range member.Devices {
		d, ok := state.Device(id)
		if !ok || !d.Ticket() {
			continue
		}
		t, ours, err := c.ticketOf(ctx, id)
		if err != nil || c.inUse(id) {
			continue
		}
		old := now.Sub(time.Unix(int64(d.Hour)*3600, 0)) > staleTicket
		if ours {
			old = !t.confirmed || now.Sub(time.Unix(int64(t.begun), 0)) > LinkTime //nolint:gosec // G115: written by us
		}
		if old && c.ledger.RemoveDevice(ctx, id, now) == nil {
			_ = c.dropTicket(ctx, id) // it is found again
		}
	}
	names, err := c.cfg.Vault.List(ctx, devicesSegment, vault.Range{Prefix: ticketPrefix})
	for _, name := range names {
		id := DeviceID([]byte(strings.TrimPrefix(name, ticketPrefix)))
		if _, there := state.Device(id); err == nil && !there && !c.inUse(id) {
			_ = c.dropTicket(ctx, id) // it is found again
		}
	}
}

func (c *Client) ticketOf(ctx context.Context, id DeviceID) (t ticket, ok bool, err error) {
	b, err := c.cfg.Vault.Get(ctx, devicesSegment, ticketPrefix+string(id[:]))
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return t, false, nil
	}
	if err != nil {
		return t, false, err
	}
	return t, true, syntax.Unmarshal(b, &t)
}

func (c *Client) inUse(id DeviceID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.making == id || c.linking != nil && c.linking.ticket == id
}

// Link makes this device a further one of a member, by the link that another device
// of the member shows. name is what the member's devices call it. show is given
// six digits once they are known: the member compares them, and confirms on the
// other device. After a crash or a failure the same call goes on.
func Link(ctx context.Context, cfg Config, url, name string, show func(code string)) (*Client, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	c := enrol.Config{Vault: cfg.Vault, Dial: cfg.Network.Governance, Clock: cfg.Clock, Hook: cfg.Hook}
	err = enrol.Link(ctx, c, enrol.LinkConfig{
		Name: name, Meet: cfg.meet, Show: show, Expect: conversation.ExpectHistory,
	}, url)
	if err != nil {
		return nil, worded(err)
	}
	return Open(ctx, cfg)
}

// meet calls f with a relay that a ticket opens.
func (c Config) meet(ctx context.Context, address string, pin [32]byte, prove link.Prover, f func(context.Context, link.Session) error) (err error) {
	relay, err := c.Network.Relay(address, pin, prove)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, relay.Close()) }()
	return retrying(ctx, relay, func() error { return f(ctx, relay) })
}
