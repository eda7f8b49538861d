//go:build !js

package mdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
)

// askAgain is how long one question waits for its answer.
const askAgain = time.Second

// ErrNotFound says that nobody on the network answers for a name.
var ErrNotFound = errors.New("mdns: nobody has this name")

// isLocal reports whether a host is a name below .local, which no name server knows.
func isLocal(host string) bool {
	return CheckName(strings.ToLower(strings.TrimSuffix(host, "."))) == nil
}

// Lookup asks the local networks for the IPv4 addresses of a name below .local, as a
// resolver that takes one answer (RFC 6762, section 5.1), until one comes or ctx ends. Anybody on
// the network can answer: whoever uses the address must know its owner by other means.
func Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if err := CheckName(name); err != nil {
		return nil, err
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp4", ":0")
	if err != nil {
		return nil, fmt.Errorf("ask for a name: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing waits in it
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		if err := ask(conn, name); err != nil {
			return nil, err
		}
		if found := hear(ctx, conn, name); len(found) > 0 {
			return found, nil
		}
		if ctx.Err() != nil {
			return nil, errors.Join(ErrNotFound, ctx.Err())
		}
	}
}

// resolveTime is how long Resolve asks.
const resolveTime = 3 * time.Second

// Resolve takes "name:port" and returns it with an address in place of a name below
// .local; anything else, and a name that nobody has, it returns as it is.
func Resolve(ctx context.Context, host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil || !isLocal(name) {
		return host
	}
	asking, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found, err := Lookup(asking, name)
	if err != nil {
		return host
	}
	return net.JoinHostPort(found[0].String(), port)
}

// ask sends the question on every interface.
func ask(conn net.PacketConn, name string) error {
	p := newPacker(name, dnsmessage.Header{})
	p.question(dnsmessage.TypeA, dnsmessage.ClassINET)
	question, err := p.finish()
	if err != nil {
		return err
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("ask for a name: %w", err)
	}
	out, sent := ipv4.NewPacketConn(conn), false
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 || out.SetMulticastInterface(&i) != nil {
			continue
		}
		_, err := conn.WriteTo(question, net.UDPAddrFromAddrPort(group4()))
		sent = sent || err == nil
	}
	if !sent {
		return ErrNotFound
	}
	return nil
}

// hear waits for an answer.
func hear(ctx context.Context, conn net.PacketConn, name string) []netip.Addr {
	if conn.SetReadDeadline(time.Now().Add(askAgain)) != nil || ctx.Err() != nil {
		return nil
	}
	b := make([]byte, maxPacket)
	for {
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return nil
		}
		m, err := read(b[:n], name)
		if err != nil || !m.response {
			continue
		}
		var found []netip.Addr
		for _, a := range m.claimed {
			if a.Is4() {
				found = append(found, a)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
}
