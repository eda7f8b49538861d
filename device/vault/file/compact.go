package file

import (
	"errors"
	"fmt"
	"io/fs"

	"bulle/device/vault"
)

// compactBytes is how much is copied on in one frame.
const compactBytes = 1 << 20

// compact copies the oldest log file's entries on and wipes it, as long as more than
// half of the log is dead. Deletions in the oldest file need not be copied: there is
// nothing before it that they delete.
func (b *Backend) compact() error {
	for b.total() > 2*b.live+b.logSize/2 {
		oldest := b.oldest()
		if oldest == b.last {
			if b.logs[oldest].end < b.logSize {
				return nil // the file is still filling: wait
			}
			if err := b.rollOver(); err != nil {
				return err
			}
		}
		if err := b.copyOn(oldest); err != nil {
			return err
		}
		if err := b.retire(oldest); err != nil {
			return err
		}
	}
	return nil
}

// total is the size of the log.
func (b *Backend) total() (sum int64) {
	for _, l := range b.logs {
		sum += l.end
	}
	return sum
}

// copyOn appends the entries of a log file to the end of the log.
func (b *Backend) copyOn(number uint32) error {
	var keys []vault.Key
	for k, p := range b.entries {
		if p.file == number {
			keys = append(keys, k)
		}
	}
	b.sortLocked(keys) // only the holder of writer changes the entries
	l, batch, size := b.logs[number], new(vault.Batch), 0
	for i, k := range keys {
		p := b.entries[k]
		e := vault.Entry{Key: k, Label: make([]byte, p.labelSize), Value: make([]byte, p.size)}
		if _, err := l.ReadAt(e.Value, int64(p.at)); err != nil {
			return readError(err)
		}
		if _, err := l.ReadAt(e.Label, int64(p.labelAt)); err != nil {
			return readError(err)
		}
		batch.Puts = append(batch.Puts, e)
		if size += int(p.cost()); size < compactBytes && i < len(keys)-1 {
			continue
		}
		if _, err := b.appendFrame(batch); err != nil {
			return err
		}
		batch, size = new(vault.Batch), 0
	}
	return nil
}

// retire wipes and removes a log file without live entries. From the flush of the
// mark on, the file is not missed.
func (b *Backend) retire(number uint32) error {
	l := b.logs[number]
	m := mark{oldest: number + 1, last: b.last, end: uint64(b.logs[b.last].end), sequence: b.sequence} //nolint:gosec // G115: an offset
	if err := errors.Join(b.writeMark(m), b.header.Sync()); err != nil {
		return fmt.Errorf("retire log: %w", err)
	}
	dead := fmt.Sprintf("%08d%s", number, deadSuffix)
	if err := b.folder.Rename(logName(number), dead); err != nil {
		return fmt.Errorf("retire log: %w", err)
	}
	b.mu.Lock()
	delete(b.logs, number)
	b.mu.Unlock()
	if err := errors.Join(l.Close(), b.folder.Sync()); err != nil {
		return fmt.Errorf("retire log: %w", err)
	}
	return b.wipeFile(dead)
}

// wipeFile overwrites a file with zeros and removes it: its values may still be
// live elsewhere, and must be gone from here when they no longer are.
func (b *Backend) wipeFile(name string) error {
	f, err := b.folder.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wipe old log: %w", err)
	}
	size, err := f.Size()
	zeros := make([]byte, compactBytes)
	for at := int64(0); err == nil && at < size; at += compactBytes {
		_, err = f.WriteAt(zeros[:min(size-at, compactBytes)], at)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = errors.Join(b.folder.Remove(name), b.folder.Sync())
	}
	if err != nil {
		return fmt.Errorf("wipe old log: %w", err)
	}
	return nil
}
