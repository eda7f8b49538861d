package mls

import (
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// ExternalJoinOptions are what a client joins a group with on its own (RFC 9420,
// section 12.4.3.2).
type ExternalJoinOptions struct {
	// GroupInfo is the MLSMessage, with the external_pub extension.
	GroupInfo []byte
	// Tree is the ratchet tree, unless the GroupInfo holds it.
	Tree       []byte
	Credential Credential
	// Key signs for us; the group keeps a copy.
	Key *SignatureKey
	// Leaf says more about our leaf; a lifetime does not count.
	Leaf KeyPackageOptions
	// Resync replaces our old leaf, which presents the same client.
	Resync bool
	// PSKs to mix in.
	PSKs []PSKID
	// AAD is authenticated with the commit.
	AAD []byte
	// Joined reports whether we are in a group already, which refuses the GroupInfo
	// unless it is a resync; nil knows none.
	Joined func(groupID []byte) bool
}

// JoinExternal makes an external commit and the group in the epoch that it leads
// to. If the commit is not accepted, the group is worth nothing: wipe it.
func JoinExternal(cfg Config, o ExternalJoinOptions) (*Group, []byte, error) {
	g, message, err := joinExternal(cfg, &o)
	if err != nil {
		return nil, nil, fmt.Errorf("external join: %w", err)
	}
	return g, message, nil
}

func joinExternal(cfg Config, o *ExternalJoinOptions) (*Group, []byte, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, nil, err
	}
	outside, pub, err := outsider(&cfg, o)
	if err != nil {
		return nil, nil, err
	}
	a := outside.alg
	kemOutput, init, err := a.externalInitSend(pub)
	if err != nil {
		return nil, nil, err
	}
	defer init.Wipe()
	list, err := outside.externalList(o, kemOutput)
	if err != nil {
		return nil, nil, err
	}
	t, err := outside.apply(list)
	if err != nil {
		return nil, nil, err
	}
	leaf, leafKey, err := newLeaf(a, &cfg, o.Credential, o.Key, o.Leaf)
	if err != nil {
		return nil, nil, err
	}
	leaf.Source, leaf.Lifetime = SourceCommit, Lifetime{}
	r, err := outside.draft(list, t, &drafting{
		from: sender{kind: senderNewMemberCommit}, leaf: t.tree.freeLeaf(), newLeaf: leaf, leafKey: leafKey,
		signer: o.Key, newSigner: o.Key, init: init.Reveal(), format: WirePublicMessage, aad: o.AAD,
	})
	if err != nil {
		return nil, nil, err
	}
	defer r.wipe()
	return r.next, encode(&Message{public: &publicMessage{authenticatedContent: *r.content}}), nil
}

// outsider is the group as somebody sees it who is not in it: no secrets, no leaf.
func outsider(cfg *Config, o *ExternalJoinOptions) (*Group, externalPub, error) {
	m, err := parseMessage(o.GroupInfo)
	if err != nil {
		return nil, nil, err
	}
	if m.groupInfo == nil {
		return nil, nil, fmt.Errorf("%w: not a group info", ErrMalformed)
	}
	info := m.groupInfo
	a, err := info.context.suite.algorithms()
	if err != nil {
		return nil, nil, err
	}
	encoded, ok := findExtension(info.extensions, ExtensionExternalPub)
	if !ok {
		return nil, nil, broken(RuleExternalPub)
	}
	var pub externalPub
	if err := syntax.Unmarshal(encoded, &pub); err != nil {
		return nil, nil, err
	}
	if !o.Resync && o.Joined != nil && o.Joined(info.context.groupID) {
		return nil, nil, broken(RuleGroupIDUnique)
	}
	tree, err := info.check(a, cfg, o.Tree)
	if err != nil {
		return nil, nil, err
	}
	return &Group{
		cfg: *cfg, alg: a, context: info.context, tree: tree, own: noLeaf, secrets: new(epochSecrets),
		keys: map[nodeIndex]*secret.Bytes{}, interim: a.interimHash(info.context.confirmedHash, info.tag),
	}, pub, nil
}

// externalList makes the proposals of an external commit.
func (g *Group) externalList(o *ExternalJoinOptions, kemOutput []byte) (*proposalList, error) {
	proposals := []Proposal{{Type: ProposalExternalInit, KEMOutput: kemOutput}}
	if o.Resync {
		old, ok := g.find(o.Credential)
		if !ok {
			return nil, broken(RuleNoSuchMember)
		}
		proposals = append(proposals, ProposeRemove(old))
	}
	for _, id := range o.PSKs {
		p := ProposePSK(id)
		if err := g.fillNonce(&p); err != nil {
			return nil, err
		}
		if err := p.encodable(); err != nil {
			return nil, err
		}
		proposals = append(proposals, p)
	}
	from := sender{kind: senderNewMemberCommit}
	list := &proposalList{committer: from, sent: true}
	for i := range proposals {
		list.items = append(list.items, queuedProposal{sender: from, proposal: &proposals[i]})
	}
	return list, nil
}

// find returns the leaf that presents a client.
func (g *Group) find(c Credential) (LeafIndex, bool) {
	for _, m := range g.Members() {
		if g.cfg.Credentials.SameClient(m.Credential, c) {
			return m.Leaf, true
		}
	}
	return 0, false
}
