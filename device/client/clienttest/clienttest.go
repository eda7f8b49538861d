// Package clienttest is a bubble in memory: a relay and its governance log, without
// a network. What stands on package client can be tested on it, and clients on a
// relay that lies.
//
// [New] makes the bubble, [Bubble.ClaimLink] lets a founder in, and
// [Bubble.Network] is what a client is configured with.
package clienttest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"bulle/device/client"
	"bulle/device/client/bubble"
	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

const address = "relay.test:443"

// A Bubble is a relay in memory. Its methods may be called concurrently.
type Bubble struct {
	Relay *linktest.Relay
	pin   [32]byte
	token *secret.Bytes
	now   func() time.Time

	mu         sync.Mutex
	log        *governance.Log
	statements [][]byte
	networks   []*Network
	grown      chan struct{} // closed and replaced with each statement
}

// New returns a bubble that nobody has claimed. now is the relay's clock.
func New(now func() time.Time) *Bubble {
	b := &Bubble{
		Relay: linktest.New(), token: secret.Random(32), now: now,
		log: governance.NewUnpinnedLog(), grown: make(chan struct{}),
	}
	rand.Read(b.pin[:]) // never fails (crypto/rand)
	return b
}

// ClaimLink returns the link that makes a founder.
func (b *Bubble) ClaimLink() string {
	url, err := (&governance.ClaimLink{Address: address, Pin: b.pin, Token: b.token}).URL()
	if err != nil {
		panic("clienttest: " + err.Error()) // all of it is ours
	}
	return url
}

// Statements returns the log.
func (b *Bubble) Statements() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.statements[:len(b.statements):len(b.statements)]
}

// Network returns one device's way to the relay.
func (b *Bubble) Network() *Network {
	n := &Network{bubble: b, session: b.Relay.Session(), news: make(chan struct{}), state: link.Online, version: 1}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.networks = append(b.networks, n)
	return n
}

// Network implements client.Network for one device.
type Network struct {
	// Edit, if it is set, changes what this device is shown of the log: position of
	// the first statement and what follows.
	Edit func(from uint64, statements [][]byte) [][]byte
	// Lose, if it is set, says of each submission that its answer gets lost.
	Lose func() bool

	bubble  *Bubble
	session *linktest.Session

	mu      sync.Mutex
	device  governance.DeviceID // whose circuit it is
	refused bool                // because the log does not have it
	state   link.State
	version uint64
	news    chan struct{}
}

var (
	_ client.Network    = (*Network)(nil)
	_ client.Relay      = (*relay)(nil)
	_ bubble.Connection = (*connection)(nil)
)

// Cut takes the device offline, Restore brings it back.
func (n *Network) Cut() {
	n.session.Cut()
	n.set(link.Offline)
}

// Restore brings the device back online.
func (n *Network) Restore() {
	n.session.Restore()
	n.set(link.Online)
}

func (n *Network) set(s link.State) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = s
	n.version++
	close(n.news)
	n.news = make(chan struct{})
}

func (n *Network) status() (link.Status, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := link.Status{State: n.state, Version: n.version}
	if s.State == link.Offline {
		s.Reason = link.ErrUnreachable
		if n.refused {
			s.Reason = link.ErrUnauthorised
		}
	}
	return s, n.news
}

// Relay implements [client.Network].
func (n *Network) Relay(at string, pin [32]byte, prove link.Prover) (client.Relay, error) {
	if at != address || pin != n.bubble.pin {
		return nil, link.ErrPinChanged
	}
	challenge := [32]byte{1}
	b, err := prove(challenge)
	if err != nil {
		return nil, err
	}
	proof, err := governance.ParseProof(b)
	if err != nil {
		return nil, err
	}
	n.admit(proof, governance.Binding{Purpose: governance.PurposeCircuit, Pin: pin, Challenge: challenge})
	return &relay{Session: n.session, network: n}, nil
}

// admit opens the circuit if the log has the device.
func (n *Network) admit(p *governance.Proof, b governance.Binding) {
	_, err := p.VerifyDevice(n.bubble.log.State(), b)
	n.mu.Lock()
	before := n.refused
	n.device, n.refused = p.Device, err != nil
	n.mu.Unlock()
	switch {
	case err != nil:
		n.Cut()
	case before:
		n.Restore()
	}
}

// dropRemoved ends the circuits of devices that the log has removed, as a relay does.
func (b *Bubble) dropRemoved() {
	b.mu.Lock()
	networks := b.networks[:len(b.networks):len(b.networks)]
	b.mu.Unlock()
	for _, n := range networks {
		n.mu.Lock()
		_, gone := b.log.State().RemovedDevice(n.device)
		n.refused = n.refused || gone
		n.mu.Unlock()
		if gone {
			n.Cut()
		}
	}
}

type relay struct {
	*linktest.Session
	network *Network
}

func (r *relay) Status() link.Status {
	s, _ := r.network.status()
	return s
}

func (r *relay) Await(ctx context.Context, after uint64) (link.Status, error) {
	for {
		s, news := r.network.status()
		if s.Version > after {
			return s, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

func (*relay) Retry()       {}
func (*relay) Close() error { return nil }

// Governance implements [client.Network]. It judges proofs as a relay does.
func (n *Network) Governance(ctx context.Context, at string, pin [32]byte, prove func(governance.Binding) []byte) (bubble.Connection, error) {
	if s, _ := n.status(); s.State != link.Online && !errors.Is(s.Reason, link.ErrUnauthorised) {
		return nil, link.ErrUnreachable
	}
	b := n.bubble
	if at != address || pin != b.pin {
		return nil, link.ErrPinChanged
	}
	binding := governance.Binding{Purpose: governance.PurposeGovernance, Pin: b.pin}
	rand.Read(binding.Challenge[:]) // never fails (crypto/rand)
	proof, err := governance.ParseProof(prove(binding))
	if err != nil {
		return nil, err
	}
	if err := b.judge(proof, binding); err != nil {
		return nil, err
	}
	return &connection{network: n, device: proof.Device}, ctx.Err()
}

func (b *Bubble) judge(p *governance.Proof, binding governance.Binding) error {
	state := b.log.State()
	var err error
	switch p.Kind {
	case governance.ProofClaim:
		if state.Claimed() {
			return link.ErrClaimed
		}
		err = p.VerifyClaim(b.token, binding)
	case governance.ProofInvitation:
		_, err = p.VerifyInvitation(state, binding, b.now())
	default:
		_, err = p.VerifyDevice(state, binding)
	}
	switch {
	case errors.Is(err, governance.ErrInvitationUsed):
		return link.ErrInvitationUsed
	case errors.Is(err, governance.ErrInvitationExpired):
		return link.ErrInvitationExpired
	case err != nil:
		return link.ErrUnauthorised
	}
	return nil
}

// A connection is one device's, or of one who is invited: device is zero then.
type connection struct {
	network *Network
	device  governance.DeviceID
}

func (c *connection) shown(from uint64) ([][]byte, error) {
	if s, _ := c.network.status(); s.State != link.Online && !errors.Is(s.Reason, link.ErrUnauthorised) {
		return nil, link.ErrOffline
	}
	all := c.network.bubble.Statements()
	if d, gone := c.network.bubble.log.State().RemovedDevice(c.device); gone {
		all = all[:d.Removed+1]
	}
	if from > uint64(len(all)) {
		return nil, link.ErrAhead
	}
	out := all[from:]
	if c.network.Edit != nil {
		out = c.network.Edit(from, out)
	}
	return out, nil
}

func (c *connection) Head(context.Context) (link.Head, error) {
	h := c.network.bubble.log.Head()
	return link.Head{Length: h.Length, Hash: h.Hash}, nil
}

func (c *connection) Fetch(_ context.Context, from uint64, limit int) ([][]byte, error) {
	out, err := c.shown(from)
	return out[:min(limit, len(out))], err
}

func (c *connection) Submit(_ context.Context, statements [][]byte) (link.Head, error) {
	if _, err := c.shown(0); err != nil {
		return link.Head{}, err
	}
	b := c.network.bubble
	if !c.mayWrite(statements) {
		return link.Head{}, link.ErrRefused
	}
	err := b.log.Take(b.now(), func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.statements = append(b.statements, statements...)
		close(b.grown)
		b.grown = make(chan struct{})
		return nil
	}, statements...)
	switch {
	case errors.Is(err, governance.ErrStale):
		return link.Head{}, link.ErrStale
	case err != nil:
		return link.Head{}, link.ErrRefused
	}
	b.dropRemoved()
	switch {
	case c.network.Lose != nil && c.network.Lose():
		return link.Head{}, link.ErrTimeout
	}
	return c.Head(context.Background())
}

// mayWrite keeps a device from stating another member's devices, as a relay does.
func (c *connection) mayWrite(statements [][]byte) bool {
	state := c.network.bubble.log.State()
	own, ok := state.Device(c.device)
	if !ok {
		return c.device == (governance.DeviceID{}) // an invitation, or the claim
	}
	for _, b := range statements {
		st, err := governance.ParseStatement(b)
		if err != nil {
			return false
		}
		switch body := st.Body.(type) {
		case *governance.DeviceBody:
			if body.Member != own.Member {
				return false
			}
		case *governance.RemovalBody:
			if d, ok := state.Device(body.Device); ok && d.Member != own.Member {
				return false
			}
		}
	}
	return true
}

func (c *connection) Watch(ctx context.Context) (link.Head, error) { return c.Head(ctx) }

func (c *connection) NextHead(ctx context.Context, length uint64) (link.Head, error) {
	b := c.network.bubble
	for {
		b.mu.Lock()
		grown := b.grown
		b.mu.Unlock()
		_, news := c.network.status()
		if out, err := c.shown(length); err != nil || len(out) > 0 {
			return link.Head{Length: length + uint64(len(out))}, err
		}
		select {
		case <-grown:
		case <-news:
		case <-ctx.Done():
			return link.Head{}, ctx.Err()
		}
	}
}

func (*connection) Close() error { return nil }

// Tickets returns the devices in the log that are tickets.
func (b *Bubble) Tickets() (out []governance.DeviceID) {
	state := b.log.State()
	for _, category := range state.Categories() {
		for _, m := range state.Members(category.ID) {
			for _, id := range m.Devices {
				if d, ok := state.Device(id); ok && d.Ticket() {
					out = append(out, id)
				}
			}
		}
	}
	return out
}
