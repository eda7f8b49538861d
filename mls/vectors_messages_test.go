package mls

import (
	"bytes"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
	"bulle/testvectors"
)

// protectionVector is a group of two members reduced to what protects messages.
type protectionVector struct {
	Suite         Suite    `json:"cipher_suite"`
	GroupID       hexBytes `json:"group_id"`
	Epoch         uint64   `json:"epoch"`
	TreeHash      hexBytes `json:"tree_hash"`
	Confirmed     hexBytes `json:"confirmed_transcript_hash"`
	SignaturePriv hexBytes `json:"signature_priv"`
	SignaturePub  hexBytes `json:"signature_pub"`
	Encryption    hexBytes `json:"encryption_secret"`
	SenderData    hexBytes `json:"sender_data_secret"`
	Membership    hexBytes `json:"membership_key"`

	Proposal        hexBytes `json:"proposal"`
	ProposalPriv    hexBytes `json:"proposal_priv"`
	ProposalPub     hexBytes `json:"proposal_pub"`
	Commit          hexBytes `json:"commit"`
	CommitPriv      hexBytes `json:"commit_priv"`
	CommitPub       hexBytes `json:"commit_pub"`
	Application     hexBytes `json:"application"`
	ApplicationPriv hexBytes `json:"application_priv"`
}

// group makes the state of the member at leaf 1, which sends in all vectors, or of
// the one at leaf 0, which receives.
func (v *protectionVector) group(t *testing.T, a *algorithms, own LeafIndex) *Group {
	t.Helper()
	cfg, err := testConfig().checked()
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewSignatureKey(v.Suite, padded(v.Suite, v.SignaturePriv))
	if err != nil {
		t.Fatal(err)
	}
	leaf := &LeafNode{SignatureKey: v.SignaturePub, Credential: BasicCredential(nil), Source: SourceUpdate}
	return &Group{
		cfg: cfg, alg: a, own: own, signer: key,
		tree:     &ratchetTree{nodes: []node{{leaf: leaf}, {}, {leaf: leaf}}, hashes: make([][]byte, 3)},
		context:  groupContext{suite: v.Suite, groupID: v.GroupID, epoch: v.Epoch, treeHash: v.TreeHash, confirmedHash: v.Confirmed},
		secrets:  &epochSecrets{senderData: secret.Copy(v.SenderData), membership: secret.Copy(v.Membership)},
		ratchets: newSecretTree(2, secret.Copy(v.Encryption)),
	}
}

// unprotect opens a message as far as its signature.
func (g *Group) unprotect(t *testing.T, message []byte) *framedContent {
	t.Helper()
	m, err := parseMessage(message)
	if err != nil {
		t.Fatal(err)
	}
	content := &authenticatedContent{}
	if m.public != nil {
		content = &m.public.authenticatedContent
		tag := content.membershipTag(g.alg, g.secrets.membership.Reveal(), encode(&g.context))
		equal(t, "membership tag", m.public.membershipTag, tag)
	} else {
		data, err := g.alg.openSenderData(m.private, g.secrets.senderData)
		if err != nil {
			t.Fatal(err)
		}
		o, err := g.ratchets.open(g.alg, data.leaf, m.private.contentType, data.generation, g.cfg.Limits)
		if err != nil {
			t.Fatal(err)
		}
		if content, err = g.alg.decryptContent(m.private, data, o.key); err != nil {
			t.Fatal(err)
		}
		o.consume()
	}
	if _, err := (unverifiedContent{content}).verify(g.alg, g.tree.leaf(content.content.sender.leaf()).SignatureKey, encode(&g.context)); err != nil {
		t.Fatal(err)
	}
	return &content.content
}

func TestVectorsMessageProtection(t *testing.T) {
	var vectors []protectionVector
	testvectors.Load(t, "mls/message-protection.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			proposal, m := new(Proposal), new(commit)
			if err := syntax.Unmarshal(v.Proposal, proposal); err != nil {
				t.Fatal(err)
			}
			if err := syntax.Unmarshal(v.Commit, m); err != nil {
				t.Fatal(err)
			}
			// Each message is sealed with the first key of its ratchet, so each has a
			// receiver of its own.
			for _, message := range [][]byte{v.ProposalPriv, v.ProposalPub} {
				equal(t, "proposal", encode(v.group(t, a, 0).unprotect(t, message).proposal), v.Proposal)
			}
			for _, message := range [][]byte{v.CommitPriv, v.CommitPub} {
				equal(t, "commit", encode(v.group(t, a, 0).unprotect(t, message).commit), v.Commit)
			}
			if got := v.group(t, a, 0).unprotect(t, v.ApplicationPriv); !bytes.Equal(got.application, v.Application) {
				t.Errorf("application data is %x", got.application)
			}
			from, to := v.group(t, a, 1), v.group(t, a, 0)
			for _, format := range []WireFormat{WirePublicMessage, WirePrivateMessage} {
				sent := framedContent{contentType: ContentProposal, proposal: proposal}
				equal(t, "proposal", encode(to.unprotect(t, from.sends(t, format, sent)).proposal), v.Proposal)
				sent = framedContent{contentType: ContentCommit, commit: m}
				equal(t, "commit", encode(to.unprotect(t, from.sends(t, format, sent)).commit), v.Commit)
			}
			sent := framedContent{contentType: ContentApplication, application: v.Application}
			equal(t, "application data", to.unprotect(t, from.sends(t, WirePrivateMessage, sent)).application, v.Application)
		})
	}
}

func (g *Group) sends(t *testing.T, format WireFormat, f framedContent) []byte {
	t.Helper()
	m, err := g.sign(format, f)
	if err != nil {
		t.Fatal(err)
	}
	if f.contentType == ContentCommit {
		m.confirmationTag = g.alg.zeros()
	}
	b, err := g.protect(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsWelcome(t *testing.T) {
	var vectors []struct {
		Suite      Suite    `json:"cipher_suite"`
		InitPriv   hexBytes `json:"init_priv"`
		KeyPackage hexBytes `json:"key_package"`
		SignerPub  hexBytes `json:"signer_pub"`
		Welcome    hexBytes `json:"welcome"`
	}
	testvectors.Load(t, "mls/welcome.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			k, err := ParseKeyPackage(v.KeyPackage)
			if err != nil {
				t.Fatal(err)
			}
			w, err := parseWelcome(v.Welcome)
			if err != nil {
				t.Fatal(err)
			}
			bundle := &KeyPackageBundle{Public: k, initKey: secret.Copy(padded(v.Suite, v.InitPriv))}
			entry, _, err := w.find([]*KeyPackageBundle{bundle})
			if err != nil {
				t.Fatal(err)
			}
			j := &joining{cfg: &Config{}, a: a, o: &JoinOptions{}, bundle: bundle}
			if err := j.open(w, entry); err != nil {
				t.Fatal(err)
			}
			if !a.verifyWithLabel(v.SignerPub, labelGroupInfo, encode(groupInfoTBS{j.info}), j.info.signature) {
				t.Error("the signature of the GroupInfo does not verify")
			}
			s := a.epochSecrets(j.member, encode(&j.info.context))
			equal(t, "confirmation tag", a.mac(s.confirmation.Reveal(), j.info.context.confirmedHash), j.info.tag)
		})
	}
}

func TestVectorsMessages(t *testing.T) {
	var vectors []map[string]hexBytes
	testvectors.Load(t, "mls/messages.json", &vectors)
	message := func() syntax.Value { return new(Message) }
	types := map[string]func() syntax.Value{
		"mls_welcome": message, "mls_group_info": message, "mls_key_package": message,
		"public_message_application": message, "public_message_proposal": message, "public_message_commit": message, "private_message": message,
		"ratchet_tree":                      func() syntax.Value { return new(ratchetTree) },
		"group_secrets":                     func() syntax.Value { return new(groupSecrets) },
		"commit":                            func() syntax.Value { return new(commit) },
		"add_proposal":                      func() syntax.Value { return new(KeyPackage) },
		"update_proposal":                   func() syntax.Value { return new(LeafNode) },
		"remove_proposal":                   func() syntax.Value { return new(removeBody) },
		"pre_shared_key_proposal":           func() syntax.Value { return new(PSKID) },
		"re_init_proposal":                  func() syntax.Value { return new(ReInit) },
		"external_init_proposal":            func() syntax.Value { return new(externalPub) },
		"group_context_extensions_proposal": func() syntax.Value { return new(extensionsBody) },
	}
	for i, v := range vectors {
		if len(v) != len(types) {
			t.Fatalf("vector %d has %d objects, want %d", i, len(v), len(types))
		}
		for name, b := range v {
			value := types[name]()
			if err := syntax.Unmarshal(b, value); err != nil {
				t.Fatalf("vector %d: %s: %v", i, name, err)
			}
			equal(t, name, encode(value), b)
		}
	}
}

type removeBody struct{ l LeafIndex }

func (r *removeBody) Code(c *syntax.Codec) { codeLeafIndex(c, &r.l) }

type extensionsBody []Extension

func (e *extensionsBody) Code(c *syntax.Codec) { codeExtensions(c, (*[]Extension)(e)) }
