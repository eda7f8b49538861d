package mls

import (
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// The key schedule of RFC 9420, section 8. What is consumed is wiped here, at the
// step that consumes it (section 9.2): the joiner and epoch secrets do not leave
// this file, but for the joiner secret, which a Welcome carries.
//
//	init_secret[n-1], commit_secret --> joiner_secret
//	joiner_secret, psk_secret       --> member secret --> welcome_secret
//	member secret, GroupContext[n]  --> epoch_secret  --> the secrets of an epoch

// epochSecrets are the secrets that an epoch keeps. Encryption and confirmation
// keys are taken out as soon as the epoch starts: the first seeds the secret tree,
// the second makes the confirmation tag.
type epochSecrets struct {
	senderData    *secret.Bytes
	encryption    *secret.Bytes // not kept
	exporter      *secret.Bytes
	external      *secret.Bytes
	confirmation  *secret.Bytes // not kept
	membership    *secret.Bytes
	resumption    *secret.Bytes
	authenticator *secret.Bytes
	init          *secret.Bytes
}

// joinerSecret derives joiner_secret for the group context of the new epoch. The
// caller owns it.
func (a *algorithms) joinerSecret(init, commitSecret, context []byte) []byte {
	x := a.extract(init, commitSecret)
	defer secret.Wipe(x)
	return a.expand(x, "joiner", context, a.nh)
}

// memberSecret is the value that welcome_secret and epoch_secret come from.
func (a *algorithms) memberSecret(joiner, psk []byte) []byte { return a.extract(joiner, psk) }

// welcomeKey derives the key and nonce that a GroupInfo is encrypted under.
func (a *algorithms) welcomeKey(member []byte) (key, nonce []byte) {
	welcome := a.derive(member, "welcome")
	defer secret.Wipe(welcome)
	return a.expand(welcome, "key", nil, a.keySize), a.expand(welcome, "nonce", nil, nonceSize)
}

// epochSecrets derives the secrets of an epoch from the member secret.
func (a *algorithms) epochSecrets(member, context []byte) *epochSecrets {
	epoch := a.expand(member, "epoch", context, a.nh)
	defer secret.Wipe(epoch)
	return a.splitEpoch(epoch)
}

// splitEpoch derives the secrets of an epoch from epoch_secret.
func (a *algorithms) splitEpoch(epoch []byte) *epochSecrets {
	s := new(epochSecrets)
	for label, to := range s.byLabel() {
		*to = secret.New(a.derive(epoch, label))
	}
	return s
}

func (s *epochSecrets) byLabel() map[string]**secret.Bytes {
	return map[string]**secret.Bytes{
		"sender data": &s.senderData, "encryption": &s.encryption, "exporter": &s.exporter,
		"external": &s.external, "confirm": &s.confirmation, "membership": &s.membership,
		"resumption": &s.resumption, "authentication": &s.authenticator, "init": &s.init,
	}
}

// code codes the secrets that are kept.
func (s *epochSecrets) code(c *syntax.Codec) {
	codeSecret(c, &s.senderData)
	codeSecret(c, &s.exporter)
	codeSecret(c, &s.external)
	codeSecret(c, &s.membership)
	codeSecret(c, &s.resumption)
	codeSecret(c, &s.authenticator)
	codeSecret(c, &s.init)
}

func (s *epochSecrets) wipe() {
	for _, b := range s.byLabel() {
		(*b).Wipe()
	}
}

// export is MLS-Exporter of RFC 9420, section 8.5. The caller owns the result.
func (a *algorithms) export(exporter *secret.Bytes, label string, context []byte, size int) *secret.Bytes {
	s := a.derive(exporter.Reveal(), label)
	defer secret.Wipe(s)
	return secret.New(a.expand(s, "exported", a.digest(context), size))
}

// senderDataKey derives the key and nonce of sender data from a sample of the
// ciphertext (RFC 9420, section 6.3.2).
func (a *algorithms) senderDataKey(senderData *secret.Bytes, ciphertext []byte) (key, nonce []byte) {
	sample := ciphertext[:min(len(ciphertext), a.nh)]
	return a.expand(senderData.Reveal(), "key", sample, a.keySize), a.expand(senderData.Reveal(), "nonce", sample, nonceSize)
}
