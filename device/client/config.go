package client

import (
	"context"
	"errors"
	"io"
	"time"

	"bulle/device/client/bubble"
	"bulle/device/client/conversation"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// Config of a client. Vault is required.
type Config struct {
	// Vault is unlocked. [Claim] and [Join] want one that has not joined a bubble,
	// [Open] one that has. Closing the client leaves it open.
	Vault *vault.Vault
	// Network reaches the relay; the default connects to it (package link).
	Network Network
	// Clock is time.Now by default.
	Clock func() time.Time
	// Rand is the randomness of MLS, crypto/rand by default.
	Rand io.Reader
	// Log is told of failures that nobody has to know of. It gets nothing that names
	// a person, a conversation or an address. The default discards.
	Log func(what string, err error)
	// OpenFile opens a file that is being sent again after a restart, by the
	// reference that was given with it. Without it such a message fails.
	OpenFile func(ref string) (FileContent, error)
	// DeviceName is what the member's other devices call this one until it is renamed,
	// such as "Firefox on Linux". Nobody else learns it.
	DeviceName string
	// Healing says when the device renews its keys in a conversation.
	Healing Healing
	// Hook is called with the name of each step that changes something durable or
	// has an effect outside, before and after it. An error stops the client there, as
	// a crash would. For tests.
	Hook func(step string) error
	// Sealing is shown what must never be there twice, see package conversation. For
	// tests.
	Sealing func(once []byte)
}

// Healing says when a device renews its keys: before the first message after
// either bound. The default is 24 hours and 100 messages.
type Healing = conversation.Healing

// A Network reaches a relay. A test can give one in memory.
type Network interface {
	// Governance opens a connection to the governance log.
	Governance(ctx context.Context, address string, pin [32]byte, prove func(governance.Binding) []byte) (bubble.Connection, error)
	// Relay keeps a device connected until the result is closed.
	Relay(address string, pin [32]byte, prove link.Prover) (Relay, error)
}

// A Relay is a relay that a device stays connected to, as [link.Link] does.
type Relay interface {
	link.Session
	Status() link.Status
	Await(ctx context.Context, after uint64) (link.Status, error)
	Retry()
	Close() error
}

var _ Relay = (*link.Link)(nil)

func (c Config) validate() (Config, error) {
	if c.Vault == nil {
		return c, errors.New("client: Config.Vault is missing")
	}
	if c.Network == nil {
		c.Network = network{}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = func(string, error) {}
	}
	return c, nil
}

// network is the real one.
type network struct{}

// Governance implements [Network].
func (network) Governance(ctx context.Context, address string, pin [32]byte, prove func(governance.Binding) []byte) (bubble.Connection, error) {
	return link.OpenGovernance(ctx, link.Config{
		Dial: link.Dialer(address, pin),
		Prove: func(challenge [32]byte) ([]byte, error) {
			return prove(governance.Binding{Purpose: governance.PurposeGovernance, Pin: pin, Challenge: challenge}), nil
		},
	})
}

// Relay implements [Network].
func (network) Relay(address string, pin [32]byte, prove link.Prover) (Relay, error) {
	return link.New(link.Config{Dial: link.Dialer(address, pin), Prove: prove})
}
