package governance_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/testvectors"
)

func TestBothHalvesOfASignatureMustVerify(t *testing.T) {
	k, message := key("alice"), []byte("message")
	sig := k.Sign(governance.ContextStatement, message)
	if err := k.Public().Verify(governance.ContextStatement, message, sig); err != nil {
		t.Fatal(err)
	}
	for name, verify := range map[string]func() error{
		"another message": func() error {
			return k.Public().Verify(governance.ContextStatement, []byte("massage"), sig)
		},
		"another context": func() error { return k.Public().Verify(governance.ContextProof, message, sig) },
		"another key":     func() error { return key("bob").Public().Verify(governance.ContextStatement, message, sig) },
		"no classical half": func() error {
			other := *sig
			copy(other[:ed25519.SignatureSize], make([]byte, ed25519.SignatureSize))
			return k.Public().Verify(governance.ContextStatement, message, &other)
		},
		"no lattice half": func() error {
			other := *sig
			copy(other[ed25519.SignatureSize:], make([]byte, mldsa65.SignatureSize))
			return k.Public().Verify(governance.ContextStatement, message, &other)
		},
		"a half of another key": func() error { // signed truly by the lender's key, but not as this one
			mixed := *k.Public()
			copy(mixed[:ed25519.PublicKeySize], key("bob").Public()[:])
			other := *sig
			copy(other[:], key("bob").Sign(governance.ContextStatement, message)[:ed25519.SignatureSize])
			return mixed.Verify(governance.ContextStatement, message, &other)
		},
	} {
		if err := verify(); !errors.Is(err, governance.ErrSignature) || err.Error() != governance.ErrSignature.Error() {
			t.Errorf("%s: got %v, want ErrSignature and no more", name, err)
		}
	}
}

// TestSignedContent verifies a signature from the documented layout alone.
func TestSignedContent(t *testing.T) {
	k, d := key("alice"), deviceKey("device")
	id, deviceID := k.ID(), d.ID()
	content := func(signer []byte) []byte {
		return []byte("\x0dbulle 1 proof" + string(signer) + "\x07message")
	}
	sig, public := k.Sign(governance.ContextProof, []byte("message")), k.Public()
	if !ed25519.Verify(public[:32], content(id[:]), sig[:64]) {
		t.Error("Ed25519 signs something else than documented")
	}
	var lattice mldsa65.PublicKey
	lattice.Unpack((*[mldsa65.PublicKeySize]byte)(public[32:]))
	if !mldsa65.Verify(&lattice, content(id[:]), []byte("bulle 1 proof"), sig[64:]) {
		t.Error("ML-DSA-65 signs something else than documented")
	}
	devicePublic := d.Public()
	if !ed25519.Verify(devicePublic[:], content(deviceID[:]), d.Sign(governance.ContextProof, []byte("message"))[:]) {
		t.Error("a device signs something else than documented")
	}
}

func TestWipedKeysDoNotSign(t *testing.T) {
	k, d := key("alice"), deviceKey("device")
	k.Wipe()
	d.Wipe()
	for name, sign := range map[string]func(){
		"signing key": func() { k.Sign(governance.ContextProof, nil) },
		"device key":  func() { d.Sign(governance.ContextProof, nil) },
		"short seed":  func() { governance.NewSigningKey(secret.Random(31)) },
		"short device seed": func() {
			governance.NewDeviceKey(secret.Random(33))
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			sign()
		}()
	}
}

func TestKeysPrintNothingSecret(t *testing.T) {
	k := key("planted")
	if text := fmt.Sprintf("%v %+v %#v", k, k, k.Seed()); strings.Contains(text, "planted") ||
		strings.Contains(text, hex.EncodeToString([]byte("planted"))) {
		t.Error("a signing key prints its seed")
	}
}

type wycheproof struct {
	TestGroups []struct {
		PublicKey any
		Tests     []struct {
			TcID          int
			Comment       string
			Msg, Ctx, Sig string
			Result        string
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWycheproofEd25519 checks the implementation that this package signs with.
func TestWycheproofEd25519(t *testing.T) {
	var v wycheproof
	testvectors.Load(t, "wycheproof/ed25519_test.json", &v)
	n := 0
	for _, g := range v.TestGroups {
		public := unhex(t, g.PublicKey.(map[string]any)["pk"].(string))
		for _, c := range g.Tests {
			n++
			if got := ed25519.Verify(public, unhex(t, c.Msg), unhex(t, c.Sig)); got != (c.Result == "valid") {
				t.Errorf("case %d (%s): verifies %v, want %s", c.TcID, c.Comment, got, c.Result)
			}
		}
	}
	if n == 0 {
		t.Error("no cases")
	}
}

// TestWycheproofMLDSA65 checks the implementation that this package signs with.
func TestWycheproofMLDSA65(t *testing.T) {
	var v wycheproof
	testvectors.Load(t, "wycheproof/mldsa_65_verify_test.json", &v)
	n := 0
	for _, g := range v.TestGroups {
		public := unhex(t, g.PublicKey.(string))
		for _, c := range g.Tests {
			n++
			var k mldsa65.PublicKey
			got := k.UnmarshalBinary(public) == nil &&
				mldsa65.Verify(&k, unhex(t, c.Msg), unhex(t, c.Ctx), unhex(t, c.Sig))
			if got != (c.Result == "valid") {
				t.Errorf("case %d (%s): verifies %v, want %s", c.TcID, c.Comment, got, c.Result)
			}
		}
	}
	if n == 0 {
		t.Error("no cases")
	}
}
