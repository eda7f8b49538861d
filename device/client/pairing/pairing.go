// Package pairing brings the identity of a member from one of its devices to
// another one, over a channel on the relay that both know from a link.
//
//	new device                       channel                     old device
//	Ask    ── commit: hash of what it will reveal ──────────────>
//	       <───────────────── challenge: a random number ──────── Host.Await
//	       ── reveal: its keys and name ────────────────────────>
//	 both show six digits, the hash of all three; the member compares and confirms
//	       <──────────────── bundle: the identity, sealed ─────── Host.Send
//
// Whoever has the link can write in the channel, and the relay can leave out and
// repeat. Neither can put keys of its own between the two: it would have to commit to
// them before it sees the challenge, and to answer for the old device before it
// sees what the new one reveals, so that the digits differ but once in a million. The
// first commitment in the channel counts, and a second one ends the pairing on both
// sides, with [ErrRaced].
//
// Both sides work from what the channel holds: after a failure of the relay, or a
// crash of the new device, the same call goes on.
package pairing

import (
	"context"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// What a caller can decide on.
var (
	ErrRaced     = errors.New("another device used this link too: make a new one")
	ErrCancelled = errors.New("the other device cancelled")
)

// Class is how long the relay keeps the channel.
const Class = link.Hour

// A meeting is the channel, as one side reads it.
type meeting struct {
	session link.Session
	channel *delivery.Channel
}

func meet(ctx context.Context, s link.Session, meetingSecret *secret.Bytes) (*meeting, error) {
	c, err := delivery.NewChannel(meetingSecret, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Create(ctx, c.Link(Class)); err != nil {
		return nil, fmt.Errorf("create the channel of a link: %w", err)
	}
	return &meeting{s, c}, nil
}

func (m *meeting) send(ctx context.Context, msg *message) error {
	b, err := syntax.Marshal(msg)
	if err != nil {
		return err
	}
	parcel, err := m.channel.Pack(b, Class)
	if err != nil {
		return err
	}
	if _, err := parcel.Send(ctx, m.session); err != nil {
		return fmt.Errorf("append to the channel of a link: %w", err)
	}
	return nil
}

// errDone ends a read.
var errDone = errors.New("done")

// read gives the messages of the channel to each, from the first, and calls end
// whenever all that there was has been read. It goes on until either fails, and
// returns nil for errDone.
func (m *meeting) read(ctx context.Context, each func(*message) error, end func() error) error {
	sub, err := m.session.Subscribe(ctx, m.channel.ID(), m.channel.Read(), 0)
	if err != nil {
		return fmt.Errorf("subscribe to the channel of a link: %w", err)
	}
	defer func() { _ = sub.Close() }() // it holds nothing that must arrive
	cells, at := m.channel.Assembler(), uint64(0)
	for {
		if at >= sub.Known() {
			if err := end(); err != nil {
				return ignoreDone(err)
			}
		}
		batch, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		for i, cell := range batch.Cells {
			at = batch.First + uint64(i) + 1
			item, err := cells.Add(at-1, cell)
			if err != nil || item == nil {
				continue
			}
			if err := m.item(ctx, item, each); err != nil {
				return ignoreDone(err)
			}
		}
	}
}

func (m *meeting) item(ctx context.Context, item *delivery.Item, each func(*message) error) error {
	b, err := item.Data(ctx, m.session)
	switch {
	case errors.Is(err, delivery.ErrDamaged), errors.Is(err, attachment.ErrGone):
		return nil
	case err != nil:
		return err
	}
	var msg message
	if syntax.Unmarshal(b, &msg) != nil {
		return nil //nolint:nilerr // of nobody who keeps to this
	}
	return each(&msg)
}

func ignoreDone(err error) error {
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// commitment is what the new device sends before it knows the challenge.
func commitment(r *reveal) ([32]byte, error) {
	b, err := syntax.Marshal(r)
	if err != nil {
		return [32]byte{}, err
	}
	return labelled("bulle 1 link commitment", b), nil
}

// transcript is the hash of all that both have said: they agree on it, or the digits
// differ.
func transcript(challenge [32]byte, r *reveal) ([32]byte, error) {
	b, err := syntax.Marshal(r)
	if err != nil {
		return [32]byte{}, err
	}
	return labelled("bulle 1 link transcript", challenge[:], b), nil
}

// code is what a person compares: six digits, in two groups.
func code(transcript [32]byte) string {
	n := binary.BigEndian.Uint64(transcript[:8]) % 1_000_000
	return fmt.Sprintf("%03d %03d", n/1000, n%1000)
}

func labelled(label string, parts ...[]byte) [32]byte {
	h := sha256.New()
	h.Write([]byte{byte(len(label))}) //nolint:gosec // G115: labels are short and ours
	h.Write([]byte(label))
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA384(), hpke.AES256GCM()
}

// bundleInfo binds a bundle to the conversation that the member confirmed.
func bundleInfo(transcript [32]byte) []byte {
	return append([]byte("bulle 1 link bundle"), transcript[:]...)
}
