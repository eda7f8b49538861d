package conversation

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// Mail is what waits to go into the inboxes of other devices. It lives in the
// vault's segment "outbox":
//
//	n            counter   the last number given
//	i/NUMBER     Note      what is to be delivered
//	d/NUMBER DEVICE        an empty record for each device that has not got it
//
// Each attempt seals anew for the device, so nothing sealed needs to be kept: a
// Welcome that arrives twice is ignored the second time.

const outboxSegment = "outbox"

// mail puts a note into the mail of the devices that leaves belong to.
func (e *Engine) mail(tx *vault.Tx, n *notes, to []mls.Member, item *note) error {
	if err := ensureSegment(tx, outboxSegment); err != nil {
		return err
	}
	var number counter
	if _, err := load(tx, outboxSegment, "n", &number); err != nil {
		return err
	}
	number++
	if err := save(tx, outboxSegment, "n", &number); err != nil {
		return err
	}
	if err := save(tx, outboxSegment, numbered("i/", uint64(number)), item); err != nil {
		return err
	}
	for _, leaf := range to {
		if _, device, ok := parseCredential(leaf.Credential); ok {
			name := numbered("d/", uint64(number)) + string(device[:])
			if err := tx.Put(outboxSegment, name, []byte{}); err != nil {
				return err
			}
		}
	}
	n.kick(workerKey{kind: mailWorker})
	return nil
}

// mailPass delivers all mail that can be delivered now.
func (e *Engine) mailPass(ctx context.Context, _ *worker, _ uint64) error {
	names, err := e.view(ctx).List(outboxSegment, vault.Range{Prefix: "d/"})
	if err != nil {
		return ignoreMissing(err)
	}
	var undelivered error
	for _, name := range names {
		err := e.deliver(ctx, name)
		if err != nil && (remote(err) || !errors.Is(err, link.ErrNotFound)) {
			return err
		}
		undelivered = errors.Join(undelivered, err)
	}
	return undelivered
}

// deliver brings one note to one device. It fails with [link.ErrNotFound] while
// the device has not made its inbox.
func (e *Engine) deliver(ctx context.Context, name string) error {
	if len(name) != len("d/")+8+32 {
		return e.delivered(ctx, name)
	}
	item, id := "i/"+name[2:10], governance.DeviceID([]byte(name[10:]))
	device, ok := e.Directory.Now().Device(id)
	if !ok || device.Card == nil {
		return e.delivered(ctx, name) // nobody is there to read it
	}
	var n note
	if ok, err := load(e.view(ctx), outboxSegment, item, &n); err != nil || !ok {
		return orMissing(err)
	}
	plain, err := syntax.Marshal(&n)
	if err != nil {
		return err
	}
	parcel, err := device.Card.Inbox.Pack(plain, channelClass)
	if err != nil {
		return e.delivered(ctx, name) // its key is no key
	}
	if err := e.at("mail"); err != nil {
		return err
	}
	if _, err := parcel.Send(ctx, e.relay); err != nil {
		return fmt.Errorf("append to an inbox: %w", err)
	}
	if err := e.at("mail done"); err != nil {
		return err
	}
	return e.delivered(ctx, name)
}

// delivered takes one device off a note, and the note once nobody waits for it.
func (e *Engine) delivered(ctx context.Context, name string) error {
	return e.update(ctx, "mailed", func(tx *vault.Tx, _ *notes) error {
		if err := tx.Delete(outboxSegment, name); err != nil {
			return err
		}
		if len(name) < 10 {
			return nil
		}
		left, err := tx.List(outboxSegment, vault.Range{Prefix: name[:10], Limit: 1})
		if err != nil || len(left) > 0 {
			return err
		}
		return tx.Delete(outboxSegment, "i/"+name[2:10])
	})
}

// A counter is a number that only grows.
type counter uint64

// Code implements [syntax.Value].
func (n *counter) Code(c *syntax.Codec) { c.Uint64((*uint64)(n)) }

func ensureSegment(tx *vault.Tx, name string) error {
	if tx.HasSegment(name) {
		return nil
	}
	return tx.NewSegment(name)
}
