package file

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"bulle/device/vault"
)

const (
	logSuffix  = ".log"
	deadSuffix = ".dead" // a log file whose entries are elsewhere: it is being wiped
)

func logName(number uint32) string { return fmt.Sprintf("%08d%s", number, logSuffix) }

// recover opens the log: it replays all files and puts right what a crash left. It
// changes nothing before all of the log was understood.
func (b *Backend) recover() error {
	m := readMark(b.header)
	numbers, dead, err := b.files()
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	r := replay{b: b, mark: m}
	if err := r.run(numbers); err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if err := r.repair(); err != nil {
		return fmt.Errorf("repair log: %w", err)
	}
	for _, name := range dead {
		// Where overwriting needs space, it waits for the next time.
		if err := b.wipeFile(name); err != nil && !errors.Is(err, vault.ErrFull) {
			return fmt.Errorf("repair log: %w", err)
		}
	}
	return nil
}

// files returns the numbers of the log files, in order, and the names of dead ones.
func (b *Backend) files() (numbers []uint32, dead []string, err error) {
	names, err := b.folder.Names()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, deadSuffix) {
			dead = append(dead, name)
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSuffix(name, logSuffix), 10, 32)
		if err == nil && logName(uint32(n)) == name {
			numbers = append(numbers, uint32(n))
		}
	}
	slices.Sort(numbers)
	return numbers, dead, nil
}

// A replay reads the log from its beginning.
type replay struct {
	b      *Backend
	mark   mark
	window window
	unborn string  // a last file whose creation was interrupted
	torn   bool    // the last file goes on after its last whole frame
	wipe   []place // replaced values that still lie there
}

func (r *replay) run(numbers []uint32) error {
	m := r.mark
	if len(numbers) == 0 {
		if m.last != 0 {
			return vault.ErrTruncated
		}
		return nil
	}
	if m.oldest != 0 && numbers[0] > m.oldest || numbers[len(numbers)-1] < m.last {
		return fmt.Errorf("%w: a log file is missing", vault.ErrTruncated)
	}
	for i, n := range numbers {
		if i > 0 && n != numbers[i-1]+1 {
			return fmt.Errorf("%w: a log file is missing", vault.ErrTruncated)
		}
		f, err := r.b.folder.Open(logName(n), false)
		if err != nil {
			return err
		}
		r.b.logs[n] = &logFile{File: f}
		if err := r.file(n, i == len(numbers)-1); err != nil {
			return err
		}
	}
	if r.b.sequence < m.sequence {
		return vault.ErrTruncated
	}
	return nil
}

// acknowledged reports whether the mark says that the log was durable up to there.
func (r *replay) acknowledged(number uint32, end int64) bool {
	return number < r.mark.last || number == r.mark.last && uint64(end) <= r.mark.end //nolint:gosec // G115: an offset
}

// file replays one log file.
func (r *replay) file(number uint32, last bool) error {
	l := r.b.logs[number]
	size, err := l.Size()
	if err != nil {
		return err
	}
	raw := make([]byte, min(size, logHeaderSize))
	if _, err := l.ReadAt(raw, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	h, err := decodeLogHeader(raw)
	switch {
	case errors.Is(err, vault.ErrDamaged) && last && size <= logHeaderSize && number > r.mark.last:
		r.unborn = logName(number)
		delete(r.b.logs, number)
		return l.Close()
	case size < logHeaderSize:
		return vault.ErrTruncated
	case err != nil:
		return err
	case r.b.last != 0 && h.first > r.b.sequence+1:
		return fmt.Errorf("%w: the end of a log file is missing", vault.ErrTruncated)
	case h.number != number || r.b.last != 0 && h.first != r.b.sequence+1:
		return fmt.Errorf("%w: a log file is in the place of another", vault.ErrDamaged)
	}
	if r.b.last == 0 {
		r.b.sequence = h.first - 1
	}
	r.b.last, l.end = number, logHeaderSize
	for l.end < size {
		n, err := r.frame(number, l, size, last)
		if err != nil {
			return err
		}
		if n == 0 {
			return r.endsEarly(number, l, size, last)
		}
		l.end += n
	}
	return nil
}

// endsEarly judges bytes that are not a whole frame: the frame that was being
// written when the power went, or damage.
func (r *replay) endsEarly(number uint32, l *logFile, size int64, last bool) error {
	if last && (number > r.mark.last || uint64(l.end) >= r.mark.end) { //nolint:gosec // G115: an offset
		r.torn = true
		return nil
	}
	if _, ok, err := r.head(l, size); err != nil || ok {
		return errors.Join(vault.ErrDamaged, err)
	}
	return vault.ErrTruncated // or its length was damaged
}

// frame replays the frame at l.end and returns its size, 0 when it is not whole.
func (r *replay) frame(number uint32, l *logFile, size int64, last bool) (int64, error) {
	head, ok, err := r.head(l, size)
	if err != nil || !ok {
		return 0, err
	}
	length := frameHeadSize + int(head.changes) + 4
	raw, err := r.window.read(l, l.end, length)
	if err != nil {
		return 0, err
	}
	list, err := decodeChanges(head, raw)
	if err != nil || head.sequence != r.b.sequence+1 {
		return 0, nil //nolint:nilerr // the caller judges by the place
	}
	labelAt := labelOffsets(list, l.end)
	// The values of the last frame must be as they were written.
	next := l.end + head.size()
	if last && next == size && !r.acknowledged(number, next) {
		whole, err := r.window.read(l, l.end, int(head.size()))
		if err != nil {
			return 0, err
		}
		if checksum(whole[length:]) != head.valuesCRC {
			return 0, nil
		}
	}
	r.b.sequence = head.sequence
	return head.size(), r.changes(number, l, list, labelAt, l.end+int64(length))
}

// head reads the head of the frame at l.end. ok is false when it cannot be one.
func (r *replay) head(l *logFile, size int64) (h frameHead, ok bool, err error) {
	if size-l.end < frameHeadSize+4 {
		return h, false, nil
	}
	raw, err := r.window.read(l, l.end, frameHeadSize)
	if err != nil {
		return h, false, err
	}
	h, ok = decodeHead(raw)
	return h, ok && h.size() <= size-l.end, nil
}

// changes takes the changes of a frame into the index.
func (r *replay) changes(number uint32, l *logFile, list changes, labelAt []uint32, at int64) error {
	for i, e := range list {
		old, replaced := r.b.entries[e.key]
		if replaced {
			r.b.live -= old.cost()
			delete(r.b.entries, e.key)
			if !old.erased {
				r.wipe = append(r.wipe, old)
			}
		}
		if e.kind == changeDelete {
			continue
		}
		p := newPlace(number, at, e, labelAt[i])
		start, err := r.window.read(l, at, int(min(e.size, vault.EraseLen)))
		if err != nil {
			return err
		}
		p.erased = allZero(start)
		r.b.entries[e.key] = p
		r.b.live += p.cost()
		at += int64(e.size)
	}
	return nil
}

func newPlace(number uint32, at int64, e change, labelAt uint32) place {
	return place{
		file: number, at: uint32(at), size: e.size, //nolint:gosec // G115: a log file is far below 4 GiB
		labelAt: labelAt, labelSize: uint16(len(e.label)), //nolint:gosec // G115: below vault.MaxLabel
	}
}

// labelOffsets returns where the label of each change lies in the file.
func labelOffsets(list changes, frame int64) []uint32 {
	body := 0
	for _, e := range list {
		body += e.encoded()
	}
	at := int(frame) + frameHeadSize + headerOf(body)
	out := make([]uint32, len(list))
	for i, e := range list {
		out[i] = uint32(at + 1 + len(e.key) + headerOf(len(e.label))) //nolint:gosec // G115: a log file is far below 4 GiB
		at += e.encoded()
	}
	return out
}

// encoded is the size of a change in a frame.
func (e *change) encoded() int {
	if e.kind == changeDelete {
		return 1 + len(e.key)
	}
	return 1 + len(e.key) + headerOf(len(e.label)) + len(e.label) + 4
}

// headerOf is the size of the length before a vector of n bytes.
func headerOf(n int) int {
	switch {
	case n < 1<<6:
		return 1
	case n < 1<<14:
		return 2
	}
	return 4
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// repair puts right what a crash left. Nothing acknowledged is touched.
func (r *replay) repair() error {
	b := r.b
	if r.unborn != "" {
		if err := errors.Join(b.folder.Remove(r.unborn), b.folder.Sync()); err != nil {
			return err
		}
	}
	if l := b.logs[b.last]; r.torn && l != nil {
		if err := errors.Join(l.Truncate(l.end), l.Sync()); err != nil {
			return err
		}
	}
	b.unwiped = r.wipe
	if err := b.wipeReplaced(); err != nil && !errors.Is(err, vault.ErrFull) {
		return err
	}
	for _, l := range b.logs {
		if len(r.wipe) == 0 {
			break
		}
		if err := l.Sync(); err != nil {
			return err
		}
	}
	return nil
}
