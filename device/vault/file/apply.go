package file

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/vault"
)

// maxReuse is the largest frame whose buffer is kept for the next one.
const maxReuse = 1 << 20

// Apply implements [vault.Backend].
func (b *Backend) Apply(ctx context.Context, batch *vault.Batch) error {
	b.writer.Lock()
	defer b.writer.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	replaced, err := b.appendFrame(batch)
	if err != nil {
		return err
	}
	b.unwiped = append(b.unwiped, replaced...)
	// The batch is durable. What follows is tried again with the next one.
	_ = b.wipeReplaced()
	_ = b.compact()
	return nil
}

// appendFrame makes a batch durable and visible, and returns the places of the
// values that it replaced or deleted. When it fails, nothing has changed.
func (b *Backend) appendFrame(batch *vault.Batch) ([]place, error) {
	if b.broken != nil {
		return nil, b.broken
	}
	if err := b.rollOver(); err != nil {
		return nil, err
	}
	l := b.logs[b.last]
	frame, list, err := encodeFrame(b.buf, b.sequence+1, batch)
	if err != nil {
		return nil, err
	}
	if b.buf = frame; cap(frame) > maxReuse {
		b.buf = nil
	}
	if _, err = l.WriteAt(frame, l.end); err == nil {
		err = l.Sync()
	}
	if err != nil {
		return nil, b.undo(l, fmt.Errorf("append to log: %w", err))
	}
	replaced := b.publish(l, list, int64(len(frame)), batch)
	m := mark{oldest: b.oldest(), last: b.last, end: uint64(l.end), sequence: b.sequence} //nolint:gosec // G115: an offset
	_ = b.writeMark(m)                                                                    // an older mark is as true
	return replaced, nil
}

// publish makes the entries of a durable frame visible.
func (b *Backend) publish(l *logFile, list changes, size int64, batch *vault.Batch) (replaced []place) {
	labelAt := labelOffsets(list, l.end)
	at := l.end + size
	for _, e := range batch.Puts {
		at -= int64(len(e.Value))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sequence++
	l.end += size
	for i, e := range list {
		if old, ok := b.entries[e.key]; ok {
			b.live -= old.cost()
			replaced = append(replaced, old)
			delete(b.entries, e.key)
		}
		if e.kind == changePut {
			p := newPlace(b.last, at, e, labelAt[i])
			b.entries[e.key] = p
			b.live += p.cost()
			at += int64(e.size)
		}
	}
	return replaced
}

// undo takes back what was written past the end of the log. If it cannot, the log
// takes no more: what follows could be read as part of the failed frame.
func (b *Backend) undo(l *logFile, cause error) error {
	if err := errors.Join(l.Truncate(l.end), l.Sync()); err != nil {
		b.broken = errors.Join(vault.ErrBroken, cause)
		return b.broken
	}
	return cause
}

// rollOver begins the next log file when there is none or the last one is full.
func (b *Backend) rollOver() error {
	if l := b.logs[b.last]; l != nil && l.end < b.logSize {
		return nil
	}
	h := logHeader{number: b.last + 1, first: b.sequence + 1}
	raw, err := h.encode()
	if err != nil {
		return fmt.Errorf("begin log: %w", err)
	}
	f, err := b.folder.Open(logName(h.number), true)
	if err != nil {
		return fmt.Errorf("begin log: %w", err)
	}
	if _, err = f.WriteAt(raw, 0); err == nil {
		err = errors.Join(f.Sync(), b.folder.Sync())
	}
	if err != nil {
		err = fmt.Errorf("begin log: %w", err)
		if undo := errors.Join(f.Close(), b.folder.Remove(logName(h.number))); undo != nil {
			b.broken = errors.Join(vault.ErrBroken, err)
			return b.broken
		}
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logs[h.number] = &logFile{File: f, end: logHeaderSize}
	b.last = h.number
	return nil
}

func (b *Backend) oldest() uint32 {
	oldest := b.last
	for n := range b.logs {
		oldest = min(oldest, n)
	}
	return oldest
}

// wipeReplaced overwrites the beginnings of values that are no longer entries. They
// reach the disk with the next flush of their file; a crash before is made up for
// when the log is opened.
func (b *Backend) wipeReplaced() error {
	zeros := make([]byte, vault.EraseLen)
	for i, p := range b.unwiped {
		l := b.logs[p.file]
		if l == nil {
			continue // the whole file was wiped since
		}
		if _, err := l.WriteAt(zeros[:min(p.size, vault.EraseLen)], int64(p.at)); err != nil {
			b.unwiped = b.unwiped[i:]
			return err
		}
	}
	b.unwiped = b.unwiped[:0]
	return nil
}
