package harness

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A Relay is a relay process with a data directory of its own, on a port of the
// loopback interface that it keeps over its restarts.
type Relay struct {
	*Process
	Address     string // host:port
	Fingerprint string
	Claim       string // the link for its founder
	Data        string
	flags       []string
}

// NewRelay starts a relay that nobody has claimed. Flags are added to those of
// `bulle serve`.
func NewRelay(t *testing.T, flags ...string) *Relay {
	t.Helper()
	return NewRelayOn(t, "127.0.0.1:0", flags...)
}

// NewRelayOn is NewRelay on a given address.
func NewRelayOn(t *testing.T, address string, flags ...string) *Relay {
	t.Helper()
	r := &Relay{Data: filepath.Join(t.TempDir(), "relay"), flags: flags}
	r.start(t, address)
	return r
}

// Start starts a relay that was killed or stopped, on its address and data.
func (r *Relay) Start(t *testing.T) {
	t.Helper()
	fingerprint := r.Fingerprint
	r.start(t, r.Address)
	if r.Fingerprint != fingerprint {
		t.Errorf("the fingerprint changed over a restart: %s, %s", fingerprint, r.Fingerprint)
	}
}

func (r *Relay) start(t *testing.T, listen string) {
	t.Helper()
	args := append([]string{"serve", "--json", "--data", r.Data, "--listen", listen}, r.flags...)
	r.Process = Start(t, []string{"HOME=" + t.TempDir()}, nil, args...)
	line := r.Await(t, "its address", func(l Line) bool { return l.Text("address") != "" })
	r.Address = strings.TrimPrefix(line.Text("address"), "https://")
	r.Fingerprint = line.Text("fingerprint")
	r.Claim = line.Text("claim")
}

// Stop asks the relay to drain and end, and waits for it.
func (r *Relay) Stop(t *testing.T) {
	t.Helper()
	r.Signal(syscall.SIGTERM)
	if res := r.Wait(t); res.Code != 0 {
		t.Errorf("the relay ended with code %d\n%s", res.Code, res.Stderr)
	}
}
