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
func (e *Engine) welcomed(ctx context.Context, s *inboxState, n *note) error {
	g, spent, err := e.join(ctx, n)
	if err != nil || g == nil {
		return err
	}
	defer g.Wipe()
	d, err := describe(g.Extensions())
	if err != nil {
		return nil // not a group of ours
	}
	t := &thread{group: g, id: [32]byte{}}
	if len(g.ID()) != len(t.id) {
		return nil
	}
	copy(t.id[:], g.ID())
	t.line = line{Epoch: g.Epoch(), Status: inside, Generation: d.Generation, LastCommit: millis(e.Clock())}
	if spent[:2] == "l/" {
		t.line.LastCommit = 0 // others may hold the same package: renew with the first message
	}
	peer, ok := e.peer(t, d)
	if !ok {
		return nil
	}
	return e.update(ctx, "joined", func(tx *vault.Tx, n *notes) error {
		if err := saveInbox(tx, s); err != nil {
			return err
		}
		if err := e.spend(tx, n, spent); err != nil {
			return err
		}
		return e.adopt(tx, n, t, d, peer)
	})
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
	if len(others) != 1 {
		return governance.MemberID{}, false
	}
	return others[0], true
}

// adopt makes a joined group a thread of its conversation.
func (e *Engine) adopt(tx *vault.Tx, n *notes, t *thread, d *description, peer governance.MemberID) error {
	t.conversation = ID(t.id)
	if d.Kind == Direct {
		t.conversation = DirectID(e.Self.Member, peer)
	}
	m, err := e.ensureConversation(tx, t.conversation, &meta{Kind: d.Kind, Peer: peer, Name: d.Name})
	if err != nil {
		return err
	}
	if ok, err := e.replaces(tx, t, m, d); err != nil || !ok {
		return err
	}
	if err := t.enter(tx); err != nil {
		return err
	}
	m.Members, m.Outside, m.Leaving, m.Name = t.roster(), false, false, d.Name
	m.Generation = max(m.Generation, min(d.Generation, math.MaxUint32-1)+1)
	if d.Kind == Group {
		from := e.inviter(t)
		if err := e.record(tx, n, t.conversation, m, from, &changeRecord{Kind: ChangeAdded, Members: []governance.MemberID{e.Self.Member}}); err != nil {
			return err
		}
	}
	n.kick(workerKey{kind: threadWorker, id: t.conversation, thread: t.id})
	n.tell(Event{Kind: EventConversation, Conversation: t.conversation})
	return m.save(tx, t.conversation)
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
// and takes out what it replaces. A group that we are in is never replaced. One
// that we were in before comes back only by the hand of someone who was in it too,
// and only with a later epoch.
func (e *Engine) replaces(tx *vault.Tx, t *thread, m *meta, d *description) (bool, error) {
	if m.has(t.id) {
		var old line
		if ok, err := load(tx, segment(t.conversation), t.name("line"), &old); err != nil || !ok {
			return false, orMissing(err)
		}
		known := d.Kind == Direct || slices.Contains(m.Members, e.inviter(t))
		return old.Status != inside && old.Epoch < t.line.Epoch && known, nil
	}
	if d.Kind == Direct {
		if err := e.dropIdle(tx, t.conversation, m); err != nil {
			return false, err
		}
		if len(m.Threads) >= maxThreads {
			return false, nil
		}
	}
	m.Threads = append(m.Threads, t.id)
	return true, nil
}
