package bubble

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/link"
	"bulle/protocol/governance"
)

// A Connection is an open connection to the governance log of a relay, as
// [link.Governance] is. What it returns is unverified.
type Connection interface {
	Head(ctx context.Context) (link.Head, error)
	Fetch(ctx context.Context, from uint64, limit int) ([][]byte, error)
	Submit(ctx context.Context, statements [][]byte) (link.Head, error)
	Watch(ctx context.Context) (link.Head, error)
	NextHead(ctx context.Context, length uint64) (link.Head, error)
	Close() error
}

// A Dialer opens governance connections to a relay. prove makes the proof of who
// asks, for the connection that it is given.
type Dialer func(ctx context.Context, address string, pin [32]byte, prove func(governance.Binding) []byte) (Connection, error)

// ErrFork says that the relay shows another history than the one that this device
// verified before, or hides a part of it.
var ErrFork = errors.New("the relay shows a governance log that contradicts what was seen before")

// page is how many statements are asked for at once.
const page = 256

// CatchUp fetches what a log lacks, verifies it, and returns it.
func CatchUp(ctx context.Context, c Connection, log *governance.Log) ([][]byte, error) {
	var all [][]byte
	for {
		statements, err := c.Fetch(ctx, log.Head().Length, page)
		switch {
		case errors.Is(err, link.ErrAhead):
			return all, ErrFork // it knows less than it once showed us
		case err != nil:
			return all, fmt.Errorf("read the governance log: %w", err)
		case len(statements) == 0:
			return all, nil
		}
		if err := log.Append(statements...); err != nil {
			return all, fmt.Errorf("%w: %w", ErrFork, err)
		}
		all = append(all, statements...)
	}
}
