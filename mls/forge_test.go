package mls

import (
	"slices"
	"testing"

	"bulle/protocol/secret"
)

// What a dishonest member can make: content that is signed and encrypted as it
// should be, and breaks a rule.

// forges frames, signs and protects any content.
func (c *client) forges(format WireFormat, f framedContent) []byte {
	c.t.Helper()
	m, err := c.g.sign(format, f)
	if err != nil {
		c.t.Fatal(err)
	}
	if f.contentType == ContentCommit {
		m.confirmationTag = c.g.alg.zeros()
	}
	b, err := c.g.protect(m)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *client) forgesProposal(p Proposal) []byte {
	c.t.Helper()
	return c.forges(WirePrivateMessage, framedContent{contentType: ContentProposal, proposal: &p})
}

// forgesCommit makes a commit of any proposals, with a path that fits none of
// them: what a list demands is checked before.
func (c *client) forgesCommit(list ...proposalOrRef) []byte {
	c.t.Helper()
	return c.forges(WirePrivateMessage, framedContent{contentType: ContentCommit, commit: &commit{proposals: list, path: c.path(nil, nil)}})
}

func (c *client) forgesPath(p *updatePath) []byte {
	c.t.Helper()
	return c.forges(WirePrivateMessage, framedContent{contentType: ContentCommit, commit: &commit{path: p}})
}

func inline(list ...Proposal) []proposalOrRef {
	var out []proposalOrRef
	for i := range list {
		out = append(out, proposalOrRef{proposal: &list[i]})
	}
	return out
}

// path makes an update path, with its leaf changed before it is signed and its
// nodes after.
func (c *client) path(leaf func(*LeafNode), nodes func(*updatePath)) *updatePath {
	c.t.Helper()
	t, err := c.g.apply(&proposalList{committer: memberSender(c.g.own)})
	if err != nil {
		c.t.Fatal(err)
	}
	next, _, err := c.g.tree.leaf(c.g.own).successor(c.g.alg, &c.g.cfg, nil, SourceCommit)
	if err != nil {
		c.t.Fatal(err)
	}
	if leaf != nil {
		leaf(next)
	}
	f, err := t.tree.renewPath(c.g.alg, &c.g.cfg, c.g.own, next, c.key, c.g.context.groupID)
	if err != nil {
		c.t.Fatal(err)
	}
	context := c.g.nextContext(t)
	p, err := f.encrypt(c.g.alg, t.tree, nil, encode(&context))
	if err != nil {
		c.t.Fatal(err)
	}
	if nodes != nil {
		nodes(p)
	}
	return p
}

// forgedKeyPackage is a key package with its leaf changed before both are signed.
func (c *client) forgedKeyPackage(leaf func(*LeafNode), k func(*KeyPackage)) *KeyPackage {
	c.t.Helper()
	p := *c.keyPackage().Public
	a := mustAlgorithms(c.t, c.suite)
	if leaf != nil {
		leaf(&p.Leaf)
	}
	if err := p.Leaf.sign(a, c.key, nil, 0); err != nil {
		c.t.Fatal(err)
	}
	if k != nil {
		k(&p)
	}
	var err error
	if p.Signature, err = a.signWithLabel(c.key, labelKeyPackage, encode(keyPackageTBS{&p})); err != nil {
		c.t.Fatal(err)
	}
	return &p
}

// forgedUpdate is an Update proposal with its leaf changed before it is signed.
func (c *client) forgedUpdate(leaf func(*LeafNode)) Proposal {
	c.t.Helper()
	next, _, err := c.g.tree.leaf(c.g.own).successor(c.g.alg, &c.g.cfg, nil, SourceUpdate)
	if err != nil {
		c.t.Fatal(err)
	}
	if leaf != nil {
		leaf(next)
	}
	if err := next.sign(c.g.alg, c.key, c.g.context.groupID, c.g.own); err != nil {
		c.t.Fatal(err)
	}
	return Proposal{Type: ProposalUpdate, Leaf: next}
}

// forgedExternal makes an external commit of any proposals. Its path is that of an
// honest one.
func forgedExternal(n *client, info []byte, change func(*authenticatedContent)) []byte {
	n.t.Helper()
	_, b, err := JoinExternal(n.cfg, ExternalJoinOptions{GroupInfo: info, Credential: n.credential(), Key: n.key})
	if err != nil {
		n.t.Fatal(err)
	}
	m, err := parseMessage(b)
	if err != nil {
		n.t.Fatal(err)
	}
	change(&m.public.authenticatedContent)
	g, err := parseMessage(info)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := m.public.sign(mustAlgorithms(n.t, n.suite), n.key, encode(&g.groupInfo.context)); err != nil {
		n.t.Fatal(err)
	}
	return encode(m)
}

// An invitation is a Welcome that can be changed before it is encrypted.
type invitation struct {
	from    *client
	to      *client
	bundle  *KeyPackageBundle
	tree    *ratchetTree
	info    *GroupInfo
	secrets groupSecrets
	member  []byte
	suite   Suite
	parent  *Group
	joined  func([]byte) bool
}

// invite prepares the Welcome of a commit that adds a client.
func invite(from *client, o CommitOptions) *invitation {
	from.t.Helper()
	to := newClient(from.t, from.suite, "new")
	bundle := to.keyPackage()
	o.Add = append(o.Add, bundle.Public)
	g := from.g
	list, t, err := g.collect(&o)
	if err != nil {
		from.t.Fatal(err)
	}
	d := &drafting{from: memberSender(g.own), leaf: g.own, signer: g.signer, newSigner: g.signer, init: g.secrets.init.Reveal(), format: WirePrivateMessage}
	if d.newLeaf, d.leafKey, err = t.tree.leaf(g.own).successor(g.alg, &g.cfg, nil, SourceCommit); err != nil {
		from.t.Fatal(err)
	}
	r, err := g.draft(list, t, d)
	if err != nil {
		from.t.Fatal(err)
	}
	info, err := r.next.groupInfo(false, false)
	if err != nil {
		from.t.Fatal(err)
	}
	path := r.path.secretFor(t.added[len(t.added)-1])
	return &invitation{
		from: from, to: to, bundle: bundle, tree: t.tree.clone(), info: info, suite: from.suite,
		secrets: groupSecrets{joiner: r.joiner, pathSecret: &path, psks: t.psks}, member: r.member,
	}
}

// retree makes the GroupInfo name the changed tree.
func (i *invitation) retree() {
	i.tree.hashes = make([][]byte, len(i.tree.nodes))
	i.info.context.treeHash = i.tree.rootHash(i.from.g.alg)
}

// accept signs, encrypts and joins.
func (i *invitation) accept() error {
	a := i.from.g.alg
	var err error
	if i.info.signature, err = a.signWithLabel(i.from.key, labelGroupInfo, encode(groupInfoTBS{i.info})); err != nil {
		return err
	}
	return i.deliver()
}

// deliver encrypts and joins.
func (i *invitation) deliver() error {
	a := i.from.g.alg
	key, nonce := a.welcomeKey(i.member)
	w := &Welcome{suite: i.suite, encryptedGroupInfo: a.seal(key, nonce, nil, encode(i.info))}
	ct, err := a.encryptWithLabel(i.bundle.Public.InitKey, labelWelcome, w.encryptedGroupInfo, encode(&i.secrets))
	if err != nil {
		return err
	}
	w.secrets = []encryptedGroupSecrets{{i.bundle.Ref(), ct}}
	_, err = Join(i.to.cfg, JoinOptions{
		Welcome: encode(&Message{welcome: w}), Tree: encode(i.tree), Bundles: []*KeyPackageBundle{i.bundle}, Key: i.to.key,
		Parent: i.parent, Joined: i.joined,
	})
	return err
}

func TestForgedInvitationIsSoundUnchanged(t *testing.T) {
	c := team(t, X25519AES128, 5)
	if err := invite(c[0], CommitOptions{}).accept(); err != nil {
		t.Fatal(err)
	}
}

// withPSKs recomputes the member secret for other pre-shared keys, so that the
// Welcome still decrypts.
func (i *invitation) withPSKs(ids []PSKID, find func(*PSKID) (*secret.Bytes, error)) {
	i.from.t.Helper()
	psk, err := i.from.g.alg.pskSecret(ids, find)
	if err != nil {
		i.from.t.Fatal(err)
	}
	i.secrets.psks = ids
	i.member = i.from.g.alg.memberSecret(i.secrets.joiner, psk)
}

// picky refuses the credentials that it names.
type picky struct {
	trusting
	refused string
}

func (p picky) ValidateCredential(c Credential, _ []byte) error {
	if string(c.Identity) == p.refused {
		return ErrUnsupported
	}
	return nil
}

func (p picky) ValidateExternalSender(c Credential, _ []byte) error {
	return p.ValidateCredential(c, nil)
}

// proposesTo sends a proposal to all, who store it, and returns its reference.
func (c *client) proposesTo(p Proposal, others ...*client) proposalOrRef {
	c.t.Helper()
	return c.delivers(c.forgesProposal(p), others...)
}

func (c *client) delivers(message []byte, others ...*client) proposalOrRef {
	c.t.Helper()
	for _, d := range others {
		if _, err := d.g.Receive(message); err != nil {
			c.t.Fatal(err)
		}
	}
	d := others[0].g
	return proposalOrRef{reference: slices.Clone(d.queue[len(d.queue)-1].ref)}
}
