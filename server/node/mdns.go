package node

import (
	"fmt"
	"net"
	"net/netip"

	"bulle/protocol/mdns"
)

// openMDNS prepares to answer for the relay's name on its own networks.
func (n *Node) openMDNS() (err error) {
	if n.cfg.MDNS == "" {
		return nil
	}
	n.mdns, err = mdns.New(mdns.Config{
		Name:    n.cfg.MDNS,
		Network: mdns.Machine{Use: n.answersAt},
		Notice: func(name string) {
			n.keeper.Look() // browsers will come by that name
			n.cfg.Notice(problem(NameTaken, name, ""))
		},
	})
	if err != nil {
		return fmt.Errorf("answer for a name: %w", err)
	}
	return nil
}

// answersAt reports whether the name stands for an address of an interface: a private one
// at which the relay listens. What leads to containers is no network of people.
func (n *Node) answersAt(name string, a netip.Addr) bool {
	at, err := netip.ParseAddrPort(n.listener.Addr().String())
	listens := err == nil && (at.Addr().IsUnspecified() || at.Addr().Unmap() == a)
	return listens && !virtual(name) && (a.IsPrivate() || a.IsLinkLocalUnicast())
}

// mdnsAddress is where browsers on the relay's own network reach the app by name; empty
// without one.
func (n *Node) mdnsAddress() string {
	_, port, err := net.SplitHostPort(n.listener.Addr().String())
	if n.mdns == nil || err != nil {
		return ""
	}
	return net.JoinHostPort(n.cfg.MDNS, port)
}
