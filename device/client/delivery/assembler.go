package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"bulle/device/client/attachment"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// An Assembler turns the cells of a channel back into items. Anyone with the
// write cap can append cells that do not open: they are skipped and counted. It
// holds the parts of one item at most. It must not be used concurrently.
type Assembler struct {
	opener opener
	next   uint64 // sequence number that continues what was read
	part   []*opened
	counts Counts
}

// opener opens one cell and checks what it says.
type opener interface {
	open(cell []byte) (h header, data []byte, ok bool)
}

type opened struct {
	header
	data, cell []byte
}

// Counts says what an Assembler has seen.
type Counts struct {
	Items   uint64 // complete ones
	Garbage uint64 // cells that do not open
	Broken  uint64 // items that lack a part
}

func newAssembler(o opener) *Assembler { return &Assembler{opener: o} }

// Add takes the next cell. It returns an item when the cell completes one, and
// nothing while more cells are needed. It fails with [ErrDamaged] when the cell
// does not open or an item turns out to lack a part; the caller skips it and goes
// on. The assembler keeps no reference to the cell of an item it gave up.
func (a *Assembler) Add(seq uint64, cell []byte) (*Item, error) {
	broken := a.place(seq)
	h, data, ok := a.opener.open(cell)
	if !ok {
		a.drop()
		a.counts.Garbage++
		return nil, ErrDamaged
	}
	if len(a.part) > 0 && !continues(a.part, h) {
		a.drop()
		broken = true
	}
	if len(a.part) == 0 && h.index != 0 {
		a.counts.Broken++
		return nil, ErrDamaged
	}
	a.part = append(a.part, &opened{header: h, data: data, cell: cell})
	if len(a.part) < int(h.count) {
		if broken {
			return nil, ErrDamaged
		}
		return nil, nil
	}
	return a.complete()
}

// place moves to a sequence number and reports whether that breaks an item.
func (a *Assembler) place(seq uint64) (broken bool) {
	if seq != a.next && len(a.part) > 0 {
		a.drop()
		broken = true
	}
	a.next = seq + 1
	return broken
}

// drop gives up the item of which some parts are there.
func (a *Assembler) drop() {
	if len(a.part) > 0 {
		a.counts.Broken++
	}
	for _, p := range a.part {
		secret.Wipe(p.data)
	}
	a.part = nil
}

// continues reports whether a header follows the parts of its item.
func continues(parts []*opened, h header) bool {
	last := parts[len(parts)-1].header
	last.index++
	return h == last
}

func (a *Assembler) complete() (*Item, error) {
	item := &Item{Next: a.next, First: a.next - uint64(len(a.part))}
	datas := make([][]byte, len(a.part))
	for i, p := range a.part {
		datas[i] = p.data
		item.Cells = append(item.Cells, p.cell)
	}
	h := a.part[0].header
	a.part = nil
	data, ok := join(int(h.size), datas)
	if ok && h.form == reference {
		item.ref = new(attachment.Manifest)
		ok = syntax.Unmarshal(data, item.ref) == nil
		secret.Wipe(data)
		data = nil
	}
	if !ok {
		a.counts.Broken++
		return nil, ErrDamaged
	}
	item.data = data
	a.counts.Items++
	return item, nil
}

// Resume returns the sequence number to subscribe from after a restart: nothing
// that is not complete yet is lost.
func (a *Assembler) Resume() uint64 { return a.next - uint64(len(a.part)) }

// Counts returns what was seen so far.
func (a *Assembler) Counts() Counts { return a.counts }

// An Item is what one parcel held.
type Item struct {
	First, Next uint64   // its cells are First to Next-1
	Cells       [][]byte // as they are on the relay
	data        []byte
	ref         *attachment.Manifest
}

// Is reports whether the item is a parcel, cell for cell.
func (i *Item) Is(p *Parcel) bool {
	if len(i.Cells) != len(p.Cells) {
		return false
	}
	for n, cell := range i.Cells {
		if !bytes.Equal(cell, p.Cells[n]) {
			return false
		}
	}
	return true
}

// Inline returns the item if it is in the cells; otherwise it is a file on the
// relay and [Item.Data] fetches it.
func (i *Item) Inline() ([]byte, bool) { return i.data, i.ref == nil }

// Data returns the item, from the relay if it was a large one. It fails with
// [attachment.ErrGone] when the relay no longer has it and with [ErrDamaged] when
// it is not what was sent.
func (i *Item) Data(ctx context.Context, blobs attachment.Blobs) ([]byte, error) {
	if i.ref == nil {
		return i.data, nil
	}
	data, err := attachment.Fetch(ctx, blobs, i.ref, MaxItem)
	if errors.Is(err, attachment.ErrDamaged) || errors.Is(err, attachment.ErrTooLarge) {
		return nil, ErrDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("fetch a large item: %w", err)
	}
	return data, nil
}

// Forget deletes the file of a large item from the relay, if it is one.
func (i *Item) Forget(ctx context.Context, blobs attachment.Blobs) error {
	if i.ref == nil {
		return nil
	}
	return attachment.Delete(ctx, blobs, i.ref)
}
