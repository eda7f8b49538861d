package mls

import "slices"

// checkJoined checks a tree that comes from somebody else, before it is used (RFC
// 9420, section 12.4.3.1): parent hashes, leaves, unmerged leaves and keys. Its
// root hash was compared with the group's.
func (t *ratchetTree) checkJoined(a *algorithms, cfg *Config, groupID []byte, extensions []Extension) error {
	for _, i := range t.members() {
		if err := t.leaf(i).checkAlone(a, cfg, leafOrigin{groupID: groupID, index: i}); err != nil {
			return err
		}
	}
	if err := t.checkMembers(extensions); err != nil {
		return err
	}
	keys := make(map[string]bool, len(t.nodes))
	for _, n := range t.nodes {
		k := string(n.encryptionKey())
		if !n.blank() && keys[k] {
			return broken(RuleUniqueParent)
		}
		keys[k] = true
	}
	if err := t.eachParent(t.checkUnmerged); err != nil {
		return err
	}
	return t.eachParent(func(x nodeIndex) error {
		if !a.validPublicKey(t.nodes[x].parent.encryptionKey) {
			return broken(RuleKeyForSuite)
		}
		if !t.parentHashValid(a, x) {
			return broken(RuleParentHash)
		}
		return nil
	})
}

// eachParent calls f for the parents that are not blank, until it fails.
func (t *ratchetTree) eachParent(f func(nodeIndex) error) error {
	for x := range nodeIndex(len(t.nodes)) { //nolint:gosec // G115: see ratchetTree.Code
		if t.nodes[x].parent != nil {
			if err := f(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkUnmerged checks that each unmerged leaf of a parent is a member below it,
// and unmerged in each node between. It must pass for
// the whole tree before anything is resolved: an index may lie outside.
func (t *ratchetTree) checkUnmerged(x nodeIndex) error {
	for _, l := range t.nodes[x].parent.unmerged {
		if !x.covers(l) || t.leaf(l) == nil {
			return broken(RuleUnmergedLeaf)
		}
		for y := l.node().parent(); y != x; y = y.parent() {
			if p := t.nodes[y].parent; p != nil {
				if _, found := slices.BinarySearch(p.unmerged, l); !found {
					return broken(RuleUnmergedBetween)
				}
			}
		}
	}
	return nil
}
