// Package websocket is how circuits and governance connections reach a relay:
// over WebSocket on TLS 1.3.
//
// A [Handler] serves the two paths; [Server] is an HTTP server with the deadlines
// and limits that a relay needs.
package websocket

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"bulle/protocol/over"
	"bulle/protocol/wire"
)

// The paths of the two sorts of connections.
const (
	CircuitPath    = "/circuit"
	GovernancePath = "/governance"
)

// A Serve speaks with one connection until it ends.
type Serve func(context.Context, over.Conn) error

// Config says who serves the connections.
type Config struct {
	Circuit    Serve // required
	Governance Serve // required
	// Page answers every other path; nil: not found.
	Page http.Handler
}

// A Handler is the HTTP handler of the two paths, and of the page if there is one.
type Handler struct {
	mux     *http.ServeMux
	options over.Options
	life    context.Context //nolint:containedctx // it is the life of the connections
	end     context.CancelFunc

	mu      sync.Mutex
	closed  bool
	serving sync.WaitGroup
}

// New returns a handler. Close ends it.
func New(c Config) *Handler {
	h := &Handler{
		mux:     http.NewServeMux(),
		options: over.Options{MaxFrame: wire.MaxFrame, Buffers: new(over.Buffers)},
	}
	h.life, h.end = context.WithCancel(context.Background())
	h.mux.Handle("GET "+CircuitPath, h.accept(c.Circuit))
	h.mux.Handle("GET "+GovernancePath, h.accept(c.Governance))
	if c.Page != nil {
		h.mux.Handle("/", c.Page)
	}
	return h
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// accept takes a connection over and serves it in a goroutine of its own: that of
// net/http would keep the request, two buffers and the large stack of the TLS
// handshake for as long as the circuit lives. Why a connection ends is not logged:
// refusals are the business of the client, faults are logged where they happen.
func (h *Handler) accept(serve Serve) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := over.Accept(w, r, h.options)
		if err != nil {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.closed {
			_ = conn.Close() // nobody waits for an answer
			return
		}
		h.serving.Go(func() {
			_ = serve(h.life, conn)
			_ = conn.Close() // it has mostly ended already
		})
	}
}

// Close ends the context of all connections and waits until nobody serves one.
func (h *Handler) Close() error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.end()
	h.serving.Wait()
	return nil
}

const (
	handshakeTime = 10 * time.Second
	idleTime      = 30 * time.Second
	maxHeader     = 16 << 10
)

// Server returns an HTTP server for h. It logs nothing of its own, for net/http
// puts addresses into its messages; faults of the listener reach the caller of
// Serve.
func Server(h http.Handler, l *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            handshakeTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               maxHeader,
		Protocols:                    protocols,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(anonymous{l}, "", 0), //nolint:forbidigo // net/http takes no other sort of logger
	}
}

// anonymous counts a message of net/http without its text.
type anonymous struct{ log *slog.Logger }

// Write implements [io.Writer].
func (a anonymous) Write(p []byte) (int, error) {
	if a.log != nil {
		a.log.Debug("a connection failed before it was one")
	}
	return len(p), nil
}
