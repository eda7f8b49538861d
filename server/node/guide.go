package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"bulle/server/guide"
	"bulle/server/relay/websocket"
)

// Bounds of the plain listener: it serves a page that a person looks at once.
const (
	maxSetup        = 64
	maxSetupAddress = 8
	setupDrain      = 2 * time.Second
)

// openGuide makes the page that shows how to install the relay's own authority, and
// listens for it over plain HTTP if that is wanted.
func (n *Node) openGuide() (err error) {
	if n.authority == nil {
		return nil
	}
	scope := n.authority.Scope()
	names := append([]string(nil), scope.Names...)
	for _, p := range scope.Networks {
		names = append(names, p.String())
	}
	n.guide, err = guide.New(guide.Config{
		Certificate: n.authority.Root(), Name: n.authority.Name(), Fingerprint: n.authority.Fingerprint(),
		Scope: names, App: "https://" + n.browserAddress() + "/",
	})
	if err != nil {
		return fmt.Errorf("make the guide: %w", err)
	}
	if n.cfg.Guide == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", n.cfg.Guide)
	if err != nil {
		return failed(ListenFailed, n.cfg.Guide, err)
	}
	n.setup = newSetup(l, guide.Setup(n.guide), n)
	return nil
}

// page answers what is not the relay's protocol.
func (n *Node) page() http.Handler {
	if n.guide == nil {
		return n.cfg.Page
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case n.guide.Serves(r.URL.Path):
			n.guide.ServeHTTP(w, r)
		case n.cfg.Page != nil:
			n.cfg.Page.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}

// browserAddress is where a browser best reaches the app.
func (n *Node) browserAddress() string {
	if a := n.mdnsAddress(); a != "" && n.cfg.Address == "" {
		return a
	}
	return usableAddress(n.cfg.Address, n.listener.Addr())
}

// guideAddress is where the guide stands: over plain HTTP if it can be had, since there
// no warning comes before it.
func (n *Node) guideAddress() string {
	if n.setup != nil {
		return "http://" + usableAddress("", n.setup.listener.Addr()) + guide.Path
	}
	return "https://" + n.browserAddress() + guide.Path
}

// A setup is the guide's own listener and server, over plain HTTP.
type setup struct {
	listener net.Listener
	http     *http.Server
}

func newSetup(l net.Listener, h http.Handler, n *Node) *setup {
	s := &setup{listener: l, http: websocket.Server(h, n.cfg.Log)}
	s.http.ReadTimeout, s.http.WriteTimeout = requestTime, requestTime
	return s
}

// run serves until ctx ends.
func (s *setup) run(ctx context.Context) {
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.http.Serve(&private{newBounded(s.listener, maxSetup, maxSetupAddress)}) // it ends when it is closed
	}()
	<-ctx.Done()
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), setupDrain)
	defer stop()
	if s.http.Shutdown(ending) != nil {
		_ = s.http.Close() // those that are left are cut off
	}
	<-served
}

// Close gives the socket back.
func (s *setup) Close() error { return s.listener.Close() }

// A private listener takes connections between private addresses alone: whoever
// forwards the port to the internet by mistake shows nothing.
type private struct{ net.Listener }

// Accept implements [net.Listener].
func (p *private) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if local(conn.LocalAddr()) && local(conn.RemoteAddr()) {
			return conn, nil
		}
		_ = conn.Close() // nothing was said on it
	}
}

// local reports whether an address is of this machine or its own network.
func local(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return false
	}
	ip := ap.Addr().Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}
