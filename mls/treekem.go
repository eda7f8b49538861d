package mls

import (
	"bytes"
	"crypto/subtle"
	"slices"

	"bulle/protocol/secret"
)

// TreeKEM: how a committer refreshes the keys above its leaf and how the others
// follow (RFC 9420, sections 7.4 to 7.6).
//
//	path_secret[0] random
//	path_secret[n+1] = DeriveSecret(path_secret[n], "path")
//	key pair of node n from DeriveSecret(path_secret[n], "node")
//	commit_secret = the path secret after the last node
//
// Path secrets are wiped as soon as the commit is made or processed.

// nodeKey derives the key pair of a node and the path secret of the next one.
func (a *algorithms) nodeKey(pathSecret []byte) (private *secret.Bytes, public, next []byte, err error) {
	nodeSecret := a.derive(pathSecret, "node")
	defer secret.Wipe(nodeSecret)
	private, public, err = a.deriveKeyPair(nodeSecret)
	return private, public, a.derive(pathSecret, "path"), err
}

// A freshPath is what a committer knows about the path that it just renewed.
type freshPath struct {
	steps        []step
	leaf         *LeafNode
	secrets      [][]byte // path secret of each step
	commitSecret []byte
	keys         map[nodeIndex]*secret.Bytes
}

func (f *freshPath) wipe() {
	for _, s := range f.secrets {
		secret.Wipe(s)
	}
	secret.Wipe(f.commitSecret)
}

// secretFor is the path secret of the lowest node above both the committer and
// another leaf, nil when there is none: the commit has no path.
func (f *freshPath) secretFor(l LeafIndex) []byte {
	if f == nil {
		return nil
	}
	for i, s := range f.steps {
		if s.parent.covers(l) {
			return f.secrets[i]
		}
	}
	return nil
}

// renewPath replaces the leaf of a member, and the keys above it, by fresh ones.
// The leaf has its encryption key already and is signed here.
func (t *ratchetTree) renewPath(a *algorithms, cfg *Config, l LeafIndex, leaf *LeafNode, key *SignatureKey, groupID []byte) (*freshPath, error) {
	t.blankPath(l)
	f := &freshPath{steps: t.filteredPath(l), leaf: leaf, keys: map[nodeIndex]*secret.Bytes{}}
	pathSecret, err := cfg.random(a.nh)
	if err != nil {
		return nil, err
	}
	for _, s := range f.steps {
		private, public, next, err := a.nodeKey(pathSecret)
		if err != nil {
			return nil, err
		}
		f.secrets, f.keys[s.parent] = append(f.secrets, pathSecret), private
		t.set(s.parent, node{parent: &parentNode{encryptionKey: public, unmerged: []LeafIndex{}}})
		pathSecret = next
	}
	f.commitSecret = pathSecret
	leaf.ParentHash = t.chainParentHashes(a, f.steps)
	if err := leaf.sign(a, key, groupID, l); err != nil {
		return nil, err
	}
	t.set(l.node(), node{leaf: leaf})
	return f, nil
}

// encrypt makes the update path: each path secret goes to the resolution of the
// copath child, less the leaves that the same commit adds.
func (f *freshPath) encrypt(a *algorithms, t *ratchetTree, added []LeafIndex, context []byte) (*updatePath, error) {
	p := &updatePath{leaf: *f.leaf, nodes: make([]updatePathNode, len(f.steps))}
	for i, s := range f.steps {
		p.nodes[i].encryptionKey = t.nodes[s.parent].parent.encryptionKey
		for _, x := range t.recipients(s.copath, added) {
			ct, err := a.encryptWithLabel(t.nodes[x].encryptionKey(), labelPathNode, context, f.secrets[i])
			if err != nil {
				return nil, err
			}
			p.nodes[i].encrypted = append(p.nodes[i].encrypted, ct)
		}
	}
	return p, nil
}

const labelPathNode = "UpdatePathNode"

// recipients is the resolution of a node less the leaves just added.
func (t *ratchetTree) recipients(x nodeIndex, added []LeafIndex) []nodeIndex {
	return slices.DeleteFunc(t.resolution(x), func(x nodeIndex) bool {
		return x.isLeaf() && slices.Contains(added, x.leaf())
	})
}

// checkPath checks the form of an update path against the tree that it is for,
// with the proposals applied (RFC 9420, sections 7.6 and 12.4.2).
func (t *ratchetTree) checkPath(a *algorithms, l LeafIndex, p *updatePath, added []LeafIndex) error {
	steps := t.filteredPath(l)
	if len(steps) != len(p.nodes) {
		return broken(RulePathLength)
	}
	for i, s := range steps {
		if len(p.nodes[i].encrypted) != len(t.recipients(s.copath, added)) {
			return broken(RulePathRecipients)
		}
	}
	used := make(map[string]bool, len(t.nodes))
	for _, n := range t.nodes {
		if !n.blank() {
			used[string(n.encryptionKey())] = true
		}
	}
	keys := [][]byte{p.leaf.EncryptionKey}
	for i := range p.nodes {
		keys = append(keys, p.nodes[i].encryptionKey)
	}
	for _, k := range keys {
		if used[string(k)] {
			return broken(RulePathKeysFresh)
		}
		if !a.validPublicKey(k) {
			return broken(RuleKeyForSuite)
		}
		used[string(k)] = true
	}
	return nil
}

// mergePath applies an update path to the tree and checks that the leaf is bound
// to it by its parent hash (RFC 9420, section 7.5).
func (t *ratchetTree) mergePath(a *algorithms, l LeafIndex, p *updatePath) ([]step, error) {
	t.blankPath(l)
	steps := t.filteredPath(l)
	for i, s := range steps {
		t.set(s.parent, node{parent: &parentNode{encryptionKey: p.nodes[i].encryptionKey, unmerged: []LeafIndex{}}})
	}
	if want := t.chainParentHashes(a, steps); !bytes.Equal(want, p.leaf.ParentHash) {
		return nil, broken(RuleLeafParentHash)
	}
	leaf := p.leaf
	t.set(l.node(), node{leaf: &leaf})
	return steps, nil
}

// decryptPath learns, as a member that is not the committer, the private keys that
// an update path gives it, and the commit secret. The caller owns both. The path
// was checked and merged into the tree.
func (t *ratchetTree) decryptPath(a *algorithms, own LeafIndex, keys map[nodeIndex]*secret.Bytes, steps []step, p *updatePath, added []LeafIndex, context []byte) (map[nodeIndex]*secret.Bytes, []byte, error) {
	i := slices.IndexFunc(steps, func(s step) bool { return s.copath.covers(own) })
	if i < 0 {
		return nil, nil, broken(RulePathRecipients)
	}
	for j, x := range t.recipients(steps[i].copath, added) {
		if keys[x].Len() == 0 {
			continue
		}
		pathSecret, err := a.decryptWithLabel(keys[x], labelPathNode, context, p.nodes[i].encrypted[j])
		if err != nil {
			return nil, nil, err
		}
		return t.climb(a, steps[i:], pathSecret)
	}
	return nil, nil, broken(RulePathRecipients)
}

// climb derives the keys of a path from the path secret of its first step, which
// it consumes, and checks them against the tree (rule V040).
func (t *ratchetTree) climb(a *algorithms, steps []step, pathSecret []byte) (map[nodeIndex]*secret.Bytes, []byte, error) {
	keys := map[nodeIndex]*secret.Bytes{}
	for _, s := range steps {
		private, public, next, err := a.nodeKey(pathSecret)
		secret.Wipe(pathSecret)
		if err != nil {
			return nil, nil, err
		}
		keys[s.parent], pathSecret = private, next
		if subtle.ConstantTimeCompare(public, t.nodes[s.parent].encryptionKey()) != 1 {
			secret.Wipe(pathSecret)
			wipeKeys(keys)
			return nil, nil, broken(RulePathSecret)
		}
	}
	return keys, pathSecret, nil
}

func wipeKeys(keys map[nodeIndex]*secret.Bytes) {
	for _, k := range keys {
		k.Wipe()
	}
}

// heldKeys copies the private keys of nodes that the tree still has: those of
// blanked nodes are gone.
func (t *ratchetTree) heldKeys(keys map[nodeIndex]*secret.Bytes) map[nodeIndex]*secret.Bytes {
	held := map[nodeIndex]*secret.Bytes{}
	for x, k := range keys {
		if uint64(x) < uint64(len(t.nodes)) && !t.nodes[x].blank() {
			held[x] = k.Clone()
		}
	}
	return held
}
