package mls

import (
	"bytes"
	"fmt"
	"math"

	"bulle/protocol/secret"
)

// A Group is a client's state of one group in one epoch. It is not safe for
// concurrent use.
type Group struct {
	cfg        Config
	alg        *algorithms
	context    groupContext
	tree       *ratchetTree
	own        LeafIndex
	inviter    *LeafIndex                  // who let us in; nil once restored
	keys       map[nodeIndex]*secret.Bytes // private keys of our leaf and above it
	signer     *SignatureKey
	secrets    *epochSecrets
	tag        []byte // confirmation tag of the epoch
	interim    []byte // interim transcript hash
	status     groupStatus
	reInit     *ReInit // that closed the group
	queue      []queuedProposal
	updates    []ownUpdate
	resumption []resumptionSecret // of finished epochs, the oldest first
	past       []*pastEpoch       // the oldest first
	ratchets   *secretTree
	wiped      bool
	parent     *Group // while the first commit of a branch or re-initialised group is made
}

// groupStatus says what can still be done with a group.
type groupStatus uint8

const (
	statusActive  groupStatus = 0
	statusClosed  groupStatus = 1 // by a ReInit
	statusRemoved groupStatus = 2
)

// noLeaf stands for our own leaf while we have none: before an external commit.
const noLeaf LeafIndex = math.MaxUint32

// An ownUpdate keeps the private keys of an Update proposal of ours until a commit
// takes it up.
type ownUpdate struct {
	ref     []byte
	leafKey *secret.Bytes
	signer  *SignatureKey // nil: unchanged
}

// A resumptionSecret links later groups and epochs to a finished epoch.
type resumptionSecret struct {
	epoch  uint64
	secret *secret.Bytes
}

// A Member is a leaf of a group's tree. Its slices are the tree's: they must not be
// changed.
type Member struct {
	Leaf          LeafIndex
	Credential    Credential
	SignatureKey  []byte
	EncryptionKey []byte
}

func newMember(i LeafIndex, l *LeafNode) Member {
	return Member{i, l.Credential, l.SignatureKey, l.EncryptionKey}
}

// GroupOptions are the parameters of a new group.
type GroupOptions struct {
	// Suite defaults to [Hybrid].
	Suite Suite
	// GroupID must be unique; nil draws a random one.
	GroupID    []byte
	Credential Credential
	// Key signs for us; the group keeps a copy.
	Key *SignatureKey
	// Extensions of the group, such as [RequiredCapabilities].
	Extensions []Extension
	// Leaf says more about our first leaf.
	Leaf KeyPackageOptions
}

// Create starts a group whose only member is the caller, in epoch 0 (RFC 9420,
// section 11).
func Create(cfg Config, o GroupOptions) (*Group, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	if o.Suite == 0 {
		o.Suite = Hybrid
	}
	a, err := o.Suite.algorithms()
	if err != nil {
		return nil, err
	}
	if o.GroupID == nil {
		if o.GroupID, err = cfg.random(a.nh); err != nil {
			return nil, err
		}
	}
	leaf, leafKey, err := newLeaf(a, &cfg, o.Credential, o.Key, o.Leaf)
	if err != nil {
		return nil, err
	}
	epoch, err := cfg.random(a.nh)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe(epoch)
	g := &Group{
		cfg: cfg, alg: a, tree: newTree(leaf), signer: o.Key.Clone(), secrets: a.splitEpoch(epoch),
		keys: map[nodeIndex]*secret.Bytes{0: leafKey},
		context: groupContext{
			suite: o.Suite, groupID: bytes.Clone(o.GroupID), confirmedHash: []byte{}, extensions: cloneExtensions(o.Extensions),
		},
	}
	g.context.treeHash = g.tree.rootHash(a)
	if err := g.checkNew(leaf); err != nil {
		g.Wipe()
		return nil, fmt.Errorf("create group: %w", err)
	}
	g.start(g.makeTag())
	return g, nil
}

// checkNew checks our own leaf and the extensions of a group that we create.
func (g *Group) checkNew(leaf *LeafNode) error {
	if err := encodable(&g.context); err != nil {
		return err
	}
	senders, err := findExternalSenders(g.context.extensions)
	if err != nil {
		return err
	}
	if err := g.cfg.checkExternalSenders(senders); err != nil {
		return err
	}
	if err := leaf.checkAlone(g.alg, &g.cfg, leafOrigin{source: SourceKeyPackage, sent: true}); err != nil {
		return err
	}
	return g.tree.checkMembers(g.context.extensions)
}

// makeTag computes the confirmation tag of the epoch.
func (g *Group) makeTag() []byte {
	return g.alg.mac(g.secrets.confirmation.Reveal(), g.context.confirmedHash)
}

// start begins an epoch: what the key schedule consumed is wiped, and the message
// keys are seeded.
func (g *Group) start(tag []byte) {
	g.tag = tag
	g.interim = g.alg.interimHash(g.context.confirmedHash, tag)
	g.secrets.confirmation.Wipe()
	g.ratchets = newSecretTree(g.tree.leaves(), g.secrets.encryption)
	g.secrets.encryption = nil
}

// Suite returns the group's algorithms.
func (g *Group) Suite() Suite { return g.context.suite }

// ID returns the group's identifier.
func (g *Group) ID() []byte { return bytes.Clone(g.context.groupID) }

// Epoch returns the number of the epoch.
func (g *Group) Epoch() uint64 { return g.context.epoch }

// Own returns our own leaf.
func (g *Group) Own() LeafIndex { return g.own }

// Active reports whether we can send: we are a member, and no ReInit has closed
// the group.
func (g *Group) Active() bool { return g.status == statusActive }

// ReInit returns the proposal that closed the group, or nil.
func (g *Group) ReInit() *ReInit { return g.reInit }

// Inviter returns the member who signed the Welcome that [Join] used; ok is false
// for a group that was made or restored otherwise.
func (g *Group) Inviter() (l LeafIndex, ok bool) {
	if g.inviter == nil {
		return 0, false
	}
	return *g.inviter, true
}

// Members lists the members, in the order of their leaves.
func (g *Group) Members() []Member {
	if g.tree == nil {
		return nil
	}
	indices := g.tree.members()
	list := make([]Member, len(indices))
	for i, l := range indices {
		list[i] = newMember(l, g.tree.leaf(l))
	}
	return list
}

// Member returns the member at a leaf.
func (g *Group) Member(l LeafIndex) (Member, bool) {
	if g.tree == nil {
		return Member{}, false
	}
	leaf := g.tree.leaf(l)
	if leaf == nil {
		return Member{}, false
	}
	return newMember(l, leaf), true
}

// Extensions returns the group's extensions.
func (g *Group) Extensions() []Extension { return cloneExtensions(g.context.extensions) }

// EpochAuthenticator is equal for two members exactly when they agree on the whole
// history of the group (RFC 9420, section 8.7). It is not secret towards members.
func (g *Group) EpochAuthenticator() []byte { return bytes.Clone(g.secrets.authenticator.Reveal()) }

// Tree returns the ratchet tree as the ratchet_tree extension has it (RFC 9420,
// section 12.4.3.3). It is public.
func (g *Group) Tree() ([]byte, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	return encode(g.tree), nil
}

// Export derives a secret of the application from the epoch (RFC 9420, section
// 8.5): MLS-Exporter. The size is at most 255 times the size of the suite's hash.
func (g *Group) Export(label string, context []byte, size int) (*secret.Bytes, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	if size < 0 || size > 255*g.alg.nh {
		return nil, fmt.Errorf("%w: export of %d bytes", ErrLimit, size)
	}
	return g.alg.export(g.secrets.exporter, label, context, size), nil
}

// ResumptionSecret returns a copy of the resumption secret of an epoch (RFC 9420,
// section 8.6), for use in other groups: the current epoch's, or one that
// [Limits].ResumptionEpochs keeps. Another is ErrPSK. The caller owns it.
func (g *Group) ResumptionSecret(epoch uint64) (*secret.Bytes, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	s := g.resumptionSecret(epoch)
	if s == nil {
		return nil, ErrPSK
	}
	return s.Clone(), nil
}

// usable refuses a group that we are not in.
func (g *Group) usable() error {
	if g.wiped {
		return ErrWiped
	}
	if g.status == statusRemoved {
		return ErrRemoved
	}
	return nil
}

// sendable refuses a group that nothing may be sent in.
func (g *Group) sendable() error {
	if err := g.usable(); err != nil {
		return err
	}
	if g.status == statusClosed {
		return ErrReInit
	}
	return nil
}

// Wipe ends the use of the group: all its secrets are overwritten. What was stored
// stays, and can be restored; the wiped group can do nothing, and not be stored:
// ErrWiped.
func (g *Group) Wipe() {
	g.wiped = true
	g.wipeEpoch()
	g.signer.Wipe()
	for _, r := range g.resumption {
		r.secret.Wipe()
	}
	for _, p := range g.past {
		p.wipe()
	}
	g.resumption, g.past = nil, nil
}

// wipeEpoch ends the secrets of the current epoch.
func (g *Group) wipeEpoch() {
	if g.secrets != nil {
		g.secrets.wipe()
	}
	wipeKeys(g.keys)
	g.keys = nil
	g.wipeUpdates()
	g.ratchets.wipe()
}

func (g *Group) wipeUpdates() {
	for _, u := range g.updates {
		u.leafKey.Wipe()
		u.signer.Wipe()
	}
	g.updates = nil
}
