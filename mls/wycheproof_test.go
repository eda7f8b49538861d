package mls

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"slices"
	"testing"

	"bulle/testvectors"
)

// wycheproof is a file of vectors: groups of tests, each of its own type.
type wycheproof[G any] struct {
	Groups []G `json:"testGroups"`
}

func loadWycheproof[G any](t *testing.T, name string) []G {
	t.Helper()
	var v wycheproof[G]
	testvectors.Load(t, "wycheproof/"+name+"_test.json", &v)
	if len(v.Groups) == 0 {
		t.Fatalf("%s has no groups", name)
	}
	return v.Groups
}

const wycheproofValid = "valid"

func TestWycheproofAESGCM(t *testing.T) {
	type group struct {
		KeySize int `json:"keySize"`
		IVSize  int `json:"ivSize"`
		TagSize int `json:"tagSize"`
		Tests   []struct {
			ID     int      `json:"tcId"`
			Key    hexBytes `json:"key"`
			IV     hexBytes `json:"iv"`
			AAD    hexBytes `json:"aad"`
			Msg    hexBytes `json:"msg"`
			CT     hexBytes `json:"ct"`
			Tag    hexBytes `json:"tag"`
			Result string   `json:"result"`
		} `json:"tests"`
	}
	ran := 0
	for _, g := range loadWycheproof[group](t, "aes_gcm") {
		suite := map[int]Suite{128: X25519AES128, 256: Hybrid}[g.KeySize]
		if suite == 0 || g.IVSize != 8*nonceSize || g.TagSize != 128 {
			continue // sizes that no suite has
		}
		a := mustAlgorithms(t, suite)
		for _, v := range g.Tests {
			ran++
			sealed := append(bytes.Clone(v.CT), v.Tag...)
			got, err := a.open(v.Key, v.IV, v.AAD, sealed)
			if v.Result != wycheproofValid {
				if err == nil {
					t.Errorf("%d: opened", v.ID)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, v.Msg) {
				t.Errorf("%d: opened to %x, %v", v.ID, got, err)
			}
			if !bytes.Equal(a.seal(v.Key, v.IV, v.AAD, v.Msg), sealed) {
				t.Errorf("%d: sealed to something else", v.ID)
			}
		}
	}
	if ran < 100 {
		t.Errorf("only %d vectors ran", ran)
	}
}

func TestWycheproofHKDF(t *testing.T) {
	type group struct {
		Tests []struct {
			ID     int      `json:"tcId"`
			IKM    hexBytes `json:"ikm"`
			Salt   hexBytes `json:"salt"`
			Info   hexBytes `json:"info"`
			Size   int      `json:"size"`
			OKM    hexBytes `json:"okm"`
			Result string   `json:"result"`
		} `json:"tests"`
	}
	for name, suite := range map[string]Suite{"hkdf_sha256": X25519AES128, "hkdf_sha384": Hybrid, "hkdf_sha512": P521AES256} {
		a := mustAlgorithms(t, suite)
		for _, g := range loadWycheproof[group](t, name) {
			for _, v := range g.Tests {
				if v.Result != wycheproofValid {
					if v.Size <= 255*a.nh {
						t.Errorf("%s %d: invalid for another reason than its size", name, v.ID)
					}
					continue // Export refuses such sizes: TestExportIsBounded
				}
				if got := a.expandInfo(a.extract(v.Salt, v.IKM), v.Info, v.Size); !bytes.Equal(got, v.OKM) {
					t.Errorf("%s %d: derived %x", name, v.ID, got)
				}
			}
		}
	}
}

func TestWycheproofHMAC(t *testing.T) {
	type group struct {
		TagSize int `json:"tagSize"`
		Tests   []struct {
			ID     int      `json:"tcId"`
			Key    hexBytes `json:"key"`
			Msg    hexBytes `json:"msg"`
			Tag    hexBytes `json:"tag"`
			Result string   `json:"result"`
		} `json:"tests"`
	}
	for name, suite := range map[string]Suite{"hmac_sha256": X25519AES128, "hmac_sha384": Hybrid} {
		a := mustAlgorithms(t, suite)
		for _, g := range loadWycheproof[group](t, name) {
			for _, v := range g.Tests {
				got := a.mac(v.Key, v.Msg)[:g.TagSize/8]
				if bytes.Equal(got, v.Tag) != (v.Result == wycheproofValid) {
					t.Errorf("%s %d: tag %x", name, v.ID, got)
				}
			}
		}
	}
}

func TestWycheproofSignatures(t *testing.T) {
	type group struct {
		PublicKey struct {
			Uncompressed hexBytes `json:"uncompressed"`
			PK           hexBytes `json:"pk"`
		} `json:"publicKey"`
		Tests []struct {
			ID     int      `json:"tcId"`
			Msg    hexBytes `json:"msg"`
			Sig    hexBytes `json:"sig"`
			Result string   `json:"result"`
		} `json:"tests"`
	}
	for name, scheme := range map[string]signatureScheme{
		"ed25519": ed25519Scheme{}, "ecdsa_secp256r1_sha256": ecdsaP256(), "ecdsa_secp384r1_sha384": ecdsaP384(),
	} {
		for _, g := range loadWycheproof[group](t, name) {
			public := append(bytes.Clone(g.PublicKey.Uncompressed), g.PublicKey.PK...)
			for _, v := range g.Tests {
				if scheme.verify(public, v.Msg, v.Sig) != (v.Result == wycheproofValid) {
					t.Errorf("%s %d is %s", name, v.ID, v.Result)
				}
			}
		}
	}
}

func TestWycheproofECDH(t *testing.T) {
	type group struct {
		Tests []struct {
			ID      int      `json:"tcId"`
			Flags   []string `json:"flags"`
			Public  hexBytes `json:"public"`
			Private hexBytes `json:"private"`
			Shared  hexBytes `json:"shared"`
			Result  string   `json:"result"`
		} `json:"tests"`
	}
	for name, c := range map[string]struct {
		curve ecdh.Curve
		suite Suite
		size  int
	}{
		"x25519":                 {ecdh.X25519(), X25519AES128, 32},
		"ecdh_secp256r1_ecpoint": {ecdh.P256(), P256AES128, 32},
		"ecdh_secp384r1_ecpoint": {ecdh.P384(), P384AES256, 48},
	} {
		a := mustAlgorithms(t, c.suite)
		for _, g := range loadWycheproof[group](t, name) {
			for _, v := range g.Tests {
				scalar := bytes.TrimLeft(v.Private, "\x00")
				if name == "x25519" {
					scalar = v.Private
				}
				private, err := c.curve.NewPrivateKey(append(make([]byte, max(0, c.size-len(scalar))), scalar...))
				if err != nil {
					t.Fatalf("%s %d: %v", name, v.ID, err)
				}
				public, err := c.curve.NewPublicKey(v.Public)
				var shared []byte
				if err == nil {
					shared, err = private.ECDH(public)
				}
				if (err == nil) != a.validPublicKey(v.Public) {
					t.Errorf("%s %d %v: a leaf takes the key and nobody can encrypt to it, or the other way round: %v", name, v.ID, v.Flags, err)
				}
				// What is only acceptable: of X25519 all is taken but what leads to zero, of
				// the points on the NIST curves the uncompressed ones.
				want := v.Result == wycheproofValid
				if v.Result == "acceptable" {
					want = !slices.Contains(v.Flags, "ZeroSharedSecret") && !slices.Contains(v.Flags, "CompressedPoint")
				}
				if (err == nil) != want || err == nil && !bytes.Equal(shared, v.Shared) {
					t.Errorf("%s %d %v is %s: shared %x, %v", name, v.ID, v.Flags, v.Result, shared, err)
				}
			}
		}
	}
}

func TestWycheproofMLKEM(t *testing.T) {
	type group struct {
		Tests []struct {
			ID     int      `json:"tcId"`
			Seed   hexBytes `json:"seed"`
			EK     hexBytes `json:"ek"`
			M      hexBytes `json:"m"`
			C      hexBytes `json:"c"`
			K      hexBytes `json:"K"`
			Result string   `json:"result"`
		} `json:"tests"`
	}
	for _, g := range append(loadWycheproof[group](t, "mlkem_768"), loadWycheproof[group](t, "mlkem_768_keygen_seed")...) {
		for _, v := range g.Tests {
			key, err := mlkem.NewDecapsulationKey768(v.Seed)
			var shared []byte
			if err == nil && v.C != nil {
				shared, err = key.Decapsulate(v.C)
			}
			if (err == nil) != (v.Result == wycheproofValid) {
				t.Errorf("%d is %s: %v", v.ID, v.Result, err)
			}
			if err == nil && (!bytes.Equal(key.EncapsulationKey().Bytes(), v.EK) || !bytes.Equal(shared, v.K)) {
				t.Errorf("%d: key %x..., shared %x", v.ID, key.EncapsulationKey().Bytes()[:8], shared)
			}
		}
	}
	hybrid := mustAlgorithms(t, Hybrid)
	for _, g := range loadWycheproof[group](t, "mlkem_768_encaps") {
		for _, v := range g.Tests {
			key, err := mlkem.NewEncapsulationKey768(v.EK)
			if (err == nil) != (v.Result == wycheproofValid) {
				t.Errorf("%d is %s: %v", v.ID, v.Result, err)
			}
			base := append([]byte{9}, make([]byte, 31)...) // the base point of X25519
			if len(v.EK) == mlkem.EncapsulationKeySize768 && (err == nil) != hybrid.validPublicKey(append(bytes.Clone(v.EK), base...)) {
				t.Errorf("%d: the hybrid KEM takes other keys than ML-KEM", v.ID)
			}
			if hybrid.validPublicKey(append(bytes.Clone(v.EK), make([]byte, 32)...)) {
				t.Errorf("%d: the hybrid KEM takes a point of low order", v.ID)
			}
			if err != nil {
				continue
			}
			shared, c, err := mlkemtest.Encapsulate768(key, v.M)
			if err != nil || !bytes.Equal(shared, v.K) || !bytes.Equal(c, v.C) {
				t.Errorf("%d: shared %x, %v", v.ID, shared, err)
			}
		}
	}
}
