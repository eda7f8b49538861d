package mls

import (
	"bytes"
	"crypto/hmac"

	"bulle/protocol/secret"
)

// Processing a commit (RFC 9420, section 12.4.2):
//
//	verified commit -> proposals resolved, checked, applied -> path checked, merged,
//	decrypted -> key schedule -> confirmation tag compared -> StagedCommit
//
// Nothing of the group changes until the staged commit is merged.

// A StagedCommit is a commit of somebody else, verified in full, with the epoch
// that it leads to. The application looks at its changes, then calls [Group.Merge],
// or [StagedCommit.Wipe] to refuse it.
type StagedCommit struct {
	base    []byte // interim transcript hash of the state that it belongs to
	aad     []byte
	changes Changes
	next    *Group // nil when it removes us, and once it is merged or wiped
}

// Changes says what the commit does, and who made it.
func (s *StagedCommit) Changes() Changes { return s.changes }

// AAD returns the data that was authenticated with the commit.
func (s *StagedCommit) AAD() []byte { return s.aad }

// Export is [Group.Export] in the epoch that the commit leads to.
func (s *StagedCommit) Export(label string, context []byte, size int) (*secret.Bytes, error) {
	switch {
	case s.changes.RemovedSelf:
		return nil, ErrRemoved
	case s.next == nil:
		return nil, ErrStale
	default:
		return s.next.Export(label, context, size)
	}
}

// Wipe ends the secrets of the epoch that was refused. After the merge they are
// the group's, and Wipe does nothing.
func (s *StagedCommit) Wipe() {
	if s.next != nil {
		s.next.Wipe()
		s.next = nil
	}
}

// Merge moves the group to the epoch of a staged commit. The secrets of the old
// epoch are wiped, but for what [Limits] keep. When the commit removes us, the
// group is over: all its secrets are wiped. Store both parts of the state.
func (g *Group) Merge(s *StagedCommit) error {
	if err := g.usable(); err != nil {
		return err
	}
	if !bytes.Equal(s.base, g.interim) {
		return ErrStale
	}
	if s.changes.RemovedSelf {
		g.leave()
		return nil
	}
	if s.next == nil {
		return ErrStale
	}
	g.adopt(s.next)
	s.next = nil
	return nil
}

// leave ends a group that we were removed from. Its name and epoch stay.
func (g *Group) leave() {
	g.Wipe()
	g.wiped = false // there is nothing secret left to store
	g.status, g.tree, g.ratchets, g.signer, g.secrets = statusRemoved, nil, nil, nil, new(epochSecrets)
	g.queue = nil
}

// stage processes a commit of somebody else.
func (g *Group) stage(v verifiedContent) (*StagedCommit, error) {
	if g.status == statusClosed {
		return nil, ErrReInit
	}
	f := &v.m.content
	list, err := g.resolve(f)
	if err != nil {
		return nil, err
	}
	if list.pathRequired() && f.commit.path == nil {
		return nil, broken(RulePathRequired)
	}
	t, err := g.apply(list)
	if err != nil {
		return nil, err
	}
	defer wipeKeys(t.keys)
	committer := f.sender.leaf()
	external := f.sender.kind == senderNewMemberCommit
	if external {
		committer = t.tree.freeLeaf()
	}
	var steps []step
	if f.commit.path != nil {
		if steps, err = g.stagePath(t, list, f.commit.path, committer, external); err != nil {
			return nil, err
		}
	}
	if t.tree.leaves() > g.cfg.Limits.Leaves {
		return nil, ErrLimit
	}
	if err := t.tree.checkMembers(t.extensions); err != nil {
		return nil, err
	}
	s := &StagedCommit{base: g.interim, aad: f.aad, changes: g.changes(t, committer, external, f.commit.path != nil)}
	if s.changes.RemovedSelf {
		return s, nil
	}
	s.next, err = g.stageEpoch(v, t, steps)
	return s, err
}

// resolve lists the proposals of a commit with their senders.
func (g *Group) resolve(f *framedContent) (*proposalList, error) {
	list := &proposalList{committer: f.sender}
	for _, p := range f.commit.proposals {
		q := queuedProposal{sender: f.sender, proposal: p.proposal}
		if p.proposal == nil {
			var ok bool
			if q, ok = g.stored(p.reference); !ok {
				return nil, broken(RuleUnknownReference)
			}
		}
		list.items = append(list.items, q)
	}
	return list, nil
}

// stagePath checks the committer's new leaf and path, and merges them.
func (g *Group) stagePath(t *transition, list *proposalList, p *updatePath, committer LeafIndex, external bool) ([]step, error) {
	leaf := &p.leaf
	if err := leaf.checkAlone(g.alg, &g.cfg, leafOrigin{source: SourceCommit, groupID: g.context.groupID, index: committer}); err != nil {
		return nil, err
	}
	old := g.tree.leaf(committer)
	if external {
		old = nil
		for _, q := range list.of(ProposalRemove) {
			old = g.tree.leaf(q.proposal.Removed)
		}
		if old == nil {
			if err := g.checkStranger(leaf); err != nil {
				return nil, err
			}
		}
	}
	if old != nil {
		if err := leaf.checkSuccessor(&g.cfg, old); err != nil {
			return nil, err
		}
	}
	if err := t.tree.checkPath(g.alg, committer, p, t.added); err != nil {
		return nil, err
	}
	return t.tree.mergePath(g.alg, committer, p)
}

// checkStranger checks that one who joins from outside is not a member already.
func (g *Group) checkStranger(leaf *LeafNode) error {
	for _, m := range g.tree.members() {
		if g.sameClient(leaf, g.tree.leaf(m)) {
			return broken(RuleAddMember)
		}
	}
	return nil
}

// stageEpoch learns the secrets of the next epoch and compares the confirmation
// tag.
func (g *Group) stageEpoch(v verifiedContent, t *transition, steps []step) (*Group, error) {
	commitSecret := g.alg.zeros()
	context := g.nextContext(t)
	f := &v.m.content
	if f.commit.path != nil {
		held := t.tree.heldKeys(t.keys)
		defer wipeKeys(held)
		keys, s, err := t.tree.decryptPath(g.alg, g.own, held, steps, f.commit.path, t.added, encode(&context))
		if err != nil {
			return nil, err
		}
		commitSecret = s
		for x, k := range keys {
			t.keys[x].Wipe()
			t.keys[x] = k
		}
	}
	defer secret.Wipe(commitSecret)
	init := g.secrets.init
	if t.kemOutput != nil {
		var err error
		if init, err = g.alg.externalInitReceive(g.secrets.external, t.kemOutput); err != nil {
			return nil, err
		}
		defer init.Wipe()
	}
	context.confirmedHash = g.alg.confirmedHash(g.interim, v.m)
	r := new(drafted)
	if err := g.schedule(r, t, &context, init.Reveal(), commitSecret); err != nil {
		return nil, err
	}
	defer r.wipe()
	r.next.signer = t.signer.Clone()
	if !hmac.Equal(r.next.makeTag(), v.m.confirmationTag) {
		r.next.Wipe()
		return nil, ErrDecrypt
	}
	r.next.start(v.m.confirmationTag)
	return r.next, nil
}
