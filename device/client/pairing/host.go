package pairing

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"fmt"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A Host is the old device's side of one link. Its methods must not be called
// concurrently.
type Host struct {
	secret *secret.Bytes
	nonce  [32]byte
}

// NewHost returns the host of a link, by the secret of its channel, which stays its
// owner's.
func NewHost(meetingSecret *secret.Bytes) *Host {
	h := &Host{secret: meetingSecret}
	rand.Read(h.nonce[:]) // never fails (crypto/rand)
	return h
}

// A Candidate is a device that asks.
type Candidate struct {
	Name string   // what it calls itself; nothing proves it
	Code string   // six digits that both devices show
	Key  [32]byte // public key that it will state as a device's

	key        []byte
	transcript [32]byte
}

// Await waits until a device has asked. Errors of the relay pass through: the same
// call goes on.
func (h *Host) Await(ctx context.Context, s link.Session) (*Candidate, error) {
	return h.follow(ctx, s, false)
}

// follow reads the channel until a device has revealed itself, and with all set to its
// end: another one may have asked meanwhile.
func (h *Host) follow(ctx context.Context, s link.Session, all bool) (*Candidate, error) {
	m, err := meet(ctx, s, h.secret)
	if err != nil {
		return nil, err
	}
	defer m.channel.Wipe()
	p := &hosting{nonce: h.nonce}
	err = m.read(ctx, p.heard, func() error {
		switch {
		case p.candidate != nil:
			return errDone
		case all:
			return ErrCancelled // it was there before
		case p.asked && !p.answered:
			p.answered = true
			return m.send(ctx, &message{kind: kindChallenge, fixed: h.nonce})
		}
		return nil
	})
	return p.candidate, err
}

// hosting is where the old device is in the conversation.
type hosting struct {
	nonce           [32]byte
	asked, answered bool
	hash            [32]byte
	candidate       *Candidate
}

func (p *hosting) heard(msg *message) error {
	switch msg.kind {
	case kindCommit:
		if p.asked && msg.fixed != p.hash {
			return ErrRaced
		}
		p.asked, p.hash = true, msg.fixed
	case kindChallenge:
		if msg.fixed == p.nonce {
			p.answered = true
		}
	case kindReveal:
		return p.reveal(&msg.reveal)
	case kindCancel:
		return ErrCancelled
	case kindBundle: // our own
	}
	return nil
}

func (p *hosting) reveal(r *reveal) error {
	hash, err := commitment(r)
	switch {
	case err != nil:
		return err
	case !p.asked || !p.answered || hash != p.hash:
		return ErrRaced // it is not what was promised before the challenge
	}
	t, err := transcript(p.nonce, r)
	if err != nil {
		return err
	}
	p.candidate = &Candidate{Name: r.name, Code: code(t), Key: r.device, key: r.key, transcript: t}
	return nil
}

// Send gives a device that the member confirmed the identity. It fails with
// [ErrRaced] if another one asked in the meantime.
func (h *Host) Send(ctx context.Context, s link.Session, c *Candidate, b *Bundle) error {
	now, err := h.follow(ctx, s, true)
	if err != nil {
		return err
	}
	if now.transcript != c.transcript {
		return ErrRaced
	}
	plain, err := syntax.Marshal(b)
	if err != nil {
		return err
	}
	defer secret.Wipe(plain)
	kem, kdf, aead := suite()
	public, err := kem.NewPublicKey(c.key)
	if err != nil {
		return fmt.Errorf("seal the identity: %w", err)
	}
	var sealed []byte
	secret.Do(func() { sealed, err = hpke.Seal(public, kdf, aead, bundleInfo(c.transcript), plain) })
	if err != nil {
		return fmt.Errorf("seal the identity: %w", err)
	}
	return h.say(ctx, s, &message{kind: kindBundle, sealed: sealed})
}

// Cancel tells the other device that nothing will come of it.
func (h *Host) Cancel(ctx context.Context, s link.Session) error {
	return h.say(ctx, s, &message{kind: kindCancel})
}

func (h *Host) say(ctx context.Context, s link.Session, msg *message) error {
	m, err := meet(ctx, s, h.secret)
	if err != nil {
		return err
	}
	defer m.channel.Wipe()
	return m.send(ctx, msg)
}
