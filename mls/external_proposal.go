package mls

// ExternalProposal makes a proposal of a sender that the external_senders extension
// of a group lists at an index (RFC 9420, section 12.1.8): an MLSMessage for the
// members of an epoch.
func ExternalProposal(s Suite, groupID []byte, epoch uint64, index uint32, p Proposal, key *SignatureKey) ([]byte, error) {
	if !p.Type.fromOutside() {
		return nil, broken(RuleExternalType)
	}
	return proposeFromOutside(s, groupID, epoch, sender{senderExternal, index}, p, key)
}

// NewMemberProposal makes a proposal by which a client asks to be added itself (RFC
// 9420, section 12.1.8). The key package must be the client's own.
func NewMemberProposal(groupID []byte, epoch uint64, k *KeyPackage, key *SignatureKey) ([]byte, error) {
	if k == nil {
		return nil, ErrMalformed
	}
	return proposeFromOutside(k.Suite, groupID, epoch, sender{kind: senderNewMemberProposal}, ProposeAdd(k), key)
}

func proposeFromOutside(s Suite, groupID []byte, epoch uint64, from sender, p Proposal, key *SignatureKey) ([]byte, error) {
	a, err := s.algorithms()
	if err != nil {
		return nil, err
	}
	if !key.fits(a) {
		return nil, ErrUnsupported
	}
	if err := p.encodable(); err != nil {
		return nil, err
	}
	m := authenticatedContent{wireFormat: WirePublicMessage, content: framedContent{
		groupID: groupID, epoch: epoch, sender: from, aad: []byte{}, contentType: ContentProposal, proposal: &p,
	}}
	if err := m.sign(a, key, nil); err != nil {
		return nil, err
	}
	return encode(&Message{public: &publicMessage{authenticatedContent: m}}), nil
}
