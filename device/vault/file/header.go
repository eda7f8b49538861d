package file

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"

	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// The file "header" has one size and is only ever overwritten in place:
//
//	offset 0      slot 0: uint32 length; opaque content[length]; zeros up to 16 KiB
//	offset 16384  slot 1: the same
//	offset 32768  mark, zeros up to 4 KiB
const (
	headerName = "header"
	newHeader  = "header.new"
	slotSize   = 16 << 10
	markAt     = vault.NumSlots * slotSize
	headerSize = markAt + 4096
)

// openHeader opens the header file, or makes one with empty slots.
func openHeader(d Folder) (File, error) {
	f, err := d.Open(headerName, false)
	if errors.Is(err, fs.ErrNotExist) {
		return makeHeader(d)
	}
	if err != nil {
		return nil, fmt.Errorf("open header: %w", err)
	}
	size, err := f.Size()
	if err == nil && size < headerSize {
		err = vault.ErrTruncated
	} else if err == nil && size > headerSize {
		err = vault.ErrDamaged
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open header: %w", err), f.Close())
	}
	return f, nil
}

// makeHeader makes the file under another name first: a header is whole or absent.
func makeHeader(d Folder) (File, error) {
	if err := d.Remove(newHeader); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("make header: %w", err)
	}
	f, err := d.Open(newHeader, true)
	if err != nil {
		return nil, fmt.Errorf("make header: %w", err)
	}
	_, err = f.WriteAt(make([]byte, headerSize), 0)
	for _, step := range []func() error{f.Sync, func() error { return d.Rename(newHeader, headerName) }, d.Sync} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make header: %w", err), f.Close())
	}
	return f, nil
}

// Slots implements [vault.Backend].
func (b *Backend) Slots(context.Context) (slots [vault.NumSlots][]byte, err error) {
	for i := range slots {
		raw := make([]byte, slotSize)
		if _, err := b.header.ReadAt(raw, int64(i)*slotSize); err != nil {
			return slots, fmt.Errorf("read header: %w", known(err))
		}
		// A damaged length gives a content that fails the header's checksum.
		if n := binary.BigEndian.Uint32(raw); n > 0 {
			slots[i] = raw[4 : 4+min(n, vault.MaxSlot)]
		}
	}
	return slots, nil
}

// SetSlot implements [vault.Backend].
func (b *Backend) SetSlot(_ context.Context, slot int, content []byte) error {
	if len(content) > vault.MaxSlot {
		return vault.ErrTooLarge
	}
	b.writer.Lock()
	defer b.writer.Unlock()
	raw := make([]byte, slotSize)
	defer secret.Wipe(raw)
	binary.BigEndian.PutUint32(raw, uint32(len(content))) //nolint:gosec // G115: below MaxSlot
	copy(raw[4:], content)
	if _, err := b.header.WriteAt(raw, int64(slot)*slotSize); err != nil {
		return fmt.Errorf("write slot: %w", err)
	}
	if err := b.header.Sync(); err != nil {
		return fmt.Errorf("write slot: %w", err)
	}
	return nil
}

// A mark says how far the log was durable when it was written. It is written
// without a flush after each frame, so it may be behind the log and never ahead:
// a log that ends before its mark has lost acknowledged frames.
//
//	struct { uint32 oldest; uint32 last; uint64 end; uint64 sequence; uint32 crc; } Mark;
type mark struct {
	oldest, last uint32 // numbers of log files
	end          uint64 // of the last frame, in the file last
	sequence     uint64 // of the last frame
}

func (m *mark) Code(c *syntax.Codec) {
	c.Uint32(&m.oldest)
	c.Uint32(&m.last)
	c.Uint64(&m.end)
	c.Uint64(&m.sequence)
}

const markSize = 28

// readMark returns the mark, or the zero mark where there is none that is whole: it
// only helps to tell what was lost.
func readMark(header File) (m mark) {
	raw := make([]byte, markSize)
	if _, err := header.ReadAt(raw, markAt); err != nil {
		return mark{}
	}
	body := raw[:markSize-4]
	if checksum(body) != binary.BigEndian.Uint32(raw[len(body):]) || syntax.Unmarshal(body, &m) != nil {
		return mark{}
	}
	return m
}

func (b *Backend) writeMark(m mark) error {
	raw, err := syntax.Marshal(&m)
	if err != nil {
		return err
	}
	_, err = b.header.WriteAt(binary.BigEndian.AppendUint32(raw, checksum(raw)), markAt)
	return err
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
