package mls

import (
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
	"bulle/testvectors"
)

func TestVectorsDeserialization(t *testing.T) {
	var vectors []struct {
		Header hexBytes `json:"vlbytes_header"`
		Length int      `json:"length"`
	}
	testvectors.Load(t, "mls/deserialization.json", &vectors)
	for _, v := range vectors {
		n := varint(0)
		if err := syntax.Unmarshal(v.Header, &n); err != nil || int(n) != v.Length {
			t.Errorf("%x is %d, %v, want %d", v.Header, n, err, v.Length)
		}
		equal(t, "header", encode(&n), v.Header)
	}
}

type varint int

func (n *varint) Code(c *syntax.Codec) { c.Uvarint((*int)(n)) }

func TestVectorsTreeMath(t *testing.T) {
	var vectors []struct {
		Leaves  uint32       `json:"n_leaves"`
		Nodes   uint32       `json:"n_nodes"`
		Root    nodeIndex    `json:"root"`
		Left    []*nodeIndex `json:"left"`
		Right   []*nodeIndex `json:"right"`
		Parent  []*nodeIndex `json:"parent"`
		Sibling []*nodeIndex `json:"sibling"`
	}
	testvectors.Load(t, "mls/tree-math.json", &vectors)
	for _, v := range vectors {
		if widthOf(v.Leaves) != v.Nodes || rootOf(v.Leaves) != v.Root {
			t.Errorf("%d leaves: width %d, root %d", v.Leaves, widthOf(v.Leaves), rootOf(v.Leaves))
		}
		for x := range nodeIndex(v.Nodes) {
			if want := v.Left[x]; want != nil && x.left() != *want {
				t.Errorf("left of %d is %d, want %d", x, x.left(), *want)
			}
			if want := v.Right[x]; want != nil && x.right() != *want {
				t.Errorf("right of %d is %d, want %d", x, x.right(), *want)
			}
			if want := v.Parent[x]; want != nil && (x.parent() != *want || x.sibling() != *v.Sibling[x]) {
				t.Errorf("parent of %d is %d, want %d; sibling %d, want %d", x, x.parent(), *want, x.sibling(), *v.Sibling[x])
			}
			if (v.Left[x] == nil) != x.isLeaf() || (v.Parent[x] == nil) != (x == v.Root) {
				t.Errorf("node %d is misplaced", x)
			}
		}
	}
}

func TestVectorsCryptoBasics(t *testing.T) {
	var vectors []struct {
		Suite   Suite `json:"cipher_suite"`
		RefHash struct {
			Label string   `json:"label"`
			Out   hexBytes `json:"out"`
			Value hexBytes `json:"value"`
		} `json:"ref_hash"`
		Expand struct {
			Context hexBytes `json:"context"`
			Label   string   `json:"label"`
			Length  int      `json:"length"`
			Out     hexBytes `json:"out"`
			Secret  hexBytes `json:"secret"`
		} `json:"expand_with_label"`
		Derive struct {
			Label  string   `json:"label"`
			Out    hexBytes `json:"out"`
			Secret hexBytes `json:"secret"`
		} `json:"derive_secret"`
		DeriveTree struct {
			Generation uint32   `json:"generation"`
			Label      string   `json:"label"`
			Length     int      `json:"length"`
			Out        hexBytes `json:"out"`
			Secret     hexBytes `json:"secret"`
		} `json:"derive_tree_secret"`
		Sign struct {
			Content   hexBytes `json:"content"`
			Label     string   `json:"label"`
			Priv      hexBytes `json:"priv"`
			Pub       hexBytes `json:"pub"`
			Signature hexBytes `json:"signature"`
		} `json:"sign_with_label"`
		Encrypt struct {
			Ciphertext hexBytes `json:"ciphertext"`
			Context    hexBytes `json:"context"`
			KEMOutput  hexBytes `json:"kem_output"`
			Label      string   `json:"label"`
			Plaintext  hexBytes `json:"plaintext"`
			Priv       hexBytes `json:"priv"`
			Pub        hexBytes `json:"pub"`
		} `json:"encrypt_with_label"`
	}
	testvectors.Load(t, "mls/crypto-basics.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			equal(t, "RefHash", a.refHash(v.RefHash.Label, v.RefHash.Value), v.RefHash.Out)
			equal(t, "ExpandWithLabel", a.expand(v.Expand.Secret, v.Expand.Label, v.Expand.Context, v.Expand.Length), v.Expand.Out)
			equal(t, "DeriveSecret", a.derive(v.Derive.Secret, v.Derive.Label), v.Derive.Out)
			equal(t, "DeriveTreeSecret", a.deriveTree(v.DeriveTree.Secret, v.DeriveTree.Label, v.DeriveTree.Generation, v.DeriveTree.Length), v.DeriveTree.Out)
			key, err := NewSignatureKey(v.Suite, padded(v.Suite, v.Sign.Priv))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "public key", key.Public(), v.Sign.Pub)
			sig, err := a.signWithLabel(key, v.Sign.Label, v.Sign.Content)
			if err != nil || !a.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, sig) ||
				!a.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, v.Sign.Signature) {
				t.Error("SignWithLabel and VerifyWithLabel disagree")
			}
			sig[len(sig)-1] ^= 1
			if a.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, sig) {
				t.Error("a damaged signature verifies")
			}
			e := &v.Encrypt
			private := secret.Copy(padded(v.Suite, e.Priv))
			got, err := a.decryptWithLabel(private, e.Label, e.Context, hpkeCiphertext{e.KEMOutput, e.Ciphertext})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "DecryptWithLabel", got, e.Plaintext)
			ct, err := a.encryptWithLabel(e.Pub, e.Label, e.Context, e.Plaintext)
			if err != nil {
				t.Fatal(err)
			}
			if got, err = a.decryptWithLabel(private, e.Label, e.Context, ct); err != nil {
				t.Fatal(err)
			}
			equal(t, "EncryptWithLabel", got, e.Plaintext)
		})
	}
}

func TestVectorsKeySchedule(t *testing.T) {
	var vectors []struct {
		Suite       Suite    `json:"cipher_suite"`
		GroupID     hexBytes `json:"group_id"`
		InitialInit hexBytes `json:"initial_init_secret"`
		Epochs      []struct {
			CommitSecret  hexBytes `json:"commit_secret"`
			Confirmation  hexBytes `json:"confirmation_key"`
			Confirmed     hexBytes `json:"confirmed_transcript_hash"`
			Encryption    hexBytes `json:"encryption_secret"`
			Authenticator hexBytes `json:"epoch_authenticator"`
			Exporter      struct {
				Context hexBytes `json:"context"`
				Label   string   `json:"label"`
				Length  int      `json:"length"`
				Secret  hexBytes `json:"secret"`
			} `json:"exporter"`
			ExporterSecret hexBytes `json:"exporter_secret"`
			ExternalPub    hexBytes `json:"external_pub"`
			External       hexBytes `json:"external_secret"`
			GroupContext   hexBytes `json:"group_context"`
			Init           hexBytes `json:"init_secret"`
			Joiner         hexBytes `json:"joiner_secret"`
			Membership     hexBytes `json:"membership_key"`
			PSK            hexBytes `json:"psk_secret"`
			Resumption     hexBytes `json:"resumption_psk"`
			SenderData     hexBytes `json:"sender_data_secret"`
			TreeHash       hexBytes `json:"tree_hash"`
			Welcome        hexBytes `json:"welcome_secret"`
		} `json:"epochs"`
	}
	testvectors.Load(t, "mls/key-schedule.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			init := []byte(v.InitialInit)
			for n := range v.Epochs {
				e := &v.Epochs[n]
				context := groupContext{suite: v.Suite, groupID: v.GroupID, epoch: uint64(n), treeHash: e.TreeHash, confirmedHash: e.Confirmed}
				equal(t, "GroupContext", encode(&context), e.GroupContext)
				joiner := a.joinerSecret(init, e.CommitSecret, e.GroupContext)
				equal(t, "joiner_secret", joiner, e.Joiner)
				member := a.memberSecret(joiner, e.PSK)
				equal(t, "welcome_secret", a.derive(member, "welcome"), e.Welcome)
				s := a.epochSecrets(member, e.GroupContext)
				equal(t, "init_secret", s.init.Reveal(), e.Init)
				equal(t, "sender_data_secret", s.senderData.Reveal(), e.SenderData)
				equal(t, "encryption_secret", s.encryption.Reveal(), e.Encryption)
				equal(t, "exporter_secret", s.exporter.Reveal(), e.ExporterSecret)
				equal(t, "epoch_authenticator", s.authenticator.Reveal(), e.Authenticator)
				equal(t, "external_secret", s.external.Reveal(), e.External)
				equal(t, "confirmation_key", s.confirmation.Reveal(), e.Confirmation)
				equal(t, "membership_key", s.membership.Reveal(), e.Membership)
				equal(t, "resumption_psk", s.resumption.Reveal(), e.Resumption)
				_, pub, err := a.deriveKeyPair(s.external.Reveal())
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "external_pub", pub, e.ExternalPub)
				equal(t, "exported secret", a.export(s.exporter, e.Exporter.Label, e.Exporter.Context, e.Exporter.Length).Reveal(), e.Exporter.Secret)
				init = e.Init
			}
		})
	}
}

func TestVectorsPSKSecret(t *testing.T) {
	var vectors []struct {
		Suite Suite `json:"cipher_suite"`
		PSKs  []struct {
			ID    hexBytes `json:"psk_id"`
			PSK   hexBytes `json:"psk"`
			Nonce hexBytes `json:"psk_nonce"`
		} `json:"psks"`
		Secret hexBytes `json:"psk_secret"`
	}
	testvectors.Load(t, "mls/psk_secret.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			var ids []PSKID
			store := pskMap{}
			for _, p := range v.PSKs {
				ids = append(ids, PSKID{Type: PSKExternal, ID: p.ID, Nonce: p.Nonce})
				store[string(p.ID)] = p.PSK
			}
			got, err := a.pskSecret(ids, func(id *PSKID) (*secret.Bytes, error) { return store.PSK(*id) })
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "psk_secret", got, v.Secret)
		})
	}
}

func TestVectorsSecretTree(t *testing.T) {
	var vectors []struct {
		Suite      Suite    `json:"cipher_suite"`
		Encryption hexBytes `json:"encryption_secret"`
		SenderData struct {
			Secret     hexBytes `json:"sender_data_secret"`
			Ciphertext hexBytes `json:"ciphertext"`
			Key        hexBytes `json:"key"`
			Nonce      hexBytes `json:"nonce"`
		} `json:"sender_data"`
		Leaves [][]struct {
			Generation uint32   `json:"generation"`
			AppKey     hexBytes `json:"application_key"`
			AppNonce   hexBytes `json:"application_nonce"`
			HandKey    hexBytes `json:"handshake_key"`
			HandNonce  hexBytes `json:"handshake_nonce"`
		} `json:"leaves"`
	}
	testvectors.Load(t, "mls/secret-tree.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			key, nonce := a.senderDataKey(secret.Copy(v.SenderData.Secret), v.SenderData.Ciphertext)
			equal(t, "sender data key", key, v.SenderData.Key)
			equal(t, "sender data nonce", nonce, v.SenderData.Nonce)
			tree := newSecretTree(uint32(len(v.Leaves)), secret.Copy(v.Encryption))
			limits := Limits{}.withDefaults()
			for l, generations := range v.Leaves {
				for _, g := range generations {
					for kind, want := range map[ContentType][2]hexBytes{ContentApplication: {g.AppKey, g.AppNonce}, ContentCommit: {g.HandKey, g.HandNonce}} {
						o, err := tree.open(a, LeafIndex(l), kind, g.Generation, limits)
						if err != nil {
							t.Fatal(err)
						}
						equal(t, "message key", o.key.key.Reveal(), want[0])
						equal(t, "message nonce", o.key.nonce.Reveal(), want[1])
						o.consume()
						if _, err := tree.open(a, LeafIndex(l), kind, g.Generation, limits); err == nil {
							t.Error("a consumed key is still there")
						}
					}
				}
			}
		})
	}
}

func TestVectorsTranscriptHashes(t *testing.T) {
	var vectors []struct {
		Suite        Suite    `json:"cipher_suite"`
		Confirmation hexBytes `json:"confirmation_key"`
		Content      hexBytes `json:"authenticated_content"`
		Before       hexBytes `json:"interim_transcript_hash_before"`
		Confirmed    hexBytes `json:"confirmed_transcript_hash_after"`
		After        hexBytes `json:"interim_transcript_hash_after"`
	}
	testvectors.Load(t, "mls/transcript-hashes.json", &vectors)
	for i := range vectors {
		v := &vectors[i]
		forSuite(t, i, v.Suite, func(t *testing.T, a *algorithms) {
			t.Helper()
			m := new(authenticatedContent)
			if err := syntax.Unmarshal(v.Content, m); err != nil {
				t.Fatal(err)
			}
			confirmed := a.confirmedHash(v.Before, m)
			equal(t, "confirmed_transcript_hash", confirmed, v.Confirmed)
			equal(t, "interim_transcript_hash", a.interimHash(confirmed, m.confirmationTag), v.After)
			equal(t, "confirmation_tag", a.mac(v.Confirmation, confirmed), m.confirmationTag)
		})
	}
}
