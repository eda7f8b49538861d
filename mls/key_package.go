package mls

import (
	"bytes"
	"fmt"
	"time"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A KeyPackage lets others add a client to a group while it is away (RFC 9420,
// section 10). One that was parsed is not verified: [Group.Commit] and
// [Group.Propose] verify it, and so does [KeyPackage.Verify].
//
//	ProtocolVersion version;
//	CipherSuite cipher_suite;
//	HPKEPublicKey init_key;
//	LeafNode leaf_node;
//	Extension extensions<V>;
//	opaque signature<V>;
type KeyPackage struct {
	Suite      Suite
	InitKey    []byte
	Leaf       LeafNode
	Extensions []Extension
	Signature  []byte
}

// Code codes the key package. Its version must be ours (rule V005).
func (k *KeyPackage) Code(c *syntax.Codec) {
	k.codeUnsigned(c)
	c.Opaque(&k.Signature)
}

func (k *KeyPackage) codeUnsigned(c *syntax.Codec) {
	codeVersion(c)
	syntax.Enum16(c, &k.Suite)
	c.Opaque(&k.InitKey)
	k.Leaf.Code(c)
	codeExtensions(c, &k.Extensions)
}

type keyPackageTBS struct{ k *KeyPackage }

func (t keyPackageTBS) Code(c *syntax.Codec) { t.k.codeUnsigned(c) }

const (
	labelKeyPackage    = "KeyPackageTBS"
	labelKeyPackageRef = labelPrefix + "KeyPackage Reference"
)

// Ref is the key package's reference, by which a Welcome names it (RFC 9420,
// section 5.2). It is nil when the suite is not supported.
func (k *KeyPackage) Ref() []byte {
	a, err := k.Suite.algorithms()
	if err != nil {
		return nil
	}
	return a.refHash(labelKeyPackageRef, encode(k))
}

// LastResort reports whether the key package may be used more than once.
func (k *KeyPackage) LastResort() bool {
	_, ok := findExtension(k.Extensions, ExtensionLastResort)
	return ok
}

// Message returns the key package as an MLSMessage.
func (k *KeyPackage) Message() []byte { return encode(&Message{keyPackage: k}) }

// Verify checks everything about a key package that does not depend on a group
// (RFC 9420, section 10.1), its credential and lifetime included.
func (k *KeyPackage) Verify(cfg Config) error {
	cfg, err := cfg.checked()
	if err != nil {
		return err
	}
	a, err := k.Suite.algorithms()
	if err != nil {
		return err
	}
	if err := k.check(a); err != nil {
		return err
	}
	return k.Leaf.checkAlone(a, &cfg, leafOrigin{source: SourceKeyPackage, sent: true})
}

// ParseKeyPackage reads a key package from an MLSMessage.
func ParseKeyPackage(b []byte) (*KeyPackage, error) {
	m, err := parseMessage(b)
	if err != nil {
		return nil, fmt.Errorf("parse key package: %w", err)
	}
	if m.keyPackage == nil {
		return nil, fmt.Errorf("%w: not a key package", ErrMalformed)
	}
	return m.keyPackage, nil
}

// KeyPackageOptions are what a new key package says. The zero value is sensible.
type KeyPackageOptions struct {
	// Lifetime defaults to one hour before now until 84 days after.
	Lifetime Lifetime
	// Capabilities default to [DefaultCapabilities].
	Capabilities *Capabilities
	// LastResort marks the key package as one that may be used more than once.
	LastResort bool
	// Extensions of the key package; their types must be in the capabilities.
	Extensions []Extension
	// LeafExtensions go into the leaf; their types must be in the capabilities.
	LeafExtensions []Extension
}

// A KeyPackageBundle is a key package with its two private keys. Its owner keeps
// it until a Welcome uses it.
type KeyPackageBundle struct {
	Public  *KeyPackage
	initKey *secret.Bytes
	leafKey *secret.Bytes
}

// NewKeyPackage makes a key package. The lifetime must contain the present.
func NewKeyPackage(cfg Config, s Suite, cred Credential, key *SignatureKey, o KeyPackageOptions) (*KeyPackageBundle, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	a, err := s.algorithms()
	if err != nil {
		return nil, err
	}
	leaf, leafKey, err := newLeaf(a, &cfg, cred, key, o)
	if err != nil {
		return nil, err
	}
	initKey, public, err := a.generateKeyPair(&cfg)
	if err != nil {
		return nil, err
	}
	k := &KeyPackage{Suite: s, InitKey: public, Leaf: *leaf, Extensions: cloneExtensions(o.Extensions)}
	if o.LastResort {
		k.Extensions = append(k.Extensions, Extension{ExtensionLastResort, []byte{}})
	}
	if err := encodable(k); err != nil {
		return nil, err
	}
	if k.Signature, err = a.signWithLabel(key, labelKeyPackage, encode(keyPackageTBS{k})); err != nil {
		return nil, err
	}
	b := &KeyPackageBundle{k, initKey, leafKey}
	if err := k.Verify(cfg); err != nil {
		b.Wipe()
		return nil, fmt.Errorf("new key package: %w", err)
	}
	return b, nil
}

// newLeaf makes a signed leaf as a key package, or the first leaf of a group, has.
func newLeaf(a *algorithms, cfg *Config, cred Credential, key *SignatureKey, o KeyPackageOptions) (*LeafNode, *secret.Bytes, error) {
	if !key.fits(a) {
		return nil, nil, fmt.Errorf("%w: the signature key is not of %s", ErrUnsupported, a.suite)
	}
	if o.Lifetime == (Lifetime{}) {
		now := cfg.Now()
		o.Lifetime = NewLifetime(now.Add(-time.Hour), now.Add(84*24*time.Hour))
	}
	capabilities := DefaultCapabilities()
	if o.Capabilities != nil {
		capabilities = *o.Capabilities
	}
	capabilities, err := capabilities.withGrease(cfg)
	if err != nil {
		return nil, nil, err
	}
	private, public, err := a.generateKeyPair(cfg)
	if err != nil {
		return nil, nil, err
	}
	leaf := &LeafNode{
		EncryptionKey: public, SignatureKey: key.Public(), Credential: cred, Capabilities: capabilities,
		Source: SourceKeyPackage, Lifetime: o.Lifetime, Extensions: cloneExtensions(o.LeafExtensions),
	}
	if err := encodable(leaf); err != nil {
		return nil, nil, err
	}
	return leaf, private, leaf.sign(a, key, nil, 0)
}

// NewKeyPackageBundle joins a key package with its private keys, made elsewhere.
// The keys are copied; they must belong to the key package.
func NewKeyPackageBundle(k *KeyPackage, initKey, leafKey []byte) (*KeyPackageBundle, error) {
	b := &KeyPackageBundle{k, secret.Copy(initKey), secret.Copy(leafKey)}
	if err := b.check(); err != nil {
		b.Wipe()
		return nil, err
	}
	return b, nil
}

func (b *KeyPackageBundle) check() error {
	a, err := b.Public.Suite.algorithms()
	if err != nil {
		return err
	}
	initPublic, err1 := a.publicKey(b.initKey)
	leafPublic, err2 := a.publicKey(b.leafKey)
	if err1 != nil || err2 != nil || !bytes.Equal(initPublic, b.Public.InitKey) || !bytes.Equal(leafPublic, b.Public.Leaf.EncryptionKey) {
		return fmt.Errorf("%w: private keys of another key package", ErrMalformed)
	}
	return nil
}

// Ref is the reference of the key package.
func (b *KeyPackageBundle) Ref() []byte { return b.Public.Ref() }

// Message returns the public part as an MLSMessage.
func (b *KeyPackageBundle) Message() []byte { return b.Public.Message() }

// Wipe ends the private keys.
func (b *KeyPackageBundle) Wipe() {
	b.initKey.Wipe()
	b.leafKey.Wipe()
}
