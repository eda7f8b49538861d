package mls

import (
	"errors"
	"slices"

	"bulle/protocol/secret"
)

// A transition is the state between two epochs: the proposals of a commit are
// applied to copies of the tree and the extensions, the path and the key schedule
// follow (RFC 9420, sections 12.3 and 12.4).
type transition struct {
	tree        *ratchetTree
	keys        map[nodeIndex]*secret.Bytes // ours that still hold
	signer      *SignatureKey               // ours, maybe renewed by an update
	extensions  []Extension
	added       []LeafIndex
	keyPackages []*KeyPackage // of added
	removed     []LeafIndex
	updated     []LeafIndex
	psks        []PSKID
	kemOutput   []byte // of ExternalInit
	reInit      *ReInit
	newList     bool // the extensions were replaced
}

// apply applies a list of proposals, in the order of RFC 9420, section 12.3.
func (g *Group) apply(l *proposalList) (*transition, error) {
	if err := l.check(g); err != nil {
		return nil, err
	}
	t := &transition{tree: g.tree.clone(), keys: map[nodeIndex]*secret.Bytes{}, signer: g.signer, extensions: g.context.extensions}
	for _, step := range []func(*Group, *proposalList) error{
		t.applyExtensions, t.applyUpdates, t.applyRemoves, t.applyAdds, t.applyOthers,
	} {
		if err := step(g, l); err != nil {
			return nil, err
		}
	}
	if g.own != noLeaf {
		own := t.keys[g.own.node()] // from an update of ours
		t.keys = t.tree.heldKeys(g.keys)
		if own != nil {
			t.keys[g.own.node()].Wipe()
			t.keys[g.own.node()] = own
		}
	}
	return t, nil
}

func (t *transition) applyExtensions(g *Group, l *proposalList) error {
	for _, q := range l.of(ProposalGroupContextExtensions) {
		t.extensions, t.newList = q.proposal.Extensions, true
		senders, err := findExternalSenders(t.extensions)
		if err != nil {
			return err
		}
		if err := g.cfg.checkExternalSenders(senders); err != nil {
			return err
		}
	}
	return nil
}

// checkExternalSenders has the authentication service judge a list.
func (c *Config) checkExternalSenders(list []ExternalSender) error {
	for _, s := range list {
		if err := c.Credentials.ValidateExternalSender(s.Credential, s.SignatureKey); err != nil {
			return &RuleError{RuleExternalSender, err}
		}
	}
	return nil
}

func (t *transition) applyUpdates(g *Group, l *proposalList) error {
	for _, q := range l.of(ProposalUpdate) {
		if q.sender.kind != senderMember {
			return broken(RuleUpdateSender)
		}
		i, leaf := q.sender.leaf(), q.proposal.Leaf
		if err := g.checkUpdate(i, leaf); err != nil {
			return err
		}
		t.tree.update(i, leaf)
		t.updated = append(t.updated, i)
		if i == g.own {
			if err := t.adoptUpdate(g, q.ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkUpdate checks the leaf of an Update proposal (RFC 9420, section 12.1.2).
func (g *Group) checkUpdate(i LeafIndex, leaf *LeafNode) error {
	old := g.tree.leaf(i)
	if old == nil {
		return broken(RuleSenderLeaf)
	}
	if err := leaf.checkAlone(g.alg, &g.cfg, leafOrigin{source: SourceUpdate, groupID: g.context.groupID, index: i}); err != nil {
		return err
	}
	return leaf.checkSuccessor(&g.cfg, old)
}

// adoptUpdate takes up the private keys of an update that we proposed.
func (t *transition) adoptUpdate(g *Group, ref []byte) error {
	for _, u := range g.updates {
		if slices.Equal(u.ref, ref) {
			t.keys[g.own.node()] = u.leafKey.Clone()
			if u.signer != nil {
				t.signer = u.signer
			}
			return nil
		}
	}
	return broken(RuleUnknownReference)
}

func (t *transition) applyRemoves(_ *Group, l *proposalList) error {
	for _, q := range l.of(ProposalRemove) {
		if t.tree.leaf(q.proposal.Removed) == nil {
			return broken(RuleNoSuchMember)
		}
		t.tree.remove(q.proposal.Removed)
		t.removed = append(t.removed, q.proposal.Removed)
	}
	return nil
}

func (t *transition) applyAdds(g *Group, l *proposalList) error {
	for _, q := range l.of(ProposalAdd) {
		k := q.proposal.KeyPackage
		if err := g.checkKeyPackage(k, l.sent); err != nil {
			return err
		}
		t.added = append(t.added, t.tree.add(&k.Leaf))
		t.keyPackages = append(t.keyPackages, k)
	}
	if t.tree.leaves() > g.cfg.Limits.Leaves {
		return ErrLimit
	}
	return nil
}

// checkKeyPackage checks the key package of an Add proposal (RFC 9420, section
// 10.1).
func (g *Group) checkKeyPackage(k *KeyPackage, sent bool) error {
	if err := k.check(g.alg); err != nil {
		return err
	}
	return k.Leaf.checkAlone(g.alg, &g.cfg, leafOrigin{source: SourceKeyPackage, sent: sent})
}

func (t *transition) applyOthers(g *Group, l *proposalList) error {
	for _, q := range l.of(ProposalPSK) {
		if err := g.checkPSK(q.proposal.PSK, l.linked); err != nil {
			return err
		}
		t.psks = append(t.psks, *q.proposal.PSK)
	}
	for _, q := range l.of(ProposalExternalInit) {
		t.kemOutput = q.proposal.KEMOutput
	}
	for _, q := range l.of(ProposalReInit) {
		if q.proposal.ReInit.Version < MLS10 {
			return broken(RuleReInitVersion)
		}
		t.reInit = q.proposal.ReInit
	}
	return nil
}

// checkPSK checks a PreSharedKey proposal (RFC 9420, section 12.1.4).
func (g *Group) checkPSK(id *PSKID, linked bool) error {
	switch {
	case len(id.Nonce) != g.alg.nh:
		return broken(RulePSKNonce)
	case id.Type == PSKResumption && id.Usage == UsageReInit && !linked:
		return broken(RulePSKReInit)
	case id.Type == PSKResumption && id.Usage == UsageBranch && !linked:
		return broken(RulePSKBranch)
	default:
		return nil
	}
}

// findPSK finds a pre-shared key: resumption secrets of this group are its own.
func (g *Group) findPSK(id *PSKID) (*secret.Bytes, error) {
	for _, h := range []*Group{g, g.parent} {
		if h != nil && id.Type == PSKResumption && slices.Equal(id.GroupID, h.context.groupID) {
			if s := h.resumptionSecret(id.Epoch); s != nil {
				return s, nil
			}
		}
	}
	return g.cfg.findPSK(id)
}

// resumptionSecret is the secret of an epoch of this group, nil when it is gone.
func (g *Group) resumptionSecret(epoch uint64) *secret.Bytes {
	if epoch == g.context.epoch && g.secrets.resumption.Len() > 0 {
		return g.secrets.resumption
	}
	for _, r := range g.resumption {
		if r.epoch == epoch {
			return r.secret
		}
	}
	return nil
}

func (c *Config) findPSK(id *PSKID) (*secret.Bytes, error) {
	if c.PSKs == nil {
		return nil, ErrPSK
	}
	s, err := c.PSKs.PSK(*id)
	if err != nil {
		return nil, errors.Join(ErrPSK, err)
	}
	if s.Len() == 0 {
		return nil, ErrPSK
	}
	return s, nil
}
