package mls

import (
	"slices"

	"bulle/protocol/secret"
)

// invited changes an invitation to a group of five, and accepts it.
func invited(t ruleT, change func(*invitation)) error {
	t.Helper()
	i := invite(team(t, X25519AES128, 5)[0], CommitOptions{})
	change(i)
	return i.accept()
}

// reparent changes a parent of the tree to join.
func reparent(x nodeIndex, change func(*parentNode)) func(*invitation) {
	return func(i *invitation) {
		p := *i.tree.nodes[x].parent
		change(&p)
		i.tree.nodes[x].parent = &p
		i.retree()
	}
}

// linked is an invitation that names resumption keys.
func linked(t ruleT, change func(*invitation), usages ...ResumptionUsage) error {
	t.Helper()
	c := team(t, X25519AES128, 5)
	i := invite(c[0], CommitOptions{})
	i.to.cfg.PSKs = anyPSK{}
	var ids []PSKID
	for n, u := range usages {
		nonce := make([]byte, 32)
		nonce[0] = byte(n)
		ids = append(ids, PSKID{Type: PSKResumption, Usage: u, GroupID: []byte("old"), Epoch: 1, Nonce: nonce})
	}
	i.withPSKs(ids, func(id *PSKID) (*secret.Bytes, error) { return anyPSK{}.PSK(*id) })
	i.parent = c[0].g
	i.info.context.epoch = 1
	i.resume()
	if change != nil {
		change(i)
	}
	return i.accept()
}

// anyPSK knows every key.
type anyPSK struct{}

func (anyPSK) PSK(PSKID) (*secret.Bytes, error) { return secret.Copy([]byte("key")), nil }

// resume makes the confirmation tag that of the changed context.
func (i *invitation) resume() {
	a := i.from.g.alg
	s := a.epochSecrets(i.member, encode(&i.info.context))
	i.info.tag = a.mac(s.confirmation.Reveal(), i.info.context.confirmedHash)
}

func joinRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V044": func(t ruleT) error {
			err := invited(t, func(i *invitation) {
				// The root gets the key of somebody outside.
				_, other, err := i.from.g.alg.generateKeyPair(&i.from.cfg)
				if err != nil {
					t.Fatal(err)
				}
				reparent(i.tree.root(), func(p *parentNode) { p.encryptionKey = other })(i)
			})
			if !isRule(err, RuleParentHash) {
				t.Errorf("a stranger's key: %v", err)
			}
			return invited(t, func(i *invitation) {
				reparent(1, func(p *parentNode) { p.parentHash = append([]byte{1}, p.parentHash...) })(i)
			})
		},
		"V075": func(t ruleT) error {
			i := invite(team(t, X25519AES128, 2)[0], CommitOptions{})
			i.info.signature[0] ^= 1
			return i.deliver()
		},
		"V076": func(t ruleT) error {
			if err := invited(t, func(i *invitation) { i.info.signer = 1 << 31 }); !isRule(err, RuleSignerLeaf) {
				t.Errorf("outside of the tree: %v", err)
			}
			return invited(t, func(i *invitation) { i.info.signer = 6 })
		},
		"V077": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			info, _ := c[0].g.GroupInfo(true)
			_, _, err := JoinExternal(c[1].cfg, ExternalJoinOptions{
				GroupInfo: info, Credential: c[1].credential(), Key: c[1].key, Joined: func([]byte) bool { return true },
			})
			if !isRule(err, RuleGroupIDUnique) {
				t.Errorf("external join: %v", err)
			}
			return invited(t, func(i *invitation) { i.joined = func(id []byte) bool { return string(id) == "group" } })
		},
		"V078": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			p := c[0].commit(CommitOptions{Add: []*KeyPackage{newKeyPackage(t, "new")}})
			n := newClient(t, X25519AES128, "new")
			_, err := Join(n.cfg, JoinOptions{Welcome: p.Welcome(), Bundles: []*KeyPackageBundle{n.keyPackage()}, Key: n.key})
			return err
		},
		"V079": func(t ruleT) error {
			if err := invited(t, func(i *invitation) { i.suite = X25519ChaCha20 }); !isRule(err, RuleWelcomeSuite) {
				t.Errorf("suite of the Welcome: %v", err)
			}
			return invited(t, func(i *invitation) { i.info.context.suite = X25519ChaCha20 })
		},
		"V080": func(t ruleT) error {
			if err := invited(t, func(i *invitation) { i.secrets.joiner[0] ^= 1 }); err == nil {
				t.Error("a damaged joiner secret is accepted")
			}
			return invited(t, func(i *invitation) { i.bundle.initKey = i.bundle.leafKey })
		},
		"V081": func(t ruleT) error { return linked(t, nil, UsageBranch, UsageBranch) },
		"V082": func(t ruleT) error {
			return invited(t, func(i *invitation) { i.info.context.treeHash[0] ^= 1 })
		},
		"V083": func(t ruleT) error {
			for _, l := range []LeafIndex{4, 6, 1 << 30, 1<<32 - 1} {
				if err := invited(t, reparent(1, func(p *parentNode) { p.unmerged = []LeafIndex{l} })); !isRule(err, RuleUnmergedLeaf) {
					t.Errorf("leaf %d: %v", l, err)
				}
			}
			return invited(t, reparent(7, func(p *parentNode) { p.unmerged = []LeafIndex{7} }))
		},
		"V084": func(t ruleT) error {
			return invited(t, reparent(7, func(p *parentNode) { p.unmerged = []LeafIndex{1} }))
		},
		"V085": func(t ruleT) error {
			return invited(t, func(i *invitation) {
				key := i.tree.nodes[i.tree.root()].encryptionKey()
				reparent(1, func(p *parentNode) { p.encryptionKey = key })(i)
			})
		},
		"V086": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			i := invite(c[0], CommitOptions{})
			// The Welcome is for another key package of the same client.
			i.bundle = i.to.keyPackage()
			return i.accept()
		},
		"V087": func(t ruleT) error {
			c := newClient(t, X25519AES128, "founder")
			c.create()
			others := []*KeyPackage{newKeyPackage(t, "a"), newKeyPackage(t, "b")}
			p := c.commit(CommitOptions{Add: others, NoPath: true})
			p.Wipe()
			// Nobody has a key above the leaves, and the Welcome pretends so.
			i := inviteWithoutPath(c)
			path := make([]byte, 32)
			i.secrets.pathSecret = &path
			return i.accept()
		},
		"V088": func(t ruleT) error { return invited(t, func(i *invitation) { i.info.tag[0] ^= 1 }) },
		"V089": func(t ruleT) error {
			return linked(t, func(i *invitation) {
				i.info.context.epoch = 2
				i.resume()
			}, UsageBranch)
		},
		"V090": ruleReInitParameters,
		"V091": func(t ruleT) error {
			return reinitialised(t, func(o *SuccessorOptions) { o.Add = o.Add[1:] }, nil)
		},
		"V092": func(t ruleT) error {
			return linked(t, func(i *invitation) {
				other := team(t, X25519ChaCha20, 2)
				i.parent = other[0].g
			}, UsageBranch)
		},
		"V093": func(t ruleT) error { return linked(t, nil, UsageBranch) },
	}
}

// inviteWithoutPath is an invitation by a commit without a path.
func inviteWithoutPath(from *client) *invitation {
	from.t.Helper()
	to := newClient(from.t, from.suite, "new")
	bundle := to.keyPackage()
	g := from.g
	list, t, err := g.collect(&CommitOptions{Add: []*KeyPackage{bundle.Public}})
	if err != nil {
		from.t.Fatal(err)
	}
	r, err := g.draft(list, t, &drafting{
		from: memberSender(g.own), leaf: g.own, signer: g.signer, newSigner: g.signer, init: g.secrets.init.Reveal(), format: WirePrivateMessage,
	})
	if err != nil {
		from.t.Fatal(err)
	}
	info, err := r.next.groupInfo(false, false)
	if err != nil {
		from.t.Fatal(err)
	}
	return &invitation{from: from, to: to, bundle: bundle, tree: t.tree.clone(), info: info, suite: from.suite, secrets: groupSecrets{joiner: r.joiner}, member: r.member}
}

// reinitialised closes a group and starts the next, both changed, and returns what
// a member of the old group says to the Welcome.
func reinitialised(t ruleT, change func(*SuccessorOptions), old func(*ReInit)) error {
	t.Helper()
	c := team(t, X25519AES128, 3)
	p := c[0].commit(CommitOptions{ReInit: &ReInit{GroupID: []byte("next"), Suite: X25519AES128}})
	c[1].follow(p.Message())
	c[2].follow(p.Message())
	bundles, public, _ := successors(c, X25519AES128)
	o := SuccessorOptions{Credential: c[0].credential(), Key: c[0].key, Add: slices.Clone(public[1:]), InlineTree: true}
	if change != nil {
		change(&o)
	}
	id := PSKID{Type: PSKResumption, Usage: UsageReInit, GroupID: c[0].g.ID(), Epoch: c[0].g.Epoch()}
	o.GroupID = []byte("next")
	_, p, err := c[0].g.successor(X25519AES128, &o, id)
	if err != nil {
		t.Fatal(err)
	}
	member := c[2]
	if slices.ContainsFunc(o.Add, func(k *KeyPackage) bool { return string(k.Leaf.Credential.Identity) == "client 1" }) {
		member = c[1]
	}
	if old != nil {
		old(member.g.reInit)
	}
	_, err = Join(member.cfg, JoinOptions{Welcome: p.Welcome(), Bundles: bundles, Key: member.key, Parent: member.g})
	return err
}

// ruleReInitParameters makes each parameter of the new group another than the
// ReInit announced.
func ruleReInitParameters(t ruleT) error {
	t.Helper()
	if err := reinitialised(t, nil, nil); err != nil {
		t.Fatal(err)
	}
	for i, change := range []func(*ReInit){
		func(r *ReInit) { r.GroupID = []byte("other") },
		func(r *ReInit) { r.Suite = Hybrid },
		func(r *ReInit) { r.Version = 2 },
	} {
		if err := reinitialised(t, nil, change); !isRule(err, RuleLinkReInit) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	return reinitialised(t, nil, func(r *ReInit) { r.Extensions = []Extension{{ExtensionApplicationID, nil}} })
}
