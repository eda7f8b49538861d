package governance_test

import (
	"errors"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// now is the clock of the tests, on a whole hour.
func now() time.Time { return time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC) }

// key returns a signing key that a name decides.
func key(name string) *governance.SigningKey { return governance.NewSigningKey(seed(name)) }

func deviceKey(name string) *governance.DeviceKey { return governance.NewDeviceKey(seed(name)) }

func seed(name string) *secret.Bytes {
	b := make([]byte, governance.SeedSize)
	copy(b, name)
	return secret.New(b)
}

// A bubble is a founded log with its keys.
type bubble struct {
	tb       testing.TB
	log      *governance.Log
	all      [][]byte
	root     *governance.SigningKey
	founder  *governance.SigningKey
	category governance.CategoryID
}

func newBubble(tb testing.TB) *bubble {
	tb.Helper()
	b := &bubble{tb: tb, root: key("root"), founder: key("founder"), category: governance.CategoryID{1}}
	b.log = governance.NewLog(governance.RootID(b.root.ID()))
	b.append(found(tb, b.root, b.founder)...)
	return b
}

func found(tb testing.TB, root, founder *governance.SigningKey) [][]byte {
	tb.Helper()
	statements, err := governance.Found(root, founder, deviceKey("founder's device"), governance.Founding{
		Category: governance.CategoryID{1}, CategoryItem: []byte("general"),
		MemberCard: []byte("founder's card"), DeviceCard: []byte("device's card"),
	}, now())
	if err != nil {
		tb.Fatal(err)
	}
	return statements
}

func (b *bubble) append(statements ...[]byte) {
	b.tb.Helper()
	if err := b.log.Append(statements...); err != nil {
		b.tb.Fatal(err)
	}
	b.all = append(b.all, statements...)
}

func (b *bubble) place() governance.Place { return governance.Place{Head: b.log.Head(), Time: now()} }

// invite states an invitation whose seed is name.
func (b *bubble) invite(name string, uses uint32) *governance.SigningKey {
	b.tb.Helper()
	k := key(name)
	st, err := governance.Invite(b.place(), b.root, governance.Terms{
		Key: *k.Public(), Category: b.category, Uses: uses, Expires: now().Add(time.Hour),
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	b.append(st)
	return k
}

// admission makes join and device of a new member.
func (b *bubble) admission(invitation *governance.SigningKey, name string) [][]byte {
	b.tb.Helper()
	statements, err := governance.Admit(b.place(), invitation, key(name), deviceKey(name+"'s device"),
		governance.Admission{Category: b.category, MemberCard: []byte("card"), DeviceCard: []byte("card")})
	if err != nil {
		b.tb.Fatal(err)
	}
	return statements
}

// refuses expects a rule and leaves the log as it was.
func (b *bubble) refuses(rule string, cause error, statements ...[]byte) {
	b.tb.Helper()
	refuses(b.tb, b.log, rule, cause, statements...)
}

func refuses(tb testing.TB, log *governance.Log, rule string, cause error, statements ...[]byte) {
	tb.Helper()
	before, state := log.Head(), log.State()
	err := log.Append(statements...)
	checkRefusal(tb, err, rule, cause)
	if log.Head() != before || log.State() != state {
		tb.Error("a refused statement changed the log")
	}
}

func checkRefusal(tb testing.TB, err error, rule string, cause error) {
	tb.Helper()
	var broken *governance.RuleError
	if !errors.As(err, &broken) || !errors.Is(err, governance.ErrRefused) {
		tb.Fatalf("got %v, want rule %s", err, rule)
	}
	if broken.Rule != rule {
		tb.Errorf("got %v, want rule %s", err, rule)
	}
	if cause != nil && !errors.Is(err, cause) {
		tb.Errorf("got %v, want %v", err, cause)
	}
}
