package membership

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"bulle/protocol/syntax"
)

// The governance log on disk, one append-only file:
//
//	opaque magic[8] = "bulle\0g1";
//	struct {
//	  uint32 length;                     // of batch
//	  uint32 check;                      // CRC-32C of length and batch
//	  opaque batch[length];              // struct { opaque statement<V>; } batch<V>: what was submitted together
//	} ... until the end
//
// A batch is acknowledged after fsync. A torn batch at the end was never
// acknowledged and is cut off; damage anywhere else is refused. The check finds
// accidents: forgery is found by the log's own rules.

const (
	journalMagic  = "bulle\x00g1"
	recordHeader  = 8
	maxBatchBytes = 256 << 10
)

// ErrDamaged says that the governance log on disk was changed by something else
// than this program.
var ErrDamaged = errors.New("the governance log is damaged: restore its file from a copy")

// A journal is the open file. Its methods must not be called concurrently, but for
// read.
type journal struct {
	file    journalFile
	end     int64   // where the next batch goes
	offsets []int64 // where each statement begins
	lengths []uint32
	broken  error // why nothing more can be added
}

// journalFile is what a journal needs of *os.File.
type journalFile interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// openJournal opens or creates the file and calls each with every batch in it.
// It reports how many torn bytes it cut off.
func openJournal(path string, each func(batch [][]byte) error) (j *journal, torn int64, err error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open the governance log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open the governance log: %w", err), f.Close())
	}
	j = &journal{file: f}
	if torn, err = j.load(info.Size(), each); err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return j, torn, nil
}

// load reads the whole file and leaves it ending behind its last whole batch.
func (j *journal) load(size int64, each func([][]byte) error) (torn int64, err error) {
	all := make([]byte, size)
	if _, err := j.file.ReadAt(all, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read the governance log: %w", err)
	}
	if size < int64(len(journalMagic)) && string(all) == journalMagic[:size] {
		return 0, j.begin()
	}
	if string(all[:min(size, int64(len(journalMagic)))]) != journalMagic {
		return 0, ErrDamaged
	}
	at := int64(len(journalMagic))
	for at < size {
		batch, n, ok := record(all[at:])
		if !ok {
			break
		}
		statements, err := splitBatch(batch)
		if err != nil {
			return 0, ErrDamaged
		}
		if err := each(statements); err != nil {
			return 0, fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
		j.index(at+recordHeader, statements)
		at += n
	}
	if at < size && anyRecord(all[at+1:]) {
		return 0, ErrDamaged // a torn write has nothing whole behind it
	}
	j.end = at
	if at == size {
		return 0, nil
	}
	if err := j.file.Truncate(at); err != nil {
		return 0, fmt.Errorf("cut off a torn batch of the governance log: %w", err)
	}
	return size - at, j.sync()
}

// begin writes the magic into a file that has nothing yet.
func (j *journal) begin() error {
	if _, err := j.file.WriteAt([]byte(journalMagic), 0); err != nil {
		return fmt.Errorf("begin the governance log: %w", err)
	}
	j.end = int64(len(journalMagic))
	return j.sync()
}

func (j *journal) sync() error {
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write the governance log: %w", err)
	}
	return nil
}

// index notes where the statements of a batch that begins at start stand: each
// behind its own length, all behind the length of the vector.
func (j *journal) index(start int64, statements [][]byte) {
	total := int64(0)
	for _, st := range statements {
		total += headerSize(int64(len(st))) + int64(len(st))
	}
	at := start + headerSize(total)
	for _, st := range statements {
		at += headerSize(int64(len(st)))
		j.offsets = append(j.offsets, at)
		j.lengths = append(j.lengths, uint32(len(st))) //nolint:gosec // G115: within a batch
		at += int64(len(st))
	}
}

// headerSize is the size of a vector's length header (package syntax).
func headerSize(n int64) int64 {
	switch {
	case n < 1<<6:
		return 1
	case n < 1<<14:
		return 2
	}
	return 4
}

// append makes a batch durable. After an error the file is as it was before, or
// else the journal takes nothing more.
func (j *journal) append(statements [][]byte) error {
	if j.broken != nil {
		return j.broken
	}
	body, err := joinBatch(statements)
	if err != nil {
		return err
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body))) //nolint:gosec // G115: joinBatch bounds it
	out = binary.BigEndian.AppendUint32(out, checksum(out, body))
	out = append(out, body...)
	if _, err = j.file.WriteAt(out, j.end); err == nil {
		err = j.sync()
	}
	if err != nil {
		err = fmt.Errorf("append to the governance log: %w", err)
		if undo := errors.Join(j.file.Truncate(j.end), j.file.Sync()); undo != nil {
			j.broken = errors.Join(err, undo)
		}
		return err
	}
	j.index(j.end+recordHeader, statements)
	j.end += int64(len(out))
	return nil
}

// places are where consecutive statements stand in the file.
type places struct {
	offsets []int64
	lengths []uint32
}

// find returns the places of at most count statements from a position on, as
// many as fit in size bytes and at least one if there is one.
func (j *journal) find(from, count uint64, size int) places {
	if from >= uint64(len(j.offsets)) {
		return places{}
	}
	end := min(uint64(len(j.offsets)), from+count)
	for n := from; n < end; n++ {
		if size -= int(j.lengths[n]) + 4; size < 0 && n > from {
			end = n
		}
	}
	return places{offsets: j.offsets[from:end], lengths: j.lengths[from:end]}
}

// read reads statements. It may be called concurrently with everything.
func (j *journal) read(p places) ([][]byte, error) {
	out := make([][]byte, len(p.offsets))
	for i, at := range p.offsets {
		out[i] = make([]byte, p.lengths[i])
		if _, err := j.file.ReadAt(out[i], at); err != nil {
			return nil, fmt.Errorf("read the governance log: %w", err)
		}
	}
	return out, nil
}

func (j *journal) close() error { return j.file.Close() }

// record reads one record from the start of b.
func record(b []byte) (batch []byte, size int64, ok bool) {
	if len(b) < recordHeader {
		return nil, 0, false
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 || n > maxBatchBytes || int(n) > len(b)-recordHeader {
		return nil, 0, false
	}
	batch = b[recordHeader : recordHeader+int(n)]
	if binary.BigEndian.Uint32(b[4:]) != checksum(b[:4], batch) {
		return nil, 0, false
	}
	return batch, recordHeader + int64(n), true
}

// anyRecord reports whether a whole record begins anywhere in b.
func anyRecord(b []byte) bool {
	for at := range b {
		if _, _, ok := record(b[at:]); ok {
			return true
		}
	}
	return false
}

func checksum(length, batch []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(length, table), table, batch)
}

// batch is the layout of what was submitted together.
type batch struct{ statements [][]byte }

func (b *batch) Code(c *syntax.Codec) {
	syntax.Vector(c, &b.statements, (*syntax.Codec).Opaque)
	if c.Err() == nil && len(b.statements) == 0 {
		c.Fail("an empty batch")
	}
}

func splitBatch(b []byte) ([][]byte, error) {
	var v batch
	err := syntax.Unmarshal(b, &v)
	return v.statements, err
}

func joinBatch(statements [][]byte) ([]byte, error) {
	b, err := syntax.Marshal(&batch{statements})
	if err == nil && len(b) > maxBatchBytes {
		err = syntax.ErrTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("append to the governance log: %w", err)
	}
	return b, nil
}

// syncDir makes the creation of a file durable.
func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write the data directory: %w", err)
	}
	return nil
}
