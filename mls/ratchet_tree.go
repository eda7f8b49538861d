package mls

import (
	"slices"

	"bulle/protocol/syntax"
)

// A parentNode is the key of a subgroup (RFC 9420, section 7.1). Trees share it:
// it is replaced, not changed.
//
//	HPKEPublicKey encryption_key;
//	opaque parent_hash<V>;
//	uint32 unmerged_leaves<V>;
type parentNode struct {
	encryptionKey []byte
	parentHash    []byte
	unmerged      []LeafIndex
}

func (p *parentNode) Code(c *syntax.Codec) {
	c.Opaque(&p.encryptionKey)
	c.Opaque(&p.parentHash)
	syntax.Vector(c, &p.unmerged, codeLeafIndex)
	for i := 1; i < len(p.unmerged) && c.Err() == nil; i++ {
		if p.unmerged[i-1] >= p.unmerged[i] {
			c.Fail("unmerged leaves out of order") // rule V024
		}
	}
}

// withUnmerged returns the node with one leaf more in its unmerged leaves.
func (p *parentNode) withUnmerged(l LeafIndex) *parentNode {
	q := *p
	i, found := slices.BinarySearch(p.unmerged, l)
	if !found {
		q.unmerged = slices.Insert(slices.Clone(p.unmerged), i, l)
	}
	return &q
}

// A node of the tree holds a leaf, a parent, or nothing: then it is blank.
type node struct {
	leaf   *LeafNode
	parent *parentNode
}

func (n node) blank() bool { return n.leaf == nil && n.parent == nil }

func (n node) encryptionKey() []byte {
	switch {
	case n.leaf != nil:
		return n.leaf.EncryptionKey
	case n.parent != nil:
		return n.parent.encryptionKey
	default:
		return nil
	}
}

const (
	nodeTypeLeaf   uint8 = 1
	nodeTypeParent uint8 = 2
)

// code codes optional<Node> (RFC 9420, section 12.4.3.3).
func (n *node) code(c *syntax.Codec) {
	present := !n.blank()
	c.Bool(&present)
	if !present || c.Err() != nil {
		return
	}
	kind := nodeTypeLeaf
	if n.parent != nil {
		kind = nodeTypeParent
	}
	c.Uint8(&kind)
	switch {
	case c.Err() != nil:
	case kind == nodeTypeLeaf:
		if c.Reading() {
			n.leaf = new(LeafNode)
		}
		n.leaf.Code(c)
	case kind == nodeTypeParent:
		if c.Reading() {
			n.parent = new(parentNode)
		}
		n.parent.Code(c)
	default:
		c.Fail("a node of unknown type %d", kind)
	}
}

// A ratchetTree is the public state of a group (RFC 9420, section 7). It is full:
// its leaves are a power of two. Nodes are immutable, so that a copy of the tree
// costs two slices, and each tree caches the hashes that still hold.
type ratchetTree struct {
	nodes  []node
	hashes [][]byte // tree hash of each node, nil where it is not known
}

func newTree(first *LeafNode) *ratchetTree {
	return &ratchetTree{nodes: []node{{leaf: first}}, hashes: make([][]byte, 1)}
}

func (t *ratchetTree) clone() *ratchetTree {
	return &ratchetTree{slices.Clone(t.nodes), slices.Clone(t.hashes)}
}

// Code codes the ratchet_tree extension: the nodes up to the last that is not
// blank. Reading extends the tree with blank nodes to its full size.
func (t *ratchetTree) Code(c *syntax.Codec) {
	if !c.Reading() {
		list := t.nodes[:t.lastNode()+1]
		syntax.Vector(c, &list, func(c *syntax.Codec, n *node) { n.code(c) })
		return
	}
	var list []node
	syntax.Vector(c, &list, func(c *syntax.Codec, n *node) {
		n.code(c)
	})
	if c.Err() != nil {
		return
	}
	if len(list) == 0 || list[len(list)-1].blank() {
		c.Fail("a tree that ends in a blank node") // rule V095
		return
	}
	for i, n := range list {
		if n.leaf != nil && i%2 == 1 || n.parent != nil && i%2 == 0 {
			c.Fail("a node of the wrong type at %d", i)
			return
		}
	}
	leaves := uint32(1)
	for widthOf(leaves) < uint32(len(list)) { //nolint:gosec // G115: a vector holds less than 2^30 nodes
		leaves *= 2
	}
	t.resize(list, leaves)
}

// lastNode is the place of the last node that is not blank.
func (t *ratchetTree) lastNode() int {
	for i := len(t.nodes) - 1; i > 0; i-- {
		if !t.nodes[i].blank() {
			return i
		}
	}
	return 0
}

func (t *ratchetTree) resize(nodes []node, leaves uint32) {
	t.nodes = append(make([]node, 0, widthOf(leaves)), nodes...)[:widthOf(leaves)]
	t.hashes = append(make([][]byte, 0, widthOf(leaves)), t.hashes...)[:widthOf(leaves)]
}

// leaves is the number of leaves, blank ones included.
func (t *ratchetTree) leaves() uint32 { return uint32(len(t.nodes)+1) / 2 } //nolint:gosec // G115: see Code

func (t *ratchetTree) root() nodeIndex { return rootOf(t.leaves()) }

// leaf returns the member at a place, nil where there is none or the place is
// outside of the tree.
func (t *ratchetTree) leaf(l LeafIndex) *LeafNode {
	if uint32(l) >= t.leaves() {
		return nil
	}
	return t.nodes[l.node()].leaf
}

// set replaces a node and forgets the hashes that covered it.
func (t *ratchetTree) set(x nodeIndex, n node) {
	t.nodes[x] = n
	t.hashes[x] = nil
	for _, p := range directPath(x, t.leaves()) {
		t.hashes[p] = nil
	}
}

// blankPath blanks the nodes above a leaf.
func (t *ratchetTree) blankPath(l LeafIndex) {
	for _, x := range directPath(l.node(), t.leaves()) {
		t.nodes[x] = node{}
		t.hashes[x] = nil
	}
}

// freeLeaf is the leftmost blank leaf; the tree is extended when there is none.
func (t *ratchetTree) freeLeaf() LeafIndex {
	for l := range LeafIndex(t.leaves()) {
		if t.nodes[l.node()].blank() {
			return l
		}
	}
	l := LeafIndex(t.leaves())
	t.resize(t.nodes, 2*t.leaves())
	return l
}

// add applies an Add proposal (RFC 9420, section 12.1.1).
func (t *ratchetTree) add(leaf *LeafNode) LeafIndex {
	l := t.freeLeaf()
	t.set(l.node(), node{leaf: leaf})
	for _, x := range directPath(l.node(), t.leaves()) {
		if p := t.nodes[x].parent; p != nil {
			t.nodes[x] = node{parent: p.withUnmerged(l)}
		}
	}
	return l
}

// update applies an Update proposal (RFC 9420, section 12.1.2).
func (t *ratchetTree) update(l LeafIndex, leaf *LeafNode) {
	t.set(l.node(), node{leaf: leaf})
	t.blankPath(l)
}

// remove applies a Remove proposal (RFC 9420, section 12.1.3).
func (t *ratchetTree) remove(l LeafIndex) {
	t.set(l.node(), node{})
	t.blankPath(l)
	leaves := t.leaves()
	for leaves > 1 && t.blankFrom(widthOf(leaves/2)) {
		leaves /= 2
		t.nodes, t.hashes = t.nodes[:widthOf(leaves)], t.hashes[:widthOf(leaves)]
	}
}

// blankFrom reports whether the right half has no leaves. What lies after the
// left half is the root, which goes with the right half whatever it holds.
func (t *ratchetTree) blankFrom(left uint32) bool {
	for x := left + 1; x < uint32(len(t.nodes)); x += 2 { //nolint:gosec // G115: see Code
		if !t.nodes[x].blank() {
			return false
		}
	}
	return true
}

// resolution lists the nodes that together reach all members under x (RFC 9420,
// section 4.1.1).
func (t *ratchetTree) resolution(x nodeIndex) []nodeIndex {
	return t.appendResolution(nil, x)
}

func (t *ratchetTree) appendResolution(list []nodeIndex, x nodeIndex) []nodeIndex {
	n := t.nodes[x]
	switch {
	case n.leaf != nil:
		return append(list, x)
	case n.parent != nil:
		list = append(list, x)
		for _, l := range n.parent.unmerged {
			list = append(list, l.node())
		}
		return list
	case x.isLeaf():
		return list
	default:
		return t.appendResolution(t.appendResolution(list, x.left()), x.right())
	}
}

// empty reports whether the resolution of x is empty.
func (t *ratchetTree) empty(x nodeIndex) bool {
	if !t.nodes[x].blank() {
		return false
	}
	return x.isLeaf() || t.empty(x.left()) && t.empty(x.right())
}

// A step of a filtered direct path is a parent and its child on the copath.
type step struct{ parent, copath nodeIndex }

// filteredPath lists the parents above a leaf whose copath child reaches anybody
// (RFC 9420, section 4.1.2), lowest first.
func (t *ratchetTree) filteredPath(l LeafIndex) []step {
	var path []step
	below := l.node()
	for _, x := range directPath(below, t.leaves()) {
		if s := below.sibling(); !t.empty(s) {
			path = append(path, step{x, s})
		}
		below = x
	}
	return path
}

// members lists the places of the leaves that are not blank.
func (t *ratchetTree) members() []LeafIndex {
	var list []LeafIndex
	for l := range LeafIndex(t.leaves()) {
		if t.nodes[l.node()].leaf != nil {
			list = append(list, l)
		}
	}
	return list
}
