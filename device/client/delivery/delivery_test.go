package delivery_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

const partSize = 4027

func sample(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func newChannel(t *testing.T) *delivery.Channel {
	t.Helper()
	c, err := delivery.NewChannel(secret.Random(delivery.ChannelSecretSize), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newInbox(t *testing.T) *delivery.Inbox {
	t.Helper()
	i, err := delivery.NewInbox(secret.Random(delivery.InboxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// way is a channel or an inbox: the tests of items run on both.
type way struct {
	pack      func([]byte, link.Class) (*delivery.Parcel, error)
	assembler func() *delivery.Assembler
	create    link.Channel
	sizes     map[int]int // size of an item to its count of cells
	limit     int         // largest item in cells
}

func ways(t *testing.T) map[string]way {
	t.Helper()
	c, i := newChannel(t), newInbox(t)
	const first = 2907
	return map[string]way{
		"channel": {c.Pack, c.Assembler, c.Link(link.Month), map[int]int{
			0: 1, 1: 1, partSize: 1, partSize + 1: 2, 2*partSize + 1: 4, 4*partSize + 1: 8, 8*partSize + 1: 16, 16 * partSize: 16,
		}, 16 * partSize},
		"inbox": {i.Address().Pack, i.Assembler, i.Link(link.Month), map[int]int{
			0: 1, 1: 1, first: 1, first + 1: 2, first + partSize + 1: 4, first + 15*partSize: 16,
		}, first + 15*partSize},
	}
}

func pack(t *testing.T, w way, item []byte) *delivery.Parcel {
	t.Helper()
	p, err := w.pack(item, link.Week)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// feed adds cells from a sequence number on and returns the items.
func feed(a *delivery.Assembler, seq uint64, cells ...[]byte) (items []*delivery.Item, damaged int) {
	for _, cell := range cells {
		item, err := a.Add(seq, cell)
		if err != nil {
			damaged++
		}
		if item != nil {
			items = append(items, item)
		}
		seq++
	}
	return items, damaged
}

func TestItemsComeBack(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			a, seq := w.assembler(), uint64(100)
			for size, count := range w.sizes {
				p := pack(t, w, sample(size))
				if len(p.Cells) != count || p.Spill != nil {
					t.Fatalf("%d bytes take %d cells, want %d", size, len(p.Cells), count)
				}
				for _, cell := range p.Cells {
					if len(cell) != link.CellSize {
						t.Fatalf("a cell of %d bytes", len(cell))
					}
				}
				items, damaged := feed(a, seq, p.Cells...)
				if len(items) != 1 || damaged != 0 {
					t.Fatalf("%d items, %d damaged", len(items), damaged)
				}
				got, ok := items[0].Inline()
				if !ok || !bytes.Equal(got, sample(size)) {
					t.Errorf("%d bytes came back as %d", size, len(got))
				}
				if !items[0].Is(p) || items[0].Is(pack(t, w, sample(size))) || items[0].First != seq {
					t.Error("the item does not know its parcel")
				}
				seq += uint64(count)
				if items[0].Next != seq || a.Resume() != seq {
					t.Errorf("next %d, resume %d, want %d", items[0].Next, a.Resume(), seq)
				}
			}
		})
	}
}

func TestALargeItemGoesBesideTheChannel(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			relay := linktest.New()
			s := relay.Session()
			if err := s.Create(t.Context(), w.create); err != nil {
				t.Fatal(err)
			}
			item := sample(w.limit + 1)
			p := pack(t, w, item)
			b, err := syntax.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			kept := new(delivery.Parcel)
			if err := syntax.Unmarshal(b, kept); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := kept.Send(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, blobs := relay.Counts(); blobs != 1 {
				t.Errorf("%d blobs", blobs)
			}
			_, cells := relay.Cells(w.create.ID)
			items, _ := feed(w.assembler(), 0, cells...)
			if len(items) != 2 || !items[1].Is(p) {
				t.Fatalf("%d items", len(items))
			}
			got, err := items[0].Data(t.Context(), s)
			if err != nil || !bytes.Equal(got, item) {
				t.Errorf("%d bytes came back, %v", len(got), err)
			}
			relay.EditBlobs(func(b []byte) []byte { b[99]++; return b })
			if _, err := items[0].Data(t.Context(), s); !errors.Is(err, delivery.ErrDamaged) {
				t.Errorf("damaged: got %v", err)
			}
			if err := items[0].Forget(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if _, err := items[0].Data(t.Context(), s); !errors.Is(err, attachment.ErrGone) {
				t.Errorf("deleted: got %v", err)
			}
			if _, err := w.pack(make([]byte, delivery.MaxItem+1), link.Week); !errors.Is(err, delivery.ErrTooLarge) {
				t.Errorf("above the limit: got %v", err)
			}
		})
	}
}

// TestAnyFlippedBitIsDamage flips a bit in each byte of a short item's only cell,
// and some in every cell of a long one.
func TestAnyFlippedBitIsDamage(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			cell := pack(t, w, []byte("text")).Cells[0]
			for at := 0; at < len(cell); at += 7 {
				bad := bytes.Clone(cell)
				bad[at] ^= 1 << (at % 8)
				if item, err := w.assembler().Add(0, bad); item != nil || !errors.Is(err, delivery.ErrDamaged) {
					t.Fatalf("bit in byte %d: %v, %v", at, item, err)
				}
			}
			long := pack(t, w, sample(3*partSize)).Cells
			for i := range long {
				bad := append([][]byte(nil), long...)
				bad[i] = bytes.Clone(long[i])
				bad[i][4000] ^= 4
				a := w.assembler()
				if items, damaged := feed(a, 0, bad...); len(items) != 0 || damaged == 0 {
					t.Errorf("cell %d: %d items, %d damaged", i, len(items), damaged)
				}
				if items, _ := feed(a, 4, long...); len(items) != 1 {
					t.Error("the same item did not arrive whole afterwards")
				}
			}
		})
	}
}

func TestGarbageIsSkippedAndCounted(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			one, four := pack(t, w, []byte("one")).Cells, pack(t, w, sample(3*partSize)).Cells
			garbage := [][]byte{sample(link.CellSize), make([]byte, link.CellSize), {}, sample(link.CellSize + 1)}
			var cells [][]byte
			cells = append(cells, garbage...)
			cells = append(cells, one...)
			cells = append(cells, garbage...)
			cells = append(cells, four...)
			a := w.assembler()
			items, damaged := feed(a, 0, cells...)
			want := delivery.Counts{Items: 2, Garbage: 8}
			if len(items) != 2 || damaged != 8 || a.Counts() != want {
				t.Errorf("%d items, %d damaged, %+v", len(items), damaged, a.Counts())
			}
			if a.Resume() != uint64(len(cells)) {
				t.Errorf("resume at %d of %d", a.Resume(), len(cells))
			}
		})
	}
}

func TestBrokenItemsAreGivenUp(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			x, y := pack(t, w, sample(3*partSize)).Cells, pack(t, w, sample(3*partSize)).Cells
			for what, cells := range map[string][][]byte{
				"cell missing":    {x[0], x[1], x[3]},
				"cells swapped":   {x[0], x[2], x[1], x[3]},
				"cell repeated":   {x[0], x[1], x[1], x[2], x[3]},
				"cells of two":    {x[0], x[1], y[2], y[3]},
				"garbage between": {x[0], x[1], make([]byte, link.CellSize), x[2], x[3]},
				"end only":        {x[2], x[3]},
			} {
				a := w.assembler()
				items, damaged := feed(a, 0, append(cells, y...)...)
				if c := a.Counts(); len(items) != 1 || damaged == 0 || c.Broken+c.Garbage == 0 {
					t.Errorf("%s: %d items, %d damaged, %+v", what, len(items), damaged, a.Counts())
					continue
				}
				if got, _ := items[0].Inline(); !bytes.Equal(got, sample(3*partSize)) || items[0].First != uint64(len(cells)) {
					t.Errorf("%s: the whole item came out wrong", what)
				}
			}
		})
	}
}

func TestResumeNeverStandsInsideAnItem(t *testing.T) {
	for name, w := range ways(t) {
		t.Run(name, func(t *testing.T) {
			cells := pack(t, w, sample(3*partSize)).Cells
			a := w.assembler()
			feed(a, 7, pack(t, w, []byte("before")).Cells...)
			feed(a, 8, cells[:3]...)
			if a.Resume() != 8 {
				t.Fatalf("resume at %d, want 8", a.Resume())
			}
			if items, damaged := feed(w.assembler(), a.Resume(), cells...); len(items) != 1 || damaged != 0 {
				t.Errorf("after a restart: %d items, %d damaged", len(items), damaged)
			}
			// A gap in the numbers gives the item up too.
			if items, _ := feed(a, 12, cells[3]); len(items) != 0 || a.Counts().Broken == 0 {
				t.Errorf("after a gap: %d items, %+v", len(items), a.Counts())
			}
		})
	}
}

func TestChannelsHaveNothingInCommon(t *testing.T) {
	s := secret.Random(delivery.ChannelSecretSize)
	a, err := delivery.NewChannel(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := delivery.NewChannel(s, []byte("second relay"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := delivery.NewChannel(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Link(link.Day) != again.Link(link.Day) {
		t.Error("one secret gives two channels")
	}
	if a.ID() == b.ID() || a.Read() == b.Read() || a.Control() == b.Control() || a.Link(0).Write == b.Link(0).Write {
		t.Error("two relays can link their channels")
	}
	p, err := a.Pack([]byte("text"), link.Day)
	if err != nil {
		t.Fatal(err)
	}
	if items, _ := feed(b.Assembler(), 0, p.Cells...); len(items) != 0 {
		t.Error("a cell opens with another relay's key")
	}
	if _, err := delivery.NewChannel(secret.Random(32), nil); err == nil {
		t.Error("a short secret was accepted")
	}
}

func TestAnInboxItemIsBoundToItsInbox(t *testing.T) {
	owner, other := newInbox(t), newInbox(t)
	elsewhere := *owner.Address()
	elsewhere.ID = other.ID()
	p, err := elsewhere.Pack([]byte("welcome"), link.Day)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []*delivery.Inbox{owner, other} {
		if items, _ := feed(i.Assembler(), 0, p.Cells...); len(items) != 0 {
			t.Error("an item opens in another inbox")
		}
	}
	if _, err := (&delivery.Address{Key: make([]byte, 3)}).Pack(nil, link.Day); err == nil {
		t.Error("a key of three bytes was accepted")
	}
}

func TestSealRace(t *testing.T) {
	relay := linktest.New()
	c := newChannel(t)
	if err := relay.Session().Create(t.Context(), c.Link(link.Month)); err != nil {
		t.Fatal(err)
	}
	var parcels []*delivery.Parcel
	for range 2 {
		p, err := c.Pack([]byte("commit"), link.Month)
		if err != nil {
			t.Fatal(err)
		}
		parcels = append(parcels, p)
	}
	if _, err := parcels[0].Seal(t.Context(), relay.Session()); err != nil {
		t.Fatal(err)
	}
	_, err := parcels[1].Seal(t.Context(), relay.Session())
	var sealed *link.SealedError
	if !errors.Is(err, link.ErrSealed) || !errors.As(err, &sealed) || sealed.Next != 1 {
		t.Fatalf("got %v, want ErrSealed at 1", err)
	}
	_, cells := relay.Cells(c.ID())
	items, _ := feed(c.Assembler(), 0, cells...)
	if len(items) != 1 || !items[0].Is(parcels[0]) || items[0].Is(parcels[1]) {
		t.Error("the loser cannot tell who won")
	}
}

func TestPool(t *testing.T) {
	p, err := delivery.NewPool(secret.Random(delivery.InboxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	s := linktest.New().Session()
	if err := s.CreatePool(t.Context(), p.Link(link.Month)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Put(t.Context(), p.ID(), p.Put(), []byte("key package"), false); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	var a delivery.PoolAddress
	address := p.Address()
	if b, err := syntax.Marshal(&address); err != nil || syntax.Unmarshal(b, &a) != nil {
		t.Fatal("the address does not come back", err)
	}
	if got, err := s.Take(t.Context(), a.ID, a.Take); string(got) != "key package" || err != nil {
		t.Errorf("took %q, %v", got, err)
	}
	if _, err := delivery.NewPool(secret.Random(8)); err == nil {
		t.Error("a short secret was accepted")
	}
}

// TestWipe: what was wiped has no caps left and opens nothing.
func TestWipe(t *testing.T) {
	c, i := newChannel(t), newInbox(t)
	p, err := delivery.NewPool(secret.Random(delivery.InboxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	parcel, err := c.Pack([]byte("text"), link.Day)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := i.Address().Pack([]byte("text"), link.Day)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Assembler(), i.Assembler()
	c.Wipe()
	i.Wipe()
	p.Wipe()
	if c.Link(0) != (link.Channel{}) || i.Link(0) != (link.Channel{}) || i.Read() != i.Control() || p.Link(0) != (link.Pool{}) {
		t.Error("caps are left")
	}
	if items, _ := feed(a, 0, parcel.Cells...); len(items) != 0 {
		t.Error("a wiped channel opens cells")
	}
	if items, _ := feed(b, 0, letter.Cells...); len(items) != 0 {
		t.Error("a wiped inbox opens cells")
	}
}

func TestNoSaltRepeats(t *testing.T) {
	c := newChannel(t)
	seen := map[[32]byte]bool{}
	c.Observe = func(salt []byte) {
		if s := [32]byte(salt); seen[s] {
			t.Error("a salt repeats")
		} else {
			seen[s] = true
		}
	}
	for range 500 {
		if _, err := c.Pack(sample(8*partSize), link.Day); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 4000 {
		t.Errorf("%d cells were seen", len(seen))
	}
}

func FuzzAdd(f *testing.F) {
	c, err := delivery.NewChannel(secret.New(make([]byte, delivery.ChannelSecretSize)), nil)
	if err != nil {
		f.Fatal(err)
	}
	i, err := delivery.NewInbox(secret.New(make([]byte, delivery.InboxSecretSize)))
	if err != nil {
		f.Fatal(err)
	}
	p, err := c.Pack([]byte("text"), link.Day)
	if err != nil {
		f.Fatal(err)
	}
	q, err := i.Address().Pack([]byte("text"), link.Day)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Cells[0])
	f.Add(q.Cells[0])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, cell []byte) {
		for _, a := range []*delivery.Assembler{c.Assembler(), i.Assembler()} {
			item, err := a.Add(0, cell)
			if err == nil && item != nil {
				if data, _ := item.Inline(); string(data) != "text" {
					t.Fatalf("a forged cell opened to %q", data)
				}
			}
		}
	})
}

func FuzzParcel(f *testing.F) {
	c, err := delivery.NewChannel(secret.New(make([]byte, delivery.ChannelSecretSize)), nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, size := range []int{1, 70000} {
		p, err := c.Pack(make([]byte, size), link.Day)
		if err != nil {
			f.Fatal(err)
		}
		b, err := syntax.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p delivery.Parcel
		if syntax.Unmarshal(b, &p) != nil {
			return
		}
		if again, err := syntax.Marshal(&p); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decodes, but encodes otherwise, %v", err)
		}
	})
}

func FuzzAddress(f *testing.F) {
	i, err := delivery.NewInbox(secret.New(make([]byte, delivery.InboxSecretSize)))
	if err != nil {
		f.Fatal(err)
	}
	b, err := syntax.Marshal(i.Address())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var a delivery.Address
		if syntax.Unmarshal(b, &a) != nil {
			return
		}
		if again, err := syntax.Marshal(&a); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decodes, but encodes otherwise, %v", err)
		}
		if p, err := a.Pack([]byte("x"), link.Day); err == nil && len(p.Cells) != 1 {
			t.Fatal("one byte takes more than a cell")
		}
	})
}
