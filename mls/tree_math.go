package mls

import "math/bits"

// A nodeIndex is the place of a node in the array of a tree: leaves at even
// places, the parents of subtrees of 2^k leaves at places that end in k ones (RFC
// 9420, appendix C). Trees are always full, so only the root depends on the size.
type nodeIndex uint32

func (l LeafIndex) node() nodeIndex { return nodeIndex(l) << 1 }

func (x nodeIndex) isLeaf() bool { return x&1 == 0 }

func (x nodeIndex) leaf() LeafIndex { return LeafIndex(x >> 1) }

// level is 0 for leaves, k for the parent of 2^k leaves.
func (x nodeIndex) level() int { return bits.TrailingZeros32(^uint32(x)) }

func (x nodeIndex) left() nodeIndex { return x ^ 1<<(x.level()-1) }

func (x nodeIndex) right() nodeIndex { return x ^ 3<<(x.level()-1) }

// parent is the node above; the caller does not ask for the root's.
func (x nodeIndex) parent() nodeIndex {
	k := x.level()
	return (x | 1<<k) &^ (1 << (k + 1))
}

func (x nodeIndex) sibling() nodeIndex {
	p := x.parent()
	if x < p {
		return p.right()
	}
	return p.left()
}

// rootOf is the root of a tree with a number of leaves that is a power of two.
func rootOf(leaves uint32) nodeIndex { return nodeIndex(leaves - 1) }

// widthOf is the number of nodes over a number of leaves.
func widthOf(leaves uint32) uint32 { return 2*leaves - 1 }

// firstLeaf and lastLeaf bound the leaves under a node.
func (x nodeIndex) firstLeaf() LeafIndex { return (x - (1<<x.level() - 1)).leaf() }

func (x nodeIndex) lastLeaf() LeafIndex { return (x + (1<<x.level() - 1)).leaf() }

// covers reports whether a leaf is under the node, or is the node.
func (x nodeIndex) covers(l LeafIndex) bool { return x.firstLeaf() <= l && l <= x.lastLeaf() }

// directPath lists the nodes above x, up to the root.
func directPath(x nodeIndex, leaves uint32) []nodeIndex {
	var path []nodeIndex
	for root := rootOf(leaves); x != root; {
		x = x.parent()
		path = append(path, x)
	}
	return path
}

// commonAncestor is the lowest node above two different leaves.
func commonAncestor(a, b LeafIndex) nodeIndex {
	x := a.node()
	for !x.covers(b) {
		x = x.parent()
	}
	return x
}
