package mls

import "bulle/protocol/syntax"

// updatePath is UpdatePath of RFC 9420, section 7.6: the committer's new leaf and
// a fresh key for each node of its filtered direct path, lowest first.
//
//	LeafNode leaf_node;
//	UpdatePathNode nodes<V>;
type updatePath struct {
	leaf  LeafNode
	nodes []updatePathNode
}

// updatePathNode carries the path secret of a node, encrypted to each node in the
// resolution of its copath child.
//
//	HPKEPublicKey encryption_key;
//	HPKECiphertext encrypted_path_secret<V>;
type updatePathNode struct {
	encryptionKey []byte
	encrypted     []hpkeCiphertext
}

func (p *updatePath) Code(c *syntax.Codec) {
	p.leaf.Code(c)
	syntax.Values(c, &p.nodes)
}

func (n *updatePathNode) Code(c *syntax.Codec) {
	c.Opaque(&n.encryptionKey)
	syntax.Values(c, &n.encrypted)
}

// commit is Commit of RFC 9420, section 12.4.
//
//	ProposalOrRef proposals<V>;
//	optional<UpdatePath> path;
type commit struct {
	proposals []proposalOrRef
	path      *updatePath
}

func (m *commit) Code(c *syntax.Codec) {
	syntax.Values(c, &m.proposals)
	syntax.Optional(c, &m.path, func(c *syntax.Codec, p *updatePath) { p.Code(c) })
}
