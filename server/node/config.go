package node

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bulle/protocol/mdns"
	"bulle/server/certificate"
	"bulle/server/relay/ledger"
)

// DefaultMDNS is the name of a relay on its own network, if it has one: every
// authority is made for it.
const DefaultMDNS = "bulle.local"

// DefaultListen is where a relay listens unless told otherwise: every address of
// the machine, IPv4 and IPv6.
const DefaultListen = ":8443"

// StoreKind names where cells, pools and blobs are kept.
type StoreKind string

// The stores.
const (
	StorePebble StoreKind = "pebble" // on disk, the default
	StoreMemory StoreKind = "memory" // in RAM, gone at the end; key and governance log stay on disk
)

// Config is what a relay needs. Each zero field has the default that is named.
type Config struct {
	Data    string    // data directory, required; made if it does not exist
	Listen  string    // HOST:PORT, default DefaultListen; port 0 picks a free one
	Address string    // HOST:PORT that links carry; default what Listen says, or an address of this machine
	Store   StoreKind // default StorePebble

	MaxConnections int           // TCP connections at a time, default 12000
	MaxPerAddress  int           // of which from one address, default 4096: many people may share one
	Drain          time.Duration // how long Run lets connections finish, default 10 s

	// Browsers look at names and at who vouches for them; devices look at the key alone.
	Names         []string // names and addresses of the relay in browsers, besides Address and the machine's own
	Certificate   string   // PEM file with a certificate of the operator's own and its chain, with Key; else the relay issues its own
	Key           string   // PEM file with the key of Certificate
	ACME          []string // domains for which the authority at ACMEDirectory is asked; default none
	ACMEDirectory string   // URL of its directory. There is no default: nobody is contacted unless it is said whom
	Guide         string   // HOST:PORT on which the guide to the authority, and nothing else, is served over plain HTTP to private addresses; default nowhere
	MDNS          string   // name below .local that the relay answers for on its own networks (multicast DNS); default none
	NewAuthority  bool     // make another authority, which every browser has to be told of again
	NewKey        bool     // go on although the key is another than before and devices refuse it

	Quota      ledger.Quota // bytes; what is zero has the defaults of the store
	EmptyStore bool         // a claimed relay whose cells are gone starts without them, instead of refusing

	Notice   func(error)      // told what a person should know while the relay runs, a [*StartError]; default nobody
	Log      *slog.Logger     // default none; never gets an address, member, channel or token
	Now      func() time.Time // default time.Now
	Rand     io.Reader        // default crypto/rand
	Listener net.Listener     // takes the place of Listen, TLS not included; New closes it if it fails
	Page     http.Handler     // answers what is not the relay's protocol; nil: not found
}

// Check validates the configuration and fills in the defaults. It touches nothing
// outside.
func (c *Config) Check() error {
	if c.Data == "" {
		return problem(NoData, "", "")
	}
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if _, _, err := splitAddress(c.Listen, 0); err != nil {
		return problem(BadListen, "listen", c.Listen)
	}
	if c.Address != "" {
		if host, _, err := splitAddress(c.Address, 1); err != nil || host == "" || unspecified(host) {
			return problem(BadAddress, "address", c.Address)
		}
	}
	if err := c.checkCertificate(); err != nil {
		return err
	}
	switch c.Store {
	case "":
		c.Store = StorePebble
	case StorePebble, StoreMemory:
	default:
		return problem(BadStore, "store", string(c.Store))
	}
	for _, f := range []struct {
		name  string
		value *int
		then  int
	}{{"max_connections", &c.MaxConnections, 12000}, {"max_per_address", &c.MaxPerAddress, 4096}} {
		if *f.value < 0 {
			return problem(BadNumber, f.name, strconv.Itoa(*f.value))
		}
		if *f.value == 0 {
			*f.value = f.then
		}
	}
	if err := checkQuota(&c.Quota, c.Store); err != nil {
		return err
	}
	switch {
	case c.Drain < 0 || c.Drain > time.Hour:
		return problem(BadDrain, "drain", c.Drain.String())
	case c.Drain == 0:
		c.Drain = 10 * time.Second
	}
	if c.Notice == nil {
		c.Notice = func(error) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func (c *Config) checkCertificate() error {
	for _, name := range c.Names {
		if _, err := netip.ParseAddr(name); err != nil && !certificate.IsName(name) {
			return problem(BadName, "names", name)
		}
	}
	if err := c.checkACME(); err != nil {
		return err
	}
	if c.MDNS != "" && mdns.CheckName(c.MDNS) != nil {
		return problem(BadMDNS, "mdns", c.MDNS)
	}
	if c.Guide != "" {
		if _, _, err := splitAddress(c.Guide, 0); err != nil {
			return problem(BadListen, "guide", c.Guide)
		}
		if c.Certificate != "" {
			return problem(GuideWithoutAuthority, "guide", "certificate")
		}
	}
	if (c.Certificate == "") != (c.Key == "") {
		return problem(PairIncomplete, "certificate", "key")
	}
	return nil
}

func (c *Config) checkACME() error {
	for i, domain := range c.ACME {
		if c.ACME[i] = strings.ToLower(domain); !certificate.IsName(domain) || !strings.Contains(domain, ".") {
			return problem(BadName, "acme", domain)
		}
	}
	if (len(c.ACME) == 0) != (c.ACMEDirectory == "") {
		return problem(DirectoryMissing, "acme", "acme_directory")
	}
	if u, err := url.Parse(c.ACMEDirectory); c.ACMEDirectory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return problem(BadDirectory, "acme_directory", c.ACMEDirectory)
	}
	if len(c.ACME) > 0 && c.Certificate != "" {
		return problem(TwoCertificates, "acme", "certificate")
	}
	return nil
}

// splitAddress splits HOST:PORT; the port is at least least.
func splitAddress(a string, least uint64) (host, port string, err error) {
	host, port, err = net.SplitHostPort(a)
	if err != nil {
		return "", "", fmt.Errorf("address: %w", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n < least {
		return "", "", errors.New("address: no port")
	}
	return host, port, nil
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}
