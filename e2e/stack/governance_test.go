package stack_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/server/node"
)

// bubble is a relay as `bulle serve` runs it, and what a device knows of it.
type bubble struct {
	t         *testing.T
	info      node.Info
	pin       [32]byte
	category  governance.CategoryID
	directory *secret.Bytes
}

func startBubble(t *testing.T) *bubble {
	t.Helper()
	n, err := node.New(node.Config{
		Data: filepath.Join(t.TempDir(), "relay"), Listen: "127.0.0.1:0", Store: node.StoreMemory, Drain: time.Second,
	})
	check(t, err)
	info, err := n.Info()
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &bubble{t: t, info: info, category: governance.CategoryID{1}, directory: secret.Random(governance.DirectoryKeySize)}
}

// open connects with a proof.
func (b *bubble) open(prove func(governance.Binding) []byte) (*link.Governance, error) {
	b.t.Helper()
	g, err := link.OpenGovernance(b.t.Context(), link.Config{
		Dial: link.Dialer(b.info.Address, b.pin),
		Prove: func(challenge [32]byte) ([]byte, error) {
			return prove(governance.Binding{Purpose: governance.PurposeGovernance, Pin: b.pin, Challenge: challenge}), nil
		},
	})
	if err == nil {
		b.t.Cleanup(func() { _ = g.Close() })
	}
	return g, err
}

// person is somebody's keys and copy of the log.
type person struct {
	identity *governance.SigningKey
	device   *governance.DeviceKey
	log      *governance.Log
}

func newPerson(root governance.RootID) *person {
	return &person{
		identity: governance.NewSigningKey(secret.Random(governance.SeedSize)),
		device:   governance.NewDeviceKey(secret.Random(governance.SeedSize)),
		log:      governance.NewLog(root),
	}
}

// catchUp fetches and verifies what the log has more.
func (p *person) catchUp(t *testing.T, g *link.Governance) {
	t.Helper()
	for {
		statements, err := g.Fetch(t.Context(), p.log.Head().Length, 256)
		check(t, err)
		if len(statements) == 0 {
			return
		}
		check(t, p.log.Append(statements...))
	}
}

func (p *person) place() governance.Place {
	return governance.Place{Head: p.log.Head(), Time: time.Now()}
}

// found claims the bubble with what the link carries.
func (b *bubble) found() (founder *person, root *governance.SigningKey, g *link.Governance) {
	b.t.Helper()
	claim, err := governance.ParseClaimLink(b.info.Claim)
	check(b.t, err)
	b.pin = claim.Pin
	root = governance.NewSigningKey(secret.Random(governance.SeedSize))
	founder = newPerson(governance.RootID(root.ID()))
	statements, err := governance.Found(root, founder.identity, founder.device, governance.Founding{Category: b.category}, time.Now())
	check(b.t, err)
	g, err = b.open(func(at governance.Binding) []byte { return governance.ProveClaim(claim.Token, at) })
	check(b.t, err)
	_, err = g.Submit(b.t.Context(), statements)
	check(b.t, err)
	check(b.t, founder.log.Append(statements...))
	if _, err := b.open(func(at governance.Binding) []byte { return governance.ProveClaim(claim.Token, at) }); !errors.Is(err, link.ErrClaimed) {
		b.t.Errorf("a second claim: %v", err)
	}
	g, err = b.open(b.device(founder))
	check(b.t, err)
	return founder, root, g
}

func (b *bubble) device(p *person) func(governance.Binding) []byte {
	return func(at governance.Binding) []byte { return governance.ProveDevice(p.device, b.category, at) }
}

// TestGovernanceFromLinkToLink founds a bubble, invites by link, joins by it, and
// has everybody verify the same log.
func TestGovernanceFromLinkToLink(t *testing.T) {
	b := startBubble(t)
	founder, root, founders := b.found()
	_, err := founders.Watch(t.Context())
	check(t, err)

	seed := secret.Random(governance.SeedSize)
	url, err := (&governance.InvitationLink{
		Address: b.info.Address, Pin: b.pin, Root: governance.RootID(root.ID()), Seed: seed,
		Category: b.category, Directory: b.directory,
	}).URL()
	check(t, err)
	st, err := governance.Invite(founder.place(), root, governance.Terms{
		Key: *governance.NewSigningKey(seed).Public(), Category: b.category, Uses: 1, Expires: time.Now().Add(time.Hour),
	})
	check(t, err)
	_, err = founders.Submit(t.Context(), [][]byte{st})
	check(t, err)

	l, err := governance.ParseInvitationLink(url)
	check(t, err)
	invitation, alice := governance.NewSigningKey(l.Seed), newPerson(l.Root)
	invited := func(at governance.Binding) []byte { return governance.ProveInvitation(invitation, at) }
	g, err := b.open(invited)
	check(t, err)
	alice.catchUp(t, g)
	card, err := governance.SealItem(l.Directory, governance.ItemMemberCard, nil, []byte("alice"))
	check(t, err)
	join, err := governance.Admit(alice.place(), invitation, alice.identity, alice.device,
		governance.Admission{Category: l.Category, MemberCard: card})
	check(t, err)
	head, err := g.Submit(t.Context(), join)
	check(t, err)
	if _, err := g.Fetch(t.Context(), 0, 1); !errors.Is(err, link.ErrInvitationUsed) {
		t.Errorf("a used-up invitation reads: %v", err)
	}
	if _, err := b.open(invited); !errors.Is(err, link.ErrInvitationUsed) {
		t.Errorf("a used-up invitation opens: %v", err)
	}

	heard, err := founders.NextHead(t.Context(), head.Length-1)
	check(t, err)
	if heard != head {
		t.Errorf("the founder hears of %v, want %v", heard, head)
	}
	founder.catchUp(t, founders)
	g, err = b.open(b.device(alice))
	check(t, err)
	alice.catchUp(t, g)
	if founder.log.Head() != alice.log.Head() || founder.log.Compare(alice.log.Head()) != governance.Consistent {
		t.Error("founder and alice have different logs")
	}
	m, ok := founder.log.State().Member(governance.MemberID(alice.identity.ID()))
	name, err := governance.OpenItem(b.directory, governance.ItemMemberCard, nil, m.Card)
	if !ok || err != nil || string(name) != "alice" {
		t.Errorf("the founder reads %q, %v", name, err)
	}
	if _, err := g.Submit(t.Context(), join); !errors.Is(err, link.ErrStale) {
		t.Errorf("a replayed join: %v", err)
	}
}
