package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// Commits. One epoch is one channel, and the relay accepts one seal of a channel:
// so of all commits of an epoch one wins, and it is the last item of its channel.
//
//	change wanted ──> build the commit ──> {ratchet, pending} durable ──> SEAL
//	                        ▲                                     ok │      │ sealed already
//	                        │                                        ▼      ▼
//	                        │                            read on in the channel
//	                        │                     ours is there │       │ another one is
//	                        └── drop ours, follow theirs ───────│───────┘
//	                                                            ▼
//	           {merged state, next channel, welcomes to be mailed} durable in one step
//
// A commit of ours has no effect before it was read back from the channel, not even
// when the relay acknowledged it: what others said before it in the channel has to
// be read with the old epoch's keys first.

// sealPending sends our commit. Whatever comes of it is read from the channel.
func (w *threadWork) sealPending(ctx context.Context) error {
	e, p := w.engine, w.t.pending
	if err := e.at("seal"); err != nil {
		return err
	}
	first, err := p.Parcel.Seal(ctx, e.relay)
	var sealed *link.SealedError
	switch {
	case errors.As(err, &sealed):
		w.target = max(w.target, sealed.Next)
	case err != nil:
		return fmt.Errorf("seal a channel: %w", err)
	default:
		w.target = max(w.target, first+uint64(len(p.Parcel.Cells)))
	}
	return e.at("seal done")
}

// build makes a commit and keeps it until the channel says what became of it. A
// member who is alone needs nobody's agreement: its commit counts at once.
func (w *threadWork) build(ctx context.Context, o mls.CommitOptions) error {
	t := w.t
	// Who has proposed to leave does not commit that itself (RFC 9420, section 12.2).
	o.SkipStored = t.line.SkipStored || t.leaving()
	commit, err := t.group.Commit(o)
	if t.creds.missedDevice() {
		_ = w.engine.Directory.Refresh(ctx) // the change is tried again either way
	}
	if err != nil {
		return fmt.Errorf("build a commit: %w", err)
	}
	if t.alone() {
		return w.commitAlone(ctx, commit) // the group takes its secrets over
	}
	defer commit.Wipe()
	state, err := commit.Marshal()
	if err != nil {
		return err
	}
	parcel, err := t.channel.Pack(commit.Message(), channelClass)
	if err != nil {
		return err
	}
	p := &pendingCommit{Parcel: *parcel, State: state}
	return w.update(ctx, "commit", func(tx *vault.Tx, _ *notes, _ *meta) error {
		t.pending = p
		if err := t.saveRatchet(tx); err != nil {
			return err
		}
		return save(tx, segment(w.conversation), t.name("pending"), p)
	})
}

func (w *threadWork) commitAlone(ctx context.Context, commit *mls.PendingCommit) error {
	err := w.update(ctx, "commit alone", func(tx *vault.Tx, n *notes, m *meta) error {
		return w.merge(tx, n, m, commit, 0)
	})
	if err != nil {
		return err
	}
	return w.moved(ctx)
}

// won merges our commit: the channel ends with it.
func (w *threadWork) won(tx *vault.Tx, n *notes, m *meta, end uint64) error {
	commit, err := mls.UnmarshalPendingCommit(w.engine.mls(w.t.creds), w.t.pending.State)
	if err != nil {
		return fmt.Errorf("restore a commit: %w", err)
	}
	return w.merge(tx, n, m, commit, end)
}

// merge makes our commit the state of the group and its Welcome due.
func (w *threadWork) merge(tx *vault.Tx, n *notes, m *meta, commit *mls.PendingCommit, end uint64) error {
	t, changes := w.t, commit.Changes()
	if welcome := commit.Welcome(); welcome != nil {
		tree, err := commit.Tree()
		if err != nil {
			return err
		}
		if err := w.engine.mail(tx, n, changes.Added, &note{Kind: noteWelcome, Welcome: welcome, Tree: tree}); err != nil {
			return err
		}
	}
	if err := t.group.MergePending(commit); err != nil {
		return fmt.Errorf("merge a commit: %w", err)
	}
	if changes.Path {
		t.line.LastCommit, t.line.OwnMessages, t.line.Heal = millis(w.engine.Clock()), 0, false
	}
	return w.enter(tx, n, m, w.engine.Self.Member, changes, end)
}

// committed follows the commit of another member, unless it does what a commit in
// our conversations must not do: then it counts for nothing, as junk does.
func (w *threadWork) committed(tx *vault.Tx, n *notes, m *meta, c *mls.StagedCommit, end uint64) error {
	t, changes := w.t, c.Changes()
	from, _, ok := parseCredential(changes.Committer.Credential)
	if !ok || !w.allowed(m, changes) {
		c.Wipe()
		return nil
	}
	if changes.RemovedSelf {
		c.Wipe()
		if err := w.recordChanges(tx, n, m, from, changes); err != nil {
			return err
		}
		return w.leaveBehind(tx, n, m, removed)
	}
	if err := t.group.Merge(c); err != nil {
		return fmt.Errorf("follow a commit: %w", err)
	}
	return w.enter(tx, n, m, from, changes, end)
}

// allowed says what a commit may do. Both sides of a conversation of two are
// fixed; a group stays the group that it is.
func (w *threadWork) allowed(m *meta, c mls.Changes) bool {
	if c.ReInit != nil || c.External || len(c.PSKs) > 0 {
		return false
	}
	if c.Extensions != nil {
		d, err := describe(*c.Extensions)
		if err != nil || d.Kind != m.Kind || d.Generation != w.t.line.Generation {
			return false
		}
	}
	for _, added := range c.Added {
		member, _, ok := parseCredential(added.Credential)
		if !ok || m.Kind == Direct && member != m.Peer && member != w.engine.Self.Member {
			return false
		}
	}
	return true
}

// enter makes the epoch that the group is now in durable, with its channel.
func (w *threadWork) enter(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, c mls.Changes, end uint64) error {
	t := w.t
	if t.channel != nil {
		t.line.past(t.channel, end)
	}
	if len(c.Removed) > 0 {
		// Who was removed learns it from there, and never says that it did: these
		// channels are left to the relay's expiry.
		t.line.Past = nil
	}
	if err := t.dropOut(tx); err != nil {
		return err
	}
	if err := t.dropPending(tx); err != nil {
		return err
	}
	if err := w.recordChanges(tx, n, m, from, c); err != nil {
		return err
	}
	t.line.Epoch, t.line.Lane, t.line.SkipStored, t.line.Missed, t.line.Leaving = t.group.Epoch(), 0, false, false, nil
	t.line.forget(t.group)
	if err := t.enter(tx); err != nil {
		return err
	}
	m.Members = t.roster()
	n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
	return m.save(tx, w.conversation)
}

// enter opens the channel that epoch and lane name and makes the group durable.
func (t *thread) enter(tx *vault.Tx) error {
	t.line.Created, t.line.Position, t.line.Truncated = false, 0, 0
	secret.Wipe(t.line.Secret[:])
	if !t.alone() {
		s, err := channelSecret(t.group, t.line.Lane)
		if err != nil {
			return fmt.Errorf("derive a channel: %w", err)
		}
		copy(t.line.Secret[:], s.Reveal())
		s.Wipe()
	}
	if err := t.saveGroup(tx); err != nil {
		return err
	}
	return t.saveLine(tx)
}

// moved puts what is in memory on the channel that is durable now.
func (w *threadWork) moved(context.Context) error {
	w.unsubscribe()
	w.target = 0
	if w.t.channel != nil {
		w.t.channel.Wipe()
	}
	err := w.t.openChannel()
	if w.t.channel != nil {
		w.t.channel.Observe = w.engine.Sealing
	}
	return err
}

func (t *thread) dropOut(tx *vault.Tx) error {
	if t.out == nil {
		return nil
	}
	t.out = nil
	return tx.Delete(segment(t.conversation), t.name("out"))
}

func (t *thread) dropPending(tx *vault.Tx) error {
	if t.pending == nil {
		return nil
	}
	secret.Wipe(t.pending.State)
	t.pending = nil
	return tx.Delete(segment(t.conversation), t.name("pending"))
}

// proposed notes a proposal. Leaving is the one that we commit for others; what
// else a member wants it commits itself.
func (w *threadWork) proposed(tx *vault.Tx, n *notes, p *mls.StoredProposal) error {
	if p.Sender != nil && p.Proposal.Type == mls.ProposalRemove && p.Proposal.Removed == p.Sender.Leaf {
		w.t.line.Leaving = append(w.t.line.Leaving, uint32(p.Sender.Leaf))
	} else {
		w.t.line.SkipStored = true
	}
	n.kick(w.key())
	return w.t.saveGroup(tx)
}

// recordChanges writes what a commit did into the history.
func (w *threadWork) recordChanges(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, c mls.Changes) error {
	if m.Kind == Direct {
		return nil // it has two members, whatever their devices do
	}
	if c.Extensions != nil {
		d, err := describe(*c.Extensions)
		if err != nil {
			return err
		}
		if d.Name != m.Name {
			m.Name = d.Name
			if err := w.record(tx, n, m, from, &changeRecord{Kind: ChangeRenamed, Name: d.Name}); err != nil {
				return err
			}
		}
	}
	if gone := membersOf(c.Removed); len(gone) > 0 {
		kind := ChangeRemoved
		if w.left(c.Removed) {
			kind, from = ChangeLeft, gone[0]
		}
		if err := w.record(tx, n, m, from, &changeRecord{Kind: kind, Members: gone}); err != nil {
			return err
		}
	}
	if in := membersOf(c.Added); len(in) > 0 {
		return w.record(tx, n, m, from, &changeRecord{Kind: ChangeAdded, Members: in})
	}
	return nil
}

// left reports whether all who were removed had asked for it.
func (w *threadWork) left(leaves []mls.Member) bool {
	return !slices.ContainsFunc(leaves, func(m mls.Member) bool {
		return !slices.Contains(w.t.line.Leaving, uint32(m.Leaf))
	})
}

// record writes one line about the conversation itself into its history.
func (w *threadWork) record(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, x *changeRecord) error {
	return w.engine.record(tx, n, w.conversation, m, from, x)
}

func (e *Engine) record(tx *vault.Tx, n *notes, id ID, m *meta, from governance.MemberID, x *changeRecord) error {
	now := millis(e.Clock())
	rec := &record{
		From: from, Own: from == e.Self.Member, Kind: MessageChange, Sent: now, Received: now, State: Read, Change: x,
	}
	rec.ID = e.newMessageID()
	at, _, err := addMessage(tx, id, m, rec)
	if err != nil {
		return err
	}
	msg := rec.message(id, at, m)
	n.tell(Event{Kind: EventMessage, Conversation: id, Message: &msg})
	return nil
}

func membersOf(leaves []mls.Member) []governance.MemberID {
	var out []governance.MemberID
	for _, l := range leaves {
		if id, _, ok := parseCredential(l.Credential); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func without(ids []governance.MemberID, id governance.MemberID) []governance.MemberID {
	return slices.DeleteFunc(slices.Clone(ids), func(x governance.MemberID) bool { return x == id })
}
