package veil

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"bulle/protocol/secret"
)

const (
	saltSize  = 16
	nonceSize = 12
	padTo     = 32 // bytes: the length of a sealed text tells little of the text's
	padMark   = 0x80
)

// Seal returns text as the page may hold it while it is masked, in base64url:
//
//	opaque salt[16] || AES-256-GCM(text || 0x80 || zeros up to a multiple of 32)
//
// The same text in the same scope seals to the same bytes in one session, so that a
// screen drawn again looks the same. An empty text stays empty.
func (v *Veil) Seal(s Scope, text string) string {
	if text == "" {
		return ""
	}
	salt := v.salt(s, text)
	conversation := secret.DeriveSHA256(secret.ScreenConversation, v.session, nil, []byte(s.Conversation), keySize)
	defer conversation.Wipe()
	key := itemKey(conversation, s.Item)
	defer key.Wipe()
	aead, nonce := cipherOf(key, salt)
	padded := make([]byte, (len(text)/padTo+1)*padTo)
	defer secret.Wipe(padded)
	padded[copy(padded, text)] = padMark
	return base64.RawURLEncoding.EncodeToString(aead.Seal(salt, nonce, padded, nil))
}

// Open returns the text that was sealed in s, or ErrMasked: when the present reveal
// does not show s, or when sealed is not what Seal returned for s in this session.
func (v *Veil) Open(s Scope, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(b) < saltSize {
		return "", ErrMasked
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.showsLocked(s) {
		return "", ErrMasked
	}
	key := v.shown.key.Clone()
	if v.shown.scope.Item == "" {
		conversation := key
		key = itemKey(conversation, s.Item)
		conversation.Wipe()
	}
	defer key.Wipe()
	aead, nonce := cipherOf(key, b[:saltSize])
	padded, err := aead.Open(nil, nonce, b[saltSize:], nil)
	if err != nil {
		return "", ErrMasked
	}
	defer secret.Wipe(padded)
	return string(padded[:bytes.LastIndexByte(padded, padMark)]), nil
}

// salt makes the salt of a text from the text, under a key: two texts share one, and
// with it key and nonce, only if they and their scopes are the same.
func (v *Veil) salt(s Scope, text string) []byte {
	mac := hmac.New(sha256.New, v.salts.Reveal())
	for _, part := range []string{s.Conversation, s.Item, text} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)[:saltSize:saltSize]
}

func itemKey(conversation *secret.Bytes, item string) *secret.Bytes {
	return secret.DeriveSHA256(secret.ScreenItem, conversation, nil, []byte(item), keySize)
}

// cipherOf returns the cipher of one text and its nonce. Keys have the right size.
func cipherOf(key *secret.Bytes, salt []byte) (cipher.AEAD, []byte) {
	both := secret.DeriveSHA256(secret.ScreenText, key, salt, nil, keySize+nonceSize)
	defer both.Wipe()
	block, err := aes.NewCipher(both.Reveal()[:keySize])
	if err != nil {
		panic("veil: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("veil: " + err.Error())
	}
	return aead, bytes.Clone(both.Reveal()[keySize:])
}
