package pairing

import (
	"context"
	"crypto/hpke"
	"fmt"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// An Asker is what the new device keeps from its first word to the last: it is made
// once and stored, so that after a crash it says the same again.
type Asker struct {
	Key    *secret.Bytes // 32 bytes, of the HPKE key
	Device [32]byte      // public key that the device will state
	Nonce  [32]byte
	Name   string // of the device, for the member to know it by
}

// Ask asks to be a device of the member who made the link. It shows the digits
// when they are known, and returns the identity once the member has confirmed them
// on the other device; accept judges what claims to be it. Errors of the relay pass through: the same call goes on.
func Ask(ctx context.Context, s link.Session, meetingSecret *secret.Bytes, a *Asker, show func(code string), accept func(*Bundle) bool) (*Bundle, error) {
	m, err := meet(ctx, s, meetingSecret)
	if err != nil {
		return nil, err
	}
	defer m.channel.Wipe()
	kem, _, _ := suite()
	key, err := kem.NewPrivateKey(a.Key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("make the key of a link: %w", err)
	}
	own := reveal{nonce: a.Nonce, device: a.Device, key: key.PublicKey().Bytes(), name: a.Name}
	hash, err := commitment(&own)
	if err != nil {
		return nil, err
	}
	p := &asking{meeting: m, key: key, own: own, hash: hash, show: show, accept: accept}
	if err := m.read(ctx, func(msg *message) error { return p.heard(ctx, msg) }, func() error { return p.say(ctx) }); err != nil {
		return nil, err
	}
	return p.bundle, nil
}

// asking is where the new device is in the conversation.
type asking struct {
	*meeting
	key    hpke.PrivateKey
	own    reveal
	hash   [32]byte
	show   func(string)
	accept func(*Bundle) bool

	committed, challenged, revealed bool
	transcript                      [32]byte
	bundle                          *Bundle
}

func (p *asking) heard(ctx context.Context, msg *message) error {
	switch msg.kind {
	case kindCommit:
		if msg.fixed != p.hash {
			return p.raced(ctx)
		}
		p.committed = true
	case kindChallenge:
		if !p.committed || p.challenged {
			return nil
		}
		var err error
		if p.transcript, err = transcript(msg.fixed, &p.own); err != nil {
			return err
		}
		p.challenged = true
		p.show(code(p.transcript))
	case kindReveal:
		if msg.reveal.nonce != p.own.nonce {
			return ErrRaced
		}
		p.revealed = true
	case kindBundle:
		return p.open(msg.sealed)
	case kindCancel:
		return ErrCancelled
	}
	return nil
}

// raced ends the pairing where another device was there too, and lets the old
// device see that.
func (p *asking) raced(ctx context.Context) error {
	if !p.committed {
		if err := p.send(ctx, &message{kind: kindCommit, fixed: p.hash}); err != nil {
			return err
		}
	}
	return ErrRaced
}

// say says what is next, when all that there is was read.
func (p *asking) say(ctx context.Context) error {
	switch {
	case !p.committed:
		p.committed = true
		return p.send(ctx, &message{kind: kindCommit, fixed: p.hash})
	case p.challenged && !p.revealed:
		p.revealed = true
		return p.send(ctx, &message{kind: kindReveal, reveal: p.own})
	}
	return nil
}

// open takes the identity, if this is one that was sealed to us.
func (p *asking) open(sealed []byte) error {
	if !p.challenged {
		return nil
	}
	_, kdf, aead := suite()
	var plain []byte
	var err error
	secret.Do(func() { plain, err = hpke.Open(p.key, kdf, aead, bundleInfo(p.transcript), sealed) })
	defer secret.Wipe(plain)
	var b Bundle
	if err != nil || syntax.Unmarshal(plain, &b) != nil || !p.accept(&b) {
		b.Wipe()
		return nil // anyone with the link can write this
	}
	p.bundle = &b
	return errDone
}
