package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"sync"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/over"
	"bulle/server/relay"
	"bulle/server/relay/memory"
	"bulle/server/relay/pebble"
)

// open is a gate that is not there.
type open struct{}

func (open) Admit(context.Context, [32]byte, []byte) (relay.Grant, error) { return relay.Grant{}, nil }

// serving is a relay in this process, reached over the loopback interface.
type serving struct {
	config link.Config
	store  relay.Store
	engine *relay.Engine
	server *http.Server
	wait   sync.WaitGroup
}

func openStore(kind, dir string, size uint64) (relay.Store, error) {
	switch kind {
	case "memory":
		return memory.New(memory.Config{Bytes: size})
	case "pebble":
		return pebble.Open(pebble.Config{Dir: dir})
	}
	return nil, fmt.Errorf("no store %q", kind)
}

func serve(kind, dir string, size uint64) (*serving, error) {
	store, err := openStore(kind, dir, size)
	if err != nil {
		return nil, err
	}
	engine, err := relay.New(relay.Config{Store: store, Gate: open{}})
	if err != nil {
		return nil, err
	}
	cert, pin, err := certificate()
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(cert))
	if err != nil {
		return nil, err
	}
	s := &serving{store: store, engine: engine, config: link.Config{
		Dial:  link.Dialer(listener.Addr().String(), pin),
		Prove: func([32]byte) ([]byte, error) { return []byte{1}, nil },
	}}
	s.server = &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.wait.Add(1)
			defer s.wait.Done()
			if c, err := over.Accept(w, r, over.Options{}); err == nil {
				_ = engine.Serve(context.WithoutCancel(r.Context()), c) // the client tells
			}
		}),
	}
	s.wait.Go(func() { _ = s.server.Serve(listener) }) // it ends with Close
	return s, nil
}

func (s *serving) close() error {
	err := errors.Join(s.engine.Close(), s.server.Close(), s.store.Close())
	s.wait.Wait()
	return err
}

func certificate() (cert tls.Certificate, pin [32]byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, pin, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return cert, pin, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return cert, pin, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, over.Pin(parsed), nil
}
