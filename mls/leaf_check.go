package mls

import (
	"slices"
)

// What makes a leaf valid (RFC 9420, section 7.3), in three steps: the leaf alone,
// the leaf in a group with given extensions, and the leaves of a tree together.

// A leafOrigin is where a leaf appears, which decides what it must say.
type leafOrigin struct {
	source  LeafNodeSource // 0: any, in a tree to join
	groupID []byte         // unless the source is a key package
	index   LeafIndex
	sent    bool // in a message that we send: lifetimes count
}

// checkAlone checks what a leaf says by itself.
func (l *LeafNode) checkAlone(a *algorithms, cfg *Config, o leafOrigin) error {
	if err := l.checkSource(o.source); err != nil {
		return err
	}
	if !a.validPublicKey(l.EncryptionKey) {
		return broken(RuleKeyForSuite)
	}
	if !l.verifySignature(a, o.groupID, o.index) {
		return ErrDecrypt // rule V027
	}
	k := &l.Capabilities
	switch {
	case o.sent && (!slices.Contains(k.Versions, MLS10) || !slices.Contains(k.Suites, a.suite)):
		// Only for what we send: clients exist that do not list the suite they use, and
		// the working group's vectors hold some.
		return broken(RuleVersionSuiteListed)
	case !k.hasCredential(l.Credential.Type):
		return broken(RuleCredentialListed)
	case !k.hasExtensions(l.Extensions):
		return broken(RuleLeafExtensions)
	}
	if err := l.checkLifetime(cfg, o.sent); err != nil {
		return err
	}
	if err := cfg.Credentials.ValidateCredential(l.Credential, l.SignatureKey); err != nil {
		return &RuleError{RuleCredential, err}
	}
	return nil
}

func (l *LeafNode) checkSource(want LeafNodeSource) error {
	if want == 0 || l.Source == want {
		return nil
	}
	switch want {
	case SourceUpdate:
		return broken(RuleSourceUpdate)
	case SourceCommit:
		return broken(RuleSourceCommit)
	default:
		return broken(RuleSourceKeyPackage)
	}
}

// checkLifetime checks the total always, and that it contains the present for
// what we send, or where the config asks for it.
func (l *LeafNode) checkLifetime(cfg *Config, sent bool) error {
	if l.Source != SourceKeyPackage {
		return nil
	}
	if !l.Lifetime.within(cfg.Limits.MaxLifetime) {
		return broken(RuleLifetimeTotal)
	}
	if (sent || cfg.StrictLifetimes) && !l.Lifetime.contains(cfg.Now()) {
		return broken(RuleLifetime)
	}
	return nil
}

// checkSuccessor checks that a leaf may replace another of the same member.
func (l *LeafNode) checkSuccessor(cfg *Config, old *LeafNode) error {
	if slices.Equal(l.EncryptionKey, old.EncryptionKey) {
		return broken(RuleUpdateFreshKey)
	}
	if !l.Credential.Equal(&old.Credential) && !cfg.Credentials.SameClient(old.Credential, l.Credential) {
		return broken(RuleSuccessor)
	}
	return nil
}

// checkMembers checks the leaves of a tree together, and against the extensions of
// the group.
func (t *ratchetTree) checkMembers(extensions []Extension) error {
	required, err := requiredCapabilities(extensions)
	if err != nil {
		return err
	}
	var inUse []CredentialType
	signatures, encryptions := map[string]bool{}, map[string]bool{}
	members := t.members()
	for _, i := range members {
		l := t.leaf(i)
		if !slices.Contains(inUse, l.Credential.Type) {
			inUse = append(inUse, l.Credential.Type)
		}
		if signatures[string(l.SignatureKey)] {
			return broken(RuleUniqueSignature)
		}
		if encryptions[string(l.EncryptionKey)] {
			return broken(RuleUniqueEncryption)
		}
		signatures[string(l.SignatureKey)], encryptions[string(l.EncryptionKey)] = true, true
	}
	for _, i := range members {
		k := &t.leaf(i).Capabilities
		if !k.satisfies(required) {
			return broken(RuleRequiredCaps)
		}
		if !k.hasExtensions(extensions) {
			return broken(RuleExtensionsSupported)
		}
		if slices.ContainsFunc(inUse, func(t CredentialType) bool { return !k.hasCredential(t) }) {
			return broken(RuleCredentialSupported)
		}
	}
	return nil
}

// check checks a key package apart from its leaf (RFC 9420, section 10.1).
func (k *KeyPackage) check(a *algorithms) error {
	switch {
	case k.Suite != a.suite:
		return broken(RuleKeyPackageSuite)
	case !a.validPublicKey(k.InitKey):
		return broken(RuleKeyForSuite)
	case !a.verifyWithLabel(k.Leaf.SignatureKey, labelKeyPackage, encode(keyPackageTBS{k}), k.Signature):
		return ErrDecrypt // rule V047
	case slices.Equal(k.InitKey, k.Leaf.EncryptionKey):
		return broken(RuleKeyPackageInitKey)
	default:
		return nil
	}
}
