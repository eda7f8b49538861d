package mls

import (
	"slices"

	"bulle/protocol/syntax"
)

// treeHashInput is TreeHashInput of RFC 9420, section 7.8.
//
//	NodeType node_type;
//	select (node_type) {
//	    case leaf:   uint32 leaf_index; optional<LeafNode> leaf_node;
//	    case parent: optional<ParentNode> parent_node; opaque left_hash<V>; opaque right_hash<V>;
//	};
type treeHashInput struct {
	x           nodeIndex
	n           node
	left, right []byte
}

func (h *treeHashInput) Code(c *syntax.Codec) {
	if h.x.isLeaf() {
		kind, index := nodeTypeLeaf, h.x.leaf()
		c.Uint8(&kind)
		codeLeafIndex(c, &index)
		syntax.Optional(c, &h.n.leaf, func(c *syntax.Codec, l *LeafNode) { l.Code(c) })
		return
	}
	kind := nodeTypeParent
	c.Uint8(&kind)
	syntax.Optional(c, &h.n.parent, func(c *syntax.Codec, p *parentNode) { p.Code(c) })
	c.Opaque(&h.left)
	c.Opaque(&h.right)
}

// hash is the tree hash of a node. It is computed once and kept until something
// below changes, so that a commit hashes one path and not the whole tree.
func (t *ratchetTree) hash(a *algorithms, x nodeIndex) []byte {
	if t.hashes[x] == nil {
		in := treeHashInput{x: x, n: t.nodes[x]}
		if !x.isLeaf() {
			in.left, in.right = t.hash(a, x.left()), t.hash(a, x.right())
		}
		t.hashes[x] = a.digest(encode(&in))
	}
	return t.hashes[x]
}

// rootHash is the tree hash of the whole tree.
func (t *ratchetTree) rootHash(a *algorithms) []byte { return t.hash(a, t.root()) }

// originalHash is the tree hash of a subtree as it was before some leaves were
// added: they are blank and unmerged nowhere (RFC 9420, section 7.9). Subtrees
// without such a leaf keep their cached hash.
func (t *ratchetTree) originalHash(a *algorithms, x nodeIndex, added []LeafIndex) []byte {
	under := leavesUnder(x, added)
	if len(under) == 0 {
		return t.hash(a, x)
	}
	in := treeHashInput{x: x, n: t.nodes[x]}
	if x.isLeaf() {
		in.n = node{}
		return a.digest(encode(&in))
	}
	if p := in.n.parent; p != nil {
		q := *p
		q.unmerged = slices.DeleteFunc(slices.Clone(p.unmerged), func(l LeafIndex) bool {
			_, found := slices.BinarySearch(under, l)
			return found
		})
		in.n.parent = &q
	}
	in.left, in.right = t.originalHash(a, x.left(), under), t.originalHash(a, x.right(), under)
	return a.digest(encode(&in))
}

// leavesUnder is the part of a sorted list that lies under a node.
func leavesUnder(x nodeIndex, list []LeafIndex) []LeafIndex {
	from, _ := slices.BinarySearch(list, x.firstLeaf())
	to, found := slices.BinarySearch(list, x.lastLeaf())
	if found {
		to++
	}
	return list[from:to]
}

// parentHashInput is ParentHashInput of RFC 9420, section 7.9.
//
//	HPKEPublicKey encryption_key;
//	opaque parent_hash<V>;
//	opaque original_sibling_tree_hash<V>;
type parentHashInput struct {
	encryptionKey, parentHash, siblingHash []byte
}

func (h *parentHashInput) Code(c *syntax.Codec) {
	c.Opaque(&h.encryptionKey)
	c.Opaque(&h.parentHash)
	c.Opaque(&h.siblingHash)
}

// parentHash is the parent hash of a node that is not blank, with a copath child.
func (t *ratchetTree) parentHash(a *algorithms, x, copath nodeIndex) []byte {
	p := t.nodes[x].parent
	return a.digest(encode(&parentHashInput{p.encryptionKey, p.parentHash, t.originalHash(a, copath, p.unmerged)}))
}

// chainParentHashes sets the parent hashes along a filtered path whose keys were
// just replaced, from the root down, and returns the one for the leaf.
func (t *ratchetTree) chainParentHashes(a *algorithms, path []step) []byte {
	hash := []byte{}
	for _, s := range slices.Backward(path) {
		p := *t.nodes[s.parent].parent
		p.parentHash = hash
		t.set(s.parent, node{parent: &p})
		hash = t.parentHash(a, s.parent, s.copath)
	}
	return hash
}

// parentHashValid reports whether a parent node is bound to exactly one node below
// it by that node's parent hash, and was set together with it (RFC 9420, section
// 7.9.2; rule V044).
func (t *ratchetTree) parentHashValid(a *algorithms, x nodeIndex) bool {
	bound := 0
	for _, c := range []nodeIndex{x.left(), x.right()} {
		want := t.parentHash(a, x, c.sibling())
		resolution := t.resolution(c)
		for i, d := range resolution {
			if t.boundTo(d, want) && t.onlyUnmerged(x, c, resolution, i) {
				bound++
			}
		}
	}
	return bound == 1
}

// boundTo reports whether a node carries a parent hash.
func (t *ratchetTree) boundTo(d nodeIndex, want []byte) bool {
	n := t.nodes[d]
	if n.leaf != nil {
		return n.leaf.Source == SourceCommit && slices.Equal(n.leaf.ParentHash, want)
	}
	return n.parent != nil && slices.Equal(n.parent.parentHash, want)
}

// onlyUnmerged reports whether a resolution without its i-th node is the set of
// unmerged leaves of x under c.
func (t *ratchetTree) onlyUnmerged(x, c nodeIndex, resolution []nodeIndex, i int) bool {
	rest := make([]LeafIndex, 0, len(resolution))
	for j, d := range resolution {
		if j == i {
			continue
		}
		if !d.isLeaf() {
			return false
		}
		rest = append(rest, d.leaf())
	}
	slices.Sort(rest)
	return slices.Equal(rest, leavesUnder(c, t.nodes[x].parent.unmerged))
}
