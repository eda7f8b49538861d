package governance_test

import (
	"errors"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

func binding(p governance.Purpose) governance.Binding {
	return governance.Binding{Purpose: p, Pin: [32]byte{1}, Challenge: [32]byte{2}}
}

// elsewhere gives every other binding a proof must not serve for.
func elsewhere(b governance.Binding) []governance.Binding {
	other := []governance.Binding{b, b, b}
	other[0].Purpose ^= 3
	other[1].Pin[9] ^= 1
	other[2].Challenge[9] ^= 1
	return other
}

func parse(t *testing.T, raw []byte) *governance.Proof {
	t.Helper()
	p, err := governance.ParseProof(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDeviceProof(t *testing.T) {
	b := newBubble(t)
	d, s := deviceKey("founder's device"), b.log.State()
	for _, purpose := range []governance.Purpose{governance.PurposeCircuit, governance.PurposeGovernance} {
		here := binding(purpose)
		p := parse(t, governance.ProveDevice(d, b.category, here))
		if got, err := p.VerifyDevice(s, here); err != nil || got.Member != governance.MemberID(b.founder.ID()) {
			t.Errorf("got %v, %v", got, err)
		}
		for _, there := range elsewhere(here) {
			if _, err := p.VerifyDevice(s, there); !errors.Is(err, governance.ErrProof) {
				t.Errorf("serves for another binding: %v", err)
			}
		}
		for name, raw := range map[string][]byte{
			"a device that the log lacks": governance.ProveDevice(deviceKey("stranger"), b.category, here),
			"another category":            governance.ProveDevice(d, governance.CategoryID{2}, here),
			"an invitation":               governance.ProveInvitation(key("i"), here),
			"a claim":                     governance.ProveClaim(secret.Random(32), here),
		} {
			if _, err := parse(t, raw).VerifyDevice(s, here); !errors.Is(err, governance.ErrProof) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestInvitationProof(t *testing.T) {
	b := newBubble(t)
	invitation, here := b.invite("invitation", 1), binding(governance.PurposeGovernance)
	p := parse(t, governance.ProveInvitation(invitation, here))
	if inv, err := p.VerifyInvitation(b.log.State(), here, now()); err != nil || inv.Category != b.category {
		t.Fatal(err)
	}
	for _, there := range elsewhere(here) {
		if _, err := p.VerifyInvitation(b.log.State(), there, now()); !errors.Is(err, governance.ErrProof) {
			t.Errorf("serves for another binding: %v", err)
		}
	}
	circuit := binding(governance.PurposeCircuit)
	onCircuit := parse(t, governance.ProveInvitation(invitation, circuit))
	if _, err := onCircuit.VerifyInvitation(b.log.State(), circuit, now()); !errors.Is(err, governance.ErrProof) {
		t.Errorf("an invitation opens a circuit: %v", err)
	}
	if _, err := p.VerifyInvitation(b.log.State(), here, now().Add(2*time.Hour)); !errors.Is(err, governance.ErrInvitationExpired) {
		t.Errorf("expired: %v", err)
	}
	b.append(b.admission(invitation, "alice")...)
	if _, err := p.VerifyInvitation(b.log.State(), here, now()); !errors.Is(err, governance.ErrInvitationUsed) {
		t.Errorf("used up: %v", err)
	}
	// Whoever does not hold the key learns nothing of its state.
	forged := governance.ProveInvitation(invitation, governance.Binding{Purpose: here.Purpose})
	if _, err := parse(t, forged).VerifyInvitation(b.log.State(), here, now()); !errors.Is(err, governance.ErrProof) {
		t.Errorf("forged: %v", err)
	}
	unknown := governance.ProveInvitation(key("never stated"), here)
	if _, err := parse(t, unknown).VerifyInvitation(b.log.State(), here, now()); !errors.Is(err, governance.ErrProof) {
		t.Errorf("unknown: %v", err)
	}
}

func TestClaimProof(t *testing.T) {
	token, here := secret.Random(32), binding(governance.PurposeGovernance)
	p := parse(t, governance.ProveClaim(token, here))
	if err := p.VerifyClaim(token, here); err != nil {
		t.Fatal(err)
	}
	for _, there := range elsewhere(here) {
		if err := p.VerifyClaim(token, there); !errors.Is(err, governance.ErrProof) {
			t.Errorf("serves for another binding: %v", err)
		}
	}
	if err := p.VerifyClaim(secret.Random(32), here); !errors.Is(err, governance.ErrProof) {
		t.Errorf("another token: %v", err)
	}
	empty := parse(t, governance.ProveClaim(nil, here))
	if err := empty.VerifyClaim(nil, here); !errors.Is(err, governance.ErrProof) {
		t.Errorf("no token: %v", err)
	}
}

func TestProofsAreStrict(t *testing.T) {
	here := binding(governance.PurposeCircuit)
	raw := governance.ProveDevice(deviceKey("d"), governance.CategoryID{1}, here)
	for n := range raw {
		if _, err := governance.ParseProof(raw[:n]); err == nil {
			t.Errorf("%d bytes of a proof are taken", n)
		}
	}
	if _, err := governance.ParseProof(append(raw, 0)); err == nil {
		t.Error("a longer proof is taken")
	}
	if _, err := governance.ParseProof(make([]byte, governance.MaxProof+1)); !errors.Is(err, governance.ErrTooLarge) {
		t.Errorf("too large a proof: %v", err)
	}
	for at := range 2 { // version, kind
		raw[at] ^= 0x40
		if _, err := governance.ParseProof(raw); err == nil {
			t.Errorf("byte %d is not looked at", at)
		}
		raw[at] ^= 0x40
	}
}
