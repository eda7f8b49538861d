package file

import (
	"bytes"
	"errors"
	"testing"

	"bulle/device/vault"
	"bulle/protocol/syntax"
)

func FuzzFrame(f *testing.F) {
	frame, _, err := encodeFrame(nil, 7, &vault.Batch{
		Puts:    []vault.Entry{{Key: vault.Key{1}, Label: []byte("label"), Value: []byte("value")}, {Key: vault.Key{2}}},
		Deletes: []vault.Key{{3}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame)
	f.Add(frame[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := decodeHead(b)
		if !ok || h.size() > int64(len(b)) {
			return
		}
		end := frameHeadSize + int(h.changes) + 4
		list, err := decodeChanges(h, b[:end])
		if err != nil {
			if !errors.Is(err, vault.ErrDamaged) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if len(labelOffsets(list, 0)) != len(list) {
			t.Fatal("changes without a place")
		}
		for i, at := range labelOffsets(list, 0) {
			if got := b[at : int(at)+len(list[i].label)]; !bytes.Equal(got, list[i].label) {
				t.Fatalf("label %d is %q, and at its place there is %q", i, list[i].label, got)
			}
		}
	})
}

func FuzzChanges(f *testing.F) {
	f.Add([]byte("\x15\x02" + "kkkkkkkkkkkkkkkkkkkk"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var list changes
		if syntax.Unmarshal(b, &list) != nil {
			return
		}
		if again, err := syntax.Marshal(&list); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
		size := 0
		for _, e := range list {
			size += e.encoded()
		}
		if headerOf(size)+size != len(b) {
			t.Fatalf("%d bytes are counted as %d", len(b), headerOf(size)+size)
		}
	})
}

func FuzzLogHeader(f *testing.F) {
	raw, err := (&logHeader{number: 1, first: 1}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeLogHeader(b)
		if err != nil {
			return
		}
		if again, err := h.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
	})
}
