package mls

import (
	"bytes"
	"fmt"
	"slices"

	"bulle/protocol/secret"
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

// maxContent bounds the data of one message, far below what a vector can hold.
const maxContent = 1 << 28

// sign frames content of ours for the current epoch.
func (g *Group) sign(format WireFormat, f framedContent) (*authenticatedContent, error) {
	f.groupID, f.epoch, f.sender = g.context.groupID, g.context.epoch, memberSender(g.own)
	if len(f.aad)+len(f.application) > maxContent {
		return nil, fmt.Errorf("%w: content of %d bytes", ErrLimit, len(f.aad)+len(f.application))
	}
	if f.aad == nil {
		f.aad = []byte{}
	}
	m := &authenticatedContent{wireFormat: format, content: f}
	return m, m.sign(g.alg, g.signer, encode(&g.context))
}

// protect makes the MLSMessage of content of ours. A PrivateMessage consumes a key.
func (g *Group) protect(m *authenticatedContent) ([]byte, error) {
	if m.wireFormat == WirePublicMessage {
		tag := m.membershipTag(g.alg, g.secrets.membership.Reveal(), encode(&g.context))
		return encode(&Message{public: &publicMessage{*m, tag}}), nil
	}
	k, err := g.ratchets.next(g.alg, g.own, m.content.contentType)
	if err != nil {
		return nil, err
	}
	defer k.wipe()
	p, err := g.alg.encryptContent(m, k, g.secrets.senderData, &g.cfg)
	if err != nil {
		return nil, err
	}
	return encode(&Message{private: p}), nil
}

// Seal encrypts application data for the group (RFC 9420, section 15). Its key is
// consumed when Seal returns: store [Group.MarshalRatchet] before the bytes leave,
// so that no crash makes a key encrypt twice. aad is authenticated but not
// encrypted. Proposals that wait must be committed first: ErrPendingProposals.
func (g *Group) Seal(aad, data []byte) ([]byte, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	if len(g.queue) > 0 {
		return nil, ErrPendingProposals
	}
	m, err := g.sign(WirePrivateMessage, framedContent{contentType: ContentApplication, application: data, aad: aad})
	if err != nil {
		return nil, err
	}
	return g.protect(m)
}

// SkipGenerations moves both of our sending ratchets forward by n: the keys are
// given up unused. It serves a client that found its state to be an old copy and
// cannot know which keys the newer one used. Receivers follow only so far as their
// limit on skipped generations goes.
func (g *Group) SkipGenerations(n uint32) error {
	if err := g.usable(); err != nil {
		return err
	}
	if n > g.cfg.Limits.ForwardDistance {
		return ErrLimit
	}
	for _, kind := range []ContentType{ContentProposal, ContentApplication} {
		for range n {
			k, err := g.ratchets.next(g.alg, g.own, kind)
			if err != nil {
				return err
			}
			k.wipe()
		}
	}
	return nil
}

// keep appends the resumption secret of the finished epoch, within the limit.
func keepResumption(list []resumptionSecret, epoch uint64, s *secret.Bytes, limit int) []resumptionSecret {
	list = append(list, resumptionSecret{epoch, s})
	for len(list) > limit {
		list[0].secret.Wipe()
		list = slices.Delete(list, 0, 1)
	}
	return list
}
