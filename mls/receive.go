package mls

import (
	"crypto/hmac"
	"fmt"
)

// Receiving (RFC 9420, section 6):
//
//	bytes -> parse -> PrivateMessage: sender data, message key, AEAD -. unverified -> signature -> verified
//	               -> PublicMessage:  membership tag ----------------'
//
// A message that fails anywhere changes nothing.

// Received is what a message turned out to be: [*Application], [*StoredProposal],
// [*StagedCommit] or [*OwnMessage].
type Received interface{ received() }

func (*Application) received()    {}
func (*StoredProposal) received() {}
func (*StagedCommit) received()   {}
func (*OwnMessage) received()     {}

// An Application is application data from a member, decrypted and verified. Its
// key is consumed: store [Group.MarshalRatchet].
type Application struct {
	Sender     Member
	Epoch      uint64
	Generation uint32
	AAD        []byte
	Data       []byte
}

// A StoredProposal was verified and waits for a commit now. Store both parts of
// the state.
type StoredProposal struct {
	// Sender is nil unless a member sent it.
	Sender *Member
	// Ref names the proposal: [Group.DropProposal] forgets it.
	Ref []byte
	// Proposal may still turn out to be invalid together with others.
	Proposal Proposal
	AAD      []byte
}

// An OwnMessage is one that our own leaf sent.
type OwnMessage struct {
	Epoch       uint64
	Generation  uint32 // of a private message
	ContentType ContentType
	// Unknown says that the message is authentic and used a key that this state never
	// used: the state is an old copy. Our ratchet was moved past that key. It is never
	// set for a PublicMessage.
	Unknown bool
}

// unverifiedContent passed the group's AEAD or membership tag: some member made
// it. Which one, only the signature tells.
type unverifiedContent struct{ m *authenticatedContent }

// verifiedContent carries a valid signature of its sender.
type verifiedContent struct{ m *authenticatedContent }

// verify checks the signature (RFC 9420, section 6.1).
func (u unverifiedContent) verify(a *algorithms, key, context []byte) (verifiedContent, error) {
	if !u.m.verifySignature(a, key, context) {
		return verifiedContent{}, ErrDecrypt
	}
	return verifiedContent(u), nil
}

// Receive decrypts, verifies and classifies an MLSMessage of the group.
func (g *Group) Receive(message []byte) (Received, error) {
	m, err := parseMessage(message)
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	var r Received
	switch {
	case m.private != nil:
		r, err = g.receivePrivate(m.private)
	case m.public != nil:
		r, err = g.receivePublic(m.public)
	default:
		err = fmt.Errorf("%w: not a message of a group", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	return r, nil
}

// checkAddress checks that a message is for this group, and says whether it is for
// the current epoch.
func (g *Group) checkAddress(groupID []byte, epoch uint64) (current bool, err error) {
	if string(groupID) != string(g.context.groupID) {
		return false, ErrWrongGroup
	}
	if err := g.usable(); err != nil {
		return false, err
	}
	return epoch == g.context.epoch, nil
}

// epochView is what it takes to read a message of an epoch.
type epochView struct {
	past     *pastEpoch // nil: the current epoch
	own      LeafIndex
	context  []byte
	ratchets *secretTree
	member   func(LeafIndex) (Member, bool)
}

func (g *Group) receivePrivate(p *privateMessage) (Received, error) {
	current, err := g.checkAddress(p.groupID, p.epoch)
	if err != nil {
		return nil, err
	}
	if current {
		v := &epochView{own: g.own, context: encode(&g.context), ratchets: g.ratchets, member: g.Member}
		data, err := g.alg.openSenderData(p, g.secrets.senderData)
		if err != nil {
			return nil, err
		}
		return g.openPrivate(p, data, v)
	}
	for _, e := range g.past {
		if e.epoch == p.epoch && p.contentType == ContentApplication {
			v := &epochView{past: e, own: e.own, context: e.context, ratchets: e.ratchets, member: e.member}
			data, err := g.alg.openSenderData(p, e.senderData)
			if err != nil {
				return nil, err
			}
			return g.openPrivate(p, data, v)
		}
	}
	return nil, &EpochError{p.epoch, g.context.epoch}
}

// openPrivate decrypts with the sender's ratchet, verifies, and consumes the key.
func (g *Group) openPrivate(p *privateMessage, data *senderData, v *epochView) (Received, error) {
	from, ok := v.member(data.leaf)
	if !ok {
		return nil, broken(RuleSenderLeaf)
	}
	limits := g.cfg.Limits
	own := &OwnMessage{Epoch: p.epoch, Generation: data.generation, ContentType: p.contentType}
	if data.leaf == v.own {
		if v.past != nil || data.generation < v.ratchets.generation(v.own, p.contentType) {
			return own, nil
		}
		limits.SkippedKeys = 0 // we never read our own ratchet backwards
	}
	o, err := v.ratchets.open(g.alg, data.leaf, p.contentType, data.generation, limits)
	if err != nil {
		return nil, err
	}
	content, err := g.alg.decryptContent(p, data, o.key)
	if err != nil {
		o.drop()
		return nil, err
	}
	verified, err := unverifiedContent{content}.verify(g.alg, from.SignatureKey, v.context)
	if err != nil {
		o.drop()
		return nil, err
	}
	if data.leaf == v.own {
		o.consume()
		own.Unknown = true
		return own, nil
	}
	return g.settle(verified, from, data.generation, o)
}

// settle hands verified content on and consumes its key, unless it is a commit:
// that consumes the whole epoch when it is merged.
func (g *Group) settle(v verifiedContent, from Member, generation uint32, o *opening) (Received, error) {
	f := &v.m.content
	switch f.contentType {
	case ContentApplication:
		o.consume()
		return &Application{from, f.epoch, generation, f.aad, f.application}, nil
	case ContentProposal:
		r, err := g.receiveProposal(v)
		if err != nil {
			o.drop()
			return nil, err
		}
		o.consume()
		return r, nil
	default:
		o.drop()
		return g.stage(v)
	}
}

func (g *Group) receivePublic(p *publicMessage) (Received, error) {
	f := &p.content
	current, err := g.checkAddress(f.groupID, f.epoch)
	if err != nil {
		return nil, err
	}
	if !current {
		return nil, &EpochError{f.epoch, g.context.epoch}
	}
	if f.contentType == ContentApplication {
		return nil, broken(RulePublicApplication)
	}
	key, err := g.publicSender(p)
	if err != nil {
		return nil, err
	}
	v, err := unverifiedContent{&p.authenticatedContent}.verify(g.alg, key, encode(&g.context))
	if err != nil {
		return nil, err
	}
	if f.sender.kind == senderMember && f.sender.leaf() == g.own {
		return &OwnMessage{Epoch: f.epoch, ContentType: f.contentType}, nil
	}
	if f.contentType == ContentProposal {
		return g.receiveProposal(v)
	}
	return g.stage(v)
}

// publicSender checks who may send a PublicMessage, and returns the key that must
// have signed it (RFC 9420, section 6.1).
func (g *Group) publicSender(p *publicMessage) ([]byte, error) {
	f := &p.content
	switch f.sender.kind {
	case senderMember:
		if g.cfg.RequirePrivate {
			return nil, broken(RuleRequirePrivate)
		}
		leaf := g.tree.leaf(f.sender.leaf())
		if leaf == nil {
			return nil, broken(RuleSenderLeaf)
		}
		if !hmac.Equal(p.membershipTag, p.authenticatedContent.membershipTag(g.alg, g.secrets.membership.Reveal(), encode(&g.context))) {
			return nil, ErrDecrypt
		}
		return leaf.SignatureKey, nil
	case senderExternal:
		return g.externalSenderKey(f)
	case senderNewMemberCommit:
		if f.contentType != ContentCommit || f.commit.path == nil {
			return nil, broken(RuleNewMemberCommit)
		}
		return f.commit.path.leaf.SignatureKey, nil
	default:
		if f.contentType != ContentProposal || f.proposal.Type != ProposalAdd {
			return nil, broken(RuleNewMemberAdd)
		}
		if !g.cfg.NewMemberProposals {
			return nil, broken(RuleNewMemberAllowed)
		}
		return f.proposal.KeyPackage.Leaf.SignatureKey, nil
	}
}

// externalSenderKey finds the key of an external sender, who may only propose, and
// not everything (RFC 9420, section 12.1.8).
func (g *Group) externalSenderKey(f *framedContent) ([]byte, error) {
	if f.contentType != ContentProposal || !f.proposal.Type.fromOutside() {
		return nil, broken(RuleExternalType)
	}
	list, err := findExternalSenders(g.context.extensions)
	if err != nil {
		return nil, err
	}
	if uint64(f.sender.index) >= uint64(len(list)) {
		return nil, broken(RuleExternalIndex)
	}
	return list[f.sender.index].SignatureKey, nil
}

// receiveProposal checks a proposal and stores it.
func (g *Group) receiveProposal(v verifiedContent) (*StoredProposal, error) {
	if g.status == statusClosed {
		return nil, ErrReInit
	}
	f := &v.m.content
	if err := g.checkProposal(f.sender, f.proposal, false); err != nil {
		return nil, err
	}
	r := &StoredProposal{Ref: g.alg.proposalRef(v.m), Proposal: *f.proposal, AAD: f.aad}
	if f.sender.kind == senderMember {
		m, _ := g.Member(f.sender.leaf())
		r.Sender = &m
	}
	return r, g.store(queuedProposal{f.sender, f.proposal, r.Ref})
}
