package node

import (
	"net"
	"net/netip"
	"sync"
)

// A bounded listener takes so many connections at a time, in total and from one
// address, and closes others at once. It forgets an address with its last
// connection.
type bounded struct {
	net.Listener
	total, each int

	mu    sync.Mutex
	all   int
	count map[netip.Addr]int
}

func newBounded(l net.Listener, total, each int) *bounded {
	return &bounded{Listener: l, total: total, each: each, count: map[netip.Addr]int{}}
}

// Accept implements [net.Listener].
func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := remote(conn)
		if b.enter(from) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { b.leave(from) })}, nil
		}
		_ = conn.Close() // nothing was said on it
	}
}

func (b *bounded) enter(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.total || b.count[from] >= b.each {
		return false
	}
	b.all++
	b.count[from]++
	return true
}

func (b *bounded) leave(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.count[from]--; b.count[from] == 0 {
		delete(b.count, from)
	}
}

// remote returns the address that counts as one place: an IPv6 network of 64 bits
// is one household.
func remote(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	a := ap.Addr().Unmap().WithZone("")
	if p, err := a.Prefix(64); err == nil && a.Is6() {
		return p.Addr()
	}
	return a
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
