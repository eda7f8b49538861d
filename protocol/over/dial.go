//go:build !js

package over

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// maxResponse bounds the header of the relay's answer to the handshake.
const maxResponse = 16 << 10

// Dial connects to a relay over TLS 1.3. The relay's key must be the pinned one;
// names and issuers of its certificate mean nothing. ctx bounds the handshake,
// not the connection.
func Dial(ctx context.Context, t Target, o Options) (Conn, error) {
	if o.Buffers == nil {
		o.Buffers = new(Buffers)
	}
	var corked *cork
	transport := &http.Transport{
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := dialTLS(ctx, t)
			if err != nil {
				return nil, err
			}
			corked = &cork{Conn: c, buffers: o.Buffers}
			return corked, nil
		},
		MaxResponseHeaderBytes: maxResponse,
		ReadBufferSize:         acceptReadBuffer,
		WriteBufferSize:        acceptReadBuffer,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ws, _, err := websocket.Dial(ctx, "wss://"+t.Host+t.Path, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPClient:      client,
		CompressionMode: websocket.CompressionDisabled,
	})
	transport.CloseIdleConnections()
	if err != nil {
		if corked != nil {
			err = errors.Join(err, corked.Close())
		}
		return nil, fmt.Errorf("connect to the relay: %w", err)
	}
	return newConn(ws, corked, o), nil
}

func dialTLS(ctx context.Context, t Target) (net.Conn, error) {
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{KeepAlive: time.Minute},
		Config:    clientTLS(t.Pin),
	}
	return dialer.DialContext(ctx, "tcp", t.Host)
}
