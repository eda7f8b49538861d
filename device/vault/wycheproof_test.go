package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"hash"
	"testing"

	"bulle/testvectors"
)

// The primitives under the vault against the vectors of Wycheproof, on every
// platform that the tests run on.

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	*h = raw
	return err
}

type vectorFile struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		IvSize  int `json:"ivSize"`
		TagSize int `json:"tagSize"`
		Tests   []vector
	} `json:"testGroups"`
}

type vector struct {
	TcID           int      `json:"tcId"`
	Result         string   `json:"result"`
	Key            hexBytes `json:"key"`
	IV             hexBytes `json:"iv"`
	AAD            hexBytes `json:"aad"`
	Msg            hexBytes `json:"msg"`
	Ct             hexBytes `json:"ct"`
	Tag            hexBytes `json:"tag"`
	IKM            hexBytes `json:"ikm"`
	Salt           hexBytes `json:"salt"`
	Info           hexBytes `json:"info"`
	OKM            hexBytes `json:"okm"`
	DK             hexBytes `json:"dk"`
	Password       hexBytes `json:"password"`
	Size           int      `json:"size"`
	DKLen          int      `json:"dkLen"`
	IterationCount int      `json:"iterationCount"`
}

// each runs check over all vectors of a file. check returns false for a vector
// that does not apply.
func each(t *testing.T, name string, check func(t *testing.T, v vector, ivSize, tagSize int) bool) {
	t.Helper()
	var file vectorFile
	testvectors.Load(t, "wycheproof/"+name, &file)
	seen, checked := 0, 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			seen++
			if check(t, v, g.IvSize, g.TagSize) {
				checked++
			}
		}
	}
	if seen != file.NumberOfTests || checked == 0 {
		t.Errorf("%s: %d vectors of %d, %d checked", name, seen, file.NumberOfTests, checked)
	}
}

func TestWycheproofAESGCM(t *testing.T) {
	each(t, "aes_gcm_test.json", func(t *testing.T, v vector, ivSize, tagSize int) bool {
		t.Helper()
		if ivSize != 96 || tagSize != 128 || len(v.Key) == 24 {
			return false
		}
		block, err := aes.NewCipher(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := gcm.Open(nil, v.IV, append(bytes.Clone(v.Ct), v.Tag...), v.AAD)
		if valid := v.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(plain, v.Msg) {
			t.Errorf("vector %d: %v", v.TcID, err)
		}
		if v.Result == "valid" && !bytes.Equal(gcm.Seal(nil, v.IV, v.Msg, v.AAD), append(bytes.Clone(v.Ct), v.Tag...)) {
			t.Errorf("vector %d seals to something else", v.TcID)
		}
		return true
	})
}

func TestWycheproofHKDF(t *testing.T) {
	each(t, "hkdf_sha256_test.json", func(t *testing.T, v vector, _, _ int) bool {
		t.Helper()
		okm, err := hkdf.Key(sha256.New, v.IKM, v.Salt, string(v.Info), v.Size)
		if valid := v.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(okm, v.OKM) {
			t.Errorf("vector %d: %v", v.TcID, err)
		}
		return true
	})
}

func TestWycheproofHMACSHA3(t *testing.T) {
	each(t, "hmac_sha3_512_test.json", func(t *testing.T, v vector, _, tagSize int) bool {
		t.Helper()
		mac := hmac.New(func() hash.Hash { return sha3.New512() }, v.Key)
		mac.Write(v.Msg)
		if equal := bytes.Equal(mac.Sum(nil)[:tagSize/8], v.Tag); equal != (v.Result == "valid") {
			t.Errorf("vector %d: equal is %v", v.TcID, equal)
		}
		return true
	})
}

func TestWycheproofPBKDF2(t *testing.T) {
	each(t, "pbkdf2_hmacsha256_test.json", func(t *testing.T, v vector, _, _ int) bool {
		t.Helper()
		dk, err := pbkdf2.Key(sha256.New, string(v.Password), v.Salt, v.IterationCount, v.DKLen)
		if valid := v.Result == "valid"; valid != (err == nil) || valid && !bytes.Equal(dk, v.DK) {
			t.Errorf("vector %d: %v", v.TcID, err)
		}
		return true
	})
}
