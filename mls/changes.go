package mls

import "bulle/protocol/syntax"

// Changes says what a commit does to a group, for the application to accept or to
// refuse before it merges the commit.
type Changes struct {
	// Committer is who made the commit; for an external commit, who joins by it.
	Committer Member
	// External says that the committer joins from outside.
	External bool
	// Added, Removed and Updated members; the removed as they were, the others as
	// they are in the new epoch. The committer's own new leaf is not listed.
	Added, Removed, Updated []Member
	// PSKs that were mixed in.
	PSKs []PSKID
	// Extensions of the group, when the commit replaces them; else nil.
	Extensions *[]Extension
	// ReInit closes the group, when there is one.
	ReInit *ReInit
	// Path says that the committer's keys are fresh.
	Path bool
	// RemovedSelf says that we are no longer a member.
	RemovedSelf bool
}

// Code codes the value.
func (k *Changes) Code(c *syntax.Codec) {
	k.Committer.Code(c)
	c.Bool(&k.External)
	syntax.Values(c, &k.Added)
	syntax.Values(c, &k.Removed)
	syntax.Values(c, &k.Updated)
	syntax.Values(c, &k.PSKs)
	syntax.Optional(c, &k.Extensions, codeExtensions)
	syntax.Optional(c, &k.ReInit, func(c *syntax.Codec, r *ReInit) { r.Code(c) })
	c.Bool(&k.Path)
	c.Bool(&k.RemovedSelf)
}

// changes describes a transition. The committer's leaf is its new one.
func (g *Group) changes(t *transition, committer LeafIndex, external, path bool) Changes {
	k := Changes{
		Committer: newMember(committer, t.tree.leaf(committer)), External: external,
		PSKs: t.psks, ReInit: t.reInit, Path: path,
	}
	if t.newList {
		list := cloneExtensions(t.extensions)
		k.Extensions = &list
	}
	for _, l := range t.added {
		k.Added = append(k.Added, newMember(l, t.tree.leaf(l)))
	}
	for _, l := range t.removed {
		k.Removed = append(k.Removed, newMember(l, g.tree.leaf(l)))
		k.RemovedSelf = k.RemovedSelf || l == g.own
	}
	for _, l := range t.updated {
		k.Updated = append(k.Updated, newMember(l, t.tree.leaf(l)))
	}
	return k
}
