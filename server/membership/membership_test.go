package membership_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/wire"
	"bulle/server/membership"
)

func TestClaimInviteJoinAndReadBack(t *testing.T) {
	claimed := 0
	r := newRelay(t, func(c *membership.Config) { c.Claimed = func() error { claimed++; return nil } })
	founder, log := r.claim()
	if claimed != 1 || !r.m.Claimed() {
		t.Fatalf("claimed %d times", claimed)
	}
	st := invite(t, log, "invitation", 1, clock().Add(time.Hour))
	founder.must(&wire.Submit{Statements: [][]byte{st}})

	alice := r.dial()
	alice.must(&wire.Open{Proof: governance.ProveInvitation(key("invitation"), alice.binding())})
	own := governance.NewLog(log.State().Root())
	read := alice.must(&wire.Fetch{From: 0, Max: wire.MaxFetch}).(*wire.Statements)
	if err := own.Append(read.Statements...); err != nil {
		t.Fatal(err)
	}
	head := alice.must(&wire.Submit{Statements: admit(t, own, "invitation", "alice")}).(*wire.LogHead)
	alice.refused(&wire.Fetch{From: 0, Max: 1}, wire.InvitationUsed) // its right ended with the join

	r.restart()
	again := r.dialDevice("alice")
	if got := again.must(&wire.Head{}).(*wire.LogHead); *got != *head || got.Length != 7 {
		t.Errorf("after a restart the head is %+v, want %+v", got, head)
	}
	rest := again.must(&wire.Fetch{From: 5, Max: 9}).(*wire.Statements)
	if err := own.Append(rest.Statements...); err != nil {
		t.Fatal(err)
	}
	if h := own.Head(); h.Hash != head.Hash || len(own.State().Members(category())) != 2 {
		t.Errorf("the log read back has head %v", h)
	}
}

// TestNobodyReadsWithoutProof: each request before or beside a right is refused and
// ends the connection.
func TestNobodyReadsWithoutProof(t *testing.T) {
	r := newRelay(t, nil)
	founder, log := r.claim()
	founder.must(&wire.Submit{Statements: [][]byte{invite(t, log, "over", 1, clock().Add(time.Nanosecond+time.Second))}})
	for _, body := range []wire.Body{&wire.Head{}, &wire.Fetch{Max: 1}, &wire.Watch{}, &wire.Ping{}, &wire.Submit{Statements: [][]byte{{1}}}} {
		c := r.dial()
		c.refused(body, wire.OutOfState)
		c.end(wire.OutOfState)
	}
	other := governance.Binding{Purpose: governance.PurposeGovernance, Pin: [32]byte{1}}
	for name, proof := range map[string]func(*client) []byte{
		"nothing":          func(*client) []byte { return nil },
		"an old challenge": func(*client) []byte { return governance.ProveDevice(deviceKey("founder"), category(), other) },
		"a stranger":       func(c *client) []byte { return governance.ProveDevice(deviceKey("x"), category(), c.binding()) },
		"another category": func(c *client) []byte {
			return governance.ProveDevice(deviceKey("founder"), governance.CategoryID{7}, c.binding())
		},
		"no such invitation": func(c *client) []byte { return governance.ProveInvitation(key("x"), c.binding()) },
		"a circuit's proof": func(c *client) []byte {
			b := c.binding()
			b.Purpose = governance.PurposeCircuit
			return governance.ProveDevice(deviceKey("founder"), category(), b)
		},
	} {
		c := r.dial()
		if _, err := c.ask(&wire.Open{Proof: proof(c)}); !errors.Is(err, wire.Unauthorised) {
			t.Errorf("%s: got %v, want unauthorised", name, err)
		}
		c.end(wire.Unauthorised)
	}
	c := r.dial()
	c.refused(&wire.Open{Proof: governance.ProveClaim(r.token, c.binding())}, wire.Claimed)
	fresh := newRelay(t, nil).dial()
	fresh.refused(&wire.Open{Proof: governance.ProveClaim(seed("guess"), fresh.binding())}, wire.Unauthorised)
}

func TestExpiredAndUsedUpInvitationsHaveTheirOwnWords(t *testing.T) {
	now := clock()
	r := newRelay(t, func(c *membership.Config) { c.Now = func() time.Time { return now } })
	founder, log := r.claim()
	st := invite(t, log, "invitation", 1, clock().Add(time.Hour))
	founder.must(&wire.Submit{Statements: [][]byte{st}})
	if err := log.Append(st); err != nil {
		t.Fatal(err)
	}
	early := r.dial()
	early.must(&wire.Open{Proof: governance.ProveInvitation(key("invitation"), early.binding())})
	now = clock().Add(time.Hour)
	early.refused(&wire.Submit{Statements: admit(t, log, "invitation", "alice")}, wire.InvitationExpired)
	late := r.dial()
	late.refused(&wire.Open{Proof: governance.ProveInvitation(key("invitation"), late.binding())}, wire.InvitationExpired)
	now = clock()
	founder.must(&wire.Submit{Statements: admit(t, log, "invitation", "bob")})
	second := r.dial()
	second.refused(&wire.Open{Proof: governance.ProveInvitation(key("invitation"), second.binding())}, wire.InvitationUsed)
	founder.refused(&wire.Submit{Statements: [][]byte{st}}, wire.Stale)
}

// TestAnInvitationOnlyJoins: its holder submits its own join and nothing else.
func TestAnInvitationOnlyJoins(t *testing.T) {
	r := newRelay(t, nil)
	founder, log := r.claim()
	for _, name := range []string{"one", "two"} {
		st := invite(t, log, name, 2, clock().Add(time.Hour))
		founder.must(&wire.Submit{Statements: [][]byte{st}})
		if err := log.Append(st); err != nil {
			t.Fatal(err)
		}
	}
	c := r.dial()
	c.must(&wire.Open{Proof: governance.ProveInvitation(key("one"), c.binding())})
	c.refused(&wire.Submit{Statements: admit(t, log, "two", "alice")}, wire.Refused)
	c.refused(&wire.Submit{Statements: [][]byte{invite(t, log, "three", 1, clock().Add(time.Hour))}}, wire.Refused)
	c.refused(&wire.Submit{Statements: admit(t, log, "one", "alice")[:1]}, wire.Refused) // no half
	c.refused(&wire.Submit{Statements: [][]byte{{1, 2, 3}, {4}}}, wire.Refused)
	c.must(&wire.Submit{Statements: admit(t, log, "one", "alice")})
	founder.refused(&wire.Submit{Statements: admit(t, log, "two", "alice")}, wire.Stale)
}

// TestTwoClaimersRace: exactly one wins, the other is told so.
func TestTwoClaimersRace(t *testing.T) {
	r := newRelay(t, nil)
	const claimers = 8
	results := make(chan error, claimers)
	start := make(chan struct{})
	for i := range claimers {
		c := r.dial()
		c.must(&wire.Open{Proof: governance.ProveClaim(r.token, c.binding())})
		name := string(rune('a' + i))
		statements := founding(t, "root "+name, "founder "+name)
		go func() {
			<-start
			_, err := c.ask(&wire.Submit{Statements: statements})
			results <- err
		}()
	}
	close(start)
	won := 0
	for range claimers {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, wire.Claimed):
			t.Errorf("a loser is told %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d claimers won", won)
	}
}

func TestAClaimMustBeWhole(t *testing.T) {
	r := newRelay(t, nil)
	c := r.dial()
	c.must(&wire.Open{Proof: governance.ProveClaim(r.token, c.binding())})
	all := founding(t, "root", "founder")
	for n := 1; n < len(all); n++ {
		c.refused(&wire.Submit{Statements: all[:n]}, wire.Refused)
	}
	if r.m.Claimed() {
		t.Fatal("half a claim claims")
	}
	c.must(&wire.Submit{Statements: all})
	c.refused(&wire.Head{}, wire.Claimed) // the claim's right ended
}

func TestWatchersHearOfTheNewestHead(t *testing.T) {
	r := newRelay(t, nil)
	founder, log := r.claim()
	watcher := r.dialDevice("founder")
	if head := watcher.must(&wire.Watch{}).(*wire.LogHead); head.Length != 4 {
		t.Fatalf("the head is %+v", head)
	}
	number := watcher.request
	founder.must(&wire.Submit{Statements: [][]byte{invite(t, log, "invitation", 1, clock().Add(time.Hour))}})
	m := watcher.receive()
	if event, ok := m.Body.(*wire.HeadEvent); !ok || event.Length != 5 || m.Request != number {
		t.Errorf("heard %+v", m)
	}
	watcher.refused(&wire.Watch{}, wire.OutOfState)
	watcher.end(wire.OutOfState)
}

func TestConnectionsAreOrderlyAndBounded(t *testing.T) {
	r := newRelay(t, func(c *membership.Config) {
		c.MaxConnections, c.MaxUnopened, c.Burst, c.PerSecond = 4, 2, 10, 1
	})
	founder, _ := r.claim()
	founder.refused(&wire.Fetch{From: 5, Max: 1}, wire.Ahead)
	if body := founder.must(&wire.Fetch{From: 4, Max: 1}).(*wire.Statements); len(body.Statements) != 0 {
		t.Errorf("%d statements after the end", len(body.Statements))
	}
	for range 7 {
		founder.must(&wire.Ping{})
	}
	founder.refused(&wire.Ping{}, wire.Rate)
	founder.request -= 5
	founder.refused(&wire.Ping{}, wire.OutOfState)
	founder.end(wire.OutOfState)

	circuit := r.dialDevice("founder")
	circuit.refused(&wire.Take{}, wire.UnknownKind)
	circuit.end(wire.UnknownKind)
	twice := r.dialDevice("founder")
	twice.refused(&wire.Open{Proof: governance.ProveDevice(deviceKey("founder"), category(), twice.binding())}, wire.OutOfState)
	twice.end(wire.OutOfState)

	one, two := r.dial(), r.dial()
	if third := r.dial(); third.request == 0 {
		t.Error("a third connection may wait without a proof")
	}
	_ = one.conn.Close()
	_ = two.conn.Close()
	one.end(0)
	two.end(0)
	garbage := r.dial()
	if err := garbage.conn.Write(context.Background(), []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if m := garbage.receive(); !errors.Is(m.Body.(*wire.Refusal), wire.Malformed) {
		t.Errorf("garbage is answered by %+v", m)
	}
	garbage.end(wire.Malformed)
}

func TestDrainTellsEveryConnection(t *testing.T) {
	r := newRelay(t, nil)
	founder, _ := r.claim()
	idle := r.dial()
	r.m.Drain()
	for _, c := range []*client{founder, idle} {
		if m := c.receive(); m.Request != 0 || !errors.Is(m.Body.(*wire.Refusal), wire.Draining) {
			t.Errorf("heard %+v", m)
		}
		c.end(0)
	}
	if late := r.dial(); late.request == 0 {
		t.Error("a draining relay takes connections")
	}
}

func TestCircuitsOpenForDevicesAlone(t *testing.T) {
	r := newRelay(t, nil)
	r.claim()
	b := governance.Binding{Purpose: governance.PurposeCircuit, Pin: [32]byte{1}, Challenge: [32]byte{9}}
	a, err := r.m.Admit(t.Context(), b.Challenge, governance.ProveDevice(deviceKey("founder"), category(), b))
	if err != nil || a.Category != category() || a.Device != deviceKey("founder").ID() {
		t.Fatalf("admitted as %+v, %v", a, err)
	}
	governed := b
	governed.Purpose = governance.PurposeGovernance
	for name, proof := range map[string][]byte{
		"nothing":               nil,
		"a governance proof":    governance.ProveDevice(deviceKey("founder"), category(), governed),
		"a stranger":            governance.ProveDevice(deviceKey("stranger"), category(), b),
		"a claim":               governance.ProveClaim(r.token, b),
		"another category's":    governance.ProveDevice(deviceKey("founder"), governance.CategoryID{2}, b),
		"an unknown invitation": governance.ProveInvitation(key("i"), b),
	} {
		if a, err := r.m.Admit(t.Context(), b.Challenge, proof); !errors.Is(err, governance.ErrProof) || a != (membership.Admission{}) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []membership.Config{{}, {Path: "x"}, {Pin: [32]byte{1}}, {Path: "x", Pin: [32]byte{1}, Burst: -1}} {
		if m, err := membership.Open(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
			_ = m.Close()
		}
	}
}

// TestADamagedLogIsRefused: whole records that no rule of governance would have let
// in are damage, and so is a log that ends in the middle of a founding.
func TestADamagedLogIsRefused(t *testing.T) {
	r := newRelay(t, nil)
	r.claim()
	good, err := os.ReadFile(r.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := newRelay(t, nil)
	c := foreign.dial()
	c.must(&wire.Open{Proof: governance.ProveClaim(foreign.token, c.binding())})
	c.must(&wire.Submit{Statements: founding(t, "other root", "other founder")})
	other, err := os.ReadFile(foreign.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	cfg := r.cfg
	cfg.Path = filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(cfg.Path, append(good, other[8:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := membership.Open(cfg); !errors.Is(err, membership.ErrDamaged) {
		t.Errorf("two logs in one: %v", err)
	}
}
