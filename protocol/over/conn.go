//go:build !js

package over

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/coder/websocket"
)

// firstBuffer is the size of the buffer for the first frame of a connection.
const firstBuffer = 512

// conn is a Conn over coder/websocket. The library's own limit would end the
// connection before a reason can be sent, so the limit is kept here.
type conn struct {
	ws    *websocket.Conn
	cork  *cork
	limit int
	last  int // size of the last frame: the next one is likely to be as large

	closed atomic.Bool
}

func newConn(ws *websocket.Conn, c *cork, o Options) *conn {
	ws.SetReadLimit(-1)
	return &conn{ws: ws, cork: c, limit: o.maxFrame(), last: firstBuffer}
}

// Read implements [Conn].
func (c *conn) Read(ctx context.Context) ([]byte, error) {
	kind, r, err := c.ws.Reader(ctx)
	if err != nil {
		return nil, c.fail("read a frame", err)
	}
	if kind != websocket.MessageBinary {
		return nil, ErrNotBinary
	}
	frame, err := c.readAll(r)
	if err != nil {
		return nil, err
	}
	c.last = max(len(frame), firstBuffer)
	if len(frame) < cap(frame)/2 {
		frame = append(make([]byte, 0, len(frame)), frame...) // hold no more than the frame
	}
	return frame, nil
}

// readAll reads to the end of a message, into a buffer that fits if the frame is
// no larger than the last one. The extra byte lets it see the end.
func (c *conn) readAll(r io.Reader) ([]byte, error) {
	frame := make([]byte, 0, c.last+1)
	for {
		n, err := r.Read(frame[len(frame):cap(frame)])
		frame = frame[:len(frame)+n]
		if len(frame) > c.limit {
			return nil, ErrTooLarge
		}
		if errors.Is(err, io.EOF) {
			return frame, nil
		}
		if err != nil {
			return nil, c.fail("read a frame", err)
		}
		if len(frame) == cap(frame) {
			size := min(2*cap(frame), c.limit+1)
			frame = append(make([]byte, 0, size), frame...)
		}
	}
}

// Write implements [Conn].
func (c *conn) Write(ctx context.Context, frame []byte) error {
	c.cork.in()
	err := c.ws.Write(ctx, websocket.MessageBinary, frame)
	if out := c.cork.out(); err == nil {
		err = out
	}
	if err != nil {
		return c.fail("write a frame", err)
	}
	return nil
}

// Close implements [Conn].
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	err := c.ws.CloseNow()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close a connection: %w", err)
	}
	return nil
}

// fail gives the end of a connection one name, whoever caused it.
func (c *conn) fail(doing string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case c.closed.Load(), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed),
		websocket.CloseStatus(err) != -1:
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrClosed, err)
}
