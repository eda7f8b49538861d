package mls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/mlkem"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// The hybrid suite has no official vectors. Those in testdata are ours, in the
// official formats. This file derives everything a second time, from the texts of
// RFC 9420, RFC 9180, RFC 5869 and the X-Wing draft, with nothing of the package but
// its decoders: HMAC, SHA-2, SHA-3, ML-KEM-768, X25519 and AES alone.

// update writes the vectors anew: go test ./mls -run Hybrid -update.
var update = flag.Bool("update", false, "write testdata anew")

func secondMAC(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha512.New384, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// secondExpand is HKDF-Expand of RFC 5869.
func secondExpand(prk, info []byte, size int) []byte {
	var out, last []byte
	for i := byte(1); len(out) < size; i++ {
		last = secondMAC(prk, last, info, []byte{i})
		out = append(out, last...)
	}
	return out[:size]
}

func secondVector(b []byte) []byte {
	if len(b) < 64 {
		return append([]byte{byte(len(b))}, b...)
	}
	return append(binary.BigEndian.AppendUint16(nil, 0x4000|uint16(len(b))), b...)
}

// secondLabel is ExpandWithLabel of RFC 9420, section 8.
func secondLabel(from []byte, label string, context []byte, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, secondVector([]byte("MLS 1.0 "+label))...)
	return secondExpand(from, append(info, secondVector(context)...), size)
}

func secondDerive(from []byte, label string) []byte { return secondLabel(from, label, nil, 48) }

// secondKeyPair expands an X-Wing seed: ML-KEM-768 and X25519.
func secondKeyPair(t *testing.T, seed []byte) (*mlkem.DecapsulationKey768, *ecdh.PrivateKey, []byte) {
	t.Helper()
	h := sha3.NewSHAKE256()
	h.Write(seed)
	expanded := make([]byte, 96)
	_, _ = h.Read(expanded)
	m, err := mlkem.NewDecapsulationKey768(expanded[:64])
	if err != nil {
		t.Fatal(err)
	}
	x, err := ecdh.X25519().NewPrivateKey(expanded[64:])
	if err != nil {
		t.Fatal(err)
	}
	return m, x, append(m.EncapsulationKey().Bytes(), x.PublicKey().Bytes()...)
}

// secondDeriveSeed is DeriveKeyPair of draft-ietf-hpke-pq for the KEM 0x647a.
func secondDeriveSeed(ikm []byte) []byte {
	h := sha3.NewSHAKE256()
	h.Write(ikm)
	h.Write([]byte("HPKE-v1KEM\x64\x7a\x00\x0dDeriveKeyPair\x00\x20"))
	seed := make([]byte, 32)
	_, _ = h.Read(seed)
	return seed
}

// secondDecrypt is DecryptWithLabel for the hybrid suite: X-Wing, then HPKE in base
// mode with HKDF-SHA384 and AES-256-GCM.
func secondDecrypt(t *testing.T, seed []byte, label string, context []byte, h hpkeCiphertext) []byte {
	t.Helper()
	m, x, _ := secondKeyPair(t, seed)
	ctM, ctX := h.kemOutput[:1088], h.kemOutput[1088:]
	ssM, err := m.Decapsulate(ctM)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ecdh.X25519().NewPublicKey(ctX)
	if err != nil {
		t.Fatal(err)
	}
	ssX, err := x.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	shared := sha3.Sum256(bytes.Join([][]byte{ssM, ssX, ctX, x.PublicKey().Bytes(), []byte(`\.//^\`)}, nil))

	const suite = "HPKE\x64\x7a\x00\x02\x00\x02"
	extract := func(salt []byte, label string, ikm []byte) []byte {
		return secondMAC(salt, []byte("HPKE-v1"+suite+label), ikm)
	}
	info := append(secondVector([]byte("MLS 1.0 "+label)), secondBigVector(context)...)
	schedule := append([]byte{0}, extract(nil, "psk_id_hash", nil)...)
	schedule = append(schedule, extract(nil, "info_hash", info)...)
	prk := extract(shared[:], "secret", nil)
	expand := func(label string, size int) []byte {
		in := binary.BigEndian.AppendUint16(nil, uint16(size))
		return secondExpand(prk, append(append(in, "HPKE-v1"+suite+label...), schedule...), size)
	}
	return secondOpen(t, expand("key", 32), expand("base_nonce", 12), nil, h.ciphertext)
}

func secondBigVector(b []byte) []byte {
	if len(b) < 1<<14 {
		return secondVector(b)
	}
	return append(binary.BigEndian.AppendUint32(nil, 0x80000000|uint32(len(b))), b...)
}

func secondOpen(t *testing.T, key, nonce, aad, ciphertext []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	out, err := aead.Open(nil, nonce, ciphertext, aad)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A hybridEpoch is an epoch of key-schedule.json.
type hybridEpoch map[string]string

// secondEpochs derives five epochs from nothing but counters.
func secondEpochs(t *testing.T) []hybridEpoch {
	t.Helper()
	zero := make([]byte, 48)
	init := secondMAC(zero, []byte("hybrid key schedule"))
	var epochs []hybridEpoch
	for n := range 5 {
		random := func(what string) []byte { return secondMAC(init, fmt.Appendf(nil, "%s %d", what, n)) }
		commitSecret, psk, treeHash, confirmed := random("commit"), random("psk"), random("tree"), random("confirmed")
		context := append([]byte{0, 1, 0xF0, 0x02}, secondVector([]byte("hybrid group"))...)
		context = binary.BigEndian.AppendUint64(context, uint64(n))
		context = append(append(context, secondVector(treeHash)...), secondVector(confirmed)...)
		context = append(context, 0)
		joiner := secondLabel(secondMAC(init, commitSecret), "joiner", context, 48)
		member := secondMAC(joiner, psk)
		epoch := secondLabel(member, "epoch", context, 48)
		e := hybridEpoch{}
		set := func(name string, b []byte) { e[name] = hex.EncodeToString(b) }
		set("previous_init_secret", init)
		set("commit_secret", commitSecret)
		set("psk_secret", psk)
		set("tree_hash", treeHash)
		set("confirmed_transcript_hash", confirmed)
		set("group_context", context)
		set("joiner_secret", joiner)
		set("welcome_secret", secondDerive(member, "welcome"))
		for name, label := range map[string]string{
			"sender_data_secret": "sender data", "encryption_secret": "encryption", "exporter_secret": "exporter",
			"external_secret": "external", "confirmation_key": "confirm", "membership_key": "membership",
			"resumption_psk": "resumption", "epoch_authenticator": "authentication", "init_secret": "init",
		} {
			set(name, secondDerive(epoch, label))
		}
		_, _, public := secondKeyPair(t, secondDeriveSeed(secondDerive(epoch, "external")))
		set("external_pub", public)
		digest := sha512.Sum384([]byte("context"))
		set("exported", secondLabel(secondDerive(secondDerive(epoch, "exporter"), "label"), "exported", digest[:], 32))
		init = secondDerive(epoch, "init")
		epochs = append(epochs, e)
	}
	return epochs
}

func testdata(t *testing.T, name string, make func() any, into any) {
	t.Helper()
	if *update {
		b, err := json.MarshalIndent(make(), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/"+name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestHybridKeySchedule(t *testing.T) {
	a := mustAlgorithms(t, Hybrid)
	second := secondEpochs(t)
	var epochs []hybridEpoch
	testdata(t, "hybrid-key-schedule.json", func() any { return second }, &epochs)
	if len(epochs) != len(second) {
		t.Fatalf("%d epochs", len(epochs))
	}
	for n, e := range epochs {
		get := func(name string) []byte {
			b, err := hex.DecodeString(e[name])
			if err != nil || len(b) == 0 {
				t.Fatalf("epoch %d has no %s", n, name)
			}
			return b
		}
		for name, b := range second[n] {
			equal(t, "derived a second time, "+name, get(name), must(hex.DecodeString(b)))
		}
		context := groupContext{suite: Hybrid, groupID: []byte("hybrid group"), epoch: uint64(n), treeHash: get("tree_hash"), confirmedHash: get("confirmed_transcript_hash")}
		equal(t, "group_context", encode(&context), get("group_context"))
		joiner := a.joinerSecret(get("previous_init_secret"), get("commit_secret"), encode(&context))
		equal(t, "joiner_secret", joiner, get("joiner_secret"))
		member := a.memberSecret(joiner, get("psk_secret"))
		equal(t, "welcome_secret", a.derive(member, "welcome"), get("welcome_secret"))
		s := a.epochSecrets(member, encode(&context))
		for name, got := range map[string]*secret.Bytes{
			"sender_data_secret": s.senderData, "encryption_secret": s.encryption, "exporter_secret": s.exporter,
			"external_secret": s.external, "confirmation_key": s.confirmation, "membership_key": s.membership,
			"resumption_psk": s.resumption, "epoch_authenticator": s.authenticator, "init_secret": s.init,
		} {
			equal(t, name, got.Reveal(), get(name))
		}
		_, public, err := a.deriveKeyPair(s.external.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "external_pub", public, get("external_pub"))
		equal(t, "exported", a.export(s.exporter, "label", []byte("context"), 32).Reveal(), get("exported"))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hybridPassive is a client that is welcomed and follows, as the official
// passive-client files have it.
type hybridPassive struct {
	Suite         Suite           `json:"cipher_suite"`
	KeyPackage    string          `json:"key_package"`
	SignaturePriv string          `json:"signature_priv"`
	LeafPriv      string          `json:"encryption_priv"`
	InitPriv      string          `json:"init_priv"`
	Welcome       string          `json:"welcome"`
	Tree          *string         `json:"ratchet_tree"`
	Authenticator string          `json:"initial_epoch_authenticator"`
	Epochs        []hybridCommit  `json:"epochs"`
	ExternalPSKs  []hybridPSKText `json:"external_psks"`
}

type hybridCommit struct {
	Proposals     []string `json:"proposals"`
	Commit        string   `json:"commit"`
	Authenticator string   `json:"epoch_authenticator"`
}

type hybridPSKText struct {
	ID  string `json:"psk_id"`
	PSK string `json:"psk"`
}

// makeHybridPassive plays a scenario and writes it down.
func makeHybridPassive(t *testing.T, inlineTree bool) hybridPassive {
	t.Helper()
	c := team(t, Hybrid, 5)
	psk := pskMap{"psk": []byte("external pre-shared key")}
	for _, d := range c {
		d.g.cfg.PSKs = psk
	}
	n := newClient(t, Hybrid, "passive")
	b := n.keyPackage()
	h := hex.EncodeToString
	p := c[2].commit(CommitOptions{Add: []*KeyPackage{b.Public}, InlineTree: inlineTree})
	for _, d := range []*client{c[0], c[1], c[3], c[4]} {
		d.follow(p.Message())
	}
	v := hybridPassive{
		Suite: Hybrid, KeyPackage: h(b.Message()), SignaturePriv: h(n.key.private.Reveal()), LeafPriv: h(b.leafKey.Reveal()),
		InitPriv: h(b.initKey.Reveal()), Welcome: h(p.Welcome()), Authenticator: h(c[0].g.EpochAuthenticator()),
		ExternalPSKs: []hybridPSKText{{h([]byte("psk")), h(psk["psk"])}},
	}
	if !inlineTree {
		tree := h(must(c[2].g.Tree()))
		v.Tree = &tree
	}
	commit := func(by int, o CommitOptions, proposals ...[]byte) {
		e := hybridCommit{Proposals: []string{}}
		for _, m := range proposals {
			e.Proposals = append(e.Proposals, h(m))
		}
		p := c[by].commit(o)
		for i, d := range c {
			if i != by {
				d.follow(p.Message())
			}
		}
		e.Commit, e.Authenticator = h(p.Message()), h(c[by].g.EpochAuthenticator())
		v.Epochs = append(v.Epochs, e)
	}
	commit(0, CommitOptions{})
	commit(1, CommitOptions{Public: true, PSKs: []PSKID{ExternalPSK([]byte("psk"))}})
	update := must(c[3].g.ProposeUpdate(LeafOptions{}, nil))
	remove := must(c[0].g.Propose(ProposeRemove(4), nil))
	for i, d := range c {
		if i != 3 {
			must(d.g.Receive(update))
		}
		if i != 0 {
			must(d.g.Receive(remove))
		}
	}
	commit(1, CommitOptions{}, update, remove)
	c = c[:4]
	commit(3, CommitOptions{Add: []*KeyPackage{newClient(t, Hybrid, "later").keyPackage().Public}, NoPath: true})
	return v
}

func TestHybridPassiveClient(t *testing.T) {
	var vectors []passiveVector
	testdata(t, "hybrid-passive-client.json", func() any {
		return []hybridPassive{makeHybridPassive(t, false), makeHybridPassive(t, true)}
	}, &vectors)
	if len(vectors) == 0 {
		t.Fatal("no vectors")
	}
	for i := range vectors {
		vectors[i].run(t)
		secondWelcome(t, &vectors[i])
	}
}

// secondWelcome opens a Welcome and derives its epoch a second time.
func secondWelcome(t *testing.T, v *passiveVector) {
	t.Helper()
	w, err := parseWelcome(v.Welcome)
	if err != nil {
		t.Fatal(err)
	}
	var s groupSecrets
	plaintext := secondDecrypt(t, v.InitPriv, "Welcome", w.encryptedGroupInfo, w.secrets[0].encrypted)
	if err := syntax.Unmarshal(plaintext, &s); err != nil {
		t.Fatal(err)
	}
	member := secondMAC(s.joiner, make([]byte, 48))
	welcome := secondDerive(member, "welcome")
	var info GroupInfo
	encoded := secondOpen(t, secondLabel(welcome, "key", nil, 32), secondLabel(welcome, "nonce", nil, 12), nil, w.encryptedGroupInfo)
	if err := syntax.Unmarshal(encoded, &info); err != nil {
		t.Fatal(err)
	}
	epoch := secondLabel(member, "epoch", encode(&info.context), 48)
	equal(t, "epoch authenticator", secondDerive(epoch, "authentication"), v.Authenticator)
	equal(t, "confirmation tag", secondMAC(secondDerive(epoch, "confirm"), info.context.confirmedHash), info.tag)
	k, err := ParseKeyPackage(v.KeyPackage)
	if err != nil {
		t.Fatal(err)
	}
	_, _, public := secondKeyPair(t, v.InitPriv)
	equal(t, "init key", public, k.InitKey)
}
