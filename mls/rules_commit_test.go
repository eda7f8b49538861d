package mls

import (
	"bulle/protocol/syntax"
)

// committed has the first member of a group of three commit proposals that it
// should not, and the second receive the commit.
func committed(t ruleT, list ...Proposal) error {
	t.Helper()
	c := team(t, X25519AES128, 3)
	return receive(c[1], c[0].forgesCommit(inline(list...)...))
}

func newKeyPackage(t ruleT, name string) *KeyPackage {
	t.Helper()
	return newClient(t, X25519AES128, name).keyPackage().Public
}

func psk(nonce int) Proposal {
	return ProposePSK(PSKID{Type: PSKExternal, ID: []byte("key"), Nonce: make([]byte, nonce)})
}

func commitRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V040": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			// The root's key is replaced by another: the leaf's parent hash follows, the
			// path secret does not.
			return receive(c[1], c[0].forgesPath(c[0].crookedPath()))
		},
		"V041": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			return receive(c[1], c[0].forgesPath(c[0].path(nil, func(p *updatePath) { p.nodes = p.nodes[1:] })))
		},
		"V042": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			return receive(c[1], c[0].forgesPath(c[0].path(nil, func(p *updatePath) { p.nodes[1].encrypted = p.nodes[1].encrypted[1:] })))
		},
		"V043": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			_, other, err := c[0].g.alg.generateKeyPair(&c[0].g.cfg)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], c[0].forgesPath(c[0].path(nil, func(p *updatePath) { p.nodes[1].encryptionKey = other })))
		},
		"V045": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[0].g.cfg.PSKs = pskMap{"key": []byte("secret")}
			p, err := c[0].g.Commit(CommitOptions{PSKs: []PSKID{ExternalPSK([]byte("key"))}})
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], p.Message())
		},
		"V049": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			_, err := c[0].g.Propose(c[0].forgedUpdate(nil), nil)
			return err
		},
		"V050": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			for _, l := range []LeafIndex{3, 4, 1 << 31, 1<<32 - 1} {
				if err := receive(c[1], c[0].forgesCommit(inline(ProposeRemove(l))...)); !isRule(err, RuleNoSuchMember) {
					t.Errorf("commit removes leaf %d: %v", l, err)
				}
			}
			return receive(c[1], c[0].forgesProposal(ProposeRemove(3)))
		},
		"V051": func(t ruleT) error {
			return committed(t, ProposePSK(PSKID{Type: PSKResumption, Usage: UsageReInit, GroupID: []byte("group"), Nonce: make([]byte, 32)}))
		},
		"V052": func(t ruleT) error {
			return committed(t, ProposePSK(PSKID{Type: PSKResumption, Usage: UsageBranch, GroupID: []byte("group"), Nonce: make([]byte, 32)}))
		},
		"V053": func(t ruleT) error { return committed(t, psk(31)) },
		"V054": func(t ruleT) error {
			r := Proposal{Type: ProposalReInit, ReInit: &ReInit{GroupID: []byte("next"), Suite: Hybrid}}
			if err := committed(t, r); !isRule(err, RuleReInitVersion) {
				t.Errorf("committed: %v", err)
			}
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forgesProposal(r))
		},
		"V055": func(t ruleT) error {
			p := Proposal{Type: ProposalExternalInit, KEMOutput: make([]byte, 32)}
			c := team(t, X25519AES128, 2)
			if err := receive(c[1], c[0].forgesProposal(p)); !isRule(err, RuleNoExternalInit) {
				t.Errorf("proposed: %v", err)
			}
			return committed(t, p)
		},
		"V056": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			return receive(c[1], c[0].forgesCommit(c[0].proposesTo(c[0].forgedUpdate(nil), c[1])))
		},
		"V057": func(t ruleT) error { return committed(t, ProposeRemove(0)) },
		"V058": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			update := c[2].proposesTo(c[2].forgedUpdate(nil), c[1])
			if err := receive(c[1], c[0].forgesCommit(append(inline(ProposeRemove(2)), update)...)); !isRule(err, RuleSameLeafTwice) {
				t.Errorf("update and remove: %v", err)
			}
			second := c[2].proposesTo(c[2].forgedUpdate(nil), c[1])
			if err := receive(c[1], c[0].forgesCommit(update, second)); !isRule(err, RuleSameLeafTwice) {
				t.Errorf("two updates: %v", err)
			}
			return committed(t, ProposeRemove(2), ProposeRemove(2))
		},
		"V059": func(t ruleT) error {
			return committed(t, ProposeAdd(newKeyPackage(t, "new")), ProposeAdd(newKeyPackage(t, "new")))
		},
		"V060": ruleAddMember,
		"V061": func(t ruleT) error { return committed(t, psk(32), psk(32)) },
		"V062": func(t ruleT) error { return committed(t, ProposeExtensions(nil), ProposeExtensions(nil)) },
		"V063": func(t ruleT) error {
			return committed(t, ProposeReInit(ReInit{GroupID: []byte("next"), Suite: Hybrid}), ProposeRemove(2))
		},
		"V064": func(ruleT) error { return syntax.Unmarshal([]byte{0, 8, 0}, new(Proposal)) },
		"V069": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forgesCommit(proposalOrRef{reference: make([]byte, 32)}))
		},
		"V070": func(t ruleT) error {
			for _, list := range [][]Proposal{nil, {ProposeExtensions(nil)}} {
				c := team(t, X25519AES128, 3)
				m := c[0].forges(WirePrivateMessage, framedContent{contentType: ContentCommit, commit: &commit{proposals: inline(list...)}})
				if err := receive(c[1], m); !isRule(err, RulePathRequired) {
					t.Errorf("%d proposals: %v", len(list), err)
				}
			}
			c := team(t, X25519AES128, 3)
			return receive(c[1], c[0].forges(WirePrivateMessage, framedContent{contentType: ContentCommit, commit: &commit{proposals: inline(ProposeRemove(2))}}))
		},
		"V072": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			root := c[0].g.tree.nodes[c[0].g.tree.root()].encryptionKey()
			if err := receive(c[1], c[0].forgesPath(c[0].path(func(l *LeafNode) { l.EncryptionKey = root }, nil))); !isRule(err, RulePathKeysFresh) {
				t.Errorf("the leaf takes the root's key: %v", err)
			}
			return receive(c[1], c[0].forgesPath(c[0].path(nil, func(p *updatePath) { p.nodes[1].encryptionKey = root })))
		},
	}
}

// ruleAddMember adds a member again, by a commit and from outside; with its
// removal in the same commit it is allowed.
func ruleAddMember(t ruleT) error {
	t.Helper()
	c := team(t, X25519AES128, 3)
	again := c[2].keyPackage().Public
	if _, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{again}, Remove: []LeafIndex{2}}); err != nil {
		t.Errorf("with its removal: %v", err)
	}
	info, _ := c[0].g.GroupInfo(true)
	twin := newClient(t, X25519AES128, "client 2")
	_, m, err := JoinExternal(twin.cfg, ExternalJoinOptions{GroupInfo: info, Credential: twin.credential(), Key: twin.key})
	if err != nil {
		t.Fatal(err)
	}
	if err := receive(c[1], m); !isRule(err, RuleAddMember) {
		t.Errorf("from outside: %v", err)
	}
	return receive(c[1], c[0].forgesCommit(inline(ProposeAdd(again))...))
}

// crookedPath is a path whose root has another key than its path secret gives, and
// is sound otherwise.
func (c *client) crookedPath() *updatePath {
	c.t.Helper()
	g := c.g
	t, err := g.apply(&proposalList{committer: memberSender(g.own)})
	if err != nil {
		c.t.Fatal(err)
	}
	next, _, err := g.tree.leaf(g.own).successor(g.alg, &g.cfg, nil, SourceCommit)
	if err != nil {
		c.t.Fatal(err)
	}
	f, err := t.tree.renewPath(g.alg, &g.cfg, g.own, next, c.key, g.context.groupID)
	if err != nil {
		c.t.Fatal(err)
	}
	_, other, err := g.alg.generateKeyPair(&g.cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	t.tree.set(t.tree.root(), node{parent: &parentNode{encryptionKey: other, unmerged: []LeafIndex{}}})
	next.ParentHash = t.tree.chainParentHashes(g.alg, f.steps)
	if err := next.sign(g.alg, c.key, g.context.groupID, g.own); err != nil {
		c.t.Fatal(err)
	}
	t.tree.set(g.own.node(), node{leaf: next})
	context := g.nextContext(t)
	p, err := f.encrypt(g.alg, t.tree, nil, encode(&context))
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// external forges the proposals of an external commit and has a member receive it.
func external(t ruleT, change func(c []*client, m *commit)) error {
	t.Helper()
	c := team(t, X25519AES128, 4)
	info, err := c[0].g.GroupInfo(true)
	if err != nil {
		t.Fatal(err)
	}
	m := forgedExternal(newClient(t, X25519AES128, "new"), info, func(m *authenticatedContent) { change(c, m.content.commit) })
	return receive(c[1], m)
}

func externalRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V065": func(t ruleT) error {
			if err := external(t, func(_ []*client, m *commit) { m.proposals = nil }); !isRule(err, RuleOneExternalInit) {
				t.Errorf("none: %v", err)
			}
			return external(t, func(_ []*client, m *commit) { m.proposals = append(m.proposals, m.proposals[0]) })
		},
		"V066": func(t ruleT) error {
			return external(t, func(_ []*client, m *commit) {
				m.proposals = append(m.proposals, inline(ProposeRemove(2), ProposeRemove(3))...)
			})
		},
		"V067": func(t ruleT) error {
			return external(t, func(_ []*client, m *commit) {
				m.proposals = append(m.proposals, inline(ProposeAdd(newKeyPackage(t, "other")))...)
			})
		},
		"V068": func(t ruleT) error {
			return external(t, func(c []*client, m *commit) {
				m.proposals = append(m.proposals, c[0].proposesTo(psk(32), c[1]))
			})
		},
		"V094": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			i, err := c[0].g.groupInfo(true, false)
			if err != nil {
				t.Fatal(err)
			}
			n := newClient(t, X25519AES128, "new")
			_, _, err = JoinExternal(n.cfg, ExternalJoinOptions{GroupInfo: encode(&Message{groupInfo: i}), Credential: n.credential(), Key: n.key})
			return err
		},
	}
}
