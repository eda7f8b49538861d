package conversation

import (
	"errors"
	"slices"

	"bulle/mls"
	"bulle/protocol/governance"
)

// What a commit may do. Everyone must give the same verdict on the same commit, or
// the group falls apart: so the verdict comes from nothing but the commit itself and
// what all have in common in its epoch, which is the tree, the description, the
// proposals that stand before it in its channel, and the governance log.
//
// A commit that breaks the rule counts for nothing, whoever made it. If it sealed
// the channel, everyone goes on in the next channel of the same epoch (rollback.go,
// ended), its maker too: a client that merges what the others skip is alone with it.

// errUnlawful says that a commit would break the rule: the group has changed since
// it was wished for.
var errUnlawful = errors.New("this member may not change the group so")

// A verdict on a commit.
type verdict uint8

const (
	unlawful             verdict = 0
	unlawfulAsFarAsKnown verdict = 1 // unless a newer governance log has removed a device
	lawful               verdict = 2
)

// judge says whether a commit in the current epoch counts.
func (w *threadWork) judge(m *meta, c mls.Changes) verdict {
	t := w.t
	d, err := describe(t.group.Extensions())
	from, known := t.member(c.Committer.Leaf)
	if err != nil || !known || c.ReInit != nil || c.External || len(c.PSKs) > 0 {
		return unlawful
	}
	manages := d.manages(t.roster(), from)
	if c.Extensions != nil {
		next, err := describe(*c.Extensions)
		if err != nil || next.Kind != d.Kind || next.Generation != d.Generation || !manages {
			return unlawful
		}
	}
	for _, added := range c.Added {
		member, _, ok := parseCredential(added.Credential)
		mayEnter := manages || member == from
		if d.Kind == Direct {
			mayEnter = member == m.Peer || member == w.engine.Self.Member
		}
		if !ok || !mayEnter {
			return unlawful
		}
	}
	return w.judgeRemovals(c.Removed, from, manages)
}

// judgeRemovals says whether a member may take out leaves: its own, those that asked
// for it, and those of devices that the governance log has removed. Who manages the
// group may take out any.
func (w *threadWork) judgeRemovals(leaves []mls.Member, from governance.MemberID, manages bool) verdict {
	for _, removed := range leaves {
		member, device, ok := parseCredential(removed.Credential)
		if manages || ok && member == from || w.t.asked(removed.Leaf) {
			continue
		}
		if !ok || !w.engine.Directory.Now().Removed(device) {
			return unlawfulAsFarAsKnown
		}
	}
	return lawful
}

// asked reports whether a leaf has asked in this epoch to be removed, where all can
// read it: what we proposed ourselves counts once it is in the channel.
func (t *thread) asked(leaf mls.LeafIndex) bool {
	if unsent, ok := t.unsent(); ok && leaf == unsent {
		return false
	}
	return slices.Contains(t.line.Leaving, uint32(leaf))
}

// unsent returns the leaf of this member that we proposed to remove, in a proposal
// that is not known to be in the channel. It is the newest one of ours in the list.
func (t *thread) unsent() (mls.LeafIndex, bool) {
	if t.out == nil || !t.out.Proposal {
		return 0, false
	}
	for i := len(t.line.Leaving) - 1; i >= 0; i-- {
		if leaf := mls.LeafIndex(t.line.Leaving[i]); t.sameMember(leaf, t.group.Own()) {
			return leaf, true
		}
	}
	return 0, false
}

// member returns whose leaf one is.
func (t *thread) member(leaf mls.LeafIndex) (governance.MemberID, bool) {
	m, ok := t.group.Member(leaf)
	if !ok {
		return governance.MemberID{}, false
	}
	id, _, ok := parseCredential(m.Credential)
	return id, ok
}

// manages reports whether a member may add, remove and rename: an administrator may,
// and everybody while no administrator is in the group.
func (d *description) manages(roster []governance.MemberID, id governance.MemberID) bool {
	admins := d.adminsOf(roster)
	return len(admins) == 0 || slices.Contains(admins, id)
}

// manages reports whether a member may change a conversation, as of what was read.
func (m *meta) manages(id governance.MemberID) bool {
	return m.Kind == Direct || len(m.Admins) == 0 || slices.Contains(m.Admins, id)
}

// admins returns who is in the group, and who of them are its administrators.
func (t *thread) admins() (roster, admins []governance.MemberID, err error) {
	d, err := describe(t.group.Extensions())
	if err != nil {
		return nil, nil, err
	}
	roster = t.roster()
	return roster, d.adminsOf(roster), nil
}

// adminsOf returns the administrators who are in the group.
func (d *description) adminsOf(roster []governance.MemberID) []governance.MemberID {
	out := []governance.MemberID{}
	for _, id := range d.Admins {
		if slices.Contains(roster, id) {
			out = append(out, id)
		}
	}
	return out
}
