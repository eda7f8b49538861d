package certificate

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	day = 24 * time.Hour
	// leafLife is what browsers take at most (CA/Browser Forum baseline requirements, section 6.3.2).
	leafLife = 397 * day
	// renewBefore is how long before its end a leaf is replaced.
	renewBefore = 60 * day
	// maxHosts bounds what one leaf names; a machine has fewer.
	maxHosts = 64
)

// Issue returns a leaf for the relay's key, with those of hosts that the authority may
// speak for, and the chain that goes with it; outside are the others. Hosts are names
// and addresses; at most 64 are taken. It fails when the authority has ended.
func (a *Authority) Issue(key crypto.Signer, hosts []string, now time.Time) (leaf tls.Certificate, outside []string, err error) {
	now = later(now, floor().Add(day))
	first := now.Add(-day).Truncate(day)
	last := first.Add(leafLife)
	if last.After(a.root.NotAfter) {
		last = a.root.NotAfter
	}
	if !now.Before(last) {
		return tls.Certificate{}, nil, ErrEnded
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject:      pkix.Name{CommonName: "bulle"},
		NotBefore:    first,
		NotAfter:     last.Add(-time.Second), // both ends are part of its life (RFC 5280, section 4.1.2.5)
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}
	scope := a.Scope()
	for _, host := range Hosts(hosts) {
		if !scope.Permits(host) {
			outside = append(outside, host)
		} else if address, err := netip.ParseAddr(host); err == nil {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.intermediate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("issue a certificate: %w", err)
	}
	leaf = tls.Certificate{Certificate: [][]byte{der, a.intermediate.Raw}, PrivateKey: key}
	if leaf.Leaf, err = x509.ParseCertificate(der); err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return leaf, outside, nil
}

// Hosts brings names and addresses into one form: sorted, each once, without zones,
// and at most as many as a leaf names.
func Hosts(hosts []string) []string {
	all := make([]string, 0, len(hosts))
	for _, host := range hosts {
		if address, err := netip.ParseAddr(host); err == nil {
			host = address.Unmap().WithZone("").String()
		} else {
			host = canonical(host)
		}
		if host != "" {
			all = append(all, host)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), maxHosts)]
}

// IsName reports whether a certificate can carry a host name (RFC 1123, section 2.1):
// labels of letters, digits and hyphens.
func IsName(name string) bool {
	name = canonical(name)
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}
