package conversation

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"

	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
)

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
			var x change
			if strings.HasPrefix(name, changePrefix) {
				if _, err := load(tx, seg, name, &x); err != nil {
					return err
				}
			}
			if x.Kind == intendTimer {
				continue // the thread that stays takes it over
			}
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
	if !errors.Is(err, ErrNotMember) {
		return err
	}
	if m.Kind != Direct {
		if len(m.Threads) == 0 && !m.Outside {
			return m.save(tx, id) // its history came along: what waits goes out once a sibling has let us in
		}
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
	return e.startThread(tx, n, id, m, group, &description{Kind: Direct, Generation: generation, Timer: m.Timer}, []governance.MemberID{m.Peer})
}
