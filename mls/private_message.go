package mls

import (
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// encryptContent makes a PrivateMessage (RFC 9420, section 6.3) under a message
// key, which it leaves to the caller.
func (a *algorithms) encryptContent(m *authenticatedContent, k *messageKey, senderDataSecret *secret.Bytes, cfg *Config) (*privateMessage, error) {
	p := &privateMessage{groupID: m.content.groupID, epoch: m.content.epoch, contentType: m.content.contentType, aad: m.content.aad}
	data := senderData{leaf: m.content.sender.leaf(), generation: k.generation}
	guard, err := cfg.random(len(data.reuseGuard))
	if err != nil {
		return nil, err
	}
	copy(data.reuseGuard[:], guard)
	content := privateContent{authenticatedContent: m}
	plaintext := encode(&content)
	defer secret.Wipe(plaintext)
	if n := len(plaintext); cfg.Padding > 1 && n%cfg.Padding != 0 {
		plaintext = append(plaintext, make([]byte, cfg.Padding-n%cfg.Padding)...)
	}
	nonce := guarded(k.nonce, data.reuseGuard)
	if cfg.Sealing != nil {
		cfg.Sealing(k.key.Reveal(), nonce)
	}
	p.ciphertext = a.seal(k.key.Reveal(), nonce, encode(contentAAD{p}), plaintext)
	dataKey, dataNonce := a.senderDataKey(senderDataSecret, p.ciphertext)
	defer secret.Wipe(dataKey)
	p.encryptedSenderData = a.seal(dataKey, dataNonce, encode(senderDataAAD{p}), encode(&data))
	return p, nil
}

// guarded is the nonce with the reuse guard mixed in.
func guarded(nonce *secret.Bytes, guard [4]byte) []byte {
	out := append([]byte(nil), nonce.Reveal()...)
	for i, g := range guard {
		out[i] ^= g
	}
	return out
}

// openSenderData decrypts who sent a PrivateMessage and with which key.
func (a *algorithms) openSenderData(p *privateMessage, senderDataSecret *secret.Bytes) (*senderData, error) {
	key, nonce := a.senderDataKey(senderDataSecret, p.ciphertext)
	defer secret.Wipe(key)
	plaintext, err := a.open(key, nonce, encode(senderDataAAD{p}), p.encryptedSenderData)
	if err != nil {
		return nil, err
	}
	data := new(senderData)
	return data, syntax.Unmarshal(plaintext, data)
}

// decryptContent opens a PrivateMessage. Its result is authentic as far as the
// group goes; the signature says which member.
func (a *algorithms) decryptContent(p *privateMessage, data *senderData, k *messageKey) (*authenticatedContent, error) {
	plaintext, err := a.open(k.key.Reveal(), guarded(k.nonce, data.reuseGuard), encode(contentAAD{p}), p.ciphertext)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe(plaintext)
	m := &authenticatedContent{wireFormat: WirePrivateMessage}
	m.content = framedContent{
		groupID: p.groupID, epoch: p.epoch, sender: memberSender(data.leaf), aad: p.aad, contentType: p.contentType,
	}
	if err := syntax.Unmarshal(plaintext, &privateContent{authenticatedContent: m}); err != nil {
		return nil, err
	}
	return m, nil
}
