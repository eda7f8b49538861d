package over

import (
	"context"
	"fmt"
	"sync"
	"syscall/js"
	"time"
)

// Bounds of what waits inside the browser.
const (
	maxBuffered   = 1 << 20               // bytes that the browser may hold before Write waits
	drainInterval = 10 * time.Millisecond // how often Write looks again
	maxWaiting    = 64 << 20              // bytes received that nobody has read
)

// Dial connects through the WebSocket of the browser, or of any other JavaScript
// host. The host checks the relay's certificate, so the pin is not used.
func Dial(ctx context.Context, t Target, o Options) (Conn, error) {
	ctor := js.Global().Get("WebSocket")
	if ctor.IsUndefined() {
		return nil, fmt.Errorf("connect to the relay: the host has no WebSocket")
	}
	c := &conn{
		ws:    ctor.New(scheme() + t.Host + t.Path),
		limit: o.maxFrame(),
		wake:  make(chan struct{}, 1),
		open:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	c.ws.Set("binaryType", "arraybuffer")
	c.listen()
	select {
	case <-c.open:
		return c, nil
	case <-c.done:
		return nil, fmt.Errorf("connect to the relay: %w", ErrClosed)
	case <-ctx.Done():
		c.end(ErrClosed)
		return nil, fmt.Errorf("connect to the relay: %w", ctx.Err())
	}
}

// scheme follows the page's own: a page that the local shell serves on loopback has
// no certificate. Everywhere else it is TLS.
func scheme() string {
	if l := js.Global().Get("location"); !l.IsUndefined() && l.Get("protocol").String() == "http:" {
		return "ws://"
	}
	return "wss://"
}

// conn is a Conn over a WebSocket of the host. The host pushes messages; they
// wait here until Read takes them.
type conn struct {
	ws    js.Value
	funcs []js.Func
	limit int

	open chan struct{} // closed when the handshake is done
	done chan struct{} // closed when the connection has ended
	wake chan struct{} // something waits

	mu      sync.Mutex
	frames  [][]byte
	waiting int // bytes in frames
	reason  error
}

func (c *conn) listen() {
	on := func(event string, f func(event js.Value)) {
		fn := js.FuncOf(func(_ js.Value, args []js.Value) any {
			f(args[0])
			return nil
		})
		c.funcs = append(c.funcs, fn)
		c.ws.Set("on"+event, fn)
	}
	on("open", func(js.Value) { close(c.open) })
	on("close", func(js.Value) { c.end(ErrClosed) })
	on("error", func(js.Value) { c.end(ErrClosed) })
	on("message", func(event js.Value) { c.receive(event.Get("data")) })
}

func (c *conn) receive(data js.Value) {
	if data.Type() == js.TypeString {
		c.end(ErrNotBinary)
		return
	}
	size := data.Get("byteLength").Int()
	c.mu.Lock()
	tooMuch := size > c.limit || c.waiting+size > maxWaiting
	if !tooMuch {
		frame := make([]byte, size)
		js.CopyBytesToGo(frame, js.Global().Get("Uint8Array").New(data))
		c.frames = append(c.frames, frame)
		c.waiting += size
	}
	c.mu.Unlock()
	if tooMuch {
		c.end(ErrTooLarge)
		return
	}
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// end closes the WebSocket and lets go of its handlers.
func (c *conn) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return
	}
	c.reason = reason
	for _, event := range []string{"open", "close", "error", "message"} {
		c.ws.Set("on"+event, js.Null())
	}
	c.ws.Call("close")
	for _, fn := range c.funcs {
		fn.Release()
	}
	close(c.done)
}

// Read implements [Conn].
func (c *conn) Read(ctx context.Context) ([]byte, error) {
	for {
		c.mu.Lock()
		if len(c.frames) > 0 {
			frame := c.frames[0]
			c.frames = c.frames[1:]
			c.waiting -= len(frame)
			c.mu.Unlock()
			return frame, nil
		}
		reason := c.reason
		c.mu.Unlock()
		if reason != nil {
			return nil, fmt.Errorf("read a frame: %w", reason)
		}
		select {
		case <-c.wake:
		case <-c.done:
		case <-ctx.Done():
			c.end(ErrClosed)
			return nil, fmt.Errorf("read a frame: %w", ctx.Err())
		}
	}
}

// Write implements [Conn].
func (c *conn) Write(ctx context.Context, frame []byte) error {
	if err := c.drain(ctx); err != nil {
		return fmt.Errorf("write a frame: %w", err)
	}
	array := js.Global().Get("Uint8Array").New(len(frame))
	js.CopyBytesToJS(array, frame)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return fmt.Errorf("write a frame: %w", c.reason)
	}
	c.ws.Call("send", array)
	return nil
}

// drain waits until the host holds little of what was written before.
func (c *conn) drain(ctx context.Context) error {
	for c.ws.Get("bufferedAmount").Int() > maxBuffered {
		timer := time.NewTimer(drainInterval)
		select {
		case <-timer.C:
		case <-c.done:
			timer.Stop()
			return ErrClosed
		case <-ctx.Done():
			timer.Stop()
			c.end(ErrClosed)
			return ctx.Err()
		}
	}
	return nil
}

// Close implements [Conn].
func (c *conn) Close() error {
	c.end(ErrClosed)
	return nil
}
