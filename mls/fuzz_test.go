package mls

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"bulle/protocol/syntax"
)

// fuzzDecoder feeds a decoder, and demands that what it accepts encodes to the same
// bytes.
func fuzzDecoder[T any, P interface {
	*T
	syntax.Value
}](f *testing.F, seeds ...[]byte) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
		if len(s) > 8 {
			f.Add(s[:len(s)/2])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := P(new(T))
		if syntax.Unmarshal(b, v) != nil {
			return
		}
		again, err := syntax.Marshal(v)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x decodes, and encodes as %x, %v", b, again, err)
		}
	})
}

// A sample is one of everything that travels or is stored, made for the seeds.
type sample struct {
	keyPackage, bundle, message, public, proposal, welcome, groupInfo, tree, epoch, ratchet, pending []byte
}

func newSample(tb testing.TB) sample {
	tb.Helper()
	c := team(tb, X25519AES128, 5)
	g := c[0].g
	g.cfg.Limits.PastEpochs, g.cfg.Limits.ResumptionEpochs = 1, 1
	b := newClient(tb, X25519AES128, "new").keyPackage()
	s := sample{keyPackage: b.Message(), bundle: must(b.Marshal()), message: c[1].seal("text")}
	s.proposal = must(c[1].g.ProposePublic(ProposeRemove(3), nil))
	must(g.Receive(s.message))
	c[0].commit(CommitOptions{})
	must(g.ProposeUpdate(LeafOptions{}, nil))
	p := must(g.Commit(CommitOptions{Add: []*KeyPackage{b.Public}, InlineTree: true, Public: true}))
	s.public, s.welcome, s.pending = p.Message(), p.Welcome(), must(p.Marshal())
	s.groupInfo, s.tree = must(g.GroupInfo(true)), must(g.Tree())
	s.epoch, s.ratchet = must(g.MarshalEpoch()), must(g.MarshalRatchet())
	return s
}

func FuzzMessage(f *testing.F) {
	s := newSample(f)
	fuzzDecoder[Message](f, s.keyPackage, s.message, s.proposal, s.public, s.welcome, s.groupInfo)
}

func FuzzRatchetTree(f *testing.F) { fuzzDecoder[ratchetTree](f, newSample(f).tree) }

func FuzzKeyPackage(f *testing.F) { fuzzDecoder[KeyPackage](f, newSample(f).keyPackage[4:]) }

func FuzzWelcome(f *testing.F) { fuzzDecoder[Welcome](f, newSample(f).welcome[4:]) }

func FuzzGroupInfo(f *testing.F) { fuzzDecoder[GroupInfo](f, newSample(f).groupInfo[4:]) }

func FuzzKeyPackageBundle(f *testing.F) { fuzzDecoder[KeyPackageBundle](f, newSample(f).bundle) }

func FuzzEpochState(f *testing.F) { fuzzDecoder[epochPart](f, newSample(f).epoch) }

func FuzzRatchetState(f *testing.F) {
	s := newSample(f)
	past := []*pastEpoch{{}}
	f.Add(s.ratchet)
	f.Fuzz(func(t *testing.T, b []byte) {
		g := &ratchetPart{past: past}
		if syntax.Unmarshal(b, g) != nil {
			return
		}
		if again, err := syntax.Marshal(g); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x decodes, and encodes as %x, %v", b, again, err)
		}
	})
}

func FuzzPendingCommit(f *testing.F) { fuzzDecoder[pendingState](f, newSample(f).pending) }

func FuzzGroupSecrets(f *testing.F) {
	path := make([]byte, 32)
	fuzzDecoder[groupSecrets](f, encode(&groupSecrets{joiner: path, pathSecret: &path, psks: []PSKID{*psk(32).PSK}}))
}

func FuzzRequiredCapabilities(f *testing.F) {
	fuzzDecoder[RequiredCapabilities](f, required()[0].Data)
}

func FuzzExternalSenders(f *testing.F) {
	fuzzDecoder[externalSenders](f, ExternalSenders(ExternalSender{[]byte("key"), BasicCredential([]byte("id"))}).Data)
}

// FuzzPrivateContent decodes what a member has encrypted, for each content type.
func FuzzPrivateContent(f *testing.F) {
	m := &authenticatedContent{content: framedContent{contentType: ContentApplication, application: []byte("x")}}
	f.Add(uint8(ContentApplication), encode(&privateContent{authenticatedContent: m, padding: 3}))
	f.Fuzz(func(_ *testing.T, kind uint8, b []byte) {
		m := &authenticatedContent{content: framedContent{contentType: ContentType(kind)}}
		_ = syntax.Unmarshal(b, &privateContent{authenticatedContent: m})
	})
}

// FuzzReceive feeds a member anything, in the clear and as the content of a message
// that another member has signed and encrypted.
func FuzzReceive(f *testing.F) {
	s := newSample(f)
	c := team(f, X25519AES128, 4)
	f.Add(s.message)
	f.Add(s.public)
	f.Add(encode(&Proposal{Type: ProposalRemove, Removed: 2}))
	f.Add(encode(&commit{path: c[0].path(nil, nil)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c[0].t, c[1].t = t, t
		before := stored(t, c[1].g)
		r, err := c[1].g.Receive(b)
		if err == nil {
			t.Fatalf("received %T", r)
		}
		equal(t, "state", stored(t, c[1].g), before)
		p, m := new(Proposal), new(commit)
		if syntax.Unmarshal(b, p) == nil {
			_, _ = c[1].g.Receive(c[0].forges(WirePublicMessage, framedContent{contentType: ContentProposal, proposal: p}))
		}
		if syntax.Unmarshal(b, m) == nil {
			_, _ = c[1].g.Receive(c[0].forges(WirePublicMessage, framedContent{contentType: ContentCommit, commit: m}))
		}
		c[1].g.ClearProposals()
	})
}

// FuzzHostileTree checks any tree as a newcomer does, and uses it as a member.
func FuzzHostileTree(f *testing.F) {
	f.Add(newSample(f).tree)
	a, cfg := mustAlgorithms(f, X25519AES128), must(testConfig().checked())
	f.Fuzz(func(_ *testing.T, b []byte) {
		t := new(ratchetTree)
		if syntax.Unmarshal(b, t) != nil || t.leaves() > 1<<10 {
			return
		}
		t.rootHash(a)
		_ = t.checkJoined(a, &cfg, []byte("group"), nil)
		if t.eachParent(t.checkUnmerged) != nil {
			return
		}
		for _, l := range t.members() {
			u := t.clone()
			_ = u.checkPath(a, l, &updatePath{}, nil)
			u.remove(l)
			u.rootHash(a)
		}
	})
}

// FuzzRestore restores any state, and uses what is accepted.
func FuzzRestore(f *testing.F) {
	s := newSample(f)
	f.Add(s.epoch, s.ratchet)
	cfg := testConfig()
	f.Fuzz(func(t *testing.T, epoch, ratchet []byte) {
		g, err := Restore(cfg, epoch, ratchet)
		if err != nil {
			return
		}
		equal(t, "epoch part", must(g.MarshalEpoch()), epoch)
		equal(t, "ratchet part", must(g.MarshalRatchet()), ratchet)
		_, _ = g.Seal(nil, []byte("x"))
		_, _ = g.Receive(s.message)
		_, _ = g.Commit(CommitOptions{})
		_, _ = g.Export("x", nil, 16)
	})
}

// FuzzJoin opens any group secrets and any GroupInfo that a committer could have
// encrypted.
func FuzzJoin(f *testing.F) {
	c := team(f, X25519AES128, 2)
	i := invite(c[0], CommitOptions{})
	f.Add(encode(i.info), encode(i.tree), encode(&i.secrets))
	f.Fuzz(func(_ *testing.T, info, tree, secrets []byte) {
		a := i.from.g.alg
		var s groupSecrets
		if syntax.Unmarshal(secrets, &s) != nil {
			return
		}
		member := a.memberSecret(s.joiner, a.zeros())
		key, nonce := a.welcomeKey(member)
		w := &Welcome{suite: i.suite, encryptedGroupInfo: a.seal(key, nonce, nil, info)}
		ct, err := a.encryptWithLabel(i.bundle.Public.InitKey, labelWelcome, w.encryptedGroupInfo, secrets)
		if err != nil {
			return
		}
		w.secrets = []encryptedGroupSecrets{{i.bundle.Ref(), ct}}
		_, _ = Join(i.to.cfg, JoinOptions{Welcome: encode(&Message{welcome: w}), Tree: tree, Bundles: []*KeyPackageBundle{i.bundle}, Key: i.to.key})
		_, _, _ = JoinExternal(i.to.cfg, ExternalJoinOptions{GroupInfo: append([]byte{0, 1, 0, 4}, info...), Tree: tree, Credential: i.to.credential(), Key: i.to.key})
	})
}

// TestStoredFormatsAreStable restores what earlier versions stored: a format in
// testdata stays readable for ever.
func TestStoredFormatsAreStable(t *testing.T) {
	type golden struct{ Epoch, Ratchet, Pending, Bundle, Removed, RemovedRatchet string }
	const name = "testdata/state-v1.json"
	cfg := testConfig()
	if *update {
		s := newSample(t)
		c := team(t, Hybrid, 2)
		p := c[0].commit(CommitOptions{Remove: []LeafIndex{1}})
		c[1].follow(p.Message())
		h := hex.EncodeToString
		v := golden{h(s.epoch), h(s.ratchet), h(s.pending), h(s.bundle), h(must(c[1].g.MarshalEpoch())), h(must(c[1].g.MarshalRatchet()))}
		if err := os.WriteFile(name, append(must(json.MarshalIndent(v, "", " ")), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var v golden
	if err := json.Unmarshal(must(os.ReadFile(name)), &v); err != nil {
		t.Fatal(err)
	}
	b := func(s string) []byte { return must(hex.DecodeString(s)) }
	for _, parts := range [][2]string{{v.Epoch, v.Ratchet}, {v.Removed, v.RemovedRatchet}} {
		g, err := Restore(cfg, b(parts[0]), b(parts[1]))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "epoch part", must(g.MarshalEpoch()), b(parts[0]))
		equal(t, "ratchet part", must(g.MarshalRatchet()), b(parts[1]))
		if len(parts[0]) > 2048 {
			if p := must(UnmarshalPendingCommit(cfg, b(v.Pending))); g.MergePending(p) != nil {
				t.Error("the pending commit does not merge")
			}
		}
	}
	equal(t, "bundle", must(must(UnmarshalKeyPackageBundle(b(v.Bundle))).Marshal()), b(v.Bundle))
}

func TestNewerVersionsAreUnsupported(t *testing.T) {
	s, cfg := newSample(t), testConfig()
	newer := func(b []byte) []byte { return append([]byte{2}, b[1:]...) }
	_, err1 := Restore(cfg, newer(s.epoch), s.ratchet)
	_, err2 := Restore(cfg, s.epoch, newer(s.ratchet))
	_, err3 := UnmarshalPendingCommit(cfg, newer(s.pending))
	_, err4 := UnmarshalKeyPackageBundle(newer(s.bundle))
	for i, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("record %d of a newer version: %v", i, err)
		}
	}
}

func TestPartsOfDifferentEpochsDoNotGoTogether(t *testing.T) {
	c := team(t, X25519AES128, 2)
	epoch, ratchet := must(c[0].g.MarshalEpoch()), must(c[0].g.MarshalRatchet())
	c[0].commit(CommitOptions{})
	for _, parts := range [][2][]byte{{epoch, must(c[0].g.MarshalRatchet())}, {must(c[0].g.MarshalEpoch()), ratchet}} {
		if _, err := Restore(c[0].cfg, parts[0], parts[1]); !errors.Is(err, ErrStale) {
			t.Errorf("restored from parts of two epochs: %v", err)
		}
	}
	for i := range epoch {
		bad := bytes.Clone(epoch)
		bad[i] ^= 0xff
		_, _ = Restore(c[0].cfg, bad, ratchet)
	}
}

// TestHugeLengths: a length that the input does not hold costs nothing.
func TestHugeLengths(t *testing.T) {
	huge := []byte{0xbf, 0xff, 0xff, 0xff}
	for _, prefix := range [][]byte{{0, 1, 0, 1}, {0, 1, 0, 2}, {0, 1, 0, 3, 0, 1}, {0, 1, 0, 4, 0, 1, 0, 1}, {0, 1, 0, 5, 0, 1, 0, 1}} {
		if err := syntax.Unmarshal(append(prefix, huge...), new(Message)); err == nil {
			t.Errorf("%x: accepted", prefix)
		}
	}
	if err := syntax.Unmarshal(huge, new(ratchetTree)); err == nil {
		t.Error("a tree of a gigabyte that is not there")
	}
}

// TestHugeTree: a tree of blank nodes is refused by its size, before anything
// walks over it.
func TestHugeTree(t *testing.T) {
	c := team(t, X25519AES128, 2)
	i := invite(c[0], CommitOptions{})
	leaf := i.tree.nodes[0]
	big := &ratchetTree{nodes: make([]node, widthOf(1<<17)), hashes: make([][]byte, widthOf(1<<17))}
	copy(big.nodes, i.tree.nodes)
	big.nodes[len(big.nodes)-1] = leaf
	i.tree = big
	if err := i.accept(); err == nil || !bytes.Contains([]byte(err.Error()), []byte(ErrLimit.Error())) {
		t.Errorf("got %v", err)
	}
}

// TestFarIndexes: senders beyond the tree are refused, in both kinds of message.
func TestFarIndexes(t *testing.T) {
	c := team(t, X25519AES128, 2)
	for _, l := range []LeafIndex{2, 1 << 30, 1 << 31, 1<<32 - 1} {
		p := must(parseMessage(c[0].forges(WirePublicMessage, framedContent{contentType: ContentProposal, proposal: &Proposal{Type: ProposalRemove}})))
		p.public.content.sender = memberSender(l)
		if err := receive(c[1], encode(p)); !isRule(err, RuleSenderLeaf) {
			t.Errorf("public, leaf %d: %v", l, err)
		}
		m := must(parseMessage(c[0].seal("x")))
		key, nonce := c[0].g.alg.senderDataKey(c[0].g.secrets.senderData, m.private.ciphertext)
		m.private.encryptedSenderData = c[0].g.alg.seal(key, nonce, encode(senderDataAAD{m.private}), encode(&senderData{leaf: l}))
		if err := receive(c[1], encode(m)); !isRule(err, RuleSenderLeaf) {
			t.Errorf("private, leaf %d: %v", l, err)
		}
	}
}

// TestLongListsAreMalformed: lists that are compared with each other are short.
func TestLongListsAreMalformed(t *testing.T) {
	var e extensionsBody
	var k Capabilities
	for i := range uint16(maxExtensions) {
		e = append(e, Extension{ExtensionType(i), []byte{}})
	}
	for i := range uint16(maxCapabilities) {
		k.Proposals = append(k.Proposals, ProposalType(i))
	}
	for _, v := range []syntax.Value{&e, &k} {
		if err := encodable(v); err != nil {
			t.Error(err)
		}
	}
	e, k.Proposals = append(e, Extension{0xFFFF, []byte{}}), append(k.Proposals, 0xFFFF)
	for _, v := range []syntax.Value{&e, &k} {
		if err := encodable(v); err == nil {
			t.Errorf("%T is too long and has an encoding", v)
		}
	}
}
