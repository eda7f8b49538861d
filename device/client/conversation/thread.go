package conversation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A thread is one MLS group of a conversation on this device, and the channel of
// its current epoch. In memory it belongs to the one goroutine that runs its
// worker (worker.go); in the vault it is these records of the conversation's
// segment, G being the group's identifier:
//
//	t/G/line      line           where we are
//	t/G/epoch     mls            the part of the group's state that commits change
//	t/G/ratchet   mls            the part that every message changes
//	t/G/out       outgoing       what is sealed and not known to be relayed
//	t/G/pending   pendingCommit  a commit of ours that is not known to have won
//
// The rule of this package: the state after a step is durable before the step has
// an effect outside. When a transaction fails, what is in memory is thrown away
// and read from the vault again.
type thread struct {
	conversation ID
	id           [32]byte
	line         line
	group        *mls.Group
	creds        *authority // judges who enters the group
	channel      *delivery.Channel
	cells        *delivery.Assembler
	out          *outgoing
	pending      *pendingCommit
}

// status says whether a device can still speak in a thread.
type status uint8

const (
	inside  status = 1
	removed status = 2 // by a commit
	lost    status = 3 // we cannot follow any more
)

// A line is where a thread is.
type line struct {
	Epoch       uint64
	Lane        uint32   // channels of this epoch that were ended without a commit
	Secret      [64]byte // of the current channel; zero while alone in the group
	Created     bool     // the channel is known to exist on the relay
	Position    uint64   // the next cell to read
	Status      status
	Generation  uint32   // of two members
	Heal        bool     // a commit of our own must come before anything else is sealed
	SkipStored  bool     // somebody proposed in this epoch what we do not commit
	Missed      bool     // something of this channel was gone before we could read it
	LastCommit  uint64   // Unix milliseconds of our last own path
	OwnMessages uint32   // sealed since then
	Truncated   uint64   // cells of this channel that we had deleted
	Leaving     []uint32 // leaves that asked in this epoch to be removed
	Acks        []ack
	Past        []pastChannel
}

// maxPast bounds the finished channels that wait to be deleted; the relay's expiry
// takes the others.
const maxPast = 64

// Code implements [syntax.Value].
func (l *line) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Uint64(&l.Epoch)
	c.Uint32(&l.Lane)
	c.Fixed(l.Secret[:])
	c.Bool(&l.Created)
	c.Uint64(&l.Position)
	syntax.Enum8(c, &l.Status)
	c.Uint32(&l.Generation)
	c.Bool(&l.Heal)
	c.Bool(&l.SkipStored)
	c.Bool(&l.Missed)
	c.Uint64(&l.LastCommit)
	c.Uint32(&l.OwnMessages)
	c.Uint64(&l.Truncated)
	syntax.Vector(c, &l.Leaving, (*syntax.Codec).Uint32)
	syntax.Values(c, &l.Acks)
	syntax.Values(c, &l.Past)
}

// An ack is how far another leaf has read, by its own word, and how many messages
// of it we have seen in that epoch.
type ack struct {
	Leaf       uint32
	Epoch      uint64
	Position   uint64
	Generation uint32 // of its next message
}

// Code implements [syntax.Value].
func (a *ack) Code(c *syntax.Codec) {
	c.Uint32(&a.Leaf)
	c.Uint64(&a.Epoch)
	c.Uint64(&a.Position)
	c.Uint32(&a.Generation)
}

// A pastChannel is the channel of a finished epoch: kept until everyone has read
// on, then deleted from the relay.
type pastChannel struct {
	Epoch   uint64
	ID      [32]byte
	Control [32]byte
	End     uint64
}

// Code implements [syntax.Value].
func (p *pastChannel) Code(c *syntax.Codec) {
	c.Uint64(&p.Epoch)
	c.Fixed(p.ID[:])
	c.Fixed(p.Control[:])
	c.Uint64(&p.End)
}

// outgoing is a sealed item on its way: the same bytes are appended until the
// relay acknowledges them or the channel turns out to be sealed without them.
type outgoing struct {
	Parcel   delivery.Parcel
	Queue    []string // records that it carries and that go once it is relayed
	Messages []Cursor // messages that it carries
	Proposal bool
}

// Code implements [syntax.Value].
func (o *outgoing) Code(c *syntax.Codec) {
	codeVersion(c)
	o.Parcel.Code(c)
	syntax.Vector(c, &o.Queue, (*syntax.Codec).String)
	syntax.Vector(c, &o.Messages, func(c *syntax.Codec, at *Cursor) { c.Uint64((*uint64)(at)) })
	c.Bool(&o.Proposal)
}

// A pendingCommit is a commit of ours on its way. Nothing of it has any effect
// before the channel says that it won.
type pendingCommit struct {
	Parcel delivery.Parcel
	State  []byte // mls
}

// Code implements [syntax.Value].
func (p *pendingCommit) Code(c *syntax.Codec) {
	codeVersion(c)
	p.Parcel.Code(c)
	c.Opaque(&p.State)
}

func (t *thread) name(part string) string { return threadName(t.id, part) }

func threadName(group [32]byte, part string) string { return "t/" + string(group[:]) + "/" + part }

// loadThread reads a thread from the vault.
func (e *Engine) loadThread(ctx context.Context, id ID, group [32]byte) (*thread, error) {
	t := &thread{conversation: id, id: group, creds: e.authority()}
	v, seg := e.view(ctx), segment(id)
	if ok, err := load(v, seg, t.name("line"), &t.line); err != nil || !ok {
		return nil, orMissing(err)
	}
	if t.line.Status != inside {
		return t, nil
	}
	epoch, err := v.Get(seg, t.name("epoch"))
	if err != nil {
		return nil, err
	}
	ratchet, err := v.Get(seg, t.name("ratchet"))
	if err != nil {
		return nil, err
	}
	defer wipeAll(epoch, ratchet)
	if t.group, err = mls.Restore(e.mls(t.creds), epoch, ratchet); err != nil {
		return nil, fmt.Errorf("restore a group: %w", err)
	}
	var out outgoing
	if ok, err := load(v, seg, t.name("out"), &out); err != nil {
		return nil, err
	} else if ok {
		t.out = &out
	}
	var pending pendingCommit
	if ok, err := load(v, seg, t.name("pending"), &pending); err != nil {
		return nil, err
	} else if ok {
		t.pending = &pending
	}
	return t, t.openChannel()
}

// orMissing says what an absent record means where one must be.
func orMissing(err error) error {
	if err == nil {
		return errors.New("a record of the vault is missing")
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, vault.ErrNoSegment) || errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}

// openChannel makes the channel that the line names.
func (t *thread) openChannel() (err error) {
	t.channel, t.cells = nil, nil
	if t.alone() {
		return nil
	}
	s := secret.Copy(t.line.Secret[:])
	defer s.Wipe()
	if t.channel, err = delivery.NewChannel(s, nil); err != nil {
		return err
	}
	t.cells = t.channel.Assembler()
	return nil
}

// channelSecret exports the secret of one of an epoch's channels. Lane 0 is the
// channel of the epoch; the others follow when somebody sealed the one before
// without a commit that counts.
func channelSecret(g *mls.Group, lane uint32) (*secret.Bytes, error) {
	var context []byte
	if lane > 0 {
		context = binary.BigEndian.AppendUint32(nil, lane)
	}
	return g.Export("bulle channel", context, 64)
}

// alone reports that the group has no other leaf: nothing is sent anywhere.
func (t *thread) alone() bool { return t.group == nil || len(t.group.Members()) < 2 }

// roster returns the members of the group, each once, in the order of their leaves.
func (t *thread) roster() []governance.MemberID {
	if t.group == nil {
		return nil
	}
	var out []governance.MemberID
	for _, m := range t.group.Members() {
		if id, _, ok := parseCredential(m.Credential); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// saveLine, saveRatchet and saveGroup write what a step changed.
func (t *thread) saveLine(tx *vault.Tx) error {
	return save(tx, segment(t.conversation), t.name("line"), &t.line)
}

func (t *thread) saveRatchet(tx *vault.Tx) error {
	b, err := t.group.MarshalRatchet()
	if err != nil {
		return err
	}
	defer secret.Wipe(b)
	return tx.Put(segment(t.conversation), t.name("ratchet"), b)
}

func (t *thread) saveGroup(tx *vault.Tx) error {
	b, err := t.group.MarshalEpoch()
	if err != nil {
		return err
	}
	defer secret.Wipe(b)
	if err := tx.Put(segment(t.conversation), t.name("epoch"), b); err != nil {
		return err
	}
	return t.saveRatchet(tx)
}

// wipe ends the secrets that memory holds. The thread must not be used afterwards.
func (t *thread) wipe() {
	if t.group != nil {
		t.group.Wipe()
	}
	if t.channel != nil {
		t.channel.Wipe()
	}
	secret.Wipe(t.line.Secret[:])
}

// class of the channels of conversations: a member may be away for a month.
const channelClass = link.Month
