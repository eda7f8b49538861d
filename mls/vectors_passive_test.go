package mls

import (
	"testing"

	"bulle/testvectors"
)

// passiveVector is a client that is welcomed into a group and follows it.
type passiveVector struct {
	Suite        Suite `json:"cipher_suite"`
	ExternalPSKs []struct {
		ID  hexBytes `json:"psk_id"`
		PSK hexBytes `json:"psk"`
	} `json:"external_psks"`
	KeyPackage    hexBytes  `json:"key_package"`
	SignaturePriv hexBytes  `json:"signature_priv"`
	LeafPriv      hexBytes  `json:"encryption_priv"`
	InitPriv      hexBytes  `json:"init_priv"`
	Welcome       hexBytes  `json:"welcome"`
	Tree          *hexBytes `json:"ratchet_tree"`
	Authenticator hexBytes  `json:"initial_epoch_authenticator"`
	Epochs        []struct {
		Proposals     []hexBytes `json:"proposals"`
		Commit        hexBytes   `json:"commit"`
		Authenticator hexBytes   `json:"epoch_authenticator"`
	} `json:"epochs"`
}

// passiveConfig accepts the lifetimes of all generators and keeps what the
// scenarios refer back to.
func passiveConfig(v *passiveVector) Config {
	cfg := testConfig()
	cfg.Limits.MaxLifetime = -1
	cfg.Limits.ResumptionEpochs = 1 << 10
	cfg.NewMemberProposals = true
	psks := pskMap{}
	for _, p := range v.ExternalPSKs {
		psks[string(p.ID)] = p.PSK
	}
	cfg.PSKs = psks
	return cfg
}

func TestVectorsPassiveClient(t *testing.T) {
	names := testvectors.Glob(t, "mls/passive-client-*.json")
	names = append(names, testvectors.Glob(t, "mls/passive/*.json")...)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var vectors []passiveVector
			testvectors.Load(t, name, &vectors)
			for i := range vectors {
				forSuite(t, i, vectors[i].Suite, func(t *testing.T, _ *algorithms) {
					t.Helper()
					vectors[i].run(t)
				})
			}
		})
	}
}

func (v *passiveVector) run(t *testing.T) {
	t.Helper()
	cfg := passiveConfig(v)
	k, err := ParseKeyPackage(v.KeyPackage)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := NewKeyPackageBundle(k, padded(v.Suite, v.InitPriv), padded(v.Suite, v.LeafPriv))
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewSignatureKey(v.Suite, padded(v.Suite, v.SignaturePriv))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "signature key", key.Public(), k.Leaf.SignatureKey)
	o := JoinOptions{Welcome: v.Welcome, Bundles: []*KeyPackageBundle{bundle}, Key: key}
	if v.Tree != nil {
		o.Tree = *v.Tree
	}
	g, err := Join(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "initial authenticator", g.EpochAuthenticator(), v.Authenticator)
	for n, e := range v.Epochs {
		for _, p := range e.Proposals {
			if r, err := g.Receive(p); err != nil {
				t.Fatalf("epoch %d: proposal: %v", n, err)
			} else if _, ok := r.(*StoredProposal); !ok {
				t.Fatalf("epoch %d: proposal is %T", n, r)
			}
		}
		r, err := g.Receive(e.Commit)
		if err != nil {
			t.Fatalf("epoch %d: commit: %v", n, err)
		}
		if err := g.Merge(r.(*StagedCommit)); err != nil {
			t.Fatal(err)
		}
		equal(t, "authenticator", g.EpochAuthenticator(), e.Authenticator)
		g = restored(t, g)
	}
}

// restored stores a group and restores it, and checks that the bytes stay.
func restored(tb testing.TB, g *Group) *Group {
	tb.Helper()
	epoch, err1 := g.MarshalEpoch()
	ratchet, err2 := g.MarshalRatchet()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	h, err := Restore(g.cfg, epoch, ratchet)
	if err != nil {
		tb.Fatal(err)
	}
	again, _ := h.MarshalEpoch()
	equal(tb, "epoch part", again, epoch)
	again, _ = h.MarshalRatchet()
	equal(tb, "ratchet part", again, ratchet)
	return h
}
