package vault

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkIndex reads two bytes as an insertion, or in every fourth case a removal, of
// a name.
func checkIndex(t *testing.T, ops []byte) {
	t.Helper()
	var x index
	var want []string
	for ; len(ops) >= 2; ops = ops[2:] {
		name := fmt.Sprintf("%c%d", ops[0], ops[1]/4)
		i, there := slices.BinarySearch(want, name)
		if x.has([]byte(name)) != there {
			t.Fatalf("has %q is %v", name, !there)
		}
		if ops[1]%4 == 0 {
			if x.remove([]byte(name)) != there {
				t.Fatalf("remove %q is %v", name, !there)
			}
			if there {
				want = slices.Delete(want, i, i+1)
			}
			continue
		}
		if x.insert([]byte(name)) == there {
			t.Fatalf("insert %q is %v", name, there)
		}
		if !there {
			want = slices.Insert(want, i, name)
		}
	}
	if x.count != len(want) {
		t.Fatalf("%d names, want %d", x.count, len(want))
	}
	walk := func(limit []byte, reverse bool) (got []string) {
		for c := x.seek(limit, reverse); c.name() != nil; c.next() {
			got = append(got, string(c.name()))
		}
		return got
	}
	backwards := func(s []string) []string { s = slices.Clone(s); slices.Reverse(s); return s }
	if !slices.Equal(walk(nil, false), want) || !slices.Equal(walk(nil, true), backwards(want)) {
		t.Fatal("walks another way")
	}
	for _, limit := range append(slices.Clone(want), "a5", "zz", "\x00") {
		i, _ := slices.BinarySearch(want, limit)
		if !slices.Equal(walk([]byte(limit), false), want[i:]) || !slices.Equal(walk([]byte(limit), true), backwards(want[:i])) {
			t.Fatalf("walks another way from %q", limit)
		}
	}
}

func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	ops := make([]byte, 4000)
	for i := range ops {
		ops[i] = byte(random.IntN(256))
	}
	checkIndex(t, ops)
	checkIndex(t, nil)
}

func TestIndexWipesNames(t *testing.T) {
	var x index
	var arenas [][]byte
	for i := range 1000 {
		x.insert(fmt.Appendf(nil, "planted %d", i))
	}
	for _, b := range x.blocks {
		arenas = append(arenas, b.data)
	}
	x.wipe()
	for _, a := range arenas {
		if bytes.Contains(a[:cap(a)], []byte("planted")) {
			t.Fatal("a name is left")
		}
	}
}
