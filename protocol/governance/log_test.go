package governance_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"bulle/protocol/governance"
)

func TestFoundingInvitingAndJoining(t *testing.T) {
	b := newBubble(t)
	if b.log.State().Root() != governance.RootID(b.root.ID()) || !b.log.State().Complete() {
		t.Fatal("the founded bubble has another root, or is not complete")
	}
	alice := b.invite("alice's invitation", 2)
	b.append(b.admission(alice, "alice")...)
	s := b.log.State()
	members := s.Members(b.category)
	if len(members) != 2 || !members[0].Founder || members[1].Founder {
		t.Fatalf("the members are %+v", members)
	}
	m := members[1]
	if m.ID != governance.MemberID(key("alice").ID()) || len(m.Devices) != 1 || string(m.Card) != "card" {
		t.Errorf("alice is %+v", m)
	}
	if inv, ok := s.Invitation(m.Invitation); !ok || inv.Used != 1 || inv.Uses != 2 {
		t.Errorf("the invitation is %+v", inv)
	}
	d, ok := s.DeviceByKey(deviceKey("alice's device").Public())
	if !ok || d.Member != m.ID || d.ID != m.Devices[0] {
		t.Errorf("the device is %+v", d)
	}
	if c := s.Categories(); len(c) != 1 || c[0].ID != b.category || string(c[0].Item) != "general" {
		t.Errorf("the categories are %+v", c)
	}
	if s.Length() != 7 || len(s.Invitations()) != 1 || len(s.Members(governance.CategoryID{9})) != 0 {
		t.Errorf("%d statements, invitations %v", s.Length(), s.Invitations())
	}
}

func TestFurtherCategoriesAndDevices(t *testing.T) {
	b := newBubble(t)
	c, err := governance.AddCategory(b.place(), b.root, governance.CategoryID{2}, []byte("board"))
	if err != nil {
		t.Fatal(err)
	}
	b.append(c)
	d, err := governance.AddDevice(b.place(), b.founder, deviceKey("second"), []byte("card"))
	if err != nil {
		t.Fatal(err)
	}
	before := b.log.State()
	b.append(d)
	m, _ := b.log.State().Member(governance.MemberID(b.founder.ID()))
	old, _ := before.Member(m.ID)
	if len(m.Devices) != 2 || len(old.Devices) != 1 || len(b.log.State().Categories()) != 2 {
		t.Errorf("%d devices, %d before", len(m.Devices), len(old.Devices))
	}
}

// TestStateIsAFunctionOfTheLog replays a log in batches of every size, with and
// without signatures, and finds the same head.
func TestStateIsAFunctionOfTheLog(t *testing.T) {
	b := newBubble(t)
	b.append(b.admission(b.invite("invitation", 1), "alice")...)
	for size := 1; size <= len(b.all); size++ {
		verified, resumed := governance.NewUnpinnedLog(), governance.NewLog(b.log.State().Root())
		for batch := range slices.Chunk(b.all, size) {
			if err := verified.Append(batch...); err != nil {
				t.Fatal(err)
			}
			if err := resumed.Resume(batch...); err != nil {
				t.Fatal(err)
			}
		}
		if verified.Head() != b.log.Head() || resumed.Head() != b.log.Head() {
			t.Errorf("in batches of %d: heads %v and %v, want %v", size, verified.Head(), resumed.Head(), b.log.Head())
		}
	}
}

func TestPlacesChainAsTheLogDoes(t *testing.T) {
	b := newBubble(t)
	p := governance.Place{}
	for i, st := range b.all {
		p = p.After(st)
		if h, ok := b.log.HashAt(uint64(i + 1)); !ok || h != p.Head.Hash {
			t.Errorf("hash of %d statements: %v, want %v", i+1, p.Head.Hash, h)
		}
	}
	if p.Head != b.log.Head() {
		t.Errorf("head %v, want %v", p.Head, b.log.Head())
	}
}

func TestCompareFindsForks(t *testing.T) {
	b := newBubble(t)
	short := b.log.Head()
	b.invite("one history", 1)
	other := newBubble(t)
	other.invite("another history", 1)
	for _, c := range []struct {
		name string
		log  *governance.Log
		head governance.Head
		want governance.Relation
	}{
		{"nothing", b.log, governance.Head{}, governance.Consistent},
		{"the beginning", b.log, short, governance.Consistent},
		{"the same", b.log, b.log.Head(), governance.Consistent},
		{"more", other.log, governance.Head{Length: 6, Hash: governance.Hash{1}}, governance.Ahead},
		{"another history", b.log, other.log.Head(), governance.Fork},
		{"a made-up beginning", b.log, governance.Head{Length: 2, Hash: governance.Hash{1}}, governance.Fork},
	} {
		if got := c.log.Compare(c.head); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestAFlippedBitAnywhereIsRefused edits every byte of every statement of a log.
func TestAFlippedBitAnywhereIsRefused(t *testing.T) {
	b := newBubble(t)
	b.append(b.admission(b.invite("invitation", 1), "alice")...)
	for i, st := range b.all {
		step := 1 + len(st)/97 // signatures verify slowly: take a sample that meets every field
		for at := 0; at < len(st); at += step {
			log := governance.NewLog(b.log.State().Root())
			if err := log.Resume(b.all[:i]...); err != nil {
				t.Fatal(err)
			}
			edited := slices.Clone(st)
			edited[at] ^= 1 << (at % 8)
			if err := log.Append(edited); err == nil && log.Compare(b.log.Head()) == governance.Consistent {
				t.Errorf("statement %d with byte %d flipped is taken", i, at)
			} else if err == nil {
				t.Errorf("statement %d with byte %d flipped verifies", i, at)
			}
		}
	}
}

func TestExpiredIsAboutTheEnd(t *testing.T) {
	inv := governance.Invitation{Expires: uint64(now().Unix())}
	if inv.Expired(now().Add(-time.Second)) || !inv.Expired(now()) || inv.Expired(time.Unix(-5, 0)) {
		t.Error("an invitation ends at the second that it names")
	}
}

// TestTakeChangesNothingUnlessStored: what a relay could not store never was.
func TestTakeChangesNothingUnlessStored(t *testing.T) {
	b := newBubble(t)
	before, full := b.log.Head(), errors.New("disk full")
	st := b.make(b.invitation(), b.root, nil, nil)
	if err := b.log.Take(now(), func() error { return full }, st); !errors.Is(err, full) || b.log.Head() != before {
		t.Fatalf("got %v, head %v", err, b.log.Head())
	}
	stored := func() error {
		if b.log.Head() != before {
			t.Error("the log changed before it was stored")
		}
		return nil
	}
	if err := b.log.Take(now(), stored, st); err != nil || b.log.Head() == before {
		t.Errorf("got %v, head %v", err, b.log.Head())
	}
	refused := func() error { t.Error("a refused statement is stored"); return nil }
	if err := b.log.Take(now(), refused, st); !errors.Is(err, governance.ErrStale) {
		t.Errorf("a replay: %v", err)
	}
}
