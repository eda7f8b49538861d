package websocket_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"bulle/protocol/over"
	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/memory"
	"bulle/server/relay/websocket"
)

type gate struct{}

func (gate) Admit(context.Context, [32]byte, []byte) (relay.Grant, error) { return relay.Grant{}, nil }

// serve starts a relay in memory and returns where its circuits are.
func serve(t *testing.T, logger *slog.Logger) (over.Target, *relay.Engine) {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := relay.New(relay.Config{Store: store, Gate: gate{}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}))
	if err != nil {
		t.Fatal(err)
	}
	handler := websocket.New(websocket.Config{
		Circuit:    func(ctx context.Context, c over.Conn) error { return engine.Serve(ctx, c) },
		Governance: func(ctx context.Context, c over.Conn) error { return c.Write(ctx, []byte("governance")) },
	})
	server := websocket.Server(handler, logger)
	var done sync.WaitGroup
	done.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		for _, c := range []io.Closer{engine, server, handler} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		done.Wait()
	})
	return over.Target{Host: listener.Addr().String(), Path: websocket.CircuitPath, Pin: over.Pin(cert)}, engine
}

func TestCircuitOverTLS(t *testing.T) {
	target, engine := serve(t, nil)
	c, err := over.Dial(t.Context(), target, over.Options{})
	if err != nil {
		t.Fatal(err)
	}
	read := func() wire.Message {
		t.Helper()
		frame, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range wire.Replies(frame) {
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		return wire.Message{}
	}
	if _, ok := read().Body.(*wire.Hello); !ok {
		t.Fatal("the relay does not speak first")
	}
	frame, err := wire.Append(nil, wire.Message{Request: 1, Body: &wire.Open{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
	if m := read(); m.Request != 1 || m.Body.Kind() != wire.KindDone {
		t.Fatalf("open: got %+v", m)
	}
	// A frame over the limit gets its reason before the connection ends.
	if err := c.Write(t.Context(), make([]byte, wire.MaxFrame+1)); err != nil {
		t.Fatal(err)
	}
	if r, ok := read().Body.(*wire.Refusal); !ok || r.Reason != wire.TooLarge {
		t.Fatalf("a frame too large: got %+v", r)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := engine.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPaths(t *testing.T) {
	target, _ := serve(t, nil)
	target.Path = websocket.GovernancePath
	c, err := over.Dial(t.Context(), target, over.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if frame, err := c.Read(t.Context()); err != nil || string(frame) != "governance" {
		t.Errorf("got %q, %v", frame, err)
	}
	if _, err := c.Read(t.Context()); !errors.Is(err, over.ErrClosed) {
		t.Errorf("after the handler: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	target.Path = "/other"
	if _, err := over.Dial(t.Context(), target, over.Options{}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("another path: got %v", err)
	}
}

// TestNoAddressIsLogged makes net/http complain about a client.
func TestNoAddressIsLogged(t *testing.T) {
	var lines syncBuffer
	target, _ := serve(t, slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})))
	raw, err := new(net.Dialer).DialContext(t.Context(), "tcp", target.Host)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write([]byte("this is no handshake\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(raw); err != nil {
		t.Log(err)
	}
	for lines.String() == "" {
		if t.Context().Err() != nil {
			t.Fatal("nothing is logged")
		}
	}
	if strings.Contains(lines.String(), "127.0.0.1") {
		t.Errorf("an address is logged: %s", lines.String())
	}
	if err := raw.Close(); err != nil {
		t.Error(err)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
