package mls

import (
	"bytes"
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A GroupInfo tells a newcomer the state of a group (RFC 9420, section 12.4.3).
//
//	GroupContext group_context;
//	Extension extensions<V>;
//	MAC confirmation_tag;
//	uint32 signer;
//	opaque signature<V>;
type GroupInfo struct {
	context    groupContext
	extensions []Extension
	tag        []byte
	signer     LeafIndex
	signature  []byte
}

// Code codes the value.
func (i *GroupInfo) Code(c *syntax.Codec) {
	i.codeUnsigned(c)
	c.Opaque(&i.signature)
}

func (i *GroupInfo) codeUnsigned(c *syntax.Codec) {
	i.context.Code(c)
	codeExtensions(c, &i.extensions)
	c.Opaque(&i.tag)
	codeLeafIndex(c, &i.signer)
}

type groupInfoTBS struct{ i *GroupInfo }

func (t groupInfoTBS) Code(c *syntax.Codec) { t.i.codeUnsigned(c) }

const labelGroupInfo = "GroupInfoTBS"

// groupInfo describes the epoch, with or without what newcomers may need.
func (g *Group) groupInfo(withTree, withExternalPub bool) (*GroupInfo, error) {
	i := &GroupInfo{context: g.context, tag: g.tag, signer: g.own, extensions: []Extension{}}
	if withTree {
		i.extensions = append(i.extensions, Extension{ExtensionRatchetTree, encode(g.tree)})
	}
	if withExternalPub {
		private, public, err := g.alg.deriveKeyPair(g.secrets.external.Reveal())
		if err != nil {
			return nil, err
		}
		private.Wipe()
		pub := externalPub(public)
		i.extensions = append(i.extensions, Extension{ExtensionExternalPub, encode(&pub)})
	}
	grease, err := greaseExtension(&g.cfg)
	if err != nil {
		return nil, err
	}
	i.extensions = append(i.extensions, grease)
	i.signature, err = g.alg.signWithLabel(g.signer, labelGroupInfo, encode(groupInfoTBS{i}))
	return i, err
}

// GroupInfo describes the epoch for one who wants to join by an external commit
// (RFC 9420, section 12.4.3.2): an MLSMessage. It is not for the public: whoever
// has it can ask to join.
func (g *Group) GroupInfo(withTree bool) ([]byte, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	i, err := g.groupInfo(withTree, true)
	if err != nil {
		return nil, err
	}
	return encode(&Message{groupInfo: i}), nil
}

// groupSecrets is GroupSecrets of RFC 9420, section 12.4.3.1.
//
//	opaque joiner_secret<V>;
//	optional<PathSecret> path_secret;
//	PreSharedKeyID psks<V>;
type groupSecrets struct {
	joiner     []byte
	pathSecret *[]byte
	psks       []PSKID
}

func (s *groupSecrets) Code(c *syntax.Codec) {
	c.Opaque(&s.joiner)
	syntax.Optional(c, &s.pathSecret, (*syntax.Codec).Opaque)
	syntax.Values(c, &s.psks)
}

func (s *groupSecrets) wipe() {
	secret.Wipe(s.joiner)
	if s.pathSecret != nil {
		secret.Wipe(*s.pathSecret)
	}
}

// encryptedGroupSecrets is EncryptedGroupSecrets of RFC 9420, section 12.4.3.1.
//
//	KeyPackageRef new_member;
//	HPKECiphertext encrypted_group_secrets;
type encryptedGroupSecrets struct {
	newMember []byte
	encrypted hpkeCiphertext
}

func (s *encryptedGroupSecrets) Code(c *syntax.Codec) {
	c.Opaque(&s.newMember)
	s.encrypted.Code(c)
}

// A Welcome lets the clients that a commit added join (RFC 9420, section
// 12.4.3.1).
//
//	CipherSuite cipher_suite;
//	EncryptedGroupSecrets secrets<V>;
//	opaque encrypted_group_info<V>;
type Welcome struct {
	suite              Suite
	secrets            []encryptedGroupSecrets
	encryptedGroupInfo []byte
}

// Code codes the value.
func (w *Welcome) Code(c *syntax.Codec) {
	syntax.Enum16(c, &w.suite)
	syntax.Values(c, &w.secrets)
	c.Opaque(&w.encryptedGroupInfo)
}

// WelcomeRefs lists the references of the key packages that a Welcome is for. It
// verifies nothing.
func WelcomeRefs(welcome []byte) ([][]byte, error) {
	w, err := parseWelcome(welcome)
	if err != nil {
		return nil, err
	}
	refs := make([][]byte, len(w.secrets))
	for i, s := range w.secrets {
		refs[i] = s.newMember
	}
	return refs, nil
}

// WelcomeFor reduces a Welcome to the entry of one key package, by its reference.
// Each newcomer needs its own entry only, and with many the whole is large.
func WelcomeFor(welcome, ref []byte) ([]byte, error) {
	w, err := parseWelcome(welcome)
	if err != nil {
		return nil, err
	}
	for _, s := range w.secrets {
		if bytes.Equal(s.newMember, ref) {
			one := &Welcome{w.suite, []encryptedGroupSecrets{s}, w.encryptedGroupInfo}
			return encode(&Message{welcome: one}), nil
		}
	}
	return nil, ErrNotForUs
}

func parseWelcome(b []byte) (*Welcome, error) {
	m, err := parseMessage(b)
	if err != nil {
		return nil, fmt.Errorf("parse welcome: %w", err)
	}
	if m.welcome == nil {
		return nil, fmt.Errorf("%w: not a welcome", ErrMalformed)
	}
	return m.welcome, nil
}

const labelWelcome = "Welcome"

// welcome makes the Welcome for all clients that a commit added. g is the new
// epoch.
func (g *Group) welcome(t *transition, d *drafted, o *CommitOptions) ([]byte, error) {
	info, err := g.groupInfo(o.InlineTree, o.ExternalPub)
	if err != nil {
		return nil, err
	}
	key, nonce := g.alg.welcomeKey(d.member)
	defer secret.Wipe(key)
	w := &Welcome{suite: g.context.suite, encryptedGroupInfo: g.alg.seal(key, nonce, nil, encode(info))}
	for i, k := range t.keyPackages {
		s := groupSecrets{joiner: d.joiner, psks: t.psks}
		if p := d.path.secretFor(t.added[i]); p != nil {
			s.pathSecret = &p
		}
		plaintext := encode(&s)
		ct, err := g.alg.encryptWithLabel(k.InitKey, labelWelcome, w.encryptedGroupInfo, plaintext)
		secret.Wipe(plaintext)
		if err != nil {
			return nil, err
		}
		w.secrets = append(w.secrets, encryptedGroupSecrets{k.Ref(), ct})
	}
	return encode(&Message{welcome: w}), nil
}

// find returns the entry of a Welcome that one of the bundles opens.
func (w *Welcome) find(bundles []*KeyPackageBundle) (*encryptedGroupSecrets, *KeyPackageBundle, error) {
	for _, b := range bundles {
		ref := b.Ref()
		for i := range w.secrets {
			if bytes.Equal(w.secrets[i].newMember, ref) {
				if b.Public.Suite != w.suite {
					return nil, nil, broken(RuleWelcomeSuite)
				}
				return &w.secrets[i], b, nil
			}
		}
	}
	return nil, nil, ErrNotForUs
}
