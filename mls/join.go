package mls

import (
	"crypto/hmac"
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Joining by a Welcome (RFC 9420, section 12.4.3.1):
//
//	Welcome -> our entry -> group secrets -> pre-shared keys -> GroupInfo
//	-> tree checked, signature, confirmation tag -> group

// JoinOptions are what a client joins a group with.
type JoinOptions struct {
	// Welcome is the MLSMessage.
	Welcome []byte
	// Tree is the ratchet tree, unless the Welcome holds it.
	Tree []byte
	// Bundles are key packages of ours; the one that the Welcome names is used. It
	// stays the caller's to wipe, unless it is a last resort.
	Bundles []*KeyPackageBundle
	// Key is our signature key; the group keeps a copy.
	Key *SignatureKey
	// Parent is the group that the new one is a branch or the re-initialisation of.
	// Without it such a Welcome is refused with ErrPSK.
	Parent *Group
	// Joined reports whether we are in a group already, which refuses the Welcome;
	// nil knows none.
	Joined func(groupID []byte) bool
}

// Join makes a group from a Welcome.
func Join(cfg Config, o JoinOptions) (*Group, error) {
	g, err := join(cfg, &o)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	return g, nil
}

func join(cfg Config, o *JoinOptions) (*Group, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	w, err := parseWelcome(o.Welcome)
	if err != nil {
		return nil, err
	}
	a, err := w.suite.algorithms()
	if err != nil {
		return nil, err
	}
	entry, bundle, err := w.find(o.Bundles)
	if err != nil {
		return nil, err
	}
	if !o.Key.fits(a) || string(o.Key.public) != string(bundle.Public.Leaf.SignatureKey) {
		return nil, fmt.Errorf("%w: the signature key is not that of the key package", ErrUnsupported)
	}
	j := &joining{cfg: &cfg, a: a, o: o, bundle: bundle}
	defer j.wipe()
	if err := j.open(w, entry); err != nil {
		return nil, err
	}
	if err := j.checkInfo(); err != nil {
		return nil, err
	}
	if err := j.place(); err != nil {
		return nil, err
	}
	g, err := j.group()
	if err != nil {
		return nil, err
	}
	if err := j.checkLink(g); err != nil {
		g.Wipe()
		return nil, err
	}
	return g, nil
}

// joining is a join under way.
type joining struct {
	cfg     *Config
	a       *algorithms
	o       *JoinOptions
	bundle  *KeyPackageBundle
	secrets groupSecrets
	member  []byte
	info    *GroupInfo
	tree    *ratchetTree
	own     LeafIndex
	keys    map[nodeIndex]*secret.Bytes
}

func (j *joining) wipe() {
	j.secrets.wipe()
	secret.Wipe(j.member)
	wipeKeys(j.keys)
}

// open decrypts the group secrets and, with them, the GroupInfo.
func (j *joining) open(w *Welcome, entry *encryptedGroupSecrets) error {
	plaintext, err := j.a.decryptWithLabel(j.bundle.initKey, labelWelcome, w.encryptedGroupInfo, entry.encrypted)
	if err != nil {
		return err
	}
	defer secret.Wipe(plaintext)
	if err := syntax.Unmarshal(plaintext, &j.secrets); err != nil {
		return err
	}
	if err := j.checkPSKs(); err != nil {
		return err
	}
	psk, err := j.a.pskSecret(j.secrets.psks, j.findPSK)
	if err != nil {
		return err
	}
	defer secret.Wipe(psk)
	j.member = j.a.memberSecret(j.secrets.joiner, psk)
	key, nonce := j.a.welcomeKey(j.member)
	defer secret.Wipe(key)
	encoded, err := j.a.open(key, nonce, nil, w.encryptedGroupInfo)
	if err != nil {
		return err
	}
	j.info = new(GroupInfo)
	return syntax.Unmarshal(encoded, j.info)
}

// checkPSKs checks the form of the pre-shared keys of a Welcome.
func (j *joining) checkPSKs() error {
	links := 0
	for i := range j.secrets.psks {
		id := &j.secrets.psks[i]
		if len(id.Nonce) != j.a.nh {
			return broken(RulePSKNonce)
		}
		if id.links() {
			links++
		}
	}
	if links > 1 {
		return broken(RuleOneLink)
	}
	return nil
}

// findPSK finds a pre-shared key; the parent group knows its own.
func (j *joining) findPSK(id *PSKID) (*secret.Bytes, error) {
	if p := j.o.Parent; p != nil && id.Type == PSKResumption && string(id.GroupID) == string(p.context.groupID) {
		if s := p.resumptionSecret(id.Epoch); s != nil {
			return s, nil
		}
	}
	return j.cfg.findPSK(id)
}

// checkInfo finds the tree and checks the GroupInfo with it.
func (j *joining) checkInfo() (err error) {
	if j.info.context.suite != j.bundle.Public.Suite {
		return broken(RuleWelcomeSuite)
	}
	if j.o.Joined != nil && j.o.Joined(j.info.context.groupID) {
		return broken(RuleGroupIDUnique)
	}
	j.tree, err = j.info.check(j.a, j.cfg, j.o.Tree)
	return err
}

// check checks a GroupInfo and the tree that comes with it: in its extension, or
// given apart.
func (i *GroupInfo) check(a *algorithms, cfg *Config, apart []byte) (*ratchetTree, error) {
	encoded, ok := findExtension(i.extensions, ExtensionRatchetTree)
	if !ok {
		encoded = apart
	}
	t := new(ratchetTree)
	if err := syntax.Unmarshal(encoded, t); err != nil {
		return nil, fmt.Errorf("ratchet tree: %w", err)
	}
	if t.leaves() > cfg.Limits.Leaves {
		return nil, ErrLimit
	}
	signer := t.leaf(i.signer)
	if signer == nil {
		return nil, broken(RuleSignerLeaf)
	}
	if !a.verifyWithLabel(signer.SignatureKey, labelGroupInfo, encode(groupInfoTBS{i}), i.signature) {
		return nil, ErrDecrypt
	}
	if string(t.rootHash(a)) != string(i.context.treeHash) {
		return nil, broken(RuleTreeHash)
	}
	senders, err := findExternalSenders(i.context.extensions)
	if err != nil {
		return nil, err
	}
	if err := cfg.checkExternalSenders(senders); err != nil {
		return nil, err
	}
	return t, t.checkJoined(a, cfg, i.context.groupID, i.context.extensions)
}

// place finds our leaf, and the private keys above it that the Welcome gives us.
func (j *joining) place() error {
	found := false
	for _, l := range j.tree.members() {
		if j.tree.leaf(l).equal(&j.bundle.Public.Leaf) {
			j.own, found = l, true
		}
	}
	if !found || j.own == j.info.signer {
		return broken(RuleOwnLeaf)
	}
	j.keys = map[nodeIndex]*secret.Bytes{}
	if j.secrets.pathSecret != nil {
		ancestor := commonAncestor(j.own, j.info.signer)
		if j.tree.nodes[ancestor].blank() {
			return broken(RulePathSecretPlace)
		}
		steps := []step{{parent: ancestor}}
		for _, x := range directPath(ancestor, j.tree.leaves()) {
			if !j.tree.nodes[x].blank() {
				steps = append(steps, step{parent: x})
			}
		}
		keys, last, err := j.tree.climb(j.a, steps, append([]byte(nil), *j.secrets.pathSecret...))
		if err != nil {
			return err
		}
		secret.Wipe(last)
		j.keys = keys
	}
	j.keys[j.own.node()] = j.bundle.leafKey.Clone()
	return nil
}

// group starts the epoch and compares the confirmation tag.
func (j *joining) group() (*Group, error) {
	g := &Group{
		cfg: *j.cfg, alg: j.a, context: j.info.context, tree: j.tree, own: j.own, keys: j.tree.heldKeys(j.keys), inviter: &j.info.signer,
		signer: j.o.Key.Clone(), secrets: j.a.epochSecrets(j.member, encode(&j.info.context)),
	}
	if !hmac.Equal(g.makeTag(), j.info.tag) {
		g.Wipe()
		return nil, ErrDecrypt
	}
	g.start(j.info.tag)
	return g, nil
}

// checkLink checks a branch or a re-initialised group against its parent.
func (j *joining) checkLink(g *Group) error {
	for i := range j.secrets.psks {
		id := &j.secrets.psks[i]
		if !id.links() {
			continue
		}
		if j.info.context.epoch != 1 {
			return broken(RuleLinkEpoch)
		}
		if j.o.Parent == nil {
			return ErrPSK
		}
		if id.Usage == UsageReInit {
			return g.checkReInitOf(j.o.Parent, id)
		}
		return g.checkBranchOf(j.o.Parent)
	}
	return nil
}
