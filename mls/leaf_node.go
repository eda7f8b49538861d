package mls

import (
	"bytes"
	"fmt"
	"time"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A LeafIndex is the place of a member among the leaves of a group's tree. It
// names the same member only within one epoch.
type LeafIndex uint32

func codeLeafIndex(c *syntax.Codec, i *LeafIndex) {
	v := uint32(*i)
	c.Uint32(&v)
	*i = LeafIndex(v)
}

// A LeafNodeSource says how a leaf came into the tree (RFC 9420, section 7.2).
type LeafNodeSource uint8

// The sources of RFC 9420.
const (
	SourceKeyPackage LeafNodeSource = 1
	SourceUpdate     LeafNodeSource = 2
	SourceCommit     LeafNodeSource = 3
)

// A Lifetime is when a leaf from a key package is valid: seconds since 1970.
//
//	uint64 not_before;
//	uint64 not_after;
type Lifetime struct {
	NotBefore, NotAfter uint64
}

// NewLifetime makes a lifetime from times.
func NewLifetime(notBefore, notAfter time.Time) Lifetime {
	return Lifetime{seconds(notBefore), seconds(notAfter)}
}

func seconds(t time.Time) uint64 { return uint64(max(t.Unix(), 0)) }

func (l *Lifetime) contains(t time.Time) bool {
	s := seconds(t)
	return l.NotBefore <= s && s <= l.NotAfter
}

// within reports whether the total lifetime is not longer than d; a negative d is
// no bound.
func (l *Lifetime) within(d time.Duration) bool {
	if l.NotBefore > l.NotAfter {
		return false
	}
	return d < 0 || l.NotAfter-l.NotBefore <= uint64(d/time.Second)
}

// A LeafNode is a client's appearance in a group, signed by it (RFC 9420, section
// 7.2). It is not changed once it is made: trees share it.
//
//	HPKEPublicKey encryption_key;
//	SignaturePublicKey signature_key;
//	Credential credential;
//	Capabilities capabilities;
//	LeafNodeSource leaf_node_source;
//	select (leaf_node_source) {
//	    case key_package: Lifetime lifetime;
//	    case update:      struct{};
//	    case commit:      opaque parent_hash<V>;
//	};
//	Extension extensions<V>;
//	opaque signature<V>;
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        LeafNodeSource
	Lifetime      Lifetime // SourceKeyPackage
	ParentHash    []byte   // SourceCommit
	Extensions    []Extension
	Signature     []byte
}

// Code codes the leaf.
func (l *LeafNode) Code(c *syntax.Codec) {
	l.codeUnsigned(c)
	c.Opaque(&l.Signature)
}

func (l *LeafNode) codeUnsigned(c *syntax.Codec) {
	c.Opaque(&l.EncryptionKey)
	c.Opaque(&l.SignatureKey)
	l.Credential.Code(c)
	l.Capabilities.Code(c)
	syntax.Enum8(c, &l.Source)
	switch l.Source {
	case SourceKeyPackage:
		c.Uint64(&l.Lifetime.NotBefore)
		c.Uint64(&l.Lifetime.NotAfter)
	case SourceUpdate:
	case SourceCommit:
		c.Opaque(&l.ParentHash)
	default:
		c.Fail("a leaf node of unknown source %d", l.Source)
	}
	codeExtensions(c, &l.Extensions)
}

// leafNodeTBS is LeafNodeTBS of RFC 9420, section 7.2: the leaf without its
// signature and, unless it comes from a key package, where it belongs.
type leafNodeTBS struct {
	leaf    *LeafNode
	groupID []byte
	index   LeafIndex
}

func (t *leafNodeTBS) Code(c *syntax.Codec) {
	t.leaf.codeUnsigned(c)
	if t.leaf.Source != SourceKeyPackage {
		c.Opaque(&t.groupID)
		codeLeafIndex(c, &t.index)
	}
}

const labelLeafNode = "LeafNodeTBS"

// sign sets the signature; groupID and index count unless the source is a key
// package.
func (l *LeafNode) sign(a *algorithms, k *SignatureKey, groupID []byte, index LeafIndex) (err error) {
	l.Signature, err = a.signWithLabel(k, labelLeafNode, encode(&leafNodeTBS{l, groupID, index}))
	return err
}

// verifySignature checks the signature for a place in a group (rule V027).
func (l *LeafNode) verifySignature(a *algorithms, groupID []byte, index LeafIndex) bool {
	return a.verifyWithLabel(l.SignatureKey, labelLeafNode, encode(&leafNodeTBS{l, groupID, index}), l.Signature)
}

func (l *LeafNode) equal(m *LeafNode) bool { return bytes.Equal(encode(l), encode(m)) }

// LeafOptions change the leaf that an update or a commit of ours puts into the
// tree. A nil or empty field keeps what the leaf has; the encryption key is always
// fresh.
type LeafOptions struct {
	Credential   *Credential
	Key          *SignatureKey // becomes the group's copy
	Capabilities *Capabilities
	Extensions   *[]Extension
}

// successor makes the unsigned leaf that replaces l, with a fresh encryption key.
func (l *LeafNode) successor(a *algorithms, cfg *Config, o *LeafOptions, source LeafNodeSource) (*LeafNode, *secret.Bytes, error) {
	private, public, err := a.generateKeyPair(cfg)
	if err != nil {
		return nil, nil, err
	}
	next := *l
	next.Source, next.EncryptionKey = source, public
	next.Lifetime, next.ParentHash, next.Signature = Lifetime{}, nil, nil
	if o == nil {
		return &next, private, nil
	}
	if o.Credential != nil {
		next.Credential = *o.Credential
	}
	if o.Key != nil {
		if !o.Key.fits(a) {
			return nil, nil, fmt.Errorf("%w: the signature key is not of %s", ErrUnsupported, a.suite)
		}
		next.SignatureKey = o.Key.Public()
	}
	if o.Capabilities != nil {
		next.Capabilities = *o.Capabilities
	}
	if o.Extensions != nil {
		next.Extensions = cloneExtensions(*o.Extensions)
	}
	return &next, private, encodable(&next)
}
