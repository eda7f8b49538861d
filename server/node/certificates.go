package node

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulle/protocol/mdns"
	"bulle/protocol/over"
	"bulle/protocol/secret"
	"bulle/server/certificate"
)

// openKeys finds the key that devices pin: the relay's own, or that of the operator's
// certificate. With its own key the relay also has an authority of its own, for
// browsers.
func (n *Node) openKeys() error {
	own, pin, err := n.data.certificate(n.cfg.Now())
	if err != nil {
		return err
	}
	n.key, n.pin, n.ownPin = own.PrivateKey.(crypto.Signer), pin, pin
	if n.cfg.Certificate != "" {
		if n.files, err = certificate.OpenFiles(n.cfg.Certificate, n.cfg.Key); err != nil {
			return n.wordCertificate(err)
		}
		n.pin = over.Pin(n.files.Certificate().Leaf)
		return nil
	}
	n.authority, err = n.data.authority(n.scope(), n.cfg.Now(), n.cfg.NewAuthority)
	return err
}

// checkPin refuses another key than the one that the bubble's devices and links know.
func (n *Node) checkPin() error {
	last, err := n.data.lastPin(n.ownPin)
	if err != nil {
		return err
	}
	if last == n.pin {
		return nil
	}
	if n.members.Claimed() && !n.cfg.NewKey {
		return problem(KeyChanged, n.cfg.Data, "")
	}
	return n.data.write(pinName, []byte(hex.EncodeToString(n.pin[:])+"\n"))
}

// openKeeper takes up what the relay serves. The listener is there already, since
// leaves name its address.
func (n *Node) openKeeper() (err error) {
	n.keeper, err = certificate.NewKeeper(certificate.Config{
		Key: n.key, Authority: n.authority, Hosts: n.hosts,
		Files: n.files, Now: n.cfg.Now, Notice: func(err error) { n.cfg.Notice(n.wordCertificate(err)) },
	})
	if err != nil {
		return fmt.Errorf("issue a certificate: %w", err)
	}
	return nil
}

// scope is what a new authority may speak for: the relay's names, the private
// networks, and the public addresses that the machine has now.
func (n *Node) scope() certificate.Scope {
	hosts := append(mdns.Names(DefaultMDNS), n.namedHosts()...)
	if n.cfg.MDNS != "" {
		hosts = append(hosts, mdns.Names(n.cfg.MDNS)...)
	}
	for _, a := range machineAddresses() {
		hosts = append(hosts, a.String())
	}
	return certificate.ScopeFor(hosts)
}

// namedHosts are those that the configuration names.
func (n *Node) namedHosts() []string {
	hosts := append([]string(nil), n.cfg.Names...)
	for _, a := range []string{n.cfg.Address, n.cfg.Listen} {
		host, _, err := net.SplitHostPort(a)
		if err == nil && host != "" && !unspecified(host) && !slices.Contains(n.cfg.ACME, strings.ToLower(host)) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// hosts are the names and addresses by which browsers may reach the relay now.
func (n *Node) hosts() []string {
	hosts := n.namedHosts()
	if n.mdns != nil {
		hosts = append(hosts, n.cfg.MDNS) // until it is known whether it can be had
		if name := n.mdns.Name(); name != "" {
			hosts = append(hosts, name)
		}
	}
	at, err := netip.ParseAddrPort(n.listener.Addr().String())
	switch {
	case err != nil:
	case at.Addr().IsUnspecified():
		for _, a := range machineAddresses() {
			// An authority that was made elsewhere does not know a new public address; whoever uses it says so.
			if n.authority == nil || n.authority.Scope().Permits(a.String()) {
				hosts = append(hosts, a.String())
			}
		}
		hosts = append(hosts, "localhost", "127.0.0.1", "::1")
	case at.Addr().IsLoopback():
		hosts = append(hosts, "localhost", at.Addr().String())
	default:
		hosts = append(hosts, at.Addr().String())
	}
	return hosts
}

// authority opens the relay's own authority, or makes it.
func (d *data) authority(scope certificate.Scope, now time.Time, replace bool) (*certificate.Authority, error) {
	if d.has(authorityName) && !replace {
		b, err := d.readSecret(authorityName)
		if err != nil {
			return nil, err
		}
		defer secret.Wipe(b)
		a, err := certificate.Parse(b)
		if err != nil {
			return nil, problem(AuthorityDamaged, d.path(authorityName), "")
		}
		return a, nil
	}
	a, err := certificate.New(scope, now)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	b, err := a.Encode()
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	defer secret.Wipe(b)
	return a, d.write(authorityName, b)
}

// lastPin returns the pin of the key that the relay had when it ran last: the file
// pin holds it as 64 hexadecimal digits and a line feed. Without the file it was own.
func (d *data) lastPin(own [32]byte) (pin [32]byte, err error) {
	b, err := d.readSecret(pinName)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	if err != nil {
		return pin, err
	}
	text, ok := strings.CutSuffix(string(b), "\n")
	raw, err := hex.DecodeString(text)
	if !ok || err != nil || len(raw) != len(pin) || hex.EncodeToString(raw) != text {
		return pin, problem(PinDamaged, d.path(pinName), "")
	}
	return [32]byte(raw), nil
}

// wordCertificate makes a problem of what package certificate says.
func (n *Node) wordCertificate(err error) error {
	var outside *certificate.OutsideError
	switch {
	case errors.As(err, &outside):
		return problem(NamesOutside, strings.Join(outside.Hosts, ", "), "")
	case errors.Is(err, certificate.ErrEnded):
		return problem(AuthorityEnded, "", "")
	case errors.Is(err, certificate.ErrPair):
		return problem(CertificateBad, n.cfg.Certificate, n.cfg.Key)
	case errors.Is(err, certificate.ErrOtherKey):
		return problem(CertificateOtherKey, n.cfg.Certificate, "")
	case errors.Is(err, certificate.ErrReadable):
		return problem(DataReadable, n.cfg.Key, "")
	}
	return failed(CertificateUnreadable, n.cfg.Certificate, err)
}
