package conversation

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
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
	m, _, err := loadMeta(w.engine.view(ctx), w.conversation)
	if err == nil && w.judge(m, commit.Changes()) != lawful {
		err = errUnlawful // the others would skip it
	}
	if err != nil {
		commit.Wipe()
		return err
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
	if w.judge(m, commit.Changes()) != lawful {
		commit.Wipe() // an older program made it; for the others it counts for nothing
		return w.t.dropPending(tx)
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
	verdict := w.judge(m, changes)
	if !ok || verdict != lawful {
		c.Wipe()
		if verdict == unlawfulAsFarAsKnown && !w.asked {
			return errUnknownDevice
		}
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

// proposed notes a proposal. Leaving is the one that we commit for others; what
// else a member wants it commits itself.
func (w *threadWork) proposed(tx *vault.Tx, n *notes, p *mls.StoredProposal) error {
	if p.Sender != nil && p.Proposal.Type == mls.ProposalRemove && w.t.sameMember(p.Proposal.Removed, p.Sender.Leaf) {
		w.t.line.Leaving = append(w.t.line.Leaving, uint32(p.Proposal.Removed))
	} else {
		w.t.line.SkipStored = true
	}
	n.kick(w.key())
	return w.t.saveGroup(tx)
}
