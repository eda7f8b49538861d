package certificate

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// A Scope is what an authority may speak for: names, with everything below them, and
// networks.
type Scope struct {
	Names    []string // lower case, without a final dot
	Networks []netip.Prefix
}

// Private are the networks that the internet does not route, where a relay's address
// changes with each lease (RFC 1918, 3927, 4193, 4291), and the machine itself. What
// is in them means something else in every house, so an authority that may speak for
// all of them can hurt nobody outside of the house.
func Private() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8",
		"fc00::/7", "fe80::/10", "::1/128",
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// ScopeFor returns the private networks and whatever stands beyond them among hosts,
// which are names and addresses, in a fixed order.
func ScopeFor(hosts []string) Scope {
	s := Scope{Names: []string{"localhost"}, Networks: Private()}
	for _, host := range hosts {
		if address, err := netip.ParseAddr(host); err == nil {
			if address = address.Unmap().WithZone(""); !s.permitsAddress(address) {
				s.Networks = append(s.Networks, netip.PrefixFrom(address, address.BitLen()))
			}
		} else if host = canonical(host); !s.permitsName(host) {
			s.Names = append(s.Names, host)
		}
	}
	return s
}

// Permits reports whether a name or an address is within the scope.
func (s Scope) Permits(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return s.permitsAddress(address.Unmap().WithZone(""))
	}
	return s.permitsName(canonical(host))
}

func (s Scope) permitsAddress(a netip.Addr) bool {
	return slices.ContainsFunc(s.Networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (s Scope) permitsName(name string) bool {
	return slices.ContainsFunc(s.Names, func(n string) bool { return name == n || strings.HasSuffix(name, "."+n) })
}

// Scope returns what the authority may speak for.
func (a *Authority) Scope() Scope {
	s := Scope{Names: a.intermediate.PermittedDNSDomains}
	for _, n := range a.intermediate.PermittedIPRanges {
		address, _ := netip.AddrFromSlice(n.IP)
		bits, _ := n.Mask.Size()
		s.Networks = append(s.Networks, netip.PrefixFrom(address.Unmap(), bits))
	}
	return s
}

func (s Scope) networks() []*net.IPNet {
	all := make([]*net.IPNet, len(s.Networks))
	for i, p := range s.Networks {
		all[i] = &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
	}
	return all
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
