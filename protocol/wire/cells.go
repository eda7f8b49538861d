package wire

import "bulle/protocol/syntax"

// Cells are cells one behind the other, [CellSize] bytes each. Read from a frame
// they are a view of it.
type Cells []byte

// Join puts cells one behind the other. It panics when one has another size.
func Join(cells [][]byte) Cells {
	all := make(Cells, 0, len(cells)*CellSize)
	for _, cell := range cells {
		if len(cell) != CellSize {
			panic("wire: a cell of another size")
		}
		all = append(all, cell...)
	}
	return all
}

// Count returns the number of cells.
func (s Cells) Count() int { return len(s) / CellSize }

// At returns cell number i, counted from 0, without copying.
func (s Cells) At(i int) []byte {
	return s[i*CellSize : (i+1)*CellSize : (i+1)*CellSize]
}

// From returns the cells from number i on, without copying.
func (s Cells) From(i int) Cells { return s[i*CellSize:] }

// code codes 1 to MaxCells cells.
func (s *Cells) code(c *syntax.Codec) {
	c.View((*[]byte)(s))
	switch {
	case c.Err() != nil:
	case len(*s) == 0 || len(*s)%CellSize != 0:
		c.Fail("%d bytes are not cells", len(*s))
	case len(*s) > MaxCells*CellSize:
		c.FailTooLong("%d cells where %d are allowed", s.Count(), MaxCells)
	}
}
