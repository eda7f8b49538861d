package mls

import (
	"bytes"
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A PendingCommit is a commit of ours that did not win yet, with the epoch that it
// leads to. Whoever made it sends the message, and calls [Group.MergePending] once
// it is accepted, or [PendingCommit.Wipe] when another commit was.
type PendingCommit struct {
	base    []byte // interim transcript hash of the state that it belongs to
	message []byte
	welcome []byte
	changes Changes
	epoch   uint64
	next    *Group // nil once it is merged
}

// Message returns the commit as an MLSMessage.
func (p *PendingCommit) Message() []byte { return p.message }

// Welcome returns the MLSMessage for all members that the commit adds, nil when
// there are none. It must not be sent before the commit is accepted.
func (p *PendingCommit) Welcome() []byte { return p.welcome }

// Changes says what the commit does.
func (p *PendingCommit) Changes() Changes { return p.changes }

// Epoch returns the number of the epoch that the commit leads to.
func (p *PendingCommit) Epoch() uint64 { return p.epoch }

// Tree returns the ratchet tree of that epoch, which new members need beside the
// Welcome unless it holds the tree already. After the merge ask the group.
func (p *PendingCommit) Tree() ([]byte, error) {
	if p.next == nil {
		return nil, ErrStale
	}
	return p.next.Tree()
}

// Export is [Group.Export] in the epoch that the commit leads to. After the merge
// ask the group.
func (p *PendingCommit) Export(label string, context []byte, size int) (*secret.Bytes, error) {
	if p.next == nil {
		return nil, ErrStale
	}
	return p.next.Export(label, context, size)
}

// Wipe ends the secrets of the epoch that did not come. After the merge they are
// the group's, and Wipe does nothing.
func (p *PendingCommit) Wipe() {
	if p.next != nil {
		p.next.Wipe()
		p.next = nil
	}
}

// MergePending moves the group to the epoch of a pending commit of ours. The
// secrets of the old epoch are wiped, but for what [Limits] keep. The group takes
// the next epoch over from the pending commit, which keeps its messages.
func (g *Group) MergePending(p *PendingCommit) error {
	if err := g.usable(); err != nil {
		return err
	}
	if p.next == nil || !bytes.Equal(p.base, g.interim) {
		return ErrStale
	}
	g.adopt(p.next)
	p.next = nil
	return nil
}

// adopt replaces the state by the next epoch's.
func (g *Group) adopt(next *Group) {
	past, resumption, cfg := g.past, g.resumption, g.cfg
	if limit := g.cfg.Limits.PastEpochs; limit > 0 {
		past = append(past, g.retire())
		for len(past) > limit {
			past[0].wipe()
			past = past[1:]
		}
	}
	resumption = keepResumption(resumption, g.context.epoch, g.secrets.resumption.Clone(), g.cfg.Limits.ResumptionEpochs)
	g.wipeEpoch()
	g.signer.Wipe()
	*g = *next
	g.past, g.resumption, g.cfg = past, resumption, cfg
}

// pendingVersion is the version of the encoding below.
const pendingVersion = 1

// Code codes the pending commit.
//
//	uint8 version = 1;
//	opaque base<V>;
//	opaque message<V>;
//	opaque welcome<V>;       empty: none
//	Changes changes;
//	opaque epoch<V>;         as MarshalEpoch of the next epoch
//	opaque ratchet<V>;       as MarshalRatchet of the next epoch
func (p *pendingState) Code(c *syntax.Codec) {
	codeStateVersion(c, pendingVersion)
	c.Opaque(&p.base)
	c.Opaque(&p.message)
	c.Opaque(&p.welcome)
	p.changes.Code(c)
	c.Opaque(&p.epoch)
	c.Opaque(&p.ratchet)
}

type pendingState struct {
	base, message, welcome []byte
	changes                Changes
	epoch, ratchet         []byte
}

// Marshal encodes the pending commit. It holds the secrets of the next epoch.
func (p *PendingCommit) Marshal() ([]byte, error) {
	if p.next == nil {
		return nil, ErrStale
	}
	epoch, err := p.next.MarshalEpoch()
	if err != nil {
		return nil, err
	}
	ratchet, err := p.next.MarshalRatchet()
	if err != nil {
		return nil, err
	}
	s := &pendingState{p.base, p.message, p.welcome, p.changes, epoch, ratchet}
	defer secret.Wipe(epoch)
	defer secret.Wipe(ratchet)
	return syntax.Marshal(s)
}

// UnmarshalPendingCommit restores what [PendingCommit.Marshal] encoded.
func UnmarshalPendingCommit(cfg Config, b []byte) (*PendingCommit, error) {
	if err := newer(b, pendingVersion); err != nil {
		return nil, err
	}
	s := new(pendingState)
	if err := syntax.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("restore pending commit: %w", err)
	}
	defer secret.Wipe(s.epoch)
	defer secret.Wipe(s.ratchet)
	next, err := Restore(cfg, s.epoch, s.ratchet)
	if err != nil {
		return nil, err
	}
	p := &PendingCommit{s.base, s.message, s.welcome, s.changes, next.context.epoch, next}
	if len(p.welcome) == 0 {
		p.welcome = nil
	}
	return p, nil
}
