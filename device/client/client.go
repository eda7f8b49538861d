// Package client is a device without a screen: it joins a bubble, keeps its
// conversations in a vault, and talks to the relay. Every screen, command and bot
// stands on [Client] and needs no other package under it.
//
// Most callers need [Open], then [Client.Sync] for one round of receiving and
// sending, or [Client.Start] to stay connected and [Client.Events] to hear of what
// happens. [Claim] and [Join] make a vault one that Open opens.
//
//	terminal, web, bots
//	      │
//	   Client ───────────────┬──────────────┬─────────────┐
//	      │                  │              │             │
//	   enrol            bubble.Ledger   conversation   link.Link
//	 (claim, join)     (log, contacts)    .Engine      (circuits)
//	      └──────────────────┴──── vault ───┴─────────────┘
//
// What a method wrote is durable when it returns; what it needs the relay for
// happens when there is one. Times, states and names are those of the vault: they
// can be shown at any moment, connected or not.
package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/client/enrol"
	"bulle/mls"
	"bulle/protocol/governance"
)

// Client is one device. Its methods may be called concurrently.
type Client struct {
	cfg      Config
	identity *bubble.Identity
	ledger   *bubble.Ledger
	engine   *conversation.Engine
	device   *governance.DeviceKey
	member   MemberID
	events   *hub

	mu      sync.Mutex
	run     *run // nil while not connected
	started bool // Start was called: run stays
	users   int  // calls of Sync and the like that need run
	closed  bool
	gone    bool // the log has removed this device
	linking *Linking
	making  DeviceID // the ticket of a link that is being made
	wiping  sync.WaitGroup
}

// Claim founds a bubble on a fresh relay, by the claim link that it printed, and
// returns its first device. After a crash or a failure the same call goes on.
func Claim(ctx context.Context, cfg Config, url, name string) (*Client, error) {
	return enrolled(ctx, cfg, enrol.Claim, url, name)
}

// Join makes this device the first one of a new member, by an invitation link.
// After a crash or a failure the same call goes on.
func Join(ctx context.Context, cfg Config, url, name string) (*Client, error) {
	return enrolled(ctx, cfg, enrol.Join, url, name)
}

func enrolled(ctx context.Context, cfg Config, how func(context.Context, enrol.Config, string, string) error, url, name string) (*Client, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	c := enrol.Config{Vault: cfg.Vault, Dial: cfg.Network.Governance, Clock: cfg.Clock, Hook: cfg.Hook}
	if err := how(ctx, c, url, name); err != nil {
		return nil, worded(err)
	}
	return Open(ctx, cfg)
}

// Open returns the device of a vault. It reads the vault and connects to nothing.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if gone, err := bubble.Removed(ctx, cfg.Vault); gone || err != nil {
		return nil, errors.Join(err, ErrRemoved)
	}
	id, err := bubble.Load(ctx, cfg.Vault)
	if err != nil {
		return nil, err
	}
	if id == nil || !id.Enrolled {
		return nil, ErrNotEnrolled
	}
	key := id.MemberKey()
	c := &Client{cfg: cfg, identity: id, device: id.DeviceKey(), member: MemberID(key.ID()), events: newHub()}
	key.Wipe()
	c.ledger, err = bubble.Open(ctx, bubble.Config{
		Vault: cfg.Vault, Identity: id, Dial: cfg.Network.Governance,
		OnChange: c.logGrew,
		OnFork:   func() { c.events.send(Event{Kind: EventWarning, Warning: WarningFork}) },
	})
	if err != nil {
		return nil, err
	}
	if c.removed() {
		return nil, errors.Join(ErrRemoved, bubble.Wipe(ctx, cfg.Vault))
	}
	if c.engine, err = c.newEngine(); err != nil {
		return nil, err
	}
	// What fell due while nothing ran. If it cannot be erased now, it is not shown
	// either, and the next chance is when the device connects.
	if err := c.engine.Expire(ctx); err != nil {
		cfg.Log("messages that are due could not be erased", err)
	}
	return c, nil
}

func (c *Client) newEngine() (*conversation.Engine, error) {
	id := c.identity
	signature, err := mls.NewSignatureKey(mls.Hybrid, id.Device.Reveal())
	if err != nil {
		return nil, fmt.Errorf("make the device's key: %w", err)
	}
	inbox, err := delivery.NewInbox(id.Inbox)
	if err != nil {
		return nil, err
	}
	pool, err := delivery.NewPool(id.Pool)
	if err != nil {
		return nil, err
	}
	return conversation.New(conversation.Config{
		Vault: c.cfg.Vault, Directory: c.ledger, Clock: c.cfg.Clock, Rand: c.cfg.Rand, Log: c.cfg.Log,
		Healing: c.cfg.Healing, Hook: c.cfg.Hook, Sealing: c.cfg.Sealing, Notify: c.heard, Open: c.openSource(),
		Blocked: blockedIn, Noted: c.noted, Notes: c.notes,
		Self: conversation.Self{
			Member: c.member, Device: c.device.ID(), Signature: signature, Inbox: inbox, Pool: pool, Key: id.Directory,
		},
	})
}

func (c *Client) openSource() func(string) (conversation.Source, error) {
	if c.cfg.OpenFile == nil {
		return nil
	}
	return func(ref string) (conversation.Source, error) { return c.cfg.OpenFile(ref) }
}

// Close disconnects and waits until everything has ended. What was done is durable
// already.
func (c *Client) Close() error {
	c.mu.Lock()
	running, before := c.run, c.closed
	c.run, c.closed = nil, true
	c.mu.Unlock()
	var err error
	if running != nil {
		err = running.end()
	}
	c.wiping.Wait()
	if !before {
		c.events.close()
		c.identity.Wipe()
		c.device.Wipe()
	}
	return err
}

// alive fails once the client is closed and its keys are wiped.
func (c *Client) alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return ErrRemoved
	}
	if c.closed {
		return ErrClosed
	}
	return nil
}

// Self returns this member.
func (c *Client) Self() Contact {
	m, ok := c.ledger.Now().Member(c.member)
	if !ok {
		return Contact{ID: c.member, Name: c.identity.Name, Self: true, Devices: 1}
	}
	return Contact{ID: m.ID, Name: m.Name, Self: true, Verified: true, Devices: len(m.Devices)}
}

// Bubble says where this device is enrolled.
func (c *Client) Bubble() Bubble {
	return Bubble{
		Address: c.identity.Address, Fingerprint: Fingerprint(c.identity.Pin[:]), Founder: c.identity.Founder != nil,
	}
}

// Invite makes an invitation and returns its link. It needs the relay, and the
// founder's device.
func (c *Client) Invite(ctx context.Context, o InviteOptions) (string, error) {
	if o.Uses == 0 {
		o.Uses = 1
	}
	if o.Expires == 0 {
		o.Expires = 7 * 24 * time.Hour
	}
	if err := c.alive(); err != nil {
		return "", err
	}
	url, err := c.ledger.Invite(ctx, o.Uses, o.Expires, c.cfg.Clock())
	return url, worded(err)
}
