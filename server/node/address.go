package node

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// usableAddress returns what links say: the configured address, or where the relay
// listens, or, when it listens everywhere, an address by which others are likely
// to reach this machine.
func usableAddress(configured string, listening net.Addr) string {
	if configured != "" {
		return configured
	}
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return listening.String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = machineAddress().String()
	}
	return net.JoinHostPort(host, port)
}

// machineAddress is the address by which others most likely reach this machine.
func machineAddress() netip.Addr { return bestAddress(machineAddresses()) }

// machineAddresses looks at the machine's own interfaces and asks nobody else.
func machineAddresses() (all []netip.Addr) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || virtual(i.Name) {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				all = append(all, p.Addr().Unmap())
			}
		}
	}
	return all
}

// bestAddress prefers what a person on the same network can reach and type: a
// private IPv4 address, then another IPv4, then IPv6. Equal ones keep their order.
func bestAddress(all []netip.Addr) netip.Addr {
	rank := func(a netip.Addr) int {
		switch {
		case a.Is4() && a.IsPrivate():
			return 0
		case a.Is4():
			return 1
		case a.IsPrivate():
			return 2
		}
		return 3
	}
	usable := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return !a.IsGlobalUnicast() })
	if len(usable) == 0 {
		return loopback()
	}
	return slices.MinFunc(usable, func(a, b netip.Addr) int { return rank(a) - rank(b) })
}

func loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// virtual reports whether an interface leads to containers or virtual machines of
// this machine, and not to people.
func virtual(name string) bool {
	return slices.ContainsFunc([]string{"docker", "br-", "veth", "virbr", "cni", "podman", "lxc", "vmnet"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
