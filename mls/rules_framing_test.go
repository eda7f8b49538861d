package mls

import (
	"bytes"

	"bulle/protocol/syntax"
)

func receive(c *client, message []byte) error {
	_, err := c.g.Receive(message)
	return err
}

// damaged returns a copy of a message with one change.
func damaged(message []byte, change func(*Message)) []byte {
	m, err := parseMessage(message)
	if err != nil {
		panic(err)
	}
	change(m)
	return encode(m)
}

// adminTeam is two members, and an external sender of their group.
func adminTeam(t ruleT) (*client, *client, *SignatureKey) {
	t.Helper()
	admin, err := GenerateSignatureKey(X25519AES128, testConfig().Rand)
	if err != nil {
		t.Fatal(err)
	}
	c, d := newClient(t, X25519AES128, "founder"), newClient(t, X25519AES128, "member")
	c.create(ExternalSenders(ExternalSender{admin.Public(), BasicCredential([]byte("admin"))}))
	c.add(nil, d)
	return c, d, admin
}

func framingRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V005": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			m := c[0].seal("x")
			m[1] = 2
			return receive(c[1], m)
		},
		"V006": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], damaged(c[0].seal("x"), func(m *Message) { m.private.groupID = []byte("other") }))
		},
		"V007": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			late := c[2].forges(WirePublicMessage, framedContent{contentType: ContentProposal, proposal: &Proposal{Type: ProposalRemove}})
			p := c[0].commit(CommitOptions{})
			c[1].follow(p.Message())
			return receive(c[1], late)
		},
		"V008": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			c[1].g.tree.set(c[0].g.own.node(), node{})
			return receive(c[1], c[0].seal("x"))
		},
		"V009": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			c[0].g.signer = c[2].key
			return receive(c[1], c[0].seal("x"))
		},
		"V010": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forges(WirePublicMessage, framedContent{contentType: ContentApplication, application: []byte("x")}))
		},
		"V011": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[1].g.cfg.RequirePrivate = true
			p, err := c[0].g.Commit(CommitOptions{Public: true})
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], p.Message())
		},
		"V012": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			p, err := c[0].g.Commit(CommitOptions{Public: true})
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], damaged(p.Message(), func(m *Message) {
				m.public.confirmationTag[0] ^= 1
				m.public.membershipTag = m.public.authenticatedContent.membershipTag(c[1].g.alg, c[1].g.secrets.membership.Reveal(), encode(&c[1].g.context))
			}))
		},
		"V013": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			p, err := c[0].g.Commit(CommitOptions{Public: true})
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], damaged(p.Message(), func(m *Message) { m.public.membershipTag[0] ^= 1 }))
		},
		"V014": func(t ruleT) error {
			m := &authenticatedContent{content: framedContent{contentType: ContentApplication, application: []byte("x")}}
			b := append(encode(&privateContent{authenticatedContent: m}), 0, 0)
			if err := syntax.Unmarshal(b, &privateContent{authenticatedContent: m}); err != nil {
				t.Fatal(err)
			}
			b[len(b)-1] = 1
			return syntax.Unmarshal(b, &privateContent{authenticatedContent: m})
		},
		"V015": ruleUntouched,
		"V016": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			m := c[0].seal("x")
			c[1].reads(m, "x")
			return receive(c[1], m)
		},
		"V017": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[1].g.cfg.Limits.ForwardDistance = 2
			for range 3 {
				c[0].seal("skipped")
			}
			return receive(c[1], c[0].seal("x"))
		},
		"V018": func(t ruleT) error {
			c, _, admin := adminTeam(t)
			m, err := ExternalProposal(X25519AES128, c.g.ID(), c.g.Epoch(), 1, ProposeRemove(1), admin)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c, m)
		},
		"V019": func(t ruleT) error {
			c, d, admin := adminTeam(t)
			m, err := proposeFromOutside(X25519AES128, c.g.ID(), c.g.Epoch(), sender{senderExternal, 0}, d.forgedUpdate(nil), admin)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c, m)
		},
		"V020": func(t ruleT) error {
			c, d, _ := adminTeam(t)
			m, err := ExternalProposal(X25519AES128, c.g.ID(), c.g.Epoch(), 0, ProposeRemove(1), d.key)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c, m)
		},
		"V021": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			info, _ := c[0].g.GroupInfo(true)
			return receive(c[1], forgedExternal(newClient(t, X25519AES128, "new"), info, func(m *authenticatedContent) { m.content.commit.path = nil }))
		},
		"V022": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			m, err := proposeFromOutside(X25519AES128, c[0].g.ID(), c[0].g.Epoch(), sender{kind: senderNewMemberProposal}, ProposeRemove(1), c[1].key)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[0], m)
		},
		"V023": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			m, err := NewMemberProposal(c[0].g.ID(), c[0].g.Epoch(), n.keyPackage().Public, c[1].key)
			if err != nil {
				t.Fatal(err)
			}
			c[0].g.cfg.NewMemberProposals = true
			return receive(c[0], m)
		},
		"V099": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			m, err := NewMemberProposal(c[0].g.ID(), c[0].g.Epoch(), n.keyPackage().Public, n.key)
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[0], m)
		},
		"V071": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[0].proposesTo(ProposeRemove(0), c[1])
			_, err := c[1].g.Seal(nil, nil)
			return err
		},
		"V073": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[0].commit(CommitOptions{ReInit: &ReInit{GroupID: []byte("next"), Suite: Hybrid}})
			_, err := c[0].g.Seal(nil, nil)
			return err
		},
		"V074": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			p := c[0].commit(CommitOptions{Remove: []LeafIndex{1}})
			c[1].follow(p.Message())
			_, err := c[1].g.Seal(nil, nil)
			return err
		},
	}
}

// ruleUntouched flips a bit in each part of a private message in turn.
func ruleUntouched(t ruleT) error {
	t.Helper()
	c := team(t, X25519AES128, 2)
	message := c[0].seal("x")
	var last error
	for i, change := range []func(*privateMessage){
		func(p *privateMessage) { p.aad[0] ^= 1 },
		func(p *privateMessage) { p.encryptedSenderData[0] ^= 1 },
		func(p *privateMessage) { p.ciphertext[0] ^= 1 },
		func(p *privateMessage) { p.ciphertext[len(p.ciphertext)-1] ^= 1 },
	} {
		before, _ := c[1].g.MarshalRatchet()
		last = receive(c[1], damaged(message, func(m *Message) { change(m.private) }))
		after, _ := c[1].g.MarshalRatchet()
		if last == nil || !bytes.Equal(before, after) {
			t.Errorf("change %d: got %v, and the ratchets moved: %v", i, last, !bytes.Equal(before, after))
		}
	}
	c[1].reads(message, "x")
	return last
}
