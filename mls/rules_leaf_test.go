package mls

import (
	"errors"
	"time"

	"bulle/protocol/syntax"
)

// proposedKeyPackage has a member propose a forged key package.
func proposedKeyPackage(t ruleT, leaf func(*LeafNode), k func(*KeyPackage)) error {
	t.Helper()
	c := team(t, X25519AES128, 2)
	n := newClient(t, X25519AES128, "new")
	return receive(c[1], c[0].forgesProposal(ProposeAdd(n.forgedKeyPackage(leaf, k))))
}

func leafRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V001": ruleKeyForSuite,
		"V002": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[1].g.cfg.Credentials = picky{refused: "new"}
			err := receive(c[1], c[0].forgesProposal(ProposeAdd(newClient(t, X25519AES128, "new").keyPackage().Public)))
			if !errors.Is(err, ErrUnsupported) {
				t.Errorf("the reason of the authentication service is lost: %v", err)
			}
			return err
		},
		"V003": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			p := c[0].forgedUpdate(func(l *LeafNode) { l.Credential = BasicCredential([]byte("somebody else")) })
			return receive(c[1], c[0].forgesProposal(p))
		},
		"V004": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			c[1].g.cfg.Credentials = picky{refused: "admin"}
			list := []Extension{ExternalSenders(ExternalSender{c[0].key.Public(), BasicCredential([]byte("admin"))})}
			p, err := c[0].g.Commit(CommitOptions{Extensions: &list})
			if err != nil {
				t.Fatal(err)
			}
			return receive(c[1], p.Message())
		},
		"V025": func(t ruleT) error {
			return proposedKeyPackage(t, func(l *LeafNode) { l.Lifetime.NotAfter = l.Lifetime.NotBefore + 400*24*3600 }, nil)
		},
		"V026": func(t ruleT) error {
			return proposedKeyPackage(t, func(l *LeafNode) { l.Capabilities.Credentials = nil }, nil)
		},
		"V027": func(t ruleT) error {
			return proposedKeyPackage(t, nil, func(k *KeyPackage) { k.Leaf.Signature[0] ^= 1 })
		},
		"V030": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			_, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{n.forgedKeyPackage(expired, nil)}})
			return err
		},
		"V031": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			m := c[0].forgesProposal(ProposeAdd(n.forgedKeyPackage(expired, nil)))
			c[1].g.cfg.StrictLifetimes = true
			err := receive(c[1], m)
			c[1].g.cfg.StrictLifetimes = false
			if err := receive(c[1], m); err != nil {
				t.Errorf("an expired leaf is refused by default: %v", err)
			}
			return err
		},
		"V032": func(t ruleT) error {
			return proposedKeyPackage(t, func(l *LeafNode) { l.Extensions = []Extension{{0xF000, nil}} }, nil)
		},
		"V033": func(t ruleT) error {
			return proposedKeyPackage(t, func(l *LeafNode) { l.Source = SourceUpdate }, nil)
		},
		"V034": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forgesProposal(c[0].forgedUpdate(func(l *LeafNode) { l.Source = SourceCommit })))
		},
		"V035": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			old := c[0].g.tree.leaf(0).EncryptionKey
			return receive(c[1], c[0].forgesProposal(c[0].forgedUpdate(func(l *LeafNode) { l.EncryptionKey = old })))
		},
		"V036": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forgesPath(c[0].path(func(l *LeafNode) { l.Source = SourceUpdate }, nil)))
		},
		"V037": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			// The committer takes the signature key of another member.
			key := c[0].key
			c[0].key = c[2].key
			p := c[0].path(func(l *LeafNode) { l.SignatureKey = c[2].key.Public() }, nil)
			c[0].key = key
			return receive(c[1], c[0].forgesPath(p))
		},
		"V038": func(t ruleT) error {
			c := team(t, X25519AES128, 3)
			n := newClient(t, X25519AES128, "new")
			k := n.forgedKeyPackage(func(l *LeafNode) { l.EncryptionKey = c[2].g.tree.leaf(2).EncryptionKey }, nil)
			_, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{k}})
			return err
		},
		"V039": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			k := n.forgedKeyPackage(func(l *LeafNode) { l.Capabilities.Suites = []Suite{Hybrid} }, nil)
			_, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{k}})
			return err
		},
		"V046": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			return receive(c[1], c[0].forgesProposal(ProposeAdd(newClient(t, X25519ChaCha20, "new").keyPackage().Public)))
		},
		"V047": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			k := newClient(t, X25519AES128, "new").keyPackage().Public
			k.Signature[0] ^= 1
			return receive(c[1], c[0].forgesProposal(ProposeAdd(k)))
		},
		"V048": func(t ruleT) error {
			return proposedKeyPackage(t, nil, func(k *KeyPackage) { k.InitKey = k.Leaf.EncryptionKey })
		},
		"V096": func(t ruleT) error {
			twice := []Extension{{ExtensionApplicationID, nil}, {ExtensionApplicationID, nil}}
			c := team(t, X25519AES128, 2)
			if _, err := c[0].g.Commit(CommitOptions{Extensions: &twice}); !errors.Is(err, ErrMalformed) {
				t.Errorf("committed: %v", err)
			}
			if _, err := c[0].g.Commit(CommitOptions{Leaf: &LeafOptions{Extensions: &twice}}); !errors.Is(err, ErrMalformed) {
				t.Errorf("in a leaf: %v", err)
			}
			if _, err := NewKeyPackage(c[0].cfg, X25519AES128, c[0].credential(), c[0].key, KeyPackageOptions{Extensions: twice}); !errors.Is(err, ErrMalformed) {
				t.Errorf("in a key package: %v", err)
			}
			return syntax.Unmarshal([]byte("\x06\x00\x01\x00\x00\x01\x00"), new(extensionsBody))
		},
	}
}

func expired(l *LeafNode) {
	l.Lifetime = NewLifetime(testNow().Add(-2*time.Hour), testNow().Add(-time.Hour))
}

// ruleKeyForSuite puts bytes that are no key wherever a key goes.
func ruleKeyForSuite(t ruleT) error {
	t.Helper()
	short := []byte("not a key")
	for name, err := range map[string]error{
		"leaf":     proposedKeyPackage(t, func(l *LeafNode) { l.EncryptionKey = short }, nil),
		"init key": proposedKeyPackage(t, nil, func(k *KeyPackage) { k.InitKey = short }),
	} {
		if !isRule(err, RuleKeyForSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := team(t, X25519AES128, 2)
	return receive(c[1], c[0].forgesPath(c[0].path(nil, func(p *updatePath) { p.nodes[0].encryptionKey = short })))
}

// required is a group that asks for an extension.
func required() []Extension {
	r := &RequiredCapabilities{Extensions: []ExtensionType{0xF000}, Proposals: []ProposalType{}, Credentials: []CredentialType{}}
	return []Extension{r.Extension()}
}

func treeRules() map[string]ruleTest {
	return map[string]ruleTest{
		"V028": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			list := required()
			if _, err := c[0].g.Commit(CommitOptions{Extensions: &list}); !isRule(err, RuleRequiredCaps) {
				t.Errorf("sent: %v", err)
			}
			return receive(c[1], c[0].forgesCommit(inline(ProposeExtensions(list))...))
		},
		"V029": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			n := newClient(t, X25519AES128, "new")
			k := n.forgedKeyPackage(func(l *LeafNode) {
				l.Credential = Credential{Type: CredentialX509, Certificates: [][]byte{}}
				l.Capabilities.Credentials = []CredentialType{CredentialBasic, CredentialX509}
			}, nil)
			_, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{k}})
			return err
		},
		"V097": func(t ruleT) error {
			c := team(t, X25519AES128, 2)
			list := []Extension{{0xF000, []byte{}}}
			_, err := c[0].g.Commit(CommitOptions{Extensions: &list})
			return err
		},
		"V098": func(t ruleT) error {
			c := team(t, X25519AES128, 4)
			p, err := c[0].g.Commit(CommitOptions{Add: []*KeyPackage{newClient(t, X25519AES128, "new").keyPackage().Public}})
			if err != nil {
				t.Fatal(err)
			}
			c[1].g.cfg.Limits.Leaves = 4
			return receive(c[1], p.Message())
		},
		"V024": func(ruleT) error {
			return syntax.Unmarshal([]byte("\x01k\x00\x08\x00\x00\x00\x02\x00\x00\x00\x01"), new(parentNode))
		},
		"V095": func(t ruleT) error {
			leaf := "\x01\x01" + string(encode(&newClient(t, X25519AES128, "new").keyPackage().Public.Leaf))
			parent := "\x01\x02\x01k\x00\x00"
			read := func(nodes string) error { return syntax.Unmarshal(encode(&vector{[]byte(nodes)}), new(ratchetTree)) }
			if err := read(leaf + parent + leaf); err != nil {
				t.Fatal(err)
			}
			for i, nodes := range []string{"", parent, leaf + leaf, leaf + parent + parent, leaf + "\x01\x03"} {
				if err := read(nodes); !errors.Is(err, ErrMalformed) {
					t.Errorf("tree %d: %v", i, err)
				}
			}
			return read(leaf + parent + leaf + "\x00")
		},
	}
}

// A vector is bytes with their length before them.
type vector struct{ b []byte }

func (v *vector) Code(c *syntax.Codec) { c.Opaque(&v.b) }
