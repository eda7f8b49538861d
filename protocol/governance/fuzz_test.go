package governance_test

import (
	"bytes"
	"testing"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// FuzzStatement feeds a log with any bytes as its next statement: it takes nothing
// that was not signed, and never panics.
func FuzzStatement(f *testing.F) {
	for _, b := range golden(f) {
		f.Add(b)
	}
	b := newBubble(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		log := governance.NewLog(b.log.State().Root())
		if err := log.Resume(b.all...); err != nil {
			t.Fatal(err)
		}
		if err := log.Append(raw); err == nil && len(raw) > 0 && !bytes.Equal(raw, golden(t)["invitation.bin"]) && !bytes.Equal(raw, golden(t)["ticket.bin"]) {
			t.Errorf("takes %x", raw)
		}
		if st, err := governance.ParseStatement(raw); err == nil {
			again, err := syntax.Marshal(st)
			if err != nil || !bytes.HasPrefix(raw, again) {
				t.Errorf("decodes %x, encodes %x, %v", raw, again, err)
			}
		}
	})
}

// FuzzLog splits any bytes into statements and starts a log with them.
func FuzzLog(f *testing.F) {
	b := newBubble(f)
	f.Add(bytes.Join(b.all, nil), uint16(len(b.all[0])))
	f.Fuzz(func(t *testing.T, raw []byte, cut uint16) {
		n := min(int(cut), len(raw))
		log := governance.NewUnpinnedLog()
		if err := log.Append(raw[:n], raw[n:]); err == nil {
			t.Errorf("a log may begin with %x", raw)
		}
		if err := log.Append(raw[:n]); err == nil && log.Head().Length != 1 {
			t.Error("the log took a statement and did not grow")
		}
	})
}

func FuzzLink(f *testing.F) {
	claimURL, invitationURL, deviceURL := urls(f)
	f.Add(claimURL)
	f.Add(invitationURL)
	f.Add(deviceURL)
	f.Add("https://[::1]:1/#AQ")
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := governance.ParseInvitationLink(s); err == nil {
			again, err := l.URL()
			if err != nil || again != string(bytes.TrimSpace([]byte(s))) {
				t.Errorf("%q is read, but written as %q, %v", s, again, err)
			}
		}
		if l, err := governance.ParseDeviceLink(s); err == nil {
			again, err := l.URL()
			if err != nil || again != string(bytes.TrimSpace([]byte(s))) {
				t.Errorf("%q is read, but written as %q, %v", s, again, err)
			}
		}
		if l, err := governance.ParseClaimLink(s); err == nil {
			again, err := l.URL()
			if err != nil || again != string(bytes.TrimSpace([]byte(s))) {
				t.Errorf("%q is read, but written as %q, %v", s, again, err)
			}
		}
	})
}

func FuzzProof(f *testing.F) {
	b, here := newBubble(f), binding(governance.PurposeGovernance)
	f.Add(governance.ProveDevice(deviceKey("founder's device"), b.category, here))
	f.Add(governance.ProveInvitation(key("i"), here))
	f.Add(governance.ProveClaim(seed("token"), here))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := governance.ParseProof(raw)
		if err != nil {
			return
		}
		again, err := syntax.Marshal(p)
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%x is read, but written as %x, %v", raw, again, err)
		}
		there := binding(governance.PurposeCircuit)
		if _, err := p.VerifyDevice(b.log.State(), there); err == nil {
			t.Errorf("%x proves a device for a circuit", raw)
		}
		if p.VerifyClaim(secret.Copy([]byte("another token")), here) == nil {
			t.Errorf("%x proves a claim", raw)
		}
	})
}

func FuzzItem(f *testing.F) {
	directory := secret.Copy(make([]byte, governance.DirectoryKeySize))
	f.Add(golden(f)["item.bin"])
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := governance.OpenItem(directory, governance.ItemMemberCard, []byte("owner"), raw)
		if err == nil && !bytes.Equal(raw, golden(t)["item.bin"]) {
			t.Errorf("%x opens as %q", raw, got)
		}
	})
}
