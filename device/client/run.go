package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/governance"
)

// LinkState says whether the device is connected to its relay.
type LinkState uint8

// The states of the link.
const (
	LinkStopped    LinkState = 0 // nobody asked for it
	LinkConnecting LinkState = 1
	LinkOnline     LinkState = 2
	LinkOffline    LinkState = 3 // it will be tried again
)

// String returns the word that scripts see.
func (s LinkState) String() string {
	switch s {
	case LinkConnecting:
		return "connecting"
	case LinkOnline:
		return "online"
	case LinkOffline:
		return "offline"
	default:
		return "stopped"
	}
}

// Status is how the device is connected.
type Status struct {
	State   LinkState
	Latency time.Duration // 0 if unknown
	Reason  error         // why it is offline: one of the sentinels
	Queued  int           // messages that wait in the vault
}

// A run is a connection to the relay and what works on it: the link, the engine,
// and the ledger's reader.
type run struct {
	client *Client
	relay  Relay
	cancel context.CancelFunc
	wait   sync.WaitGroup
	failed error // of the engine, once it has ended
}

// begin connects, or returns the run that is there.
func (c *Client) begin() (*run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, ErrRemoved
	}
	if c.closed {
		return nil, ErrClosed
	}
	if c.run == nil {
		r, err := c.connect()
		if err != nil {
			return nil, err
		}
		c.run = r
	}
	c.users++
	return c.run, nil
}

// release ends the run when its last user is gone, unless Start wants it.
func (c *Client) release() error {
	c.mu.Lock()
	c.users--
	r := c.run
	if c.users > 0 || c.started || r == nil {
		c.mu.Unlock()
		return nil
	}
	c.run = nil
	c.mu.Unlock()
	return r.end()
}

func (c *Client) connect() (*run, error) {
	id, key := c.identity, c.device
	relay, err := c.cfg.Network.Relay(id.Address, id.Pin, func(challenge [32]byte) ([]byte, error) {
		return governance.ProveDevice(key, id.Category, governance.Binding{
			Purpose: governance.PurposeCircuit, Pin: id.Pin, Challenge: challenge,
		}), nil
	})
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{client: c, relay: relay, cancel: cancel}
	ready := make(chan struct{})
	r.wait.Go(func() {
		r.failed = c.engine.Run(ctx, relay, ready)
		cancel()
	})
	r.wait.Go(func() { c.ledger.Follow(ctx) })
	r.wait.Go(func() {
		if c.ledger.Refresh(ctx) == nil { // or else the next start does it
			c.sweepTickets(ctx)
		}
	})
	r.wait.Go(func() { r.watch(ctx) })
	select {
	case <-ready:
	case <-ctx.Done():
	}
	return r, nil
}

// end disconnects and waits for everything.
func (r *run) end() error {
	r.cancel()
	err := r.relay.Close()
	r.wait.Wait()
	r.client.events.send(Event{Kind: EventStatus, Status: &Status{}})
	return errors.Join(err, r.failed)
}

// watch tells screens of the link, and workers when it is back.
func (r *run) watch(ctx context.Context) {
	s := r.relay.Status()
	for {
		status := r.status()
		r.client.events.send(Event{Kind: EventStatus, Status: &status})
		if s.State == link.Online {
			r.client.engine.Wake()
		}
		var err error
		if s, err = r.relay.Await(ctx, s.Version); err != nil {
			return
		}
	}
}

func (r *run) status() Status {
	s := r.relay.Status()
	out := Status{State: LinkConnecting, Latency: s.Latency}
	switch s.State {
	case link.Online:
		out.State = LinkOnline
	case link.Offline:
		out.State, out.Reason = LinkOffline, worded(s.Reason)
	default:
	}
	return out
}

// Start connects and stays connected until [Client.Close]. It returns at once.
func (c *Client) Start(context.Context) error {
	if _, err := c.begin(); err != nil {
		return err
	}
	c.mu.Lock()
	c.started = true
	c.mu.Unlock()
	return c.release()
}

// Status says how the device is connected.
func (c *Client) Status() Status {
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	var s Status
	if r != nil {
		s = r.status()
	}
	queued, err := c.engine.Waiting(context.Background())
	if err == nil {
		s.Queued = queued
	}
	return s
}

// Sync makes one round: it connects if need be, receives all that waits on the
// relay, sends all that waits in the vault and has it acknowledged. It fails when
// the relay cannot be reached. What can only be sent later, such as a message to
// somebody who has not been here yet, is no failure.
func (c *Client) Sync(ctx context.Context) (err error) {
	r, err := c.begin()
	if err != nil {
		return worded(err)
	}
	defer func() { err = errors.Join(err, c.release()) }()
	if err := r.online(ctx); err != nil {
		return c.whyRefused(ctx, worded(err))
	}
	if err := c.ledger.Refresh(ctx); err != nil {
		return worded(err)
	}
	c.sweepTickets(ctx)
	return worded(c.engine.Settle(ctx))
}

// whyRefused asks the log, if the relay refused this device, whether its member has
// removed it.
func (c *Client) whyRefused(ctx context.Context, err error) error {
	if !errors.Is(err, ErrRefused) || c.ledger.Refresh(ctx) != nil {
		return err
	}
	if c.removed() {
		return errors.Join(ErrRemoved, err)
	}
	return err
}

// online waits until the first attempt to connect has ended.
func (r *run) online(ctx context.Context) error {
	s := r.relay.Status()
	for {
		switch s.State {
		case link.Online:
			return nil
		case link.Offline: // whatever broke, the relay is not there
			return fmt.Errorf("%w: %w", link.ErrOffline, s.Reason)
		default:
		}
		var err error
		if s, err = r.relay.Await(ctx, s.Version); err != nil {
			return err
		}
	}
}
