package pebble_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/pebble"
)

// A mem is a file system in memory that forgets what was not synced when the power
// goes, wholly or in part.
type mem struct{ *vfs.MemFS }

// GetDiskUsage implements [vfs.FS].
func (mem) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: 1 << 40}, nil
}

// TestPowerCut cuts the power after random commits. Whatever of the unsynced bytes
// survives, every acknowledged change is there, and nothing is half there.
func TestPowerCut(t *testing.T) {
	for percent := range 3 {
		random := rand.New(rand.NewPCG(7, uint64(percent)))
		fs := mem{vfs.NewCrashableMem()}
		l := &life{T: t, want: map[uint64]uint64{}}
		for range 15 {
			l.store = openMem(t, fs)
			l.check()
			for range 1 + random.IntN(12) {
				l.step(random)
			}
			clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent * 50, RNG: random})
			if err := l.store.Close(); err != nil {
				t.Fatal(err)
			}
			fs = mem{clone}
		}
	}
}

func openMem(t *testing.T, fs vfs.FS) relay.Store {
	t.Helper()
	s, err := pebble.Open(pebble.Config{Dir: "cells", FS: fs, Memory: 2 << 20, Ballast: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A life is one channel and one pool over many cuts.
type life struct {
	*testing.T
	store       relay.Store
	want        map[uint64]uint64 // number of the cell: its mark
	first, next uint64
	marks       uint64
	items       []byte
	made        bool
}

func (l *life) commit(bodies ...wire.Body) []wire.Body {
	l.Helper()
	var changes []relay.Change
	for _, b := range bodies {
		changes = append(changes, relay.Change{Body: b})
	}
	replies, err := l.store.Commit(changes)
	if err != nil {
		l.Fatal(err)
	}
	return replies
}

func (l *life) step(random *rand.Rand) {
	l.Helper()
	hash := wire.Cap{}.Hash()
	if !l.made {
		l.commit(&wire.Create{Read: hash, Write: hash, Control: hash, Class: wire.Month}, &wire.CreatePool{Put: hash, Take: hash, Class: wire.Month})
		l.made = true
	}
	switch random.IntN(5) {
	case 0:
		upTo := l.first + random.Uint64N(l.next-l.first+1)
		l.commit(&wire.Truncate{UpTo: upTo})
		for ; l.first < upTo; l.first++ {
			delete(l.want, l.first)
		}
	case 1:
		l.marks++
		item := byte(l.marks)
		l.commit(&wire.Put{Item: binary.BigEndian.AppendUint64(nil, l.marks)})
		l.items = append(l.items, item)
	case 2:
		if item, ok := l.commit(&wire.Take{})[0].(*wire.Item); ok {
			if len(l.items) == 0 || item.Item[7] != l.items[0] {
				l.Fatalf("took %x of %x", item.Item, l.items)
			}
			l.items = l.items[1:]
		}
	default:
		n := 1 + random.IntN(wire.MaxCells)
		cells := make(wire.Cells, n*wire.CellSize)
		for i := range n {
			l.marks++
			binary.BigEndian.PutUint64(cells[i*wire.CellSize:], l.marks)
			l.want[l.next+uint64(i)] = l.marks
		}
		if got, ok := l.commit(&wire.AppendCells{Cells: cells})[0].(*wire.Appended); !ok || got.First != l.next {
			l.Fatalf("append: got %+v, want first %d", got, l.next)
		}
		l.next += uint64(n)
	}
}

// check compares the store with what was acknowledged.
func (l *life) check() {
	l.Helper()
	if !l.made {
		return
	}
	state, err := l.store.Channel(relay.Category{}, wire.ID{}, wire.Cap{})
	if err != nil || state != (relay.State{First: l.first, Next: l.next}) {
		l.Fatalf("the channel: %+v, %v, want %d to %d", state, err, l.first, l.next)
	}
	got := 0
	for at := l.first; at < l.next; {
		first, cells, err := l.store.Read(wire.ID{}, at)
		if err != nil || first != at || len(cells) == 0 {
			l.Fatalf("cell %d: %d from %d, %v", at, cells.Count(), first, err)
		}
		for i := range cells.Count() {
			mark := binary.BigEndian.AppendUint64(nil, l.want[at])
			if !bytes.HasPrefix(cells.At(i), mark) {
				l.Fatalf("cell %d is another one", at)
			}
			at++
			got++
		}
	}
	if got != len(l.want) {
		l.Errorf("%d cells of %d", got, len(l.want))
	}
}
