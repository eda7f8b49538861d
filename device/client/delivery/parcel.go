package delivery

import (
	"context"
	"fmt"

	"bulle/device/client/attachment"
	"bulle/device/client/link"
	"bulle/protocol/syntax"
)

// MaxItem is the largest item in bytes.
const MaxItem = 16 << 20

// A Parcel is a sealed item with its destination, ready to be kept in the vault
// and sent until the relay has it. It opens nothing, but its caps can write.
//
//	struct {
//	    uint8  version = 1;
//	    opaque channel[32];
//	    opaque write[32];
//	    opaque control[32];          zeros: cannot seal
//	    opaque cells<V>;             1, 2, 4, 8 or 16 cells
//	    optional<Spill> spill;
//	} Parcel;
type Parcel struct {
	Channel link.ID
	Write   link.Cap
	Control link.Cap
	Cells   [][]byte
	Spill   *Spill
}

// A Spill is an item that did not fit in cells. It becomes a file on the relay.
//
//	struct {
//	    Manifest manifest;
//	    opaque   data<V>;
//	} Spill;
type Spill struct {
	Manifest attachment.Manifest
	Data     []byte
}

// Code implements [syntax.Value].
func (p *Parcel) Code(c *syntax.Codec) {
	v := uint8(1)
	c.Uint8(&v)
	if c.Err() == nil && v != 1 {
		c.Fail("version %d of a parcel", v)
	}
	c.Fixed(p.Channel[:])
	c.Fixed(p.Write[:])
	c.Fixed(p.Control[:])
	syntax.Vector(c, &p.Cells, func(c *syntax.Codec, cell *[]byte) {
		if c.Reading() {
			*cell = make([]byte, link.CellSize)
		}
		c.Fixed(*cell)
	})
	if n := len(p.Cells); c.Err() == nil && (n == 0 || n > maxCount || n&(n-1) != 0) {
		c.Fail("%d cells", n)
	}
	syntax.Optional(c, &p.Spill, func(c *syntax.Codec, s *Spill) {
		s.Manifest.Code(c)
		c.Opaque(&s.Data)
		if c.Err() == nil && (s.Manifest.Size != uint64(len(s.Data)) || len(s.Data) > MaxItem) {
			c.Fail("a spill of %d bytes", len(s.Data))
		}
	})
}

// spill decides what goes into the cells: the item, or the reference to the file
// that it becomes.
func (p *Parcel) spill(item []byte, limit int, class link.Class) (form, []byte, error) {
	if len(item) > MaxItem {
		return 0, nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(item))
	}
	if len(item) <= limit {
		return inline, item, nil
	}
	p.Spill = &Spill{Manifest: *attachment.NewManifest(item, class), Data: append([]byte(nil), item...)}
	manifest, err := syntax.Marshal(&p.Spill.Manifest)
	if err != nil {
		return 0, nil, fmt.Errorf("pack a large item: %w", err)
	}
	return reference, manifest, nil
}

// Send makes the relay store the item and returns the sequence number of its
// first cell. It may be repeated: what arrives twice, the reader's MLS state or
// message identifiers tell apart.
func (p *Parcel) Send(ctx context.Context, s link.Session) (first uint64, err error) {
	if err := p.sendSpill(ctx, s); err != nil {
		return 0, err
	}
	return s.Append(ctx, p.Channel, p.Write, p.Cells)
}

// Seal is Send that also seals the channel. It fails with [link.ErrSealed] when
// the channel is sealed already, be it by an earlier attempt of this same parcel.
func (p *Parcel) Seal(ctx context.Context, s link.Session) (first uint64, err error) {
	if err := p.sendSpill(ctx, s); err != nil {
		return 0, err
	}
	return s.Seal(ctx, p.Channel, p.Write, p.Control, p.Cells)
}

func (p *Parcel) sendSpill(ctx context.Context, s link.Session) error {
	if p.Spill == nil {
		return nil
	}
	return attachment.Put(ctx, s, &p.Spill.Manifest, p.Spill.Data)
}
