package conversation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"bulle/device/client/contact"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Changes of a group. What a member wants is written down first (record.go,
// change), then a commit is made from it, again in each epoch until one with its
// effect was read from the channel. Somebody else's commit may have it already:
// then there is nothing left to do.

// maxLeaves bounds the devices of one group.
const maxLeaves = 256

// errNoKeys says that no device of a new member can be reached now: its pool is
// empty, or it has not made one yet. The change waits.
var errNoKeys = errors.New("a new member has no key package yet")

// renew commits a fresh leaf and nothing else but proposals that wait.
func (w *threadWork) renew(ctx context.Context) error {
	return w.build(ctx, mls.CommitOptions{})
}

// change makes a commit of the first change that waits, or of proposals.
func (w *threadWork) change(ctx context.Context) (bool, error) {
	seg := segment(w.conversation)
	v := w.engine.view(ctx)
	names, err := v.List(seg, vault.Range{Prefix: changePrefix, Limit: 1})
	if err != nil {
		return false, err
	}
	if more, err := w.commitProposals(ctx); more || err != nil || len(names) == 0 {
		return more, err
	}
	var x change
	if ok, err := load(v, seg, names[0], &x); err != nil || !ok {
		return false, orMissing(err)
	}
	more, err := w.carryOut(ctx, names[0], &x)
	if errors.Is(err, errUnlawful) {
		return true, w.drop(ctx, names[0])
	}
	return more, err
}

func (w *threadWork) carryOut(ctx context.Context, name string, x *change) (bool, error) {
	switch x.Kind {
	case intendAdd:
		return w.add(ctx, name, x)
	case intendRemove:
		return w.remove(ctx, name, x)
	case intendRename:
		return w.describeAnew(ctx, name, func(d *description) { d.Name = x.Name })
	case intendTimer:
		if !w.speaks(ctx) {
			return false, nil // the thread that is spoken in does it
		}
		return w.describeAnew(ctx, name, func(d *description) { d.Timer = x.Seconds })
	case intendRole:
		return w.setRole(ctx, name, x)
	case intendLeave:
		return w.leave(ctx, name, x)
	default:
		return true, w.done(ctx, name)
	}
}

// mayChange fails with errUnlawful unless this member may change the group now. It
// is asked once something is left to do: somebody else may have done it already.
func (w *threadWork) mayChange() error {
	d, err := describe(w.t.group.Extensions())
	if err == nil && !d.manages(w.t.roster(), w.engine.Self.Member) {
		err = errUnlawful
	}
	return err
}

// drop gives up a change that this member may not make any more, and says so.
func (w *threadWork) drop(ctx context.Context, name string) error {
	return w.update(ctx, "refused", func(tx *vault.Tx, n *notes, _ *meta) error {
		n.tell(Event{Kind: EventWarning, Conversation: w.conversation, Warning: WarningNotAdmin})
		n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
		return tx.Delete(segment(w.conversation), name)
	})
}

// done drops a change that has had its effect.
func (w *threadWork) done(ctx context.Context, name string) error {
	return w.update(ctx, "changed", func(tx *vault.Tx, n *notes, _ *meta) error {
		n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
		return tx.Delete(segment(w.conversation), name)
	})
}

// commitProposals commits what other members proposed: to leave. Other proposals
// it leaves out, and nothing can be said before the next epoch forgets them.
func (w *threadWork) commitProposals(ctx context.Context) (bool, error) {
	if w.t.alone() || len(w.t.group.StoredProposals()) == 0 || w.t.leaving() || w.wantsOut(ctx) {
		return false, nil
	}
	return true, w.renew(ctx)
}

// leaving reports whether we have proposed to leave in this epoch: then we neither
// commit that nor say anything more.
func (t *thread) leaving() bool { return slices.Contains(t.line.Leaving, uint32(t.group.Own())) }

// add commits the devices of members who are not in the group.
func (w *threadWork) add(ctx context.Context, name string, x *change) (bool, error) {
	roster := w.t.roster()
	missing := slices.DeleteFunc(slices.Clone(x.Members), func(id governance.MemberID) bool {
		return slices.Contains(roster, id)
	})
	if len(missing) == 0 {
		return true, w.done(ctx, name)
	}
	if len(without(missing, w.engine.Self.Member)) > 0 {
		if err := w.mayChange(); err != nil {
			return false, err // before it costs anybody a key package
		}
	}
	packages, err := w.packages(ctx, name, x, missing)
	if err != nil {
		return false, err
	}
	siblings, err := w.siblingPackages(ctx, w.missing())
	if err != nil {
		return false, err
	}
	packages = append(packages, siblings...)
	if len(w.t.group.Members())+len(packages) > maxLeaves {
		return true, w.done(ctx, name) // refused when it was asked for; others were faster
	}
	extensions, err := w.plain(missing)
	if err != nil {
		return false, err
	}
	return true, w.build(ctx, mls.CommitOptions{Add: packages, Extensions: extensions})
}

// packages returns key packages for all devices of the members, each taken from
// its pool once: those that a lost commit did not use are used again.
func (w *threadWork) packages(ctx context.Context, name string, x *change, members []governance.MemberID) ([]*mls.KeyPackage, error) {
	var out []*mls.KeyPackage
	directory := w.engine.Directory.Now()
	for _, id := range members {
		member, _ := directory.Member(id)
		found := 0
		for _, deviceID := range member.Devices {
			device, ok := directory.Device(deviceID)
			if !ok || device.Card == nil {
				continue
			}
			kp, err := w.packageOf(ctx, name, x, device)
			if errors.Is(err, link.ErrNotFound) || errors.Is(err, errNoKeys) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, kp)
			found++
		}
		if found == 0 {
			return nil, errNoKeys
		}
	}
	return out, nil
}

// packageOf returns a key package of one device. A taken one is durable before it
// is used.
func (w *threadWork) packageOf(ctx context.Context, name string, x *change, d contact.Device) (*mls.KeyPackage, error) {
	for _, raw := range x.Packages {
		if kp, err := mls.ParseKeyPackage(raw); err == nil && belongs(kp, d) {
			return kp, nil
		}
	}
	e := w.engine
	item, err := e.relay.Take(ctx, d.Card.Pool.ID, d.Card.Pool.Take)
	if err != nil {
		return nil, fmt.Errorf("take a key package: %w", err)
	}
	raw, err := governance.OpenItem(e.Self.Key, governance.ItemKeyPackage, d.ID[:], item)
	if err != nil {
		return nil, errNoKeys // not put there by its owner
	}
	kp, err := mls.ParseKeyPackage(raw)
	if err != nil || !belongs(kp, d) || kp.Verify(e.mls(w.t.creds)) != nil {
		return nil, errNoKeys
	}
	x.Packages = append(x.Packages, raw)
	return kp, w.update(ctx, "taken", func(tx *vault.Tx, _ *notes, _ *meta) error {
		return save(tx, segment(w.conversation), name, x)
	})
}

// belongs reports whether a key package is one of a device.
func belongs(kp *mls.KeyPackage, d contact.Device) bool {
	want := credential(d.Member, d.ID)
	return kp.Leaf.Credential.Equal(&want) && bytes.Equal(kp.Leaf.SignatureKey, d.Key[:])
}

// remove commits the removal of every leaf of some members.
func (w *threadWork) remove(ctx context.Context, name string, x *change) (bool, error) {
	var out []mls.LeafIndex
	for _, leaf := range w.t.group.Members() {
		id, _, ok := parseCredential(leaf.Credential)
		if ok && slices.Contains(x.Members, id) && id != w.engine.Self.Member {
			out = append(out, leaf.Leaf)
		}
	}
	if len(out) == 0 {
		return true, w.done(ctx, name)
	}
	if err := w.mayChange(); err != nil {
		return false, err
	}
	extensions, err := w.plain(without(x.Members, w.engine.Self.Member))
	if err != nil {
		return false, err
	}
	return true, w.build(ctx, mls.CommitOptions{Remove: out, Extensions: extensions})
}

// describeAnew commits another description.
func (w *threadWork) describeAnew(ctx context.Context, name string, edit func(*description)) (bool, error) {
	extensions, err := w.description(edit)
	switch {
	case err != nil:
		return false, err
	case extensions == nil:
		return true, w.done(ctx, name) // it says that already
	}
	if err := w.mayChange(); err != nil {
		return false, err
	}
	return true, w.build(ctx, mls.CommitOptions{Extensions: extensions})
}

// description returns the extensions of the group with an edited description, nil
// if the edit changes nothing.
func (w *threadWork) description(edit func(*description)) (*[]mls.Extension, error) {
	d, err := describe(w.t.group.Extensions())
	if err != nil {
		return nil, err
	}
	before := *d
	before.Admins = slices.Clone(d.Admins)
	edit(d)
	if d.Name == before.Name && d.Timer == before.Timer && slices.Equal(d.Admins, before.Admins) {
		return nil, nil //nolint:nilnil // nothing to commit, no failure
	}
	extensions, err := d.extensions()
	return &extensions, err
}

// setRole commits who is an administrator. Only who is in the group becomes one.
func (w *threadWork) setRole(ctx context.Context, name string, x *change) (bool, error) {
	roster := w.t.roster()
	return w.describeAnew(ctx, name, func(d *description) {
		for _, id := range x.Members {
			if !x.Admin || slices.Contains(roster, id) {
				d.setAdmin(id, x.Admin)
			}
		}
	})
}

// plain returns the description without a role for some members: who comes or goes
// brings and takes none.
func (w *threadWork) plain(members []governance.MemberID) (*[]mls.Extension, error) {
	return w.description(func(d *description) {
		for _, id := range members {
			d.setAdmin(id, false)
		}
	})
}

// leave proposes to remove all of this member's devices, once in each epoch until
// somebody commits it; a member who is alone just goes.
func (w *threadWork) leave(ctx context.Context, name string, x *change) (bool, error) {
	t := w.t
	if t.alone() {
		err := w.update(ctx, "left", func(tx *vault.Tx, n *notes, m *meta) error {
			return w.leaveBehind(tx, n, m, removed)
		})
		if err != nil {
			return false, err
		}
		return false, errGone
	}
	leaf, ok := t.nextToLeave()
	if !ok || w.speaking(ctx) {
		return false, nil
	}
	proposal, err := t.group.Propose(mls.ProposeRemove(leaf), nil)
	if err != nil {
		return false, fmt.Errorf("propose to leave: %w", err)
	}
	x.Proposed = t.line.Epoch + 1
	t.line.Leaving = append(t.line.Leaving, uint32(leaf))
	changed, err := syntax.Marshal(x)
	if err != nil {
		return false, err
	}
	defer secret.Wipe(changed)
	return true, w.seal(ctx, &outgoing{Proposal: true}, nil, proposal, func(tx *vault.Tx) error {
		return tx.Put(segment(w.conversation), name, changed)
	})
}

// unpropose takes back that we proposed to leave when the proposal did not get into
// a channel that has ended: it is made again in the next one.
func (w *threadWork) unpropose() {
	if leaf, ok := w.t.unsent(); ok {
		w.t.line.Leaving = slices.DeleteFunc(w.t.line.Leaving, func(l uint32) bool { return l == uint32(leaf) })
	}
}

// speaking reports whether messages wait that were written before leaving.
func (w *threadWork) speaking(ctx context.Context) bool {
	names, err := w.engine.view(ctx).List(segment(w.conversation), vault.Range{Prefix: queuePrefix, Limit: 1})
	return err == nil && len(names) > 0
}
