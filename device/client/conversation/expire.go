package conversation

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"bulle/device/vault"
)

// Disappearing messages. A message with a lifetime is erased when its time is up:
// its text, file, quote and reactions leave the vault, and nothing remains in the
// history. The clock is this device's alone; what the sender's says does not matter.
// It starts when the message is on the relay, for the one who sent it, and when it
// was read, for the others.
//
//	written ──> relayed ──┐
//	                      ├──> x/EXPIRES LIFETIME NAME ──> due ──> erased, screens told
//	arrived ──> read ─────┘
//
// The names x/... sort by the time they are due, eight bytes of Unix milliseconds,
// then the lifetime in seconds, four bytes, then the record's own name: a message, or
// a content that waits for one (ahead.go). They are empty records. One worker
// sleeps until the first is due.

const expiryPrefix = "x/"

const expiryHead = len(expiryPrefix) + 8 + 4

func expiryName(expires uint64, lifetime uint32, name string) string {
	b := binary.BigEndian.AppendUint64([]byte(expiryPrefix), expires)
	return string(binary.BigEndian.AppendUint32(b, lifetime)) + name
}

// setClock starts the time of a message, if it has one that does not run yet. The
// caller writes the record.
func setClock(tx *vault.Tx, n *notes, id ID, at Cursor, rec *record, now uint64) error {
	if rec.Lifetime == 0 || rec.Expires != 0 || rec.Kind == MessageChange {
		return nil
	}
	rec.Expires = now + uint64(rec.Lifetime)*1000
	n.kick(workerKey{kind: expiryWorker})
	return tx.Put(segment(id), expiryName(rec.Expires, rec.Lifetime, messagePrefix+at.key()), []byte{})
}

// startClock is setClock for a message that the caller does not write.
func (e *Engine) startClock(tx *vault.Tx, n *notes, id ID, at Cursor, rec *record) error {
	before := rec.Expires
	if err := setClock(tx, n, id, at, rec, millis(e.Clock())); err != nil || rec.Expires == before {
		return err
	}
	return save(tx, segment(id), messagePrefix+at.key(), rec)
}

// resumeClock goes on with the time of a message that came from another device of
// this member: by that device's clock, but no longer than the message may live.
func (e *Engine) resumeClock(tx *vault.Tx, n *notes, id ID, at Cursor, rec *record) error {
	if rec.Expires == 0 || rec.Lifetime == 0 {
		return nil
	}
	until := rec.Expires
	rec.Expires = 0
	now := millis(e.Clock())
	if err := setClock(tx, n, id, at, rec, min(now, max(until, uint64(rec.Lifetime)*1000)-uint64(rec.Lifetime)*1000)); err != nil {
		return err
	}
	return save(tx, segment(id), messagePrefix+at.key(), rec)
}

// stopClock ends the time of a message.
func stopClock(tx *vault.Tx, id ID, at Cursor, rec *record) error {
	if rec.Expires == 0 {
		return nil
	}
	return tx.Delete(segment(id), expiryName(rec.Expires, rec.Lifetime, messagePrefix+at.key()))
}

// expired reports whether the time of a message is up, erased or not.
func (r *record) expired(now uint64) bool { return r.Expires != 0 && r.Expires <= now }

// Expire erases what is due in all conversations. It is for a device that was off:
// while Run runs, a worker does it. A clock that went back since a message was
// read does not lengthen its life.
func (e *Engine) Expire(ctx context.Context) error {
	_, err := e.expire(ctx, true)
	return err
}

// expiryPass erases what is due and sleeps until more is.
func (e *Engine) expiryPass(ctx context.Context, w *worker, _ uint64) error {
	next, err := e.expire(ctx, false)
	w.rest = 0
	if next != 0 {
		w.rest = max(time.Duration(next-min(next, millis(e.Clock())))*time.Millisecond, time.Millisecond) //nolint:gosec // G115: at most 52 weeks
	}
	return err
}

// expire erases what is due and returns when something will be, 0 if nothing is
// going to be.
func (e *Engine) expire(ctx context.Context, rewind bool) (next uint64, err error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return 0, err
	}
	for _, seg := range names {
		id, err := ParseID(strings.TrimPrefix(seg, segmentPrefix))
		if err != nil || !strings.HasPrefix(seg, segmentPrefix) {
			continue
		}
		first, err := e.expireIn(ctx, id, rewind)
		if err != nil {
			return 0, err
		}
		if first != 0 && (next == 0 || first < next) {
			next = first
		}
	}
	return next, nil
}

// expireIn erases what is due in one conversation.
func (e *Engine) expireIn(ctx context.Context, id ID, rewind bool) (next uint64, err error) {
	timers := vault.Range{Prefix: expiryPrefix}
	if !rewind {
		timers.Limit = 1
	}
	v := e.view(ctx)
	names, err := v.List(segment(id), timers)
	if err != nil || len(names) == 0 {
		return 0, ignoreMissing(err)
	}
	now := millis(e.Clock())
	if rewind {
		if err := e.rewind(ctx, id, names, now); err != nil {
			return 0, err
		}
	}
	for {
		names, err = v.List(segment(id), vault.Range{Prefix: expiryPrefix, Limit: MaxPage})
		if err != nil || len(names) == 0 {
			return 0, ignoreMissing(err)
		}
		due := 0
		for due < len(names) && expiryOf(names[due]) <= now {
			due++
		}
		if due == 0 {
			return expiryOf(names[0]), nil
		}
		err = e.update(ctx, "expire", func(tx *vault.Tx, n *notes) error { return e.eraseDue(tx, n, id, names[:due]) })
		if err != nil {
			return 0, err
		}
	}
}

func expiryOf(name string) uint64 {
	if len(name) < expiryHead {
		return 0
	}
	return binary.BigEndian.Uint64([]byte(name[len(expiryPrefix):]))
}

// eraseDue erases the records that some timers are for.
func (e *Engine) eraseDue(tx *vault.Tx, n *notes, id ID, timers []string) error {
	m, ok, err := loadMeta(tx, id)
	if err != nil || !ok {
		return err
	}
	for _, timer := range timers {
		if err := tx.Delete(segment(id), timer); err != nil {
			return err
		}
		if len(timer) < expiryHead {
			continue
		}
		name := timer[expiryHead:]
		key, isMessage := strings.CutPrefix(name, messagePrefix)
		if !isMessage {
			if err := tx.Delete(segment(id), name); err != nil {
				return err
			}
			continue
		}
		at := cursorOf(key)
		rec, err := loadMessage(tx, id, at)
		if errors.Is(err, ErrNoMessage) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := e.unsend(&amendment{tx: tx, n: n, id: id, m: m, at: at, rec: rec}); err != nil {
			return err
		}
		if err := e.erase(tx, n, id, m, at, rec); err != nil {
			return err
		}
	}
	return nil
}

// rewind shortens the times that a clock which went back would lengthen: nothing
// is due later than its whole lifetime from now.
func (e *Engine) rewind(ctx context.Context, id ID, timers []string, now uint64) error {
	return e.update(ctx, "rewind", func(tx *vault.Tx, _ *notes) error {
		for _, timer := range timers {
			if len(timer) < expiryHead {
				continue
			}
			lifetime := binary.BigEndian.Uint32([]byte(timer[expiryHead-4:]))
			latest := now + uint64(lifetime)*1000
			if expiryOf(timer) <= latest {
				continue
			}
			if err := moveTimer(tx, id, timer, latest, lifetime); err != nil {
				return err
			}
		}
		return nil
	})
}

func moveTimer(tx *vault.Tx, id ID, timer string, to uint64, lifetime uint32) error {
	name := timer[expiryHead:]
	if err := tx.Delete(segment(id), timer); err != nil {
		return err
	}
	if key, isMessage := strings.CutPrefix(name, messagePrefix); isMessage {
		rec, err := loadMessage(tx, id, cursorOf(key))
		if errors.Is(err, ErrNoMessage) {
			return nil
		}
		if err != nil {
			return err
		}
		rec.Expires = to
		if err := save(tx, segment(id), name, rec); err != nil {
			return err
		}
	}
	return tx.Put(segment(id), expiryName(to, lifetime, name), []byte{})
}
