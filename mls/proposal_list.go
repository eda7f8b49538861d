package mls

import (
	"bytes"
	"slices"

	"bulle/protocol/syntax"
)

// A queuedProposal is a proposal whose sender is verified: it waits for a commit,
// or stands in one.
type queuedProposal struct {
	sender   sender
	proposal *Proposal
	ref      []byte // nil for a proposal that stands in the commit itself
}

func (q *queuedProposal) Code(c *syntax.Codec) {
	q.sender.Code(c)
	if c.Reading() {
		q.proposal = new(Proposal)
	}
	q.proposal.Code(c)
	c.Opaque(&q.ref)
}

// A proposalList is what one commit covers, in order.
type proposalList struct {
	items     []queuedProposal
	committer sender
	sent      bool // the commit is ours
	linked    bool // it starts a branch or a re-initialised group
}

// of lists the proposals of a type.
func (l *proposalList) of(t ProposalType) []*queuedProposal {
	var list []*queuedProposal
	for i := range l.items {
		if l.items[i].proposal.Type == t {
			list = append(list, &l.items[i])
		}
	}
	return list
}

func (l *proposalList) pathRequired() bool {
	return len(l.items) == 0 || slices.ContainsFunc(l.items, func(q queuedProposal) bool { return q.proposal.Type.pathRequired() })
}

// check checks the list as a whole (RFC 9420, section 12.2). The proposals one by
// one, and the tree that they lead to, are checked as they are applied.
func (l *proposalList) check(g *Group) error {
	if l.committer.kind == senderNewMemberCommit {
		return l.checkExternal()
	}
	switch {
	case len(l.of(ProposalExternalInit)) > 0:
		return broken(RuleNoExternalInit)
	case len(l.of(ProposalGroupContextExtensions)) > 1:
		return broken(RuleExtensionsTwice)
	case len(l.of(ProposalReInit)) > 0 && len(l.items) > 1:
		return broken(RuleReInitAlone)
	}
	if err := l.checkLeaves(); err != nil {
		return err
	}
	if err := l.checkPSKs(); err != nil {
		return err
	}
	return l.checkAdds(g)
}

// checkLeaves checks that each leaf changes at most once, and the committer's not
// by a proposal.
func (l *proposalList) checkLeaves() error {
	touched := map[LeafIndex]bool{}
	touch := func(i LeafIndex) error {
		if touched[i] {
			return broken(RuleSameLeafTwice)
		}
		touched[i] = true
		return nil
	}
	own := l.committer.leaf()
	for _, q := range l.of(ProposalUpdate) {
		if q.sender.leaf() == own {
			return broken(RuleOwnUpdate)
		}
		if err := touch(q.sender.leaf()); err != nil {
			return err
		}
	}
	for _, q := range l.of(ProposalRemove) {
		if q.proposal.Removed == own {
			return broken(RuleOwnRemove)
		}
		if err := touch(q.proposal.Removed); err != nil {
			return err
		}
	}
	return nil
}

func (l *proposalList) checkPSKs() error {
	named := map[string]bool{}
	for _, q := range l.of(ProposalPSK) {
		id := string(encode(q.proposal.PSK))
		if named[id] {
			return broken(RulePSKTwice)
		}
		named[id] = true
	}
	return nil
}

// checkAdds checks that no client is added twice, nor one who is a member and
// stays.
func (l *proposalList) checkAdds(g *Group) error {
	adds := l.of(ProposalAdd)
	if len(adds) == 0 {
		return nil
	}
	removed := map[LeafIndex]bool{}
	for _, q := range l.of(ProposalRemove) {
		removed[q.proposal.Removed] = true
	}
	for i, q := range adds {
		leaf := &q.proposal.KeyPackage.Leaf
		for _, r := range adds[:i] {
			if g.sameClient(leaf, &r.proposal.KeyPackage.Leaf) {
				return broken(RuleAddTwice)
			}
		}
		for _, m := range g.tree.members() {
			if !removed[m] && g.sameClient(leaf, g.tree.leaf(m)) {
				return broken(RuleAddMember)
			}
		}
	}
	return nil
}

// sameClient reports whether two leaves present the same client.
func (g *Group) sameClient(a, b *LeafNode) bool {
	return bytes.Equal(a.SignatureKey, b.SignatureKey) || g.cfg.Credentials.SameClient(a.Credential, b.Credential)
}

// checkExternal checks the list of an external commit.
func (l *proposalList) checkExternal() error {
	removes := len(l.of(ProposalRemove))
	switch {
	case len(l.of(ProposalExternalInit)) != 1:
		return broken(RuleOneExternalInit)
	case removes > 1:
		return broken(RuleOneExternalRemove)
	case 1+removes+len(l.of(ProposalPSK)) != len(l.items):
		return broken(RuleExternalOthers)
	case slices.ContainsFunc(l.items, func(q queuedProposal) bool { return q.ref != nil }):
		return broken(RuleExternalInline)
	}
	return l.checkPSKs()
}
