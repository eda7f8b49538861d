// Package over carries frames between a client and a relay: one frame is one
// binary message of a WebSocket (RFC 6455) on TLS 1.3. It knows nothing of what a
// frame says.
//
// A client calls [Dial], which checks the relay's key against a pin and no
// certificate authority; a relay calls Accept in its HTTP handler. In a browser
// Dial uses the browser's own WebSocket, which checks certificates by itself.
package over

import (
	"context"
	"errors"
)

// Sentinels that a caller can decide on.
var (
	// ErrPin says that the relay showed another key than the pinned one.
	ErrPin = errors.New("the relay's key is not the pinned one")
	// ErrClosed says that the connection has ended, whoever ended it.
	ErrClosed = errors.New("connection closed")
	// ErrTooLarge says that the other side sent a frame above the limit. Nothing
	// more can be read; frames can still be written.
	ErrTooLarge = errors.New("frame too large")
	// ErrNotBinary says that the other side sent a text message. It is final as
	// ErrTooLarge is.
	ErrNotBinary = errors.New("frame is not binary")
)

// A Conn is one connection. One goroutine may read while another writes; Close
// may be called by any, more than once.
type Conn interface {
	// Read waits for the next frame. The slice belongs to the caller. When ctx
	// ends first, the connection is closed.
	Read(ctx context.Context) ([]byte, error)
	// Write sends one frame and returns when the transport has taken it. It keeps
	// no part of the slice. When ctx ends first, the connection is closed.
	Write(ctx context.Context, frame []byte) error
	// Close ends the connection at once; a Read or Write that waits returns.
	Close() error
}

// A Target is where a client connects to.
type Target struct {
	Host string   // host:port
	Path string   // with its leading slash
	Pin  [32]byte // SHA-256 of the relay's SubjectPublicKeyInfo; not used in a browser
}

// DefaultMaxFrame is the largest frame that is read unless Options say otherwise.
const DefaultMaxFrame = 320 << 10

// Options are what both sides may set.
type Options struct {
	MaxFrame int      // largest frame that Read accepts, in bytes; 0 is DefaultMaxFrame
	Buffers  *Buffers // shared by connections of one process; nil: each has its own
}

func (o Options) maxFrame() int {
	if o.MaxFrame <= 0 {
		return DefaultMaxFrame
	}
	return o.MaxFrame
}
