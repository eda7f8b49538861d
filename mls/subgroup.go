package mls

import (
	"bytes"
	"fmt"
)

// Groups that come from groups: branches (RFC 9420, section 11.3) and
// re-initialised groups (section 11.2). A resumption secret of the old group in
// the first commit of the new one proves that its members were members there.

// SuccessorOptions are the parameters of a branch or a re-initialised group.
type SuccessorOptions struct {
	// GroupID of a branch; nil draws a random one. A ReInit has set its own.
	GroupID []byte
	// Extensions of a branch. A ReInit has set its own.
	Extensions []Extension
	Credential Credential
	// Key signs for us; the group keeps a copy.
	Key *SignatureKey
	// Leaf says more about our first leaf.
	Leaf KeyPackageOptions
	// Add holds a fresh key package of each other member: for a branch of those who
	// go along, for a re-initialisation of all.
	Add []*KeyPackage
	// InlineTree puts the ratchet tree into the Welcome.
	InlineTree bool
}

// Branch starts a group with some of the members of this one. The new group is in
// epoch 0 with the caller alone; merging the pending commit brings the others in.
func (g *Group) Branch(o SuccessorOptions) (*Group, *PendingCommit, error) {
	if err := g.sendable(); err != nil {
		return nil, nil, err
	}
	id := PSKID{Type: PSKResumption, Usage: UsageBranch, GroupID: g.context.groupID, Epoch: g.context.epoch}
	next, p, err := g.successor(g.context.suite, &o, id)
	if err != nil {
		return nil, nil, fmt.Errorf("branch: %w", err)
	}
	if err := p.next.checkBranchOf(g); err != nil {
		return nil, nil, wipeSuccessor(next, p, err)
	}
	return next, p, nil
}

// FinishReInit starts the group that a ReInit announced. Any member of the old
// group may do it.
func (g *Group) FinishReInit(o SuccessorOptions) (*Group, *PendingCommit, error) {
	if g.status != statusClosed {
		return nil, nil, broken(RuleLinkReInit)
	}
	o.GroupID, o.Extensions = g.reInit.GroupID, g.reInit.Extensions
	id := PSKID{Type: PSKResumption, Usage: UsageReInit, GroupID: g.context.groupID, Epoch: g.context.epoch}
	next, p, err := g.successor(g.reInit.Suite, &o, id)
	if err != nil {
		return nil, nil, fmt.Errorf("re-initialise: %w", err)
	}
	if err := p.next.checkReInitOf(g, &id); err != nil {
		return nil, nil, wipeSuccessor(next, p, err)
	}
	return next, p, nil
}

func wipeSuccessor(g *Group, p *PendingCommit, err error) error {
	g.Wipe()
	p.Wipe()
	return err
}

// successor makes the new group and its first commit.
func (g *Group) successor(s Suite, o *SuccessorOptions, id PSKID) (*Group, *PendingCommit, error) {
	next, err := Create(g.cfg, GroupOptions{Suite: s, GroupID: o.GroupID, Credential: o.Credential, Key: o.Key, Extensions: o.Extensions, Leaf: o.Leaf})
	if err != nil {
		return nil, nil, err
	}
	next.parent = g
	p, err := next.Commit(CommitOptions{Add: o.Add, PSKs: []PSKID{id}, InlineTree: o.InlineTree, linked: true})
	next.parent = nil
	if err != nil {
		next.Wipe()
		return nil, nil, err
	}
	return next, p, nil
}

// checkReInitOf checks that the group is what the ReInit of the old one announced
// (RFC 9420, section 12.4.3.1).
func (g *Group) checkReInitOf(old *Group, id *PSKID) error {
	r := old.reInit
	if r == nil || !bytes.Equal(id.GroupID, old.context.groupID) || id.Epoch != old.context.epoch ||
		!bytes.Equal(r.GroupID, g.context.groupID) || r.Version != MLS10 || r.Suite != g.context.suite ||
		!equalExtensions(r.Extensions, g.context.extensions) {
		return broken(RuleLinkReInit)
	}
	if !old.membersIn(g) {
		return broken(RuleLinkReInitMembers)
	}
	return nil
}

// checkBranchOf checks that the group is a branch of the old one.
func (g *Group) checkBranchOf(old *Group) error {
	if g.context.suite != old.context.suite {
		return broken(RuleLinkBranch)
	}
	if !g.membersIn(old) {
		return broken(RuleLinkBranchMembers)
	}
	return nil
}

// membersIn reports whether each member presents a client that is in another
// group.
func (g *Group) membersIn(other *Group) bool {
	for _, m := range g.Members() {
		if !other.presents(m.Credential) {
			return false
		}
	}
	return true
}

func (g *Group) presents(c Credential) bool {
	for _, m := range g.Members() {
		if g.cfg.Credentials.SameClient(m.Credential, c) {
			return true
		}
	}
	return false
}
