//go:build js

package webcrypto_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"syscall/js"
	"testing"

	"bulle/protocol/webcrypto"
)

func fromJS(v js.Value) []byte {
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// TestSameBytesAsTheStandardLibrary holds the two against each other, for sizes around
// those of a block and of a chunk.
func TestSameBytesAsTheStandardLibrary(t *testing.T) {
	if !webcrypto.Available() {
		t.Fatal("there is no WebCrypto here")
	}
	key, nonce := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 12)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	k, err := webcrypto.ImportAES(key)
	if err != nil {
		t.Fatal(err)
	}
	mac, err := webcrypto.ImportHMAC(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 15, 16, 17, 4096, 256 << 10} {
		data := bytes.Repeat([]byte{byte(n), 1, 2}, n/3+1)[:n]
		sealed, err := k.Seal(nonce, webcrypto.Bytes(data[:n/2], data[n/2:]))
		if err != nil || !bytes.Equal(fromJS(sealed), aead.Seal(nil, nonce, data, nil)) {
			t.Errorf("%d bytes are sealed otherwise, %v", n, err)
		}
		opened, err := k.Open(nonce, sealed)
		if err != nil || !bytes.Equal(fromJS(opened), data) {
			t.Errorf("%d bytes do not come back, %v", n, err)
		}
		sealed.SetIndex(n, sealed.Index(n).Int()^1)
		if _, err := k.Open(nonce, sealed); err == nil {
			t.Errorf("%d bytes with a wrong tag open", n)
		}
		signed, err := mac.Sign(webcrypto.Bytes(data))
		want := hmac.New(sha256.New, key)
		want.Write(data)
		if err != nil || !bytes.Equal(signed, want.Sum(nil)) {
			t.Errorf("the HMAC of %d bytes differs, %v", n, err)
		}
	}
	if _, err := webcrypto.ImportAES(key[:5]); err == nil {
		t.Error("a key of five bytes is imported")
	}
}

// BenchmarkSealing seals under a key that is used once, as the vault seals records:
// in Go, and by the browser, which has to import the key first.
func BenchmarkSealing(b *testing.B) {
	key, nonce := bytes.Repeat([]byte{7}, 32), make([]byte, 12)
	for _, n := range []int{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10} {
		data := make([]byte, n)
		b.Run(fmt.Sprintf("go/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				block, err := aes.NewCipher(key)
				if err != nil {
					b.Fatal(err)
				}
				aead, err := cipher.NewGCM(block)
				if err != nil {
					b.Fatal(err)
				}
				aead.Seal(nil, nonce, data, nil)
			}
		})
		b.Run(fmt.Sprintf("browser/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				k, err := webcrypto.ImportAES(key)
				if err != nil {
					b.Fatal(err)
				}
				sealed, err := k.Seal(nonce, webcrypto.Bytes(data))
				if err != nil {
					b.Fatal(err)
				}
				fromJS(sealed)
			}
		})
	}
}
