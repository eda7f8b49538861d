//go:build !js

package over

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// Sizes of the buffers between TLS and WebSocket on a relay. Frames are read and
// written past them; only headers go through, so they can be small.
const (
	acceptReadBuffer  = 512
	acceptWriteBuffer = 16
)

// Accept makes a connection of an HTTP request. It answers the request itself
// when that is not a WebSocket handshake. Any page may connect: what opens a
// circuit is a proof, never something a browser would add by itself.
func Accept(w http.ResponseWriter, r *http.Request, o Options) (Conn, error) {
	if o.Buffers == nil {
		o.Buffers = new(Buffers)
	}
	h := &hijacker{ResponseWriter: w, buffers: o.Buffers}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // no check of Origin, see above
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fmt.Errorf("accept a connection: %w", err)
	}
	return newConn(ws, h.cork, o), nil
}

// A hijacker puts a cork on the connection and replaces the two buffers of 4 KiB
// that net/http would leave to every idle circuit.
type hijacker struct {
	http.ResponseWriter
	buffers *Buffers
	cork    *cork
}

// Hijack implements [http.Hijacker].
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	raw, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	early := make([]byte, rw.Reader.Buffered())
	if _, err := io.ReadFull(rw.Reader, early); err != nil {
		return nil, nil, fmt.Errorf("read what came early: %w", err)
	}
	h.cork = &cork{Conn: &prefixed{raw, early}, buffers: h.buffers}
	return h.cork, bufio.NewReadWriter(
		bufio.NewReaderSize(h.cork, acceptReadBuffer),
		bufio.NewWriterSize(h.cork, acceptWriteBuffer),
	), nil
}

// prefixed is a connection whose first bytes were read already.
type prefixed struct {
	net.Conn
	early []byte
}

// Read implements [net.Conn].
func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.early) == 0 {
		p.early = nil
		return p.Conn.Read(b)
	}
	n := copy(b, p.early)
	p.early = p.early[n:]
	return n, nil
}
