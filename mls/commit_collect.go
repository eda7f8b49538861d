package mls

import "slices"

// Which proposals go into a commit of ours (RFC 9420, section 12.2): those of the
// caller, and of those that wait as many as are valid together.

// collect makes the list of a commit and applies it.
func (g *Group) collect(o *CommitOptions) (*proposalList, *transition, error) {
	inline, err := g.inline(o)
	if err != nil {
		return nil, nil, err
	}
	list := &proposalList{committer: memberSender(g.own), sent: true, linked: o.linked, items: inline}
	stored := g.candidates(o, list)
	list.items = append(slices.Clone(stored), inline...)
	t, err := g.try(list)
	if err == nil || len(stored) == 0 {
		return list, t, err
	}
	// One of those that wait spoils the commit: take them one at a time.
	list.items = inline
	for _, q := range stored {
		next := *list
		next.items = append([]queuedProposal{q}, list.items...)
		if _, err := g.try(&next); err == nil {
			list = &next
		}
	}
	t, err = g.try(list)
	return list, t, err
}

// try applies a list and checks the members that it leads to.
func (g *Group) try(l *proposalList) (*transition, error) {
	t, err := g.apply(l)
	if err != nil {
		return nil, err
	}
	if err := t.tree.checkMembers(t.extensions); err != nil {
		return nil, err
	}
	for i := range t.psks {
		if _, err := g.findPSK(&t.psks[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// inline lists what the caller asks for.
func (g *Group) inline(o *CommitOptions) ([]queuedProposal, error) {
	var list []Proposal
	if o.Extensions != nil {
		list = append(list, ProposeExtensions(*o.Extensions))
	}
	for _, l := range o.Remove {
		list = append(list, ProposeRemove(l))
	}
	for _, k := range o.Add {
		list = append(list, ProposeAdd(k))
	}
	for _, id := range o.PSKs {
		list = append(list, ProposePSK(id))
	}
	if o.ReInit != nil {
		list = append(list, ProposeReInit(*o.ReInit))
	}
	items := make([]queuedProposal, len(list))
	for i := range list {
		if err := g.fillNonce(&list[i]); err != nil {
			return nil, err
		}
		if err := list[i].encodable(); err != nil {
			return nil, err
		}
		items[i] = queuedProposal{sender: memberSender(g.own), proposal: &list[i]}
	}
	return items, nil
}

// candidates lists the waiting proposals that do not contradict each other or the
// caller's.
func (g *Group) candidates(o *CommitOptions, inline *proposalList) []queuedProposal {
	if o.SkipStored || o.ReInit != nil {
		return nil
	}
	removed := map[LeafIndex]bool{}
	for _, q := range inline.of(ProposalRemove) {
		removed[q.proposal.Removed] = true
	}
	extensions := o.Extensions != nil
	var list, reInits []queuedProposal
	updated := map[LeafIndex]bool{g.own: true}
	for _, q := range g.queue {
		if q.proposal.Type == ProposalRemove && q.proposal.Removed != g.own && !removed[q.proposal.Removed] {
			removed[q.proposal.Removed] = true
			list = append(list, q)
		}
	}
	for _, q := range slices.Backward(g.queue) { // the latest update counts
		if g.checkProposal(q.sender, q.proposal, true) != nil {
			continue
		}
		switch q.proposal.Type {
		case ProposalUpdate:
			if i := q.sender.leaf(); !removed[i] && !updated[i] {
				updated[i] = true
				list = append(list, q)
			}
		case ProposalGroupContextExtensions:
			if !extensions {
				extensions = true
				list = append(list, q)
			}
		case ProposalReInit:
			reInits = append(reInits, q)
		case ProposalAdd, ProposalPSK:
			list = append(list, q)
		case ProposalRemove, ProposalExternalInit:
		}
	}
	if len(list) == 0 && len(inline.items) == 0 && len(reInits) > 0 {
		return reInits[:1]
	}
	return list
}
