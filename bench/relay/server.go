package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"time"

	"bulle/protocol/over"
	"bulle/server/relay"
	"bulle/server/relay/websocket"
)

// A server is a relay whose gate is open.
type server struct {
	target over.Target
	engine *relay.Engine
	ws     *websocket.Handler
	http   *http.Server
}

type openGate struct{}

func (openGate) Admit(context.Context, [32]byte, []byte) (relay.Grant, error) {
	return relay.Grant{}, nil
}

func serve(store relay.Store) (*server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}))
	if err != nil {
		return nil, err
	}
	engine, err := relay.New(relay.Config{Store: store, Gate: openGate{}})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	refuse := func(context.Context, over.Conn) error { return nil }
	handler := websocket.New(websocket.Config{
		Circuit:    func(ctx context.Context, c over.Conn) error { return engine.Serve(ctx, c) },
		Governance: refuse,
	})
	s := &server{
		target: over.Target{Host: listener.Addr().String(), Path: websocket.CircuitPath, Pin: over.Pin(cert)},
		engine: engine,
		ws:     handler,
		http:   websocket.Server(handler, nil),
	}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func (s *server) close() error { return errors.Join(s.engine.Close(), s.http.Close(), s.ws.Close()) }
