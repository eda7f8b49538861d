package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"bulle/device/client/contact"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// Siblings are the devices of one member. The governance log says which they are;
// each of them keeps the groups that it is in at what the log says:
//
//   - a sibling that is missing is added, by a sibling alone. Two may do it at once;
//     one of the commits wins, and the other finds nothing left to do.
//   - a leaf whose device was removed goes: its siblings commit that at once, everyone
//     else before the next thing that it says.
//
// Whether a commit counts never depends on how far a device has read the log: a
// removed device is still known, and a commit that adds one late is followed by one
// that removes it. So all members follow the same commits.

// siblings makes the commit that brings the group to what the log says of our own
// devices and of removed ones.
func (w *threadWork) siblings(ctx context.Context) (bool, error) {
	if w.t.leaving() || w.t.pending != nil || w.wantsOut(ctx) {
		return false, nil
	}
	if gone := w.gone(ctx); len(gone) > 0 {
		return true, w.build(ctx, mls.CommitOptions{Remove: gone})
	}
	missing := w.missing()
	if len(missing) == 0 || !w.gathers(ctx) {
		w.lacking = time.Time{}
		return false, w.gathered(ctx)
	}
	packages, err := w.siblingPackages(ctx, missing)
	if err != nil {
		return false, err
	}
	if len(packages) < len(missing) { // not reachable yet: look again later
		if w.lacking.IsZero() {
			w.lacking = time.Now()
		}
	} else {
		w.lacking = time.Time{}
	}
	if len(packages) == 0 || len(w.t.group.Members())+len(packages) > maxLeaves {
		return false, nil
	}
	return true, w.build(ctx, mls.CommitOptions{Add: packages})
}

// wantsOut reports whether this member has asked to leave: then nothing is added or
// committed any more.
func (w *threadWork) wantsOut(ctx context.Context) bool {
	m, ok, err := loadMeta(w.engine.view(ctx), w.conversation)
	return err == nil && ok && m.Leaving
}

// gone returns the leaves of removed devices that are for us to remove.
func (w *threadWork) gone(ctx context.Context) (out []mls.LeafIndex) {
	directory := w.engine.Directory.Now()
	for _, leaf := range w.t.group.Members() {
		member, device, ok := parseCredential(leaf.Credential)
		if !ok || leaf.Leaf == w.t.group.Own() || !directory.Removed(device) {
			continue
		}
		if member == w.engine.Self.Member || w.speaking(ctx) {
			out = append(out, leaf.Leaf)
		}
	}
	return out
}

// missing returns our devices that are not in the group and can be reached.
func (w *threadWork) missing() (out []contact.Device) {
	directory := w.engine.Directory.Now()
	self, _ := directory.Member(w.engine.Self.Member)
	for _, id := range self.Devices {
		device, ok := directory.Device(id)
		if ok && device.Card != nil && id != w.engine.Self.Device && !w.t.holds(id) {
			out = append(out, device)
		}
	}
	return out
}

// holds reports whether a device has a leaf in the group.
func (t *thread) holds(id governance.DeviceID) bool {
	return slices.ContainsFunc(t.group.Members(), func(m mls.Member) bool {
		_, device, ok := parseCredential(m.Credential)
		return ok && device == id
	})
}

// gathers reports whether siblings are added by themselves. While nobody else is in
// the group they come with the first ones who are added: what is said before would
// never be read by those.
func (w *threadWork) gathers(ctx context.Context) bool {
	if others := without(w.t.roster(), w.engine.Self.Member); len(others) > 0 {
		return true
	}
	v := w.engine.view(ctx)
	m, ok, err := loadMeta(v, w.conversation)
	if err != nil || !ok || m.Kind == Direct && m.Peer != w.engine.Self.Member {
		return false
	}
	names, err := v.List(segment(w.conversation), vault.Range{Prefix: changePrefix, Limit: 1})
	return err == nil && len(names) == 0
}

// siblingPackages returns key packages for some of our devices: those that have one.
func (w *threadWork) siblingPackages(ctx context.Context, missing []contact.Device) (out []*mls.KeyPackage, err error) {
	var taken change
	name := w.t.name(siblingsPart)
	if _, err := load(w.engine.view(ctx), segment(w.conversation), name, &taken); err != nil {
		return nil, err
	}
	taken.Kind = intendAdd
	for _, device := range missing {
		kp, err := w.packageOf(ctx, name, &taken, device)
		if errors.Is(err, link.ErrNotFound) || errors.Is(err, errNoKeys) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, kp)
	}
	return out, nil
}

// siblingsPart is the record of a thread with the key packages that were taken for
// siblings and not used yet.
const siblingsPart = "siblings"

// gathered drops what was taken for siblings, once all are in.
func (w *threadWork) gathered(ctx context.Context) error {
	name := w.t.name(siblingsPart)
	if names, err := w.engine.view(ctx).List(segment(w.conversation), vault.Range{Prefix: name, Limit: 1}); err != nil || len(names) == 0 {
		return ignoreMissing(err)
	}
	return w.update(ctx, "gathered", func(tx *vault.Tx, _ *notes, _ *meta) error {
		return tx.Delete(segment(w.conversation), name)
	})
}

// maxLacking is how long a device waits at most before it looks again for the keys
// of a sibling that has not made any.
const maxLacking = 5 * time.Minute

// lacks returns how long to wait before looking again, 0 if nothing lacks.
func (w *threadWork) lacks() time.Duration {
	if w.lacking.IsZero() {
		return 0
	}
	return min(max(w.engine.Retry, time.Since(w.lacking)/4), maxLacking)
}

// recordDevices writes into the history that members who are in the conversation
// have other devices there than before.
func (w *threadWork) recordDevices(tx *vault.Tx, n *notes, m *meta, c mls.Changes) error {
	left := w.remaining(c)
	for _, x := range []struct {
		kind    ChangeKind
		members []governance.MemberID
	}{
		{ChangeDeviceGone, kept(membersOf(c.Removed), left)},
		{ChangeDevice, kept(membersOf(c.Added), m.Members)},
	} {
		for _, id := range x.members {
			if m.Kind == Direct && m.Peer == w.engine.Self.Member {
				continue // nobody reads the history of that one
			}
			if err := w.record(tx, n, m, id, &changeRecord{Kind: x.kind, Members: []governance.MemberID{id}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// remaining returns the members who have a leaf left after some changes, whether the
// group has them already or not.
func (w *threadWork) remaining(c mls.Changes) (out []governance.MemberID) {
	for _, leaf := range w.t.group.Members() {
		removed := slices.ContainsFunc(c.Removed, func(m mls.Member) bool {
			return m.Leaf == leaf.Leaf && m.Credential.Equal(&leaf.Credential)
		})
		if id, _, ok := parseCredential(leaf.Credential); ok && !removed && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// kept returns those of ids that are in also, and except those that are not in not.
func kept(ids, also []governance.MemberID) []governance.MemberID {
	return slices.DeleteFunc(ids, func(id governance.MemberID) bool { return !slices.Contains(also, id) })
}

func except(ids, not []governance.MemberID) []governance.MemberID {
	return slices.DeleteFunc(ids, func(id governance.MemberID) bool { return slices.Contains(not, id) })
}

// lineID names a line of the history that a commit made: the same on every device, so
// that it appears once where a history came along from a sibling.
func (w *threadWork) lineID(x *changeRecord) (MessageID, error) {
	if x.Kind == ChangeLost {
		return w.engine.newMessageID(), nil // it is this device that lost something
	}
	b, err := syntax.Marshal(x)
	if err != nil {
		return MessageID{}, fmt.Errorf("name a line of the history: %w", err)
	}
	h := sha256.New()
	h.Write([]byte("bulle 1 change"))
	h.Write(w.id[:])
	h.Write(binary.BigEndian.AppendUint64(nil, w.t.group.Epoch()))
	h.Write(b)
	return MessageID(h.Sum(nil)[:16]), nil
}

// sameMember reports whether two leaves are devices of one member: each may ask that
// the other goes too.
func (t *thread) sameMember(a, b mls.LeafIndex) bool {
	one, inOne := t.group.Member(a)
	two, inTwo := t.group.Member(b)
	x, _, okOne := parseCredential(one.Credential)
	y, _, okTwo := parseCredential(two.Credential)
	return inOne && inTwo && okOne && okTwo && x == y
}

// nextToLeave returns the next leaf of this member that has not asked to be removed
// in this epoch: the siblings' first, for our own ends what we can say.
func (t *thread) nextToLeave() (mls.LeafIndex, bool) {
	own := t.group.Own()
	for _, m := range t.group.Members() {
		if m.Leaf != own && t.sameMember(m.Leaf, own) && !slices.Contains(t.line.Leaving, uint32(m.Leaf)) {
			return m.Leaf, true
		}
	}
	return own, !t.leaving()
}
