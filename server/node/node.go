// Package node is one running relay, assembled: data directory, TLS key,
// governance log, relay engine and listener.
//
// [New] validates the configuration and opens everything, [Node.Info] says how to
// reach the relay, and [Node.Run] serves until its context ends.
//
//	TLS 1.3 listener (bounded) -> HTTP -> /circuit    -> relay engine  -> store
//	                                      /governance -> membership    -> governance log
//	                                      /ca...     -> the guide to its certificate authority
//	                                      else       -> the page, or 404
//	relay engine --proof of a circuit--> membership
package node

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/mdns"
	"bulle/protocol/over"
	"bulle/protocol/secret"
	"bulle/server/certificate"
	"bulle/server/certificate/acme"
	"bulle/server/guide"
	"bulle/server/membership"
	"bulle/server/relay"
	"bulle/server/relay/memory"
	"bulle/server/relay/pebble"
	"bulle/server/relay/websocket"
)

// requestTime is how long an HTTP request may take, and its answer. Connections
// have deadlines of their own once they speak the relay's protocol.
const requestTime = 10 * time.Second

// A Node is one relay. Run may be called once; Info at any time.
type Node struct {
	cfg         Config
	data        *data
	key         crypto.Signer // the relay's own
	pin, ownPin [32]byte      // of the key that is served, and of the relay's own
	token       *secret.Bytes // nil when the relay was claimed before it started
	authority   *certificate.Authority
	files       *certificate.Files
	keeper      *certificate.Keeper
	acme        *acme.Renewer   // nil unless it is wanted
	mdns        *mdns.Responder // nil unless it is wanted
	guide       *guide.Guide    // nil with a certificate of the operator's own
	setup       *setup          // nil unless it is wanted
	store       relay.Store
	engine      *relay.Engine
	members     *membership.Membership
	listener    net.Listener
	sockets     *websocket.Handler
	http        *http.Server
	close       sync.Once
}

// New opens a relay on its data directory and listens, but does not accept yet.
// What a person has to do something about is a [*StartError].
func New(cfg Config) (_ *Node, err error) {
	n := &Node{cfg: cfg, listener: cfg.Listener}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.cfg.Check(); err != nil {
		return nil, err
	}
	if n.data, err = openData(n.cfg.Data); err != nil {
		return nil, err
	}
	for _, step := range []func() error{n.openKeys, n.openMembers, n.checkPin, n.openRelay, n.listen, n.openMDNS, n.openKeeper, n.openACME, n.openGuide, n.openServer} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// openMembers opens the governance log, and the claim token if it is still needed.
func (n *Node) openMembers() error {
	token := func() (_ *secret.Bytes, err error) {
		n.token, err = n.data.token()
		return n.token, err
	}
	var err error
	n.members, err = membership.Open(membership.Config{
		Path: n.data.path(governanceName), Pin: n.pin, Token: token, Claimed: n.data.forgetToken, Removed: n.closeCircuits,
		Now: n.cfg.Now, Rand: n.cfg.Rand, Log: n.cfg.Log,
	})
	if err != nil {
		if errors.Is(err, membership.ErrDamaged) {
			return problem(LogDamaged, n.data.path(governanceName), "")
		}
		return failed(DataUnusable, n.cfg.Data, err)
	}
	if n.members.Claimed() {
		return n.data.forgetToken() // a crash may have come between the claim and this
	}
	return nil
}

// closeCircuits ends the circuits of devices that are none any more.
func (n *Node) closeCircuits(is func(governance.DeviceID) bool) {
	n.engine.CloseCircuits(func(g relay.Grant) bool { return !is(g.Holder) })
}

// openRelay opens the store and the engine on it.
func (n *Node) openRelay() (err error) {
	switch n.cfg.Store {
	case StoreMemory:
		n.store, err = memory.New(memory.Config{Quota: n.cfg.Quota, Log: n.cfg.Log, Now: n.cfg.Now})
	default:
		// Before its founder came nothing was stored: a first start that was cut off may have got no further.
		if n.members.Claimed() && !n.cfg.EmptyStore && !n.data.has(cellsName) {
			return problem(StoreGone, n.data.path(cellsName), "")
		}
		n.store, err = pebble.Open(pebble.Config{Dir: n.data.path(cellsName), Quota: n.cfg.Quota, Log: n.cfg.Log, Now: n.cfg.Now})
	}
	if err != nil {
		return failed(StoreUnusable, n.data.path(cellsName), err)
	}
	n.engine, err = relay.New(relay.Config{
		Store: n.store, Gate: gate{n.members}, Log: n.cfg.Log, Now: n.cfg.Now, Rand: n.cfg.Rand,
	})
	if err != nil {
		return fmt.Errorf("start the relay: %w", err)
	}
	return nil
}

// listen takes the socket.
func (n *Node) listen() error {
	if n.listener == nil {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", n.cfg.Listen)
		if err != nil {
			return failed(ListenFailed, n.cfg.Listen, err)
		}
		n.listener = l
	}
	return nil
}

// openServer puts the parts behind the socket.
func (n *Node) openServer() error {
	n.sockets = websocket.New(websocket.Config{
		Circuit:    func(ctx context.Context, c over.Conn) error { return n.engine.Serve(ctx, c) },
		Governance: func(ctx context.Context, c over.Conn) error { return n.members.Serve(ctx, c) },
		Page:       n.page(),
	})
	n.http = websocket.Server(n.sockets, n.cfg.Log)
	n.http.TLSConfig = over.ServerTLS()
	n.http.TLSConfig.GetCertificate = n.certificate
	if n.acme != nil {
		n.http.TLSConfig.GetConfigForClient = n.acme.Challenge
	}
	n.http.ReadTimeout, n.http.WriteTimeout = requestTime, requestTime
	return nil
}

// gate lets the engine ask membership, which knows no engine.
type gate struct{ members *membership.Membership }

// Admit implements [relay.Gate].
func (g gate) Admit(ctx context.Context, challenge [32]byte, proof []byte) (relay.Grant, error) {
	a, err := g.members.Admit(ctx, challenge, proof)
	if err != nil {
		return relay.Grant{}, err
	}
	return relay.Grant{Category: relay.Category(a.Category), Holder: a.Device}, nil
}

// Info is how to reach a relay.
type Info struct {
	Address     string // HOST:PORT
	Fingerprint string // SHA-256 of the TLS public key in lower-case hexadecimal: what links pin
	Authority   string // SHA-256 of the certificate to install in browsers, AB:CD:...; empty with a certificate of the operator's own
	Guide       string // address of the page that shows how to install it; empty as Authority
	Claim       string // claim link while the relay has no founder, else empty. Secret.
}

// Info says how to reach the relay.
func (n *Node) Info() (Info, error) {
	info := Info{
		Address:     usableAddress(n.cfg.Address, n.listener.Addr()),
		Fingerprint: hex.EncodeToString(n.pin[:]),
	}
	if n.authority != nil {
		info.Authority, info.Guide = n.authority.Fingerprint(), n.guideAddress()
	}
	if n.members.Claimed() {
		return info, nil
	}
	link := governance.ClaimLink{Address: info.Address, Pin: n.pin, Token: n.token}
	var err error
	if info.Claim, err = link.URL(); err != nil {
		return Info{}, problem(BadAddress, "address", info.Address)
	}
	return info, nil
}

// Run serves until ctx ends, then lets circuits finish for as long as the
// configuration says, and closes everything. It returns nil after an orderly end.
func (n *Node) Run(ctx context.Context) error {
	life, end := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { n.keeper.Run(life) })
	if n.setup != nil {
		beside.Go(func() { n.setup.run(life) })
	}
	if n.acme != nil {
		beside.Go(func() { n.acme.Run(life) })
	}
	if n.mdns != nil {
		beside.Go(func() { n.mdns.Run(life) })
	}
	defer beside.Wait()
	defer end()
	served := make(chan error, 1)
	go func() {
		l := newBounded(n.listener, n.cfg.MaxConnections, n.cfg.MaxPerAddress)
		served <- n.http.ServeTLS(l, "", "")
	}()
	var err error
	select {
	case <-ctx.Done():
		n.cfg.Log.Info("the relay shuts down")
		n.drain(context.WithoutCancel(ctx))
		err = n.Close()
		err = errors.Join(err, unlessClosed(<-served))
	case err = <-served:
		err = errors.Join(fmt.Errorf("serve: %w", err), n.Close())
	}
	return err
}

// Reload reads the operator's certificate again if its files have changed. The relay
// also looks by itself each minute.
func (n *Node) Reload() { n.keeper.Look() }

// drain takes no new connections and lets those that there are come to an end.
func (n *Node) drain(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, n.cfg.Drain)
	defer stop()
	_ = n.listener.Close() // the server closes it again
	n.members.Drain()
	if err := n.engine.Drain(ctx); err != nil {
		n.cfg.Log.Warn("some circuits were cut off")
	}
}

// Close ends the relay at once and gives back everything it holds. Run calls it;
// otherwise its maker does. It may be called again.
func (n *Node) Close() (err error) {
	n.close.Do(func() {
		if n.http != nil {
			err = errors.Join(err, unlessClosed(n.http.Close()))
		}
		if n.listener != nil {
			err = errors.Join(err, unlessClosed(n.listener.Close()))
		}
		if n.setup != nil {
			err = errors.Join(err, unlessClosed(n.setup.Close()))
		}
		if n.engine != nil {
			err = errors.Join(err, n.engine.Close())
		}
		if n.members != nil {
			err = errors.Join(err, n.members.Close())
		}
		if n.sockets != nil {
			err = errors.Join(err, n.sockets.Close())
		}
		if n.store != nil {
			err = errors.Join(err, n.store.Close())
		}
		n.token.Wipe()
		if n.data != nil {
			err = errors.Join(err, n.data.close())
		}
	})
	return err
}

// unlessClosed passes over that a socket was closed before: by drain, or by the
// HTTP server.
func unlessClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
