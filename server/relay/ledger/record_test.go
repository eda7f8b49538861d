package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"bulle/protocol/syntax"
	"bulle/protocol/wire"
	"bulle/server/relay"
)

// samples has one record of each table, with every field set.
func samples() map[string]syntax.Value {
	three := uint64(3)
	return map[string]syntax.Value{
		"channel": &channelRecord{
			Category: relay.Category{1}, Class: wire.Week, Read: wire.CapHash{2}, Write: wire.CapHash{3}, Control: wire.CapHash{4},
			First: 5, Next: 6, Sealed: true, Touched: 20513, Segments: []segment{{Bucket: 20512, First: 5}},
		},
		"pool": &poolRecord{
			Category: relay.Category{1}, Class: wire.Month, Put: wire.CapHash{2}, Take: wire.CapHash{3},
			Next: 4, Numbers: []uint64{1, 2}, LastResort: &three, Seen: []digest{{5}}, Bytes: 600, Touched: 20513,
		},
		"blob": &blobRecord{
			Category: relay.Category{1}, Class: wire.Day, Bucket: 492312, Read: wire.CapHash{2}, Delete: wire.CapHash{3}, Size: 262192,
		},
		"usage": &usageRecord{Bytes: 1 << 33},
		"meta":  &metaRecord{Hour: 492312},
	}
}

// TestRecordsOfVersion1 reads what version 1 has written, for ever.
func TestRecordsOfVersion1(t *testing.T) {
	golden, err := os.ReadFile("testdata/records-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range []string{"channel", "pool", "blob", "usage", "meta"} {
		r := samples()[name]
		b := encode(r)
		fmt.Fprintf(&got, "%s: %x\n", name, b)
		back := reflect.New(reflect.TypeOf(r).Elem()).Interface().(syntax.Value)
		if err := syntax.Unmarshal(b, back); err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("the record of a %s comes back as %+v, %v", name, back, err)
		}
		for n := range b {
			if err := syntax.Unmarshal(b[:n], back); !errors.Is(err, syntax.ErrMalformed) {
				t.Errorf("the first %d bytes of a %s: got %v", n, name, err)
			}
		}
		b[0] = recordVersion + 1
		if err := syntax.Unmarshal(b, back); !errors.Is(err, syntax.ErrMalformed) {
			t.Errorf("a %s of a newer version: got %v", name, err)
		}
	}
	if got.String() != string(golden) {
		t.Errorf("testdata/records-1.txt should read:\n%s", got.String())
	}
}

func FuzzRecords(f *testing.F) {
	for _, r := range samples() {
		f.Add(encode(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range []syntax.Value{&channelRecord{}, &poolRecord{}, &blobRecord{}, &usageRecord{}, &metaRecord{}} {
			if syntax.Unmarshal(b, r) == nil && !bytes.Equal(encode(r), b) {
				t.Fatalf("%x decodes to %+v, but encodes as %x", b, r, encode(r))
			}
		}
	})
}

func TestUsageKeysComeBack(t *testing.T) {
	key := usageKey{table: tableBlobs, class: wire.Month, bucket: 20513, category: relay.Category{7}}
	if got, ok := parseUsageKey(key.bytes()); !ok || got != key {
		t.Errorf("got %+v", got)
	}
	if _, ok := parseUsageKey(key.bytes()[1:]); ok {
		t.Error("a short key is read")
	}
}

func TestBuckets(t *testing.T) {
	for class, want := range map[wire.Class]struct{ life, most uint32 }{
		wire.Hour: {1, 2}, wire.Day: {24, 25}, wire.Week: {7 * 24, 8 * 24}, wire.Month: {30 * 24, 31 * 24},
	} {
		for came := hour(1000); came < 1060; came++ {
			b := bucketAt(class, came)
			if b.expired(class, came+hour(want.life)-1) {
				t.Errorf("class %d: what came at hour %d expires early", class, came)
			}
			if !b.expired(class, came+hour(want.most)) {
				t.Errorf("class %d: what came at hour %d stays longer than %d hours", class, came, want.most)
			}
		}
	}
}
