package mls

import (
	"fmt"
	"slices"

	"bulle/protocol/secret"
)

// Making a commit (RFC 9420, section 12.4.1):
//
//	proposals --check, apply--> transition --path--> draft: signed content,
//	next epoch, joiner secret --protect--> message, Welcome
//
// Nothing of the group changes but the handshake ratchet, whose key encrypts the
// message: [Group.MergePending] moves to the next epoch once the commit won.

// CommitOptions say what a commit does. The zero value commits the proposals that
// wait, or nothing but fresh keys of ours.
type CommitOptions struct {
	// Add, Remove, PSKs, Extensions and ReInit propose in the commit itself.
	Add        []*KeyPackage
	Remove     []LeafIndex
	PSKs       []PSKID
	Extensions *[]Extension
	ReInit     *ReInit
	// SkipStored leaves out the proposals that wait. By default all that are valid
	// together go in, removals before updates.
	SkipStored bool
	// NoPath leaves our keys as they are, where the proposals allow it.
	NoPath bool
	// Leaf changes our own leaf; it needs a path.
	Leaf *LeafOptions
	// InlineTree puts the ratchet tree into the Welcome, ExternalPub the key for
	// external commits.
	InlineTree, ExternalPub bool
	// Public sends a PublicMessage, which everybody can read.
	Public bool
	// AAD is authenticated with the commit.
	AAD []byte

	linked bool // the first commit of a branch or a re-initialised group
}

// Commit makes a commit and what follows from it, and leaves the group in its
// epoch. Only the handshake ratchet moves, by one key: store [Group.MarshalRatchet]
// together with [PendingCommit.Marshal] before the message leaves.
func (g *Group) Commit(o CommitOptions) (*PendingCommit, error) {
	p, err := g.commit(&o)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return p, nil
}

func (g *Group) commit(o *CommitOptions) (*PendingCommit, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	list, t, err := g.collect(o)
	if err != nil {
		return nil, err
	}
	d := &drafting{
		from: memberSender(g.own), leaf: g.own, signer: g.signer, newSigner: t.signer, aad: o.AAD,
		init: g.secrets.init.Reveal(), format: WirePrivateMessage, refuseLeaf: o.Leaf != nil,
	}
	if o.Public {
		d.format = WirePublicMessage
	}
	if !o.NoPath || o.Leaf != nil || list.pathRequired() {
		if d.newLeaf, d.leafKey, err = t.tree.leaf(g.own).successor(g.alg, &g.cfg, o.Leaf, SourceCommit); err != nil {
			return nil, err
		}
		if o.Leaf != nil && o.Leaf.Key != nil {
			d.newSigner = o.Leaf.Key
		}
	}
	r, err := g.draft(list, t, d)
	if err != nil {
		return nil, err
	}
	defer r.wipe()
	return g.finish(t, r, o)
}

// finish makes the message and the Welcome. The key of the message is consumed
// last, when nothing else can fail.
func (g *Group) finish(t *transition, r *drafted, o *CommitOptions) (*PendingCommit, error) {
	p := &PendingCommit{
		base: g.interim, next: r.next, epoch: r.next.context.epoch, changes: g.changes(t, g.own, false, r.path != nil),
	}
	var err error
	if len(t.added) > 0 {
		if p.welcome, err = r.next.welcome(t, r, o); err != nil {
			r.next.Wipe()
			return nil, err
		}
	}
	if p.message, err = g.protect(r.content); err != nil {
		r.next.Wipe()
		return nil, err
	}
	return p, nil
}

// drafting is what a commit by a member and an external commit differ in.
type drafting struct {
	from       sender
	leaf       LeafIndex     // of the committer
	newLeaf    *LeafNode     // unsigned; nil for a commit without a path
	leafKey    *secret.Bytes // of newLeaf
	signer     *SignatureKey // signs the commit
	newSigner  *SignatureKey // signs newLeaf, and everything in the next epoch
	init       []byte
	format     WireFormat
	aad        []byte
	refuseLeaf bool // the new leaf may break rules: check it
}

// drafted is a commit that is signed and confirmed but not protected yet.
type drafted struct {
	content *authenticatedContent
	path    *freshPath // nil for a commit without a path
	joiner  []byte
	member  []byte
	next    *Group
}

func (r *drafted) wipe() {
	if r.path != nil {
		r.path.wipe()
	}
	secret.Wipe(r.joiner)
	secret.Wipe(r.member)
}

// draft makes the commit of a transition, and the epoch that it leads to.
func (g *Group) draft(list *proposalList, t *transition, d *drafting) (*drafted, error) {
	if len(d.aad) > maxContent {
		return nil, ErrLimit
	}
	r := new(drafted)
	m := &commit{proposals: list.refs()}
	commitSecret := g.alg.zeros()
	if d.newLeaf != nil {
		if err := g.draftPath(t, d, m, r); err != nil {
			return nil, err
		}
		commitSecret = r.path.commitSecret
	}
	if err := t.tree.checkMembers(t.extensions); err != nil {
		return nil, err
	}
	r.content = &authenticatedContent{wireFormat: d.format, content: framedContent{
		groupID: g.context.groupID, epoch: g.context.epoch, sender: d.from, aad: slices.Clone(d.aad), contentType: ContentCommit, commit: m,
	}}
	if err := r.content.sign(g.alg, d.signer, encode(&g.context)); err != nil {
		return nil, err
	}
	context := g.nextContext(t)
	context.confirmedHash = g.alg.confirmedHash(g.interim, r.content)
	if err := g.schedule(r, t, &context, d.init, commitSecret); err != nil {
		return nil, err
	}
	r.next.own, r.next.signer = d.leaf, d.newSigner.Clone()
	r.content.confirmationTag = r.next.makeTag()
	r.next.start(r.content.confirmationTag)
	return r, nil
}

// draftPath renews our leaf and the keys above it.
func (g *Group) draftPath(t *transition, d *drafting, m *commit, r *drafted) (err error) {
	old := t.tree.leaf(d.leaf)
	if r.path, err = t.tree.renewPath(g.alg, &g.cfg, d.leaf, d.newLeaf, d.newSigner, g.context.groupID); err != nil {
		return err
	}
	if err := d.newLeaf.checkAlone(g.alg, &g.cfg, leafOrigin{source: SourceCommit, groupID: g.context.groupID, index: d.leaf, sent: true}); err != nil {
		return err
	}
	if old != nil {
		if err := d.newLeaf.checkSuccessor(&g.cfg, old); err != nil {
			return err
		}
	}
	context := g.nextContext(t)
	if m.path, err = r.path.encrypt(g.alg, t.tree, t.added, encode(&context)); err != nil {
		return err
	}
	for x, k := range r.path.keys {
		t.keys[x].Wipe()
		t.keys[x] = k
	}
	t.keys[d.leaf.node()].Wipe()
	t.keys[d.leaf.node()] = d.leafKey
	return nil
}

// nextContext is the provisional group context: that of the next epoch but for the
// transcript (RFC 9420, section 12.4.1).
func (g *Group) nextContext(t *transition) groupContext {
	c := g.context
	c.epoch++
	c.treeHash = t.tree.rootHash(g.alg)
	c.extensions = t.extensions
	return c
}

// schedule runs the key schedule into the next epoch (RFC 9420, section 8).
func (g *Group) schedule(r *drafted, t *transition, context *groupContext, init, commitSecret []byte) error {
	psk, err := g.alg.pskSecret(t.psks, g.findPSK)
	if err != nil {
		return err
	}
	defer secret.Wipe(psk)
	encoded := encode(context)
	r.joiner = g.alg.joinerSecret(init, commitSecret, encoded)
	r.member = g.alg.memberSecret(r.joiner, psk)
	r.next = &Group{
		cfg: g.cfg, alg: g.alg, context: *context, tree: t.tree, own: g.own, keys: t.tree.heldKeys(t.keys),
		secrets: g.alg.epochSecrets(r.member, encoded), reInit: t.reInit,
	}
	wipeKeys(t.keys)
	if t.reInit != nil {
		r.next.status = statusClosed
	}
	return nil
}

// refs lists the proposals as the commit names them.
func (l *proposalList) refs() []proposalOrRef {
	list := make([]proposalOrRef, len(l.items))
	for i, q := range l.items {
		list[i].reference = q.ref
		if q.ref == nil {
			list[i].proposal = q.proposal
		}
	}
	return list
}
