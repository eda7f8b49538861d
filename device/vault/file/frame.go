package file

import (
	"encoding/binary"
	"fmt"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

// The log is a row of files, 00000001.log and on. Each begins with:
//
//	struct {
//	    opaque magic[8] = "bulle lg";
//	    uint16 version = 1;
//	    uint32 number;         as in the file's name
//	    uint64 first;          sequence of its first frame
//	    uint32 crc;            CRC-32C of all above
//	} LogHeader;
//
// and goes on with frames, one for each batch:
//
//	struct {
//	    uint32 size_of_changes;
//	    uint32 size_of_values;
//	    uint64 sequence;       one more than the frame before
//	    uint32 values_crc;     CRC-32C of values, as they were first written
//	    opaque changes[size_of_changes];   Change changes<V>;
//	    uint32 crc;            CRC-32C of all above
//	    opaque values[size_of_values];     of the puts, in their order
//	} Frame;
//
// The first bytes of a value become zeros when it is replaced or deleted. That is
// why values have a checksum of their own, which counts only in the last frame: the
// only one that can be torn, and the only one that nothing has replaced.
const (
	logMagic      = "bulle lg"
	logVersion    = 1
	logHeaderSize = 8 + 2 + 4 + 8 + 4
	frameHeadSize = 4 + 4 + 8 + 4
	maxChanges    = 64 << 20 // bytes; bounds what a damaged frame can ask for
	maxValues     = 2 * vault.MaxTx
)

type logHeader struct {
	number uint32
	first  uint64
}

func (h *logHeader) Code(c *syntax.Codec) {
	magic, version := [len(logMagic)]byte([]byte(logMagic)), uint16(logVersion)
	c.Fixed(magic[:])
	c.Uint16(&version)
	c.Uint32(&h.number)
	c.Uint64(&h.first)
	if string(magic[:]) != logMagic || version != logVersion {
		c.Fail("not a log of version %d", logVersion)
	}
}

func (h *logHeader) encode() ([]byte, error) {
	raw, err := syntax.Marshal(h)
	return binary.BigEndian.AppendUint32(raw, checksum(raw)), err
}

// decodeLogHeader fails with [vault.ErrDamaged] or [vault.ErrNewer].
func decodeLogHeader(raw []byte) (h logHeader, err error) {
	if len(raw) != logHeaderSize || string(raw[:len(logMagic)]) != logMagic ||
		checksum(raw[:logHeaderSize-4]) != binary.BigEndian.Uint32(raw[logHeaderSize-4:]) {
		return h, vault.ErrDamaged
	}
	if binary.BigEndian.Uint16(raw[len(logMagic):]) > logVersion {
		return h, vault.ErrNewer
	}
	if err := syntax.Unmarshal(raw[:logHeaderSize-4], &h); err != nil {
		return h, fmt.Errorf("%w: %w", vault.ErrDamaged, err)
	}
	return h, nil
}

// A frameHead is the fixed start of a frame.
type frameHead struct {
	changes, values uint32
	sequence        uint64
	valuesCRC       uint32
}

func (h *frameHead) Code(c *syntax.Codec) {
	c.Uint32(&h.changes)
	c.Uint32(&h.values)
	c.Uint64(&h.sequence)
	c.Uint32(&h.valuesCRC)
}

// size is that of the whole frame.
func (h *frameHead) size() int64 {
	return frameHeadSize + int64(h.changes) + 4 + int64(h.values)
}

// A change is one entry of a frame.
//
//	struct {
//	    uint8  kind;           1 put, 2 delete
//	    opaque key[20];
//	    select (kind) { case 1: opaque label<V>; uint32 size; }
//	} Change;
type change struct {
	kind  changeKind
	key   vault.Key
	label []byte
	size  uint32
}

type changeKind uint8

const (
	changePut    changeKind = 1
	changeDelete changeKind = 2
)

func (e *change) Code(c *syntax.Codec) {
	syntax.Enum8(c, &e.kind)
	c.Fixed(e.key[:])
	switch e.kind {
	case changePut:
		c.Opaque(&e.label)
		c.Uint32(&e.size)
		if len(e.label) > vault.MaxLabel {
			c.Fail("a label of %d bytes", len(e.label))
		}
	case changeDelete:
	default:
		c.Fail("a change of kind %d", e.kind)
	}
}

type changes []change

func (l *changes) Code(c *syntax.Codec) { syntax.Values(c, (*[]change)(l)) }

// encodeFrame appends a frame to buf, which it may reuse.
func encodeFrame(buf []byte, sequence uint64, batch *vault.Batch) ([]byte, changes, error) {
	list := make(changes, 0, len(batch.Puts)+len(batch.Deletes))
	head := frameHead{sequence: sequence}
	total := 0
	for _, k := range batch.Deletes {
		list = append(list, change{kind: changeDelete, key: k})
	}
	for _, e := range batch.Puts {
		list = append(list, change{kind: changePut, key: e.Key, label: e.Label, size: uint32(len(e.Value))}) //nolint:gosec // G115: bounded below
		total += len(e.Value)
	}
	raw, err := syntax.Marshal(&list)
	if err != nil {
		return nil, nil, fmt.Errorf("encode changes: %w", err)
	}
	if total > maxValues || len(raw) > maxChanges {
		return nil, nil, vault.ErrTooLarge
	}
	values := frameHeadSize + len(raw) + 4
	if cap(buf) < values+total {
		buf = make([]byte, 0, values+total)
	}
	buf = buf[:values]
	for _, e := range batch.Puts {
		buf = append(buf, e.Value...)
	}
	head.changes, head.values = uint32(len(raw)), uint32(total) //nolint:gosec // G115: bounded above
	head.valuesCRC = checksum(buf[values:])
	if _, err := syntax.Append(buf[:0], &head); err != nil {
		return nil, nil, fmt.Errorf("encode frame: %w", err)
	}
	copy(buf[frameHeadSize:], raw)
	binary.BigEndian.PutUint32(buf[values-4:], checksum(buf[:values-4]))
	return buf, list, nil
}

// decodeHead reads the start of a frame. ok is false where there is no frame.
func decodeHead(raw []byte) (h frameHead, ok bool) {
	if len(raw) < frameHeadSize || syntax.Unmarshal(raw[:frameHeadSize], &h) != nil {
		return h, false
	}
	return h, h.changes <= maxChanges && h.values <= maxValues
}

// decodeChanges reads head, changes and checksum, which raw is. It fails with
// [vault.ErrDamaged].
func decodeChanges(h frameHead, raw []byte) (changes, error) {
	body := len(raw) - 4
	if body < frameHeadSize || checksum(raw[:body]) != binary.BigEndian.Uint32(raw[body:]) {
		return nil, vault.ErrDamaged
	}
	var list changes
	if err := syntax.Unmarshal(raw[frameHeadSize:body], &list); err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrDamaged, err)
	}
	total := int64(0)
	for _, e := range list {
		total += int64(e.size)
	}
	if total != int64(h.values) {
		return nil, vault.ErrDamaged
	}
	return list, nil
}
