package mls

import (
	"slices"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
	"bulle/testvectors"
)

func parseTree(tb testing.TB, b []byte) *ratchetTree {
	tb.Helper()
	t := new(ratchetTree)
	if err := syntax.Unmarshal(b, t); err != nil {
		tb.Fatal(err)
	}
	equal(tb, "tree", encode(t), b)
	return t
}

func TestVectorsTreeOperations(t *testing.T) {
	var vectors []struct {
		Suite    Suite     `json:"cipher_suite"`
		Proposal hexBytes  `json:"proposal"`
		Sender   LeafIndex `json:"proposal_sender"`
		After    hexBytes  `json:"tree_after"`
		Before   hexBytes  `json:"tree_before"`
		HashTo   hexBytes  `json:"tree_hash_after"`
		HashFrom hexBytes  `json:"tree_hash_before"`
	}
	testvectors.Load(t, "mls/tree-operations.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			tree := parseTree(t, v.Before)
			equal(t, "hash before", tree.rootHash(a), v.HashFrom)
			p := new(Proposal)
			if err := syntax.Unmarshal(v.Proposal, p); err != nil {
				t.Fatal(err)
			}
			switch p.Type {
			case ProposalAdd:
				tree.add(&p.KeyPackage.Leaf)
			case ProposalUpdate:
				tree.update(v.Sender, p.Leaf)
			case ProposalRemove:
				tree.remove(p.Removed)
			default:
				t.Fatalf("a proposal of type %d", p.Type)
			}
			equal(t, "tree after", encode(tree), v.After)
			equal(t, "hash after", tree.rootHash(a), v.HashTo)
		})
	}
}

func TestVectorsTreeValidation(t *testing.T) {
	var vectors []struct {
		Suite       Suite         `json:"cipher_suite"`
		Tree        hexBytes      `json:"tree"`
		GroupID     hexBytes      `json:"group_id"`
		Hashes      []hexBytes    `json:"tree_hashes"`
		Resolutions [][]nodeIndex `json:"resolutions"`
	}
	testvectors.Load(t, "mls/tree-validation.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			tree := parseTree(t, v.Tree)
			for x := range nodeIndex(len(tree.nodes)) {
				if got := tree.resolution(x); !slices.Equal(got, v.Resolutions[x]) {
					t.Errorf("resolution of %d is %v, want %v", x, got, v.Resolutions[x])
				}
				equal(t, "tree hash", tree.hash(a, x), v.Hashes[x])
			}
			cfg, err := testConfig().checked()
			if err != nil {
				t.Fatal(err)
			}
			cfg.Limits.MaxLifetime = -1
			if err := tree.checkJoined(a, &cfg, v.GroupID, nil); err != nil {
				t.Errorf("the tree is valid: %v", err)
			}
		})
	}
}

// treeKEMVector is a tree, the private state of its members, and update paths.
type treeKEMVector struct {
	Suite     Suite         `json:"cipher_suite"`
	Confirmed hexBytes      `json:"confirmed_transcript_hash"`
	Epoch     uint64        `json:"epoch"`
	GroupID   hexBytes      `json:"group_id"`
	Tree      hexBytes      `json:"ratchet_tree"`
	Leaves    []privateLeaf `json:"leaves_private"`
	Paths     []struct {
		CommitSecret hexBytes    `json:"commit_secret"`
		PathSecrets  []*hexBytes `json:"path_secrets"`
		Sender       LeafIndex   `json:"sender"`
		TreeHash     hexBytes    `json:"tree_hash_after"`
		Path         hexBytes    `json:"update_path"`
	} `json:"update_paths"`
}

type privateLeaf struct {
	EncryptionPriv hexBytes  `json:"encryption_priv"`
	Index          LeafIndex `json:"index"`
	PathSecrets    []struct {
		Node   nodeIndex `json:"node"`
		Secret hexBytes  `json:"path_secret"`
	} `json:"path_secrets"`
	SignaturePriv hexBytes `json:"signature_priv"`
}

// private makes each member's private keys, and checks them against the tree.
func (v *treeKEMVector) private(t *testing.T, a *algorithms, tree *ratchetTree) map[LeafIndex]map[nodeIndex]*secret.Bytes {
	t.Helper()
	all := map[LeafIndex]map[nodeIndex]*secret.Bytes{}
	for _, l := range v.Leaves {
		keys := map[nodeIndex]*secret.Bytes{l.Index.node(): secret.Copy(padded(v.Suite, l.EncryptionPriv))}
		for _, p := range l.PathSecrets {
			private, _, _, err := a.nodeKey(p.Secret)
			if err != nil {
				t.Fatal(err)
			}
			keys[p.Node] = private
		}
		for x, k := range keys {
			public, err := a.publicKey(k)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "public key", public, tree.nodes[x].encryptionKey())
		}
		all[l.Index] = keys
	}
	return all
}

func (v *treeKEMVector) context(tree *ratchetTree, a *algorithms) []byte {
	return encode(&groupContext{suite: v.Suite, groupID: v.GroupID, epoch: v.Epoch, treeHash: tree.rootHash(a), confirmedHash: v.Confirmed})
}

func TestVectorsTreeKEM(t *testing.T) {
	var vectors []treeKEMVector
	testvectors.Load(t, "mls/treekem.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			tree := parseTree(t, v.Tree)
			private := v.private(t, a, tree)
			for n := range v.Paths {
				u := &v.Paths[n]
				p := new(updatePath)
				if err := syntax.Unmarshal(u.Path, p); err != nil {
					t.Fatal(err)
				}
				after := v.follow(t, a, tree, private, u.Sender, p, u.CommitSecret, u.PathSecrets)
				equal(t, "tree hash after", after.rootHash(a), u.TreeHash)
				if n > 0 && slowHere(v.Suite) {
					continue // the vectors are done; paths of our own cost minutes more
				}
				fresh, commitSecret := v.renew(t, a, tree, u.Sender)
				v.follow(t, a, tree, private, u.Sender, fresh, commitSecret, nil)
			}
		})
	}
}

// follow processes an update path as every other member. The path secrets, where
// they are known, must be what each member decrypts.
func (v *treeKEMVector) follow(t *testing.T, a *algorithms, tree *ratchetTree, private map[LeafIndex]map[nodeIndex]*secret.Bytes, from LeafIndex, p *updatePath, want []byte, pathSecrets []*hexBytes) *ratchetTree {
	t.Helper()
	after := tree.clone()
	if err := after.checkPath(a, from, p, nil); err != nil {
		t.Fatal(err)
	}
	steps, err := after.mergePath(a, from, p)
	if err != nil {
		t.Fatal(err)
	}
	for l, keys := range private {
		if l == from {
			continue
		}
		learned, got, err := after.decryptPath(a, l, keys, steps, p, nil, v.context(after, a))
		if err != nil {
			t.Fatalf("leaf %d follows %d: %v", l, from, err)
		}
		equal(t, "commit secret", got, want)
		if pathSecrets == nil || pathSecrets[l] == nil {
			continue
		}
		i := slices.IndexFunc(steps, func(s step) bool { return s.copath.covers(l) })
		key, _, _, err := a.nodeKey(*pathSecrets[l])
		if err != nil || !key.Equal(learned[steps[i].parent]) {
			t.Errorf("leaf %d decrypts another path secret, %v", l, err)
		}
	}
	return after
}

// renew makes an update path of our own for the same tree.
func (v *treeKEMVector) renew(t *testing.T, a *algorithms, tree *ratchetTree, from LeafIndex) (*updatePath, []byte) {
	t.Helper()
	cfg := testConfig()
	after := tree.clone()
	i := slices.IndexFunc(v.Leaves, func(l privateLeaf) bool { return l.Index == from })
	key, err := NewSignatureKey(v.Suite, padded(v.Suite, v.Leaves[i].SignaturePriv))
	if err != nil {
		t.Fatal(err)
	}
	leaf, _, err := tree.leaf(from).successor(a, &cfg, nil, SourceCommit)
	if err != nil {
		t.Fatal(err)
	}
	f, err := after.renewPath(a, &cfg, from, leaf, key, v.GroupID)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.encrypt(a, after, nil, v.context(after, a))
	if err != nil {
		t.Fatal(err)
	}
	return p, f.commitSecret
}
