package conversation

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
)

// What a caller can decide on.
var (
	ErrNoConversation = errors.New("there is no such conversation")
	ErrNotMember      = errors.New("this device is no longer in the conversation")
	ErrNotGroup       = errors.New("this conversation is not a group")
	ErrTooMany        = errors.New("a group has at most 256 devices")
	ErrTooLarge       = errors.New("this is too large to send")
)

// A Conversation as a list of conversations shows it.
type Conversation struct {
	ID       ID
	Kind     Kind
	Peer     governance.MemberID // of Direct
	Name     string              // of Group
	Members  []governance.MemberID
	Active   bool // we are in it
	Unread   int
	Count    int
	Activity time.Time
	Pending  string // "", "creating", "changing", "leaving"
}

// Conversations returns all conversations, the newest activity first.
func (e *Engine) Conversations(ctx context.Context) ([]Conversation, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	var out []Conversation
	for _, name := range names {
		id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
		if err != nil || !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		c, err := e.Conversation(ctx, id)
		if errors.Is(err, ErrNoConversation) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Conversation) int { return b.Activity.Compare(a.Activity) })
	return out, nil
}

// Conversation returns one conversation.
func (e *Engine) Conversation(ctx context.Context, id ID) (Conversation, error) {
	v := e.view(ctx)
	m, ok, err := loadMeta(v, id)
	if err != nil {
		return Conversation{}, err
	}
	if !ok {
		return Conversation{}, ErrNoConversation
	}
	c := Conversation{
		ID: id, Kind: m.Kind, Peer: m.Peer, Name: m.Name, Members: m.Members, Active: !m.Outside,
		Unread: int(m.Unread), Count: int(m.Last), Activity: fromMillis(m.Activity), //nolint:gosec // G115: a count of records
	}
	c.Pending, err = pending(v, id, m)
	return c, err
}

// pending says what of a conversation waits for the relay.
func pending(r reader, id ID, m *meta) (string, error) {
	if m.Leaving {
		return "leaving", nil
	}
	names, err := r.List(segment(id), vault.Range{Prefix: changePrefix, Limit: 1})
	if err != nil || len(names) == 0 {
		return "", ignoreMissing(err)
	}
	if len(m.Members) < 2 {
		return "creating", nil
	}
	return "changing", nil
}

func (m *meta) has(group [32]byte) bool { return slices.Contains(m.Threads, group) }

// ensureConversation returns what is kept of a conversation, and makes its segment
// if it is new.
func (e *Engine) ensureConversation(tx *vault.Tx, id ID, fresh *meta) (*meta, error) {
	m, ok, err := loadMeta(tx, id)
	if err != nil || ok {
		return m, err
	}
	if err := tx.NewSegment(segment(id)); err != nil {
		return nil, err
	}
	fresh.Activity = millis(e.Clock())
	return fresh, fresh.save(tx, id)
}

// startThread makes a new group with us alone in it, and the wish to add others.
func (e *Engine) startThread(tx *vault.Tx, n *notes, id ID, m *meta, group [32]byte, d *description, add []governance.MemberID) error {
	extensions, err := d.extensions()
	if err != nil {
		return err
	}
	g, err := mls.Create(e.mls(e.authority()), mls.GroupOptions{
		Suite: mls.Hybrid, GroupID: bytes.Clone(group[:]), Credential: credential(e.Self.Member, e.Self.Device),
		Key: e.Self.Signature, Extensions: extensions, Leaf: mls.KeyPackageOptions{Capabilities: capabilities()},
	})
	if err != nil {
		return err
	}
	defer g.Wipe()
	t := &thread{conversation: id, id: group, group: g}
	t.line = line{Epoch: g.Epoch(), Status: inside, Generation: d.Generation, LastCommit: millis(e.Clock())}
	if err := t.enter(tx); err != nil {
		return err
	}
	m.Threads = append(m.Threads, group)
	if len(add) > 0 {
		if err := save(tx, segment(id), numbered(changePrefix, m.number()), &change{Kind: intendAdd, Members: add}); err != nil {
			return err
		}
	}
	n.kick(workerKey{kind: threadWorker, id: id, thread: group})
	return m.save(tx, id)
}

// speaker returns the thread that a conversation is spoken in. A group has one. Of
// two members both may have begun at once: both then speak in the newest
// generation, and there in the group with the smallest identifier.
func (e *Engine) speaker(r reader, id ID, m *meta) (workerKey, error) {
	var best *[32]byte
	var bestLine line
	for _, group := range m.Threads {
		var l line
		if ok, err := load(r, segment(id), threadName(group, "line"), &l); err != nil || !ok {
			return workerKey{}, orMissing(err)
		}
		if l.Status != inside {
			continue
		}
		if best == nil || l.before(&bestLine, group, *best) {
			best, bestLine = &group, l
		}
	}
	if best == nil {
		return workerKey{}, ErrNotMember
	}
	return workerKey{kind: threadWorker, id: id, thread: *best}, nil
}

// before reports whether a thread is preferred to another one.
func (l *line) before(o *line, id, other [32]byte) bool {
	if l.idle() != o.idle() {
		return o.idle()
	}
	if l.Generation != o.Generation {
		return l.Generation > o.Generation
	}
	return bytes.Compare(id[:], other[:]) < 0
}

// idle reports that nobody else is in the group yet.
func (l *line) idle() bool { return l.Secret == [64]byte{} }

// dropIdle takes out the threads of a conversation of two in which the other one
// is not yet: the other one was faster.
func (e *Engine) dropIdle(tx *vault.Tx, id ID, m *meta) error {
	seg := segment(id)
	for _, group := range slices.Clone(m.Threads) {
		var l line
		if ok, err := load(tx, seg, threadName(group, "line"), &l); err != nil || !ok {
			return orMissing(err)
		}
		if !l.idle() {
			continue
		}
		names, err := tx.List(seg, vault.Range{Prefix: threadName(group, "")})
		if err != nil {
			return err
		}
		changes, err := tx.List(seg, vault.Range{Prefix: changePrefix})
		if err != nil {
			return err
		}
		for _, name := range append(names, changes...) {
			if err := tx.Delete(seg, name); err != nil {
				return err
			}
		}
		m.Threads = slices.DeleteFunc(m.Threads, func(x [32]byte) bool { return x == group })
	}
	return nil
}

// resume begins a conversation of two anew if something waits in it and no thread
// can carry it.
func (e *Engine) resume(tx *vault.Tx, n *notes, id ID, m *meta) error {
	for _, prefix := range []string{queuePrefix, uploadPrefix} {
		names, err := tx.List(segment(id), vault.Range{Prefix: prefix, Limit: 1})
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return e.ensureThread(tx, n, id, m)
		}
	}
	return m.save(tx, id)
}

// ensureThread makes sure that a conversation has a thread to speak in, and wakes
// its worker.
func (e *Engine) ensureThread(tx *vault.Tx, n *notes, id ID, m *meta) error {
	key, err := e.speaker(tx, id, m)
	if err == nil {
		n.kick(key)
		return m.save(tx, id)
	}
	if !errors.Is(err, ErrNotMember) || m.Kind != Direct {
		return err
	}
	if err := e.dropIdle(tx, id, m); err != nil { // those that ended have no secret either
		return err
	}
	// The time makes it later than a generation that this vault was made to forget.
	generation := max(m.Generation, uint32(min(e.Clock().Unix(), math.MaxUint32-1))) //nolint:gosec // G115: bounded
	m.Generation = min(generation, math.MaxUint32-1) + 1
	var group [32]byte
	systemRandom{}.fill(group[:])
	return e.startThread(tx, n, id, m, group, &description{Kind: Direct, Generation: generation}, []governance.MemberID{m.Peer})
}

// allThreads returns the workers that Run starts.
func (e *Engine) allThreads(ctx context.Context) ([]workerKey, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	var out []workerKey
	for _, name := range names {
		id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
		if err != nil || !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		m, ok, err := loadMeta(e.view(ctx), id)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, group := range m.Threads {
			out = append(out, workerKey{kind: threadWorker, id: id, thread: group})
		}
	}
	return out, nil
}

// Waiting returns how many messages wait in the vault to be relayed.
func (e *Engine) Waiting(ctx context.Context) (int, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, seg := range names {
		if !strings.HasPrefix(seg, segmentPrefix) {
			continue
		}
		for _, prefix := range []string{queuePrefix, uploadPrefix} {
			waiting, err := e.view(ctx).List(seg, vault.Range{Prefix: prefix})
			if err != nil {
				return 0, err
			}
			count += len(waiting)
		}
	}
	return count, nil
}

// Unsent returns, of some own messages, those that are not on the relay, with the
// state they are in.
func (e *Engine) Unsent(ctx context.Context, ids []MessageID) (map[MessageID]State, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	out := map[MessageID]State{}
	for _, wanted := range ids {
		out[wanted] = Failed // until it is found
		for _, name := range names {
			id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
			if err != nil || !strings.HasPrefix(name, segmentPrefix) {
				continue
			}
			m, err := e.Message(ctx, id, wanted)
			if errors.Is(err, ErrNoMessage) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out[wanted] = m.State
			if m.State != Queued && m.State != Failed {
				delete(out, wanted)
			}
			break
		}
	}
	return out, nil
}
