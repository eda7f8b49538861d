package mls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// The stored state of a group, in two parts. Both begin with a version; a newer one
// than is known here is ErrUnsupported. The second part names the state that it
// belongs to, so that parts of different epochs do not go together.
const (
	epochVersion   = 1
	ratchetVersion = 1
)

func codeStateVersion(c *syntax.Codec, want uint8) {
	v := want
	c.Uint8(&v)
	if c.Err() == nil && v != want {
		c.Fail("state of version %d", v)
	}
}

// newer refuses what a later version of the package stored, which is not malformed.
func newer(b []byte, known uint8) error {
	if len(b) > 0 && b[0] > known {
		return fmt.Errorf("%w: stored in version %d, known up to %d", ErrUnsupported, b[0], known)
	}
	return nil
}

// MarshalEpoch encodes the part of the state that changes with proposals and
// commits. It holds secrets.
//
//	uint8 version = 1;
//	GroupContext context;
//	uint8 status;
//	optional<ratchet_tree> tree;            absent: no longer a member
//	uint32 own;
//	struct { uint32 node; opaque private_key<V>; } keys<V>;
//	SignatureKey signer;
//	opaque sender_data<V>, exporter<V>, external<V>, membership<V>, resumption<V>, authenticator<V>, init<V>;
//	opaque confirmation_tag<V>;
//	opaque interim_transcript_hash<V>;
//	optional<ReInit> re_init;
//	struct { Sender sender; Proposal proposal; opaque ref<V>; } queue<V>;
//	struct { opaque ref<V>; opaque leaf_key<V>; optional<SignatureKey> signer; } updates<V>;
//	struct { uint64 epoch; opaque secret<V>; } resumption<V>;
//	PastEpoch past<V>;
func (g *Group) MarshalEpoch() ([]byte, error) {
	if g.wiped {
		return nil, ErrWiped
	}
	return syntax.Marshal((*epochPart)(g))
}

// MarshalRatchet encodes the part of the state that changes with each message. It
// holds secrets.
//
//	uint8 version = 1;
//	opaque interim_transcript_hash<V>;      the epoch that it belongs to
//	optional<SecretTree> ratchets;          absent: no longer a member
//	SecretTree past<V>;                     as many as the other part has
func (g *Group) MarshalRatchet() ([]byte, error) {
	if g.wiped {
		return nil, ErrWiped
	}
	return syntax.Marshal((*ratchetPart)(g))
}

// Restore makes a group from its two parts, which must belong together: ErrStale
// otherwise.
func Restore(cfg Config, epoch, ratchet []byte) (*Group, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(newer(epoch, epochVersion), newer(ratchet, ratchetVersion)); err != nil {
		return nil, err
	}
	g := &Group{cfg: cfg}
	if err := syntax.Unmarshal(epoch, (*epochPart)(g)); err != nil {
		return nil, fmt.Errorf("restore epoch: %w", err)
	}
	if g.alg, err = g.context.suite.algorithms(); err != nil {
		return nil, err
	}
	r := &Group{past: g.past}
	if err := syntax.Unmarshal(ratchet, (*ratchetPart)(r)); err != nil {
		g.Wipe()
		return nil, fmt.Errorf("restore ratchets: %w", err)
	}
	g.ratchets = r.ratchets
	if !bytes.Equal(r.interim, g.interim) || !g.fits() {
		g.Wipe()
		return nil, ErrStale
	}
	return g, nil
}

// fits reports whether the parts are of one shape, so that no index points
// outside.
func (g *Group) fits() bool {
	if g.status == statusRemoved {
		return g.tree == nil && g.ratchets == nil
	}
	if g.tree == nil || g.ratchets == nil || g.tree.leaf(g.own) == nil || g.ratchets.leaves != g.tree.leaves() {
		return false
	}
	for x := range g.keys {
		if uint64(x) >= uint64(len(g.tree.nodes)) || g.tree.nodes[x].blank() {
			return false
		}
	}
	for _, p := range g.past {
		if !p.ratchets.fits(g.alg) {
			return false
		}
	}
	unmerged := g.tree.eachParent(g.tree.checkUnmerged)
	return unmerged == nil && g.ratchets.fits(g.alg)
}

// fits reports whether the message keys that are kept have the suite's sizes.
func (t *secretTree) fits(a *algorithms) bool {
	for _, s := range t.senders {
		for _, k := range append(slices.Clone(s.handshake.skipped), s.application.skipped...) {
			if k.key.Len() != a.keySize || k.nonce.Len() != nonceSize {
				return false
			}
		}
	}
	return true
}

type epochPart Group

func (g *epochPart) Code(c *syntax.Codec) {
	codeStateVersion(c, epochVersion)
	g.context.Code(c)
	syntax.Enum8(c, &g.status)
	if c.Err() == nil && g.status > statusRemoved {
		c.Fail("a group status of %d", g.status)
	}
	syntax.Optional(c, &g.tree, func(c *syntax.Codec, t *ratchetTree) { t.Code(c) })
	codeLeafIndex(c, &g.own)
	codeSorted(c, &g.keys, func(c *syntax.Codec, x *nodeIndex, k **secret.Bytes) {
		codeNodeIndex(c, x)
		codeSecret(c, k)
	})
	g.codeSecrets(c)
	c.Opaque(&g.tag)
	c.Opaque(&g.interim)
	syntax.Optional(c, &g.reInit, func(c *syntax.Codec, r *ReInit) { r.Code(c) })
	syntax.Values(c, &g.queue)
	syntax.Vector(c, &g.updates, func(c *syntax.Codec, u *ownUpdate) {
		c.Opaque(&u.ref)
		codeSecret(c, &u.leafKey)
		syntax.Optional(c, &u.signer, func(c *syntax.Codec, k *SignatureKey) { k.code(c) })
	})
	syntax.Vector(c, &g.resumption, func(c *syntax.Codec, r *resumptionSecret) {
		c.Uint64(&r.epoch)
		codeSecret(c, &r.secret)
	})
	syntax.Vector(c, &g.past, func(c *syntax.Codec, p **pastEpoch) {
		if c.Reading() {
			*p = new(pastEpoch)
		}
		(*p).codeEpoch(c)
	})
}

// codeSecrets codes the signature key and the epoch's secrets; one who was removed
// has none.
func (g *epochPart) codeSecrets(c *syntax.Codec) {
	if c.Reading() {
		g.secrets, g.signer = new(epochSecrets), nil
	}
	if g.status == statusRemoved {
		return
	}
	if c.Reading() {
		g.signer = new(SignatureKey)
	}
	g.signer.code(c)
	g.secrets.code(c)
}

type ratchetPart Group

func (g *ratchetPart) Code(c *syntax.Codec) {
	codeStateVersion(c, ratchetVersion)
	c.Opaque(&g.interim)
	syntax.Optional(c, &g.ratchets, func(c *syntax.Codec, t *secretTree) { t.Code(c) })
	trees := make([]*secretTree, len(g.past))
	for i, p := range g.past {
		trees[i] = p.ratchets
	}
	syntax.Vector(c, &trees, func(c *syntax.Codec, t **secretTree) {
		if c.Reading() {
			*t = new(secretTree)
		}
		(*t).Code(c)
	})
	if !c.Reading() || c.Err() != nil {
		return
	}
	if len(trees) != len(g.past) {
		c.Fail("%d past epochs where there are %d", len(trees), len(g.past))
		return
	}
	for i, p := range g.past {
		p.ratchets = trees[i]
	}
}

// bundleVersion is the version of the encoding below.
const bundleVersion = 1

// Code codes a key package with its private keys.
//
//	uint8 version = 1;
//	KeyPackage key_package;
//	opaque init_key<V>;
//	opaque leaf_key<V>;
func (b *KeyPackageBundle) Code(c *syntax.Codec) {
	codeStateVersion(c, bundleVersion)
	if c.Reading() {
		b.Public = new(KeyPackage)
	}
	b.Public.Code(c)
	codeSecret(c, &b.initKey)
	codeSecret(c, &b.leafKey)
}

// Marshal encodes the bundle. It holds secrets.
func (b *KeyPackageBundle) Marshal() ([]byte, error) { return syntax.Marshal(b) }

// UnmarshalKeyPackageBundle restores what [KeyPackageBundle.Marshal] encoded.
func UnmarshalKeyPackageBundle(data []byte) (*KeyPackageBundle, error) {
	if err := newer(data, bundleVersion); err != nil {
		return nil, err
	}
	b := new(KeyPackageBundle)
	if err := syntax.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("restore key package: %w", err)
	}
	if err := b.check(); err != nil {
		b.Wipe()
		return nil, err
	}
	return b, nil
}
