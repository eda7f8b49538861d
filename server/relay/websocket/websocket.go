// Package websocket is how circuits and governance connections reach a relay:
// over WebSocket on TLS 1.3.
//
// [Handler] serves the two paths; [Server] is an HTTP server with the deadlines
// and limits that a relay needs.
package websocket

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
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

// Config says who serves the connections. Both must be set.
type Config struct {
	Circuit    Serve
	Governance Serve
}

// Handler returns the handler of the two paths; all others are not found. What
// ends a connection is not logged: refusals are the business of the client, and
// faults are logged where they happen.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	options := over.Options{MaxFrame: wire.MaxFrame, Buffers: new(over.Buffers)}
	for path, serve := range map[string]Serve{CircuitPath: c.Circuit, GovernancePath: c.Governance} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			conn, err := over.Accept(w, r, options)
			if err != nil {
				return
			}
			defer closeQuietly(conn)
			// The request and its context live as long as this call; the connection
			// holds neither.
			_ = serve(context.WithoutCancel(r.Context()), conn)
		})
	}
	return mux
}

// closeQuietly closes a connection that has mostly ended already.
func closeQuietly(c io.Closer) { _ = c.Close() }

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
