package mls

import "fmt"

// Sending: content is signed for the epoch, then encrypted with the next key of one
// of our ratchets, or tagged as a member's (RFC 9420, section 6).

// maxContent bounds the data of one message, far below what a vector can hold.
const maxContent = 1 << 28

// sign frames content of ours for the current epoch.
func (g *Group) sign(format WireFormat, f framedContent) (*authenticatedContent, error) {
	f.groupID, f.epoch, f.sender = g.context.groupID, g.context.epoch, memberSender(g.own)
	if len(f.aad)+len(f.application) > maxContent {
		return nil, fmt.Errorf("%w: content of %d bytes", ErrLimit, len(f.aad)+len(f.application))
	}
	if f.aad == nil {
		f.aad = []byte{}
	}
	m := &authenticatedContent{wireFormat: format, content: f}
	return m, m.sign(g.alg, g.signer, encode(&g.context))
}

// protect makes the MLSMessage of content of ours. A PrivateMessage consumes a key.
func (g *Group) protect(m *authenticatedContent) ([]byte, error) {
	if m.wireFormat == WirePublicMessage {
		tag := m.membershipTag(g.alg, g.secrets.membership.Reveal(), encode(&g.context))
		return encode(&Message{public: &publicMessage{*m, tag}}), nil
	}
	k, err := g.ratchets.next(g.alg, g.own, m.content.contentType)
	if err != nil {
		return nil, err
	}
	defer k.wipe()
	p, err := g.alg.encryptContent(m, k, g.secrets.senderData, &g.cfg)
	if err != nil {
		return nil, err
	}
	return encode(&Message{private: p}), nil
}

// Seal encrypts application data for the group (RFC 9420, section 15). Its key is
// consumed when Seal returns: store [Group.MarshalRatchet] before the bytes leave,
// so that no crash makes a key encrypt twice. aad is authenticated but not
// encrypted. Proposals that wait must be committed first: ErrPendingProposals.
func (g *Group) Seal(aad, data []byte) ([]byte, error) {
	if err := g.sendable(); err != nil {
		return nil, err
	}
	if len(g.queue) > 0 {
		return nil, ErrPendingProposals
	}
	m, err := g.sign(WirePrivateMessage, framedContent{contentType: ContentApplication, application: data, aad: aad})
	if err != nil {
		return nil, err
	}
	return g.protect(m)
}

// SkipGenerations moves both of our sending ratchets forward by n: the keys are
// given up unused. It serves a client that found its state to be an old copy and
// cannot know which keys the newer one used. Receivers follow only so far as their
// limit on skipped generations goes.
func (g *Group) SkipGenerations(n uint32) error {
	if err := g.usable(); err != nil {
		return err
	}
	if n > g.cfg.Limits.ForwardDistance {
		return ErrLimit
	}
	for _, kind := range []ContentType{ContentProposal, ContentApplication} {
		for range n {
			k, err := g.ratchets.next(g.alg, g.own, kind)
			if err != nil {
				return err
			}
			k.wipe()
		}
	}
	return nil
}
