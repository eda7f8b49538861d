package mls

import (
	"bytes"
	"slices"
)

// StoredProposals lists what waits for a commit, in the order of arrival.
func (g *Group) StoredProposals() []Proposal {
	list := make([]Proposal, len(g.queue))
	for i, q := range g.queue {
		list[i] = *q.proposal
	}
	return list
}

// ClearProposals forgets the proposals that wait for a commit, with the private
// keys of our own updates. A commit that refers to them can then not be followed.
func (g *Group) ClearProposals() {
	g.queue = nil
	g.wipeUpdates()
}

// DropProposal forgets one proposal that waits, by its reference: the application
// does not allow it. A commit of somebody else that refers to it can then not be
// followed.
func (g *Group) DropProposal(ref []byte) {
	g.queue = slices.DeleteFunc(g.queue, func(q queuedProposal) bool { return bytes.Equal(q.ref, ref) })
}

// Propose sends a proposal to the group and stores it here as well. The message is
// a PrivateMessage: its key is consumed, so that both parts of the state change.
func (g *Group) Propose(p Proposal, aad []byte) ([]byte, error) {
	return g.propose(p, aad, nil, WirePrivateMessage)
}

// ProposePublic is [Group.Propose] with a PublicMessage, which everybody can read.
func (g *Group) ProposePublic(p Proposal, aad []byte) ([]byte, error) {
	return g.propose(p, aad, nil, WirePublicMessage)
}

// ProposeUpdate proposes a fresh leaf for ourselves (RFC 9420, section 12.1.2).
func (g *Group) ProposeUpdate(o LeafOptions, aad []byte) ([]byte, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	leaf, leafKey, err := g.tree.leaf(g.own).successor(g.alg, &g.cfg, &o, SourceUpdate)
	if err != nil {
		return nil, err
	}
	u := &ownUpdate{leafKey: leafKey}
	signer := g.signer
	if o.Key != nil {
		u.signer, signer = o.Key.Clone(), o.Key
	}
	var message []byte
	if err = leaf.sign(g.alg, signer, g.context.groupID, g.own); err == nil {
		message, err = g.propose(Proposal{Type: ProposalUpdate, Leaf: leaf}, aad, u, WirePrivateMessage)
	}
	if err != nil {
		leafKey.Wipe()
		u.signer.Wipe()
		return nil, err
	}
	return message, nil
}

func (g *Group) propose(p Proposal, aad []byte, u *ownUpdate, format WireFormat) ([]byte, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	if p.Type == ProposalUpdate && u == nil {
		return nil, broken(RuleUpdateSender)
	}
	if len(g.queue) >= g.cfg.Limits.Proposals {
		return nil, ErrLimit
	}
	if err := g.fillNonce(&p); err != nil {
		return nil, err
	}
	if err := p.encodable(); err != nil {
		return nil, err
	}
	if err := g.checkProposal(memberSender(g.own), &p, true); err != nil {
		return nil, err
	}
	m, err := g.sign(format, framedContent{contentType: ContentProposal, proposal: &p, aad: aad})
	if err != nil {
		return nil, err
	}
	message, err := g.protect(m)
	if err != nil {
		return nil, err
	}
	ref := g.alg.proposalRef(m)
	if u != nil {
		u.ref = ref
		g.updates = append(g.updates, *u)
	}
	return message, g.store(queuedProposal{memberSender(g.own), &p, ref})
}

// fillNonce draws the nonce of a pre-shared key that has none.
func (g *Group) fillNonce(p *Proposal) (err error) {
	if p.Type == ProposalPSK && p.PSK != nil && p.PSK.Nonce == nil {
		id := *p.PSK
		id.Nonce, err = g.cfg.random(g.alg.nh)
		p.PSK = &id
	}
	return err
}

// checkProposal checks a single proposal when it is sent or received (RFC 9420,
// section 12.1). The list that it ends up in is checked with its commit.
func (g *Group) checkProposal(from sender, p *Proposal, sent bool) error {
	switch p.Type { //nolint:exhaustive // the others have no rule of their own
	case ProposalAdd:
		return g.checkKeyPackage(p.KeyPackage, sent)
	case ProposalUpdate:
		if from.kind != senderMember {
			return broken(RuleUpdateSender)
		}
		return g.checkUpdate(from.leaf(), p.Leaf)
	case ProposalRemove:
		if g.tree.leaf(p.Removed) == nil {
			return broken(RuleNoSuchMember)
		}
	case ProposalPSK:
		return g.checkPSK(p.PSK, false)
	case ProposalReInit:
		if p.ReInit.Version < MLS10 {
			return broken(RuleReInitVersion)
		}
	case ProposalExternalInit:
		return broken(RuleNoExternalInit)
	}
	return nil
}

// store keeps a proposal for the next commit. One that is there already stays as
// it is.
func (g *Group) store(q queuedProposal) error {
	if slices.ContainsFunc(g.queue, func(o queuedProposal) bool { return bytes.Equal(o.ref, q.ref) }) {
		return nil
	}
	if len(g.queue) >= g.cfg.Limits.Proposals {
		return ErrLimit
	}
	g.queue = append(g.queue, q)
	return nil
}

// stored finds a proposal by its reference.
func (g *Group) stored(ref []byte) (queuedProposal, bool) {
	for _, q := range g.queue {
		if bytes.Equal(q.ref, ref) {
			return q, true
		}
	}
	return queuedProposal{}, false
}
