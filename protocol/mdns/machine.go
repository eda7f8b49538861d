//go:build !js

package mdns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Machine is the real network. Use says which interfaces and addresses are answered.
type Machine struct {
	Use func(name string, address netip.Addr) bool
}

// Links implements [Network]: interfaces that are up and can multicast.
func (m Machine) Links() (all []Link) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		l := Link{Index: i.Index}
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits())
			l.Prefixes = append(l.Prefixes, p.Masked())
			if !p.Addr().Is6() || !p.Addr().IsLinkLocalUnicast() { // browsers cannot use one, it needs a zone
				if m.Use(i.Name, p.Addr()) {
					l.Addresses = append(l.Addresses, p.Addr())
				}
			}
		}
		if len(l.Addresses) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// Open implements [Network].
func (Machine) Open(links []Link, receive func(int, netip.AddrPort, []byte)) (Sockets, error) {
	s := &sockets{}
	for _, l := range links {
		i, err := net.InterfaceByIndex(l.Index)
		if err != nil {
			continue
		}
		if conn, err := net.ListenMulticastUDP("udp4", i, net.UDPAddrFromAddrPort(group4())); err == nil {
			if err := s.add4(conn, i); err != nil {
				_ = conn.Close() // the interface does without IPv4
			}
		}
		if conn, err := net.ListenMulticastUDP("udp6", i, net.UDPAddrFromAddrPort(group6())); err == nil {
			if err := s.add6(conn, i); err != nil {
				_ = conn.Close() // the interface does without IPv6
			}
		}
	}
	if len(s.all) == 0 {
		return nil, errClosed
	}
	for _, one := range s.all {
		s.reading.Go(func() { one.read(receive) })
	}
	return s, nil
}

var errClosed = errors.New("mdns: no interface could be opened")

// sockets are those of each interface and family.
type sockets struct {
	all     []socket
	reading sync.WaitGroup
}

// A socket is bound to a group. Linux hands it what any interface of the machine got
// for that group, so that each packet says by which one it came.
type socket struct {
	link  int
	is4   bool
	conn  *net.UDPConn
	group netip.AddrPort
	recv  func(b []byte) (n, link int, from net.Addr, err error)
}

// maxFailures in a row end a socket.
const maxFailures = 16

// hops is the TTL of every packet of multicast DNS (section 11).
const hops = 255

func (s *sockets) add4(conn *net.UDPConn, i *net.Interface) error {
	p := ipv4.NewPacketConn(conn)
	err := errors.Join(p.SetControlMessage(ipv4.FlagInterface, true), p.SetMulticastTTL(hops), p.SetTTL(hops),
		p.SetMulticastInterface(i), p.SetMulticastLoopback(true)) // browsers on this machine ask too
	if err != nil {
		return err
	}
	s.all = append(s.all, socket{i.Index, true, conn, group4(), func(b []byte) (int, int, net.Addr, error) {
		n, c, from, err := p.ReadFrom(b)
		if c == nil {
			return n, 0, from, err
		}
		return n, c.IfIndex, from, err
	}})
	return nil
}

func (s *sockets) add6(conn *net.UDPConn, i *net.Interface) error {
	p := ipv6.NewPacketConn(conn)
	err := errors.Join(p.SetControlMessage(ipv6.FlagInterface, true), p.SetMulticastHopLimit(hops), p.SetHopLimit(hops),
		p.SetMulticastInterface(i), p.SetMulticastLoopback(true))
	if err != nil {
		return err
	}
	s.all = append(s.all, socket{i.Index, false, conn, group6(), func(b []byte) (int, int, net.Addr, error) {
		n, c, from, err := p.ReadFrom(b)
		if c == nil {
			return n, 0, from, err
		}
		return n, c.IfIndex, from, err
	}})
	return nil
}

// read hands packets of its own interface on until the socket is closed.
func (s *socket) read(receive func(int, netip.AddrPort, []byte)) {
	b := make([]byte, maxPacket)
	for failures := 0; failures < maxFailures; {
		n, link, from, err := s.recv(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP error of a packet that was sent, perhaps
			failures++
			continue
		}
		failures = 0
		if at, ok := from.(*net.UDPAddr); ok && link == s.link {
			receive(link, at.AddrPort(), slices.Clone(b[:n]))
		}
	}
}

// Send implements [Sockets].
func (s *sockets) Send(link int, to netip.AddrPort, data []byte) error {
	var all []error
	for _, one := range s.all {
		if one.link != link || to.IsValid() && to.Addr().Unmap().Is4() != one.is4 {
			continue
		}
		target := one.group
		if to.IsValid() {
			target = to
		}
		if _, err := one.conn.WriteToUDPAddrPort(data, target); err != nil {
			all = append(all, fmt.Errorf("send to the network: %w", err))
		}
	}
	return errors.Join(all...)
}

// Close implements [Sockets] and waits for the readers.
func (s *sockets) Close() error {
	var all []error
	for _, one := range s.all {
		all = append(all, one.conn.Close())
	}
	s.reading.Wait()
	return errors.Join(all...)
}
