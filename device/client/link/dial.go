package link

import (
	"context"
	"errors"

	"bulle/protocol/over"
)

// A Conn carries frames to and from a relay; see [over.Conn].
type Conn = over.Conn

// A Dial connects to a path of one relay.
type Dial func(ctx context.Context, path string) (Conn, error)

// A Prover answers a relay's challenge with the proof of who may be here. Package
// governance makes proofs.
type Prover func(challenge [32]byte) ([]byte, error)

// Paths of a relay.
const (
	circuitPath    = "/circuit"
	governancePath = "/governance"
)

// Dialer returns the way to the relay at host ("name:port") whose TLS key has the
// given pin.
func Dialer(host string, pin [32]byte) Dial {
	return func(ctx context.Context, path string) (Conn, error) {
		return over.Dial(ctx, over.Target{Host: resolve(ctx, host), Path: path, Pin: pin}, over.Options{})
	}
}

// A dialError is [ErrUnreachable] with a cause that may name an address: the cause
// can be asked for, but is not printed.
type dialError struct{ cause error }

func (*dialError) Error() string     { return ErrUnreachable.Error() }
func (e *dialError) Unwrap() []error { return []error{ErrUnreachable, e.cause} }

// connect dials and opens one connection.
func connect(ctx context.Context, cfg *Config, path string) (*peer, error) {
	dialing, cancel := context.WithTimeout(ctx, cfg.Timing.Dial)
	defer cancel()
	conn, err := cfg.Dial(dialing, path)
	switch {
	case err == nil:
		return openPeer(ctx, conn, cfg.Prove, cfg.Timing)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, over.ErrPin):
		return nil, ErrPinChanged
	case errors.Is(err, ErrPinChanged):
		return nil, err
	}
	return nil, &dialError{err}
}

// lost says why a connection broke in the words of this package.
func lost(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, over.ErrTooLarge), errors.Is(err, over.ErrNotBinary):
		return ErrProtocol
	}
	return &lostError{err}
}

// A lostError says that a connection broke. Its cause may name an address and is
// not printed.
type lostError struct{ cause error }

func (*lostError) Error() string   { return "the connection broke" }
func (e *lostError) Unwrap() error { return e.cause }
