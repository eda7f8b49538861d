package delivery

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// update writes new golden files where there are none. What is there is for ever.
var update = flag.Bool("update", false, "write golden files that are missing")

// golden returns a file of testdata.
func golden(t *testing.T, name string, fresh func() []byte) []byte {
	t.Helper()
	path := "testdata/" + name
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) && *update {
		b = fresh()
		err = os.WriteFile(path, b, 0o644) // #nosec G306 -- public
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func counting(n int) *secret.Bytes {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return secret.New(b)
}

func goldenItem(n int) []byte { return []byte(strings.Repeat("item ", n)) }

func encode(t *testing.T, v syntax.Value, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := syntax.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t *testing.T, b []byte, v syntax.Value) {
	t.Helper()
	if err := syntax.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
	again, err := syntax.Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		t.Fatalf("encoded again otherwise, %v", err)
	}
}

func goldenChannel(t *testing.T) *Channel {
	t.Helper()
	c, err := NewChannel(counting(ChannelSecretSize), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func goldenInbox(t *testing.T) *Inbox {
	t.Helper()
	i, err := NewInbox(counting(InboxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestGoldenDerivations(t *testing.T) {
	c, i := goldenChannel(t), goldenInbox(t)
	p, err := NewPool(counting(InboxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewChannel(counting(ChannelSecretSize), []byte("relay"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	line := func(name string, b []byte) { fmt.Fprintf(&got, "%s %s\n", name, hex.EncodeToString(b)) }
	for _, ch := range []struct {
		name string
		caps caps
	}{{"channel", c.caps}, {"second", second.caps}, {"inbox", i.caps}} {
		line(ch.name+" id", ch.caps.id[:])
		line(ch.name+" read", ch.caps.read[:])
		line(ch.name+" write", ch.caps.write[:])
		line(ch.name+" control", ch.caps.control[:])
	}
	line("channel key", c.key.Reveal())
	line("second key", second.key.Reveal())
	line("pool id", p.pool.ID[:])
	line("pool put", p.pool.Put[:])
	line("pool take", p.pool.Take[:])
	line("inbox address", encode(t, i.Address(), nil))
	want := golden(t, "derived-1.txt", func() []byte { return []byte(got.String()) })
	if got.String() != string(want) {
		t.Errorf("derived:\n%s\nwant:\n%s", got.String(), want)
	}
}

// TestGoldenParcels opens parcels of every version there was, and seals the
// cells of the channel's a second time with their own salts.
func TestGoldenParcels(t *testing.T) {
	c, i := goldenChannel(t), goldenInbox(t)
	for _, g := range []struct {
		name  string
		item  []byte
		pack  func([]byte, link.Class) (*Parcel, error)
		items *Assembler
	}{
		{"channel-1.parcel", goldenItem(1000), c.Pack, c.Assembler()},
		{"inbox-1.parcel", goldenItem(1000), i.Address().Pack, i.Assembler()},
	} {
		var p Parcel
		decode(t, golden(t, g.name, func() []byte {
			p, err := g.pack(g.item, link.Day)
			return encode(t, p, err)
		}), &p)
		var item *Item
		for n, cell := range p.Cells {
			var err error
			if item, err = g.items.Add(uint64(n), cell); err != nil {
				t.Fatalf("%s: cell %d: %v", g.name, n, err)
			}
		}
		if item == nil || !bytes.Equal(item.data, g.item) {
			t.Errorf("%s opens to something else", g.name)
		}
	}
	var p Parcel
	decode(t, golden(t, "channel-1.parcel", nil), &p)
	for n, cell := range p.Cells {
		plain, ok := openCell(c.key, cell)
		if !ok || !bytes.Equal(sealWithSalt(c.key, bytes.Clone(cell[:saltSize]), plain), cell) {
			t.Errorf("cell %d is sealed otherwise", n)
		}
	}
}

// TestHeadersThatSplitDoesNotMake seals parts that a peer with the key could make
// up: each has exactly one form.
func TestHeadersThatSplitDoesNotMake(t *testing.T) {
	l := layout{first: partSize, other: partSize}
	for name, spoil := range map[string]func(part []byte){
		"form":            func(b []byte) { b[16] = 2 },
		"index":           func(b []byte) { b[17] = 1 },
		"count":           func(b []byte) { b[18] = 2 },
		"no count":        func(b []byte) { b[18] = 0 },
		"size":            func(b []byte) { b[19] = 0xff },
		"padding":         func(b []byte) { b[headerSize+4] = 1 },
		"end":             func(b []byte) { b[len(b)-1] = 1 },
		"not a reference": func(b []byte) { b[16] = byte(reference) },
	} {
		part := l.split(inline, []byte("text"))[0]
		spoil(part)
		c := goldenChannel(t)
		if item, err := c.Assembler().Add(0, c.seal(part)); item != nil || err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestKeyAndNonceNeverRepeat derives what a great many cells would be sealed with.
func TestKeyAndNonceNeverRepeat(t *testing.T) {
	key := counting(keySize)
	n := manyCells
	if secret.Erases() { // it takes ten times as long
		n = min(n, 100_000)
	}
	seen := make(map[uint64]bool, n)
	for range n {
		salt := secret.Random(saltSize)
		keys := secret.DeriveSHA256(secret.Cell, key, salt.Reveal(), nil, keySize+nonceSize).Reveal()
		var short uint64 // the first bytes: were two full values equal, so were these
		for _, b := range keys[:8] {
			short = short<<8 | uint64(b)
		}
		if seen[short] {
			t.Fatal("a key repeats")
		}
		seen[short] = true
	}
}
