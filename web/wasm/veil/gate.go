package veil

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"bulle/protocol/secret"
)

const (
	challengeSize = 32
	challengeLife = 5 * time.Second
)

// gate lets through who answers a challenge: HMAC-SHA256, under a key that the page
// gave once and keeps where only a trusted gesture reaches it, of the challenge
// and the purpose. A challenge is good for one try.
type gate struct {
	key       *secret.Bytes
	challenge []byte // nil when none is open
	issued    time.Time
}

// Arm takes the key that answers are made with. The first call wins: every other
// one is refused.
func (v *Veil) Arm(key []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gate.key != nil || len(key) != keySize {
		return ErrMasked
	}
	v.gate.key = secret.Copy(key)
	return nil
}

// Challenge opens a new challenge, and closes the one before. It waits a few
// seconds for one answer.
func (v *Veil) Challenge() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	challenge := secret.Random(challengeSize).Reveal() // public, but as hard to guess as a secret
	v.gate.challenge, v.gate.issued = challenge, time.Now()
	return challenge
}

// Allow reports whether answer answers the open challenge for this purpose, and
// closes the challenge.
func (v *Veil) Allow(purpose string, answer []byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.gate.passes(purpose, answer)
}

func (g *gate) passes(purpose string, answer []byte) bool {
	challenge := g.challenge
	g.challenge = nil
	if challenge == nil || g.key == nil || time.Since(g.issued) > challengeLife {
		return false
	}
	mac := hmac.New(sha256.New, g.key.Reveal())
	mac.Write(challenge)
	mac.Write([]byte(purpose))
	return hmac.Equal(mac.Sum(nil), answer)
}
