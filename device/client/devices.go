package client

import (
	"context"
	"errors"
	"strings"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/pairing"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// DeviceID names a device of a member.
type DeviceID = governance.DeviceID

// A Device is one of this member's.
type Device struct {
	ID    DeviceID
	Name  string // what its member calls it; "" if it has no name here
	Self  bool
	Added time.Time // to the hour
	// History is how far the history that comes along to a device has come: to this
	// one, or to one that was linked here. Nil if none is on its way.
	History *Progress
}

// devicesSegment holds what this device knows of its siblings:
//
//	n/DEVICE[32]    name
//	t/DEVICE[32]    ticket of a link that was begun here, see linking.go
const devicesSegment = "devices"

const (
	deviceNamePrefix = "n/"
	ticketPrefix     = "t/"
)

// What siblings tell each other beside what was read: the key of a note begins with
// one of these, and an identifier of 32 bytes follows.
const (
	noteVerified = "verified/"
	noteDevice   = "device/"
)

// ParseDeviceID reads what DeviceID.String wrote.
func ParseDeviceID(s string) (DeviceID, error) {
	id, err := ParseConversationID(s)
	return DeviceID(id), err
}

// Devices returns the member's devices, this one first, then in the order of the log.
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	if err := c.alive(); err != nil {
		return nil, err
	}
	state := c.ledger.State()
	member, _ := state.Member(c.member)
	coming, err := c.engine.HistoryExpected(ctx)
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, id := range member.Devices {
		d, ok := state.Device(id)
		if !ok || d.Ticket() {
			continue
		}
		x := Device{ID: id, Self: id == c.device.ID(), Added: time.Unix(int64(d.Hour)*3600, 0)}
		if x.Name, err = c.deviceName(ctx, id); err != nil {
			return nil, err
		}
		if x.Self && coming != nil {
			x.History = &Progress{Done: coming.Done, Total: coming.Total}
		}
		if going, err := c.engine.HistoryOffered(ctx, id); err != nil {
			return nil, err
		} else if going != nil {
			x.History = &Progress{Done: going.Done, Total: going.Total}
		}
		if x.Self {
			out = append([]Device{x}, out...)
		} else {
			out = append(out, x)
		}
	}
	return out, nil
}

func (c *Client) deviceName(ctx context.Context, id DeviceID) (string, error) {
	b, err := c.cfg.Vault.Get(ctx, devicesSegment, deviceNamePrefix+string(id[:]))
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		if id == c.device.ID() {
			return c.cfg.DeviceName, nil
		}
		return "", nil
	}
	return string(b), err
}

// RenameDevice gives a device another name on all of the member's devices.
func (c *Client) RenameDevice(ctx context.Context, id DeviceID, name string) error {
	if !pairing.ValidName(name) {
		return ErrName
	}
	if err := c.ownDevice(id); err != nil {
		return err
	}
	err := c.engine.Note(ctx, noteDevice+string(id[:]), []byte(name), func(tx *vault.Tx) error {
		return keepDeviceName(tx, id, name)
	})
	if err == nil {
		c.events.send(Event{Kind: EventDevices})
	}
	return err
}

func keepDeviceName(tx *vault.Tx, id DeviceID, name string) error {
	if err := ensureDevices(tx); err != nil {
		return err
	}
	return tx.Put(devicesSegment, deviceNamePrefix+string(id[:]), []byte(name))
}

func ensureDevices(tx *vault.Tx) error {
	if tx.HasSegment(devicesSegment) {
		return nil
	}
	return tx.NewSegment(devicesSegment)
}

// ownDevice returns nil for a device that this member has.
func (c *Client) ownDevice(id DeviceID) error {
	if err := c.alive(); err != nil {
		return err
	}
	if d, ok := c.ledger.State().Device(id); !ok || d.Member != c.member || d.Ticket() {
		return ErrNoDevice
	}
	return nil
}

// RemoveDevice ends a device of this member: the relay cuts it off at once, the
// others take it out of every conversation, and it wipes itself when it learns of it.
// It needs the relay. A device cannot remove itself.
func (c *Client) RemoveDevice(ctx context.Context, id DeviceID) error {
	if err := c.ownDevice(id); err != nil {
		return err
	}
	if id == c.device.ID() {
		return ErrNoDevice
	}
	if err := c.ledger.RemoveDevice(ctx, id, c.cfg.Clock()); err != nil {
		return worded(err)
	}
	c.events.send(Event{Kind: EventDevices})
	return nil
}

// SkipHistory takes part from now on, with what has come of the history so far.
func (c *Client) SkipHistory(ctx context.Context) error {
	if err := c.alive(); err != nil {
		return err
	}
	return c.engine.SkipHistory(ctx)
}

// logGrew is told that the log has new statements.
func (c *Client) logGrew() {
	c.events.send(Event{Kind: EventContact})
	c.events.send(Event{Kind: EventDevices})
	if c.removed() {
		c.leave()
		return
	}
	c.mu.Lock()
	running := c.run != nil
	c.mu.Unlock()
	if running {
		c.engine.Wake() // a device may have come or gone
	}
}

// removed reports whether the log has removed this device.
func (c *Client) removed() bool {
	if c.ledger == nil {
		return false
	}
	_, gone := c.ledger.State().RemovedDevice(c.device.ID())
	return gone
}

// leave ends everything and shreds what this device has kept: its member has said,
// signed and in the log, that it is one no more. What runs must end first, so it
// happens beside the caller; Close waits for it.
func (c *Client) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return
	}
	c.gone = true
	running := c.run
	c.run = nil
	if c.engine != nil {
		c.engine.Retire(ErrRemoved)
	}
	c.wiping.Go(func() {
		if running != nil {
			_ = running.end() // the vault is wiped whatever it says
		}
		if err := bubble.Wipe(context.Background(), c.cfg.Vault); err != nil {
			c.cfg.Log("the device was removed and its vault could not be wiped", err)
		}
		c.events.send(Event{Kind: EventRemoved})
	})
}

// noted keeps what a sibling tells.
func (c *Client) noted(tx *vault.Tx, key string, value []byte) error {
	kind, id, ok := splitNote(key)
	switch {
	case !ok:
	case kind == noteVerified && len(value) == 1:
		return keepVerified(tx, MemberID(id), value[0] == 1)
	case kind == noteBlocked && len(value) == 1:
		return c.keepBlocked(tx, MemberID(id), value[0] == 1)
	case kind == noteDevice && pairing.ValidName(string(value)):
		return keepDeviceName(tx, DeviceID(id), string(value))
	}
	return nil // of a later version
}

func splitNote(key string) (kind string, id [32]byte, ok bool) {
	for _, kind := range []string{noteVerified, noteBlocked, noteDevice} {
		if rest, found := strings.CutPrefix(key, kind); found && len(rest) == len(id) {
			copy(id[:], rest)
			return kind, id, true
		}
	}
	return "", id, false
}

// notes returns what a new sibling is told.
func (c *Client) notes(ctx context.Context) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, s := range []struct{ segment, prefix, kind string }{
		{contactsSegment, "verified/", noteVerified}, {contactsSegment, blockedPrefix, noteBlocked}, {devicesSegment, deviceNamePrefix, noteDevice},
	} {
		err := c.cfg.Vault.Scan(ctx, s.segment, vault.Range{Prefix: s.prefix}, func(name string, value []byte) error {
			out[s.kind+strings.TrimPrefix(name, s.prefix)] = append([]byte(nil), value...)
			return nil
		})
		if err != nil && !errors.Is(err, vault.ErrNoSegment) {
			return nil, err
		}
	}
	own := c.device.ID()
	if _, named := out[noteDevice+string(own[:])]; !named && pairing.ValidName(c.cfg.DeviceName) {
		out[noteDevice+string(own[:])] = []byte(c.cfg.DeviceName)
	}
	return out, nil
}

// A ticket is a link that was begun here.
//
//	struct { uint8 version = 1; uint64 begun; uint8 confirmed; } Ticket;        begun: Unix seconds
type ticket struct {
	begun     uint64
	confirmed bool
}

// Code implements [syntax.Value].
func (t *ticket) Code(c *syntax.Codec) {
	version := uint8(1)
	c.Uint8(&version)
	if c.Err() == nil && version != 1 {
		c.Fail("a ticket of version %d", version)
	}
	c.Uint64(&t.begun)
	c.Bool(&t.confirmed)
}

func (t *ticket) save(tx *vault.Tx, id DeviceID) error {
	if err := ensureDevices(tx); err != nil {
		return err
	}
	b, err := syntax.Marshal(t)
	if err != nil {
		return err
	}
	defer secret.Wipe(b)
	return tx.Put(devicesSegment, ticketPrefix+string(id[:]), b)
}
