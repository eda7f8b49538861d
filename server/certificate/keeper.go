package certificate

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"time"
)

// lookEvery is how often a keeper looks at the clock, the addresses and the files.
const lookEvery = time.Minute

// Config of [NewKeeper]: an authority or files.
type Config struct {
	Key       crypto.Signer // the relay's key, with Authority
	Authority *Authority
	Hosts     func() []string // names and addresses that leaves of Authority name; asked again each minute

	Files *Files // certificate and key of the operator's own, instead

	Now    func() time.Time
	Notice func(error) // gets what a person should know, once each: [ErrEnded], [*OutsideError], or an error of Files
}

// A Keeper holds the certificate that a relay serves, and renews it. Its methods may
// be called concurrently.
type Keeper struct {
	cfg Config

	mu      sync.Mutex
	leaf    *tls.Certificate
	hosts   []string // that leaf was issued for
	outside []string // told last
	ended   bool     // told
}

// An OutsideError names the hosts that browsers will warn of, because the authority
// was not made for them.
type OutsideError struct{ Hosts []string }

// Error implements error without the hosts, which are nothing for a log.
func (*OutsideError) Error() string { return "certificate: names that the authority may not speak for" }

// NewKeeper returns a keeper that has its first certificate.
func NewKeeper(cfg Config) (*Keeper, error) {
	k := &Keeper{cfg: cfg}
	if cfg.Files != nil {
		return k, nil
	}
	k.Look()
	if k.leaf == nil { // an authority that has ended: browsers will say so, and devices do not mind
		leaf, _, err := cfg.Authority.Issue(cfg.Key, k.hosts, cfg.Authority.NotAfter().Add(-2*day))
		if err != nil {
			return nil, err
		}
		k.leaf = &leaf
	}
	return k, nil
}

// Certificate is for [tls.Config.GetCertificate].
func (k *Keeper) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if k.cfg.Files != nil {
		return k.cfg.Files.Certificate(), nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.leaf, nil
}

// Run looks each minute until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			k.Look()
		}
	}
}

// Look does at once what Run does each minute: it issues another leaf when the last
// one nears its end, is not valid by a clock that was set, or names other hosts than
// the relay has now; or it reads the operator's files when they have changed.
func (k *Keeper) Look() {
	if k.cfg.Files != nil {
		if err := k.cfg.Files.Reload(); err != nil {
			k.cfg.Notice(err)
		}
		return
	}
	hosts, now := Hosts(k.cfg.Hosts()), k.cfg.Now()
	k.mu.Lock()
	notices := k.lookLocked(hosts, now)
	k.mu.Unlock()
	for _, err := range notices {
		k.cfg.Notice(err)
	}
}

// lookLocked returns what is to be told.
func (k *Keeper) lookLocked(hosts []string, now time.Time) (notices []error) {
	if k.leaf != nil && slices.Equal(hosts, k.hosts) && current(k.leaf, k.cfg.Authority, now) {
		return nil
	}
	k.hosts = hosts
	leaf, outside, err := k.cfg.Authority.Issue(k.cfg.Key, hosts, now)
	if err != nil {
		if !k.ended || !errors.Is(err, ErrEnded) {
			notices = append(notices, err)
		}
		k.ended = k.ended || errors.Is(err, ErrEnded)
		return notices
	}
	k.leaf, k.ended = &leaf, false
	if len(outside) > 0 && !slices.Equal(outside, k.outside) {
		notices = append(notices, &OutsideError{outside})
	}
	k.outside = outside
	return notices
}

// current reports whether a leaf may stay: it is valid, and either not near its end or
// as old as its authority lets it get.
func current(leaf *tls.Certificate, a *Authority, now time.Time) bool {
	now = later(now, floor().Add(day))
	c := leaf.Leaf
	if now.Before(c.NotBefore) || !now.Before(c.NotAfter) {
		return false
	}
	return now.Add(renewBefore).Before(c.NotAfter) || !c.NotAfter.Before(a.NotAfter().Add(-time.Minute))
}
