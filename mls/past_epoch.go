package mls

import (
	"slices"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A pastEpoch is what is left of a finished epoch so that its application messages
// can still be read when they come late: who could send, the sender data secret
// and the message keys that were not consumed. Our own ratchets are gone.
type pastEpoch struct {
	epoch      uint64
	own        LeafIndex
	context    []byte // encoded GroupContext
	members    []Member
	senderData *secret.Bytes
	ratchets   *secretTree
}

// codeEpoch codes the part that does not change any more.
func (p *pastEpoch) codeEpoch(c *syntax.Codec) {
	c.Uint64(&p.epoch)
	codeLeafIndex(c, &p.own)
	c.Opaque(&p.context)
	syntax.Values(c, &p.members)
	codeSecret(c, &p.senderData)
}

// Code codes the member.
func (m *Member) Code(c *syntax.Codec) {
	codeLeafIndex(c, &m.Leaf)
	m.Credential.Code(c)
	c.Opaque(&m.SignatureKey)
	c.Opaque(&m.EncryptionKey)
}

func (p *pastEpoch) wipe() {
	p.senderData.Wipe()
	p.ratchets.wipe()
}

func (p *pastEpoch) member(l LeafIndex) (Member, bool) {
	for _, m := range p.members {
		if m.Leaf == l {
			return m, true
		}
	}
	return Member{}, false
}

// retire makes a past epoch of the current one. It takes the sender data secret
// and the ratchets over.
func (g *Group) retire() *pastEpoch {
	p := &pastEpoch{
		epoch: g.context.epoch, own: g.own, context: encode(&g.context), members: g.Members(),
		senderData: g.secrets.senderData, ratchets: g.ratchets,
	}
	g.ratchets.forget(g.alg, g.own)
	for _, s := range g.ratchets.senders {
		s.handshake.wipe()
		s.handshake = new(ratchet)
	}
	g.secrets.senderData, g.ratchets = nil, nil
	return p
}

// keepResumption appends the resumption secret of the epoch that ends, within the
// limit.
func keepResumption(list []resumptionSecret, epoch uint64, s *secret.Bytes, limit int) []resumptionSecret {
	list = append(list, resumptionSecret{epoch, s})
	for len(list) > limit {
		list[0].secret.Wipe()
		list = slices.Delete(list, 0, 1)
	}
	return list
}
