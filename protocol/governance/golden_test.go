package governance_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

var update = flag.Bool("update", false, "write the golden bytes of new formats")

// golden has the bytes of every format of version 1. Signatures are deterministic, so
// every byte is fixed by the names of the seeds.
func golden(tb testing.TB) map[string][]byte {
	tb.Helper()
	b := newBubble(tb)
	invitation := b.invite("invitation", 3)
	admission := b.admission(invitation, "alice")
	claimURL, invitationURL, deviceURL := urls(tb)
	here := binding(governance.PurposeGovernance)
	item, err := governance.SealItemWithSalt(secret.Copy(make([]byte, 32)), governance.ItemMemberCard,
		[]byte("owner"), []byte("plaintext"), [32]byte{5})
	if err != nil {
		tb.Fatal(err)
	}
	ticket, err := governance.AddDevice(b.place(), b.founder, deviceKey("ticket"), nil)
	if err != nil {
		tb.Fatal(err)
	}
	removal, err := governance.RemoveDevice(b.place().After(ticket), b.founder, deviceKey("ticket").ID())
	if err != nil {
		tb.Fatal(err)
	}
	head := b.log.Head()
	encoded, err := syntax.Marshal(&head)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string][]byte{
		"claim.bin": b.all[0], "category.bin": b.all[1], "founder.bin": b.all[2], "founder-device.bin": b.all[3],
		"invitation.bin": b.all[4], "join.bin": admission[0], "device.bin": admission[1], "head.bin": encoded,
		"claim-link.txt": []byte(claimURL), "invitation-link.txt": []byte(invitationURL), "device-link.txt": []byte(deviceURL),
		"ticket.bin": ticket, "removal.bin": removal, "item.bin": item,
		"device-proof.bin":     governance.ProveDevice(deviceKey("founder's device"), b.category, here),
		"invitation-proof.bin": governance.ProveInvitation(invitation, here),
		"claim-proof.bin":      governance.ProveClaim(seed("token"), here),
	}
}

func TestGoldenBytes(t *testing.T) {
	for name, got := range golden(t) {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the bytes changed: %v", name, err)
		}
	}
}

// TestGoldenLogVerifies reads the stored statements as any later version must.
func TestGoldenLogVerifies(t *testing.T) {
	log := governance.NewLog(governance.RootID(key("root").ID()))
	for _, name := range []string{"claim", "category", "founder", "founder-device", "invitation", "join", "device"} {
		st, err := os.ReadFile(filepath.Join("testdata", name+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(st); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(log.State().Members(governance.CategoryID{1})); n != 2 {
		t.Errorf("%d members", n)
	}
}
