package conversation

import (
	"context"
	"errors"
	"slices"

	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
)

// Sweeping. What every device of a conversation has made durable is deleted from
// the relay: that is the normal fate of a message. Each envelope says how far its
// sender has read the channel; what all have read is truncated. A finished channel
// goes whole once everyone has spoken in a later epoch.

// smallGroup is up to how many leaves everyone sweeps. In larger groups the first
// leaf does it, so that not all ask the relay for the same; the others step in when
// it does not.
const (
	smallGroup   = 8
	sweepBacklog = 256 // cells
)

// spoke notes a message of another leaf: how far it has read the current channel,
// and which of its messages this is. It reports whether one before it is missing:
// a leaf numbers its messages without gaps, so somebody hid one from us.
func (l *line) spoke(leaf uint32, position uint64, generation uint32) (gap bool) {
	i := slices.IndexFunc(l.Acks, func(a ack) bool { return a.Leaf == leaf })
	if i < 0 {
		i = len(l.Acks)
		l.Acks = append(l.Acks, ack{Leaf: leaf, Epoch: l.Epoch})
	}
	a := &l.Acks[i]
	if a.Epoch != l.Epoch {
		*a = ack{Leaf: leaf, Epoch: l.Epoch}
	}
	gap = generation > a.Generation
	a.Position = max(a.Position, position)
	a.Generation = max(a.Generation, generation+1)
	return gap
}

// forget drops what leaves said that are not in the group any more.
func (l *line) forget(g *mls.Group) {
	l.Acks = slices.DeleteFunc(l.Acks, func(a ack) bool {
		_, in := g.Member(mls.LeafIndex(a.Leaf))
		return !in
	})
}

// past keeps a finished channel until it can be deleted.
func (l *line) past(c *delivery.Channel, end uint64) {
	l.Past = append(l.Past, pastChannel{Epoch: l.Epoch, ID: c.ID(), Control: c.Control(), End: end})
	if len(l.Past) > maxPast {
		l.Past = slices.Delete(l.Past, 0, len(l.Past)-maxPast)
	}
}

// common returns up to where every leaf has read the current channel, and the
// epoch in which every leaf has spoken.
func (t *thread) common() (position, epoch uint64) {
	position, epoch = t.line.Position, t.line.Epoch
	for _, m := range t.group.Members() {
		if m.Leaf == t.group.Own() {
			continue
		}
		i := slices.IndexFunc(t.line.Acks, func(a ack) bool { return a.Leaf == uint32(m.Leaf) })
		if i < 0 {
			return 0, 0
		}
		a := t.line.Acks[i]
		epoch = min(epoch, a.Epoch)
		if a.Epoch < t.line.Epoch {
			position = 0
		}
		position = min(position, a.Position)
	}
	return position, epoch
}

// sweep truncates what everyone has. Failing to do so harms nothing.
func (w *threadWork) sweep(ctx context.Context) (bool, error) {
	t := w.t
	if t.alone() || !t.line.Created {
		return false, nil
	}
	position, epoch := t.common()
	old := slices.IndexFunc(t.line.Past, func(p pastChannel) bool { return p.Epoch < epoch })
	if !t.sweeps(position) && old < 0 {
		return false, nil
	}
	if old >= 0 {
		p := t.line.Past[old]
		if err := w.engine.relay.Truncate(ctx, p.ID, p.Control, p.End); err != nil && !errors.Is(err, link.ErrNotFound) {
			return false, err
		}
		t.line.Past = slices.Delete(t.line.Past, old, old+1)
	} else {
		if err := w.engine.relay.Truncate(ctx, t.channel.ID(), t.channel.Control(), position); err != nil {
			return false, err
		}
		t.line.Truncated = position
	}
	return true, w.update(ctx, "swept", func(tx *vault.Tx, _ *notes, _ *meta) error { return t.saveLine(tx) })
}

// sweeps reports whether it is for us to truncate up to position.
func (t *thread) sweeps(position uint64) bool {
	if position <= t.line.Truncated {
		return false
	}
	members := t.group.Members()
	return len(members) <= smallGroup || members[0].Leaf == t.group.Own() || position-t.line.Truncated >= sweepBacklog
}
