package conversation

import (
	"context"
	"errors"
	"math"
	"slices"

	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
)

// welcomed joins the group of a Welcome. What is not a Welcome for us, from a
// member that the governance log knows, to a group that keeps our rules, counts
// for nothing: anyone of the category can write to our inbox.
//
// A Welcome back into a group whose commit that removed us was not read yet waits
// until it was: kept is the name under which it does, "" if it is new.
func (e *Engine) welcomed(ctx context.Context, s *inboxState, n *note, kept string) error {
	g, spent, err := e.join(ctx, n)
	if err != nil {
		return err
	}
	if g != nil {
		defer g.Wipe()
	}
	t, d, peer, ok := e.invited(g, spent)
	if !ok {
		return e.unkeep(ctx, kept)
	}
	return e.update(ctx, "joined", func(tx *vault.Tx, notes *notes) error {
		if err := saveInbox(tx, s); err != nil {
			return err
		}
		early, err := e.adopt(tx, notes, t, d, peer)
		switch {
		case err != nil:
			return err
		case early:
			return keepWelcome(tx, n, kept)
		}
		if kept != "" {
			if err := tx.Delete(inboxSegment, kept); err != nil {
				return err
			}
		}
		return e.spend(tx, notes, spent)
	})
}

// invited makes a thread of a joined group, unless it breaks our rules.
func (e *Engine) invited(g *mls.Group, spent string) (t *thread, d *description, peer governance.MemberID, ok bool) {
	if g == nil || len(g.ID()) != len(ID{}) {
		return nil, nil, peer, false
	}
	d, err := describe(g.Extensions())
	if err != nil {
		return nil, nil, peer, false
	}
	t = &thread{group: g}
	copy(t.id[:], g.ID())
	t.line = line{Epoch: g.Epoch(), Status: inside, Generation: d.Generation, LastCommit: millis(e.Clock())}
	if spent[:2] == "l/" {
		t.line.LastCommit = 0 // others may hold the same package: renew with the first message
	}
	peer, ok = e.peer(t, d)
	return t, d, peer, ok
}

// Welcomes that came too early wait in the inbox's segment.
const (
	earlyPrefix = "w/"
	maxEarly    = 64
)

// keepWelcome keeps a Welcome that came too early, the newest few of them.
func keepWelcome(tx *vault.Tx, n *note, kept string) error {
	if kept != "" {
		return nil // it waits already
	}
	names, err := tx.List(inboxSegment, vault.Range{Prefix: earlyPrefix})
	if err != nil {
		return err
	}
	var number counter
	if _, err := load(tx, inboxSegment, "n", &number); err != nil {
		return err
	}
	number++
	if err := save(tx, inboxSegment, "n", &number); err != nil {
		return err
	}
	for ; len(names) >= maxEarly; names = names[1:] {
		if err := tx.Delete(inboxSegment, names[0]); err != nil {
			return err
		}
	}
	return save(tx, inboxSegment, numbered(earlyPrefix, uint64(number)), n)
}

// unkeep drops a Welcome that waited and is none any more.
func (e *Engine) unkeep(ctx context.Context, kept string) error {
	if kept == "" {
		return nil
	}
	return e.update(ctx, "dropped", func(tx *vault.Tx, _ *notes) error { return tx.Delete(inboxSegment, kept) })
}

// again looks at the Welcomes that came too early.
func (e *Engine) again(ctx context.Context, s *inboxState) error {
	names, err := e.view(ctx).List(inboxSegment, vault.Range{Prefix: earlyPrefix})
	if err != nil {
		return ignoreMissing(err)
	}
	for _, name := range names {
		var n note
		if ok, err := load(e.view(ctx), inboxSegment, name, &n); err != nil || !ok {
			return orMissing(err)
		}
		if err := e.welcomed(ctx, s, &n, name); err != nil {
			return err
		}
	}
	return nil
}

// join makes the group of a Welcome, nil if it is none for us. It returns the name
// of the bundle that it used.
func (e *Engine) join(ctx context.Context, n *note) (*mls.Group, string, error) {
	bundles, names, err := e.bundles(ctx, n.Welcome)
	if errors.Is(err, mls.ErrMalformed) || len(bundles) == 0 {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	for i, b := range bundles {
		defer b.Wipe()
		for attempt := range 2 {
			creds := e.authority()
			g, err := mls.Join(e.mls(creds), mls.JoinOptions{
				Welcome: n.Welcome, Tree: n.Tree, Bundles: []*mls.KeyPackageBundle{b}, Key: e.Self.Signature,
			})
			if err == nil {
				return g, names[i], nil
			}
			if attempt > 0 || !creds.missedDevice() {
				break
			}
			if err := e.Directory.Refresh(ctx); err != nil {
				return nil, "", err
			}
		}
	}
	return nil, "", nil
}

// peer checks that a conversation of two has two members, of whom we are one.
func (e *Engine) peer(t *thread, d *description) (governance.MemberID, bool) {
	roster := t.roster()
	if !slices.Contains(roster, e.Self.Member) {
		return governance.MemberID{}, false
	}
	if d.Kind == Group {
		return governance.MemberID{}, true
	}
	others := without(roster, e.Self.Member)
	if len(others) == 0 && e.inviter(t) == e.Self.Member {
		return e.Self.Member, true // of our own devices: sync.go
	}
	if len(others) != 1 {
		return governance.MemberID{}, false
	}
	return others[0], true
}

// adopt makes a joined group a thread of its conversation, or says that it is too
// early for that.
func (e *Engine) adopt(tx *vault.Tx, n *notes, t *thread, d *description, peer governance.MemberID) (early bool, err error) {
	t.conversation = ID(t.id)
	if d.Kind == Direct {
		t.conversation = DirectID(e.Self.Member, peer)
	}
	m, err := e.ensureConversation(tx, t.conversation, &meta{Kind: d.Kind, Peer: peer, Name: d.Name})
	if err != nil {
		return false, err
	}
	if ok, early, err := e.replaces(tx, t, m, d); err != nil || !ok {
		return early, err
	}
	if err := t.enter(tx); err != nil {
		return false, err
	}
	m.Members, m.Outside, m.Leaving, m.Name = t.roster(), false, false, d.Name
	m.Admins = d.adminsOf(m.Members)
	m.Generation = max(m.Generation, min(d.Generation, math.MaxUint32-1)+1)
	if err := e.recordInvited(tx, n, t, d, m); err != nil {
		return false, err
	}
	if err := e.retime(tx, n, t.conversation, m, e.inviter(t), d.Timer); err != nil {
		return false, err
	}
	n.kick(workerKey{kind: threadWorker, id: t.conversation, thread: t.id})
	n.tell(Event{Kind: EventConversation, Conversation: t.conversation})
	return false, m.save(tx, t.conversation)
}

// recordInvited writes how the conversation came to this device. Where a sibling
// brought it the history comes along; a group that it made just now has none yet.
func (e *Engine) recordInvited(tx *vault.Tx, n *notes, t *thread, d *description, m *meta) error {
	from := e.inviter(t)
	switch {
	case d.Kind != Group, from == e.Self.Member && m.Last > 0:
		return nil
	case from == e.Self.Member:
		x := &changeRecord{Kind: ChangeCreated, Members: without(t.roster(), from), Name: d.Name}
		return e.record(tx, n, t.conversation, m, from, x)
	}
	return e.record(tx, n, t.conversation, m, from, &changeRecord{Kind: ChangeAdded, Members: []governance.MemberID{e.Self.Member}})
}

// inviter returns who signed the Welcome that the group was joined with.
func (e *Engine) inviter(t *thread) governance.MemberID {
	signer, ok := t.group.Inviter()
	leaf, in := t.group.Member(signer)
	if !ok || !in {
		return governance.MemberID{}
	}
	id, _, _ := parseCredential(leaf.Credential)
	return id
}

// replaces reports whether a joined group may become a thread of a conversation,
// and takes out what it replaces. A group that we are in is never replaced: the
// commit that removes us from it has to be read first. One that we were in before
// comes back only with a later epoch and somebody in it who was there before.
func (e *Engine) replaces(tx *vault.Tx, t *thread, m *meta, d *description) (ok, early bool, err error) {
	if m.has(t.id) {
		var old line
		if ok, err := load(tx, segment(t.conversation), t.name("line"), &old); err != nil || !ok {
			return false, false, orMissing(err)
		}
		known := slices.ContainsFunc(without(t.roster(), e.Self.Member), func(id governance.MemberID) bool {
			return slices.Contains(m.Members, id)
		})
		later := old.Epoch < t.line.Epoch && known
		return later && old.Status != inside, later && old.Status == inside, nil
	}
	if d.Kind == Direct {
		if err := e.dropIdle(tx, t.conversation, m); err != nil {
			return false, false, err
		}
		if len(m.Threads) >= maxThreads {
			return false, false, nil
		}
	}
	m.Threads = append(m.Threads, t.id)
	return true, false, nil
}
