package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bulle/protocol/secret"
)

// A Range selects names, in the order of their bytes. The zero value is all.
type Range struct {
	Prefix   string // only names that begin with it
	From, To string // From <= name < To; "" is no limit
	Limit    int    // at most so many, 0 for all
	Reverse  bool   // from the last name to the first
}

func (r Range) contains(name string) bool {
	return strings.HasPrefix(name, r.Prefix) && name >= r.From && (r.To == "" || name < r.To)
}

// limits returns the first name of the range and the first one past it, nil for none.
func (r Range) limits() (from, to []byte) {
	if f := max(r.From, r.Prefix); f != "" {
		from = []byte(f)
	}
	if r.To != "" {
		to = []byte(r.To)
	}
	if past := pastPrefix(r.Prefix); past != "" && (to == nil || past < r.To) {
		to = []byte(past)
	}
	return from, to
}

// pastPrefix returns the first name after all that begin with prefix, "" for none.
func pastPrefix(prefix string) string {
	b := []byte(prefix)
	for ; len(b) > 0; b = b[:len(b)-1] {
		if b[len(b)-1]++; b[len(b)-1] != 0 {
			return string(b)
		}
	}
	return ""
}

// each calls f for the names of an index in the range, which are only lent, until
// f returns false. It does not apply Limit.
func (r Range) each(x *index, f func(name []byte) bool) {
	from, to := r.limits()
	start, end := from, to
	if r.Reverse {
		start, end = to, from
	}
	for c := x.seek(start, r.Reverse); ; c.next() {
		name := c.name()
		switch {
		case name == nil,
			end != nil && !r.Reverse && string(name) >= string(end),
			end != nil && r.Reverse && string(name) < string(end),
			!f(name):
			return
		}
	}
}

// merge returns the names of the range that are stored, with the sorted names of
// written added, or taken out where writes deletes them.
func (r Range) merge(stored *index, written []string, writes map[string]write) []string {
	var out []string
	full := func() bool { return r.Limit > 0 && len(out) >= r.Limit }
	before := func(a, b string) bool { return a < b && !r.Reverse || a > b && r.Reverse }
	emit := func() {
		if w := written[0]; writes[w].sealed != nil && !full() {
			out = append(out, w)
		}
		written = written[1:]
	}
	r.each(stored, func(b []byte) bool {
		name := string(b)
		for len(written) > 0 && before(written[0], name) {
			emit()
		}
		if len(written) > 0 && written[0] == name {
			emit()
		} else if !full() {
			out = append(out, name)
		}
		return !full()
	})
	for len(written) > 0 && !full() {
		emit()
	}
	return out
}

// List returns the names of the records in a segment that are in a range, in order.
// It reads no record. It fails with [ErrNoSegment] or [ErrDamaged].
func (v *Vault) List(_ context.Context, in string, r Range) ([]string, error) {
	var names []string
	err := v.use(in, func(s *segment) error {
		names = r.merge(&s.index, nil, nil)
		return nil
	})
	return names, err
}

// Count returns how many records a segment has. It fails as List does.
func (v *Vault) Count(_ context.Context, in string) (n int, err error) {
	err = v.use(in, func(s *segment) error {
		n = s.index.count
		return nil
	})
	return n, err
}

// Get returns the value of a record in a segment, which is the caller's: wipe it when done. It fails
// with [ErrNotFound], [ErrNoSegment] or, for this record alone, [ErrDamaged].
func (v *Vault) Get(ctx context.Context, in, name string) (value []byte, err error) {
	err = v.reading(in, func(s *segment) error {
		value, err = v.readLocked(ctx, s, name)
		return err
	})
	return value, err
}

// errAbsent says that the index has a record and the backend has not.
var errAbsent = fmt.Errorf("%w: a record is missing", ErrDamaged)

// reading calls f, which reads records, with a ready segment. While a transaction is
// being stored its deleted records have left the backend and not yet the index: who
// misses one reads again when that is over, and only then it is damage.
func (v *Vault) reading(in string, f func(*segment) error) error {
	err := v.use(in, f)
	if !errors.Is(err, errAbsent) {
		return err
	}
	v.storing.Lock()
	defer v.storing.Unlock()
	return v.use(in, f)
}

// read is readLocked for the holder of writer.
func (v *Vault) read(ctx context.Context, s *segment, name string) ([]byte, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.readLocked(ctx, s, name)
}

// readLocked reads one record. The index is not asked: the backend knows.
func (v *Vault) readLocked(ctx context.Context, s *segment, name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if !s.index.has([]byte(name)) {
		return nil, ErrNotFound
	}
	values, err := v.readManyLocked(ctx, s, [][]byte{[]byte(name)})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// readManyLocked reads the records of names that the index has.
func (v *Vault) readManyLocked(ctx context.Context, s *segment, names [][]byte) ([][]byte, error) {
	keys := make([]Key, len(names))
	for i, name := range names {
		keys[i], _ = s.entryKey(v, name)
	}
	values, err := v.backend.Get(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	for i, name := range names {
		if values[i] == nil {
			err = errAbsent
		} else {
			values[i], err = openRecord(s.key, s.context(name), values[i])
		}
		if err != nil {
			wipeAll(values[:i])
			return nil, fmt.Errorf("read record: %w", err)
		}
	}
	return values, nil
}

// scanChunk is how many records Scan reads at a time.
const scanChunk = 32

// Scan calls f for the records of a range, in order. Names and values are read a
// few at a time, and a value is wiped when f returns: copy what you keep. The
// records that another transaction changes meanwhile are seen as they were or as
// they are. f may use the vault; it ends the scan with [ErrStop], or with an error that
// Scan returns. Scan fails as [Vault.Get] does.
func (v *Vault) Scan(ctx context.Context, in string, r Range, f func(name string, value []byte) error) error {
	for left := r.Limit; ; {
		part := r
		part.Limit = scanChunk
		if r.Limit > 0 {
			part.Limit = min(left, scanChunk)
		}
		names, values, err := v.chunk(ctx, in, part)
		if err != nil {
			return err
		}
		if err := visit(names, values, f); err != nil {
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		}
		left -= len(names)
		if len(names) < part.Limit || r.Limit > 0 && left == 0 {
			return nil
		}
		if last := names[len(names)-1]; r.Reverse {
			r.To = last
		} else {
			r.From = last + "\x00"
		}
	}
}

func (v *Vault) chunk(ctx context.Context, in string, r Range) (names []string, values [][]byte, err error) {
	err = v.reading(in, func(s *segment) error {
		names = r.merge(&s.index, nil, nil)
		raw := make([][]byte, len(names))
		for i, name := range names {
			raw[i] = []byte(name)
		}
		values, err = v.readManyLocked(ctx, s, raw)
		return err
	})
	return names, values, err
}

func visit(names []string, values [][]byte, f func(string, []byte) error) error {
	defer wipeAll(values)
	for i, name := range names {
		if err := f(name, values[i]); err != nil {
			return err
		}
		secret.Wipe(values[i])
	}
	return nil
}
