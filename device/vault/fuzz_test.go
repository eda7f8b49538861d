package vault

import (
	"bytes"
	"errors"
	"testing"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// The decoders of the format, with inputs that nobody wrote.

func FuzzHeader(f *testing.F) {
	k := &stretching{KDF: PBKDF2(MinIterations)}
	part, err := k.factor()
	if err != nil {
		f.Fatal(err)
	}
	h := header{generation: 1, epoch: 1, table: 1, threshold: 1, factors: []factor{part}, sealed: make([]byte, 80)}
	seed, err := h.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b)
		if err != nil {
			for _, want := range []error{ErrDamaged, ErrNewer, ErrDowngrade, ErrTooLarge} {
				if errors.Is(err, want) {
					return
				}
			}
			t.Fatalf("another error: %v", err)
		}
		if again, err := h.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
	})
}

// FuzzHeaderBody goes past the checksum.
func FuzzHeaderBody(f *testing.F) {
	f.Add([]byte("bulle vt\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := new(header)
		if syntax.Unmarshal(b, h) != nil {
			return
		}
		if again, err := syntax.Marshal(h); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
		if h.check() == nil && (len(h.factors) != 1 || h.factors[0].kind == 0) {
			t.Fatalf("accepted %+v", h)
		}
	})
}

func FuzzStretching(f *testing.F) {
	f.Add(uint8(1), make([]byte, 36))
	f.Add(uint8(2), make([]byte, 41))
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		k, err := decodeKDF(factor{kind: factorKind(kind), params: b})
		if err != nil {
			return
		}
		if again, err := k.factor(); err != nil || !bytes.Equal(again.params, b) {
			t.Fatalf("%x encodes as %x, %v", b, again.params, err)
		}
	})
}

func FuzzSegmentEntry(f *testing.F) {
	f.Add(append([]byte("\x04chat"), make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e segmentEntry
		if syntax.Unmarshal(b, &e) != nil {
			return
		}
		if again, err := syntax.Marshal(&e); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x, %v", b, again, err)
		}
	})
}

// FuzzRecord opens records that were not sealed, and seals what the fuzzer finds.
func FuzzRecord(f *testing.F) {
	key := secret.New(make([]byte, 32))
	at := recordContext{segment: []byte("chat"), name: []byte("a")}
	f.Add([]byte("value"))
	f.Add(make([]byte, 63))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := openRecord(key, at, bytes.Clone(b)); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%x opens: %v", b, err)
		}
		sealed, err := sealRecord(bytes.NewReader(make([]byte, saltSize)), key, at, b)
		if err != nil || len(sealed)%padTo != recordOverhead {
			t.Fatalf("sealed to %d bytes, %v", len(sealed), err)
		}
		other := recordContext{segment: []byte("cha"), name: []byte("ta")}
		if _, err := openRecord(key, other, bytes.Clone(sealed)); !errors.Is(err, ErrDamaged) {
			t.Fatalf("opens under another name: %v", err)
		}
		if got, err := openRecord(key, at, sealed); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%x opens as %x, %v", b, got, err)
		}
	})
}

// TestPaddingHasOneForm seals padding by hand, as no version of ours does.
func TestPaddingHasOneForm(t *testing.T) {
	key := secret.New(make([]byte, 32))
	at := recordContext{segment: []byte("chat"), name: []byte("a")}
	for _, tail := range []string{
		string(make([]byte, 64)),                          // no end
		"\x80" + string(make([]byte, 64)),                 // too much
		"\x01" + string(make([]byte, 63)), "\x80\x80\x01", // another end
	} {
		plain := append(make([]byte, (64-len(tail)%64)%64), tail...)
		record := append([]byte{recordVersion}, make([]byte, saltSize)...)
		recordKey := secret.DeriveSHA256(secret.VaultRecord, key, record[1:], nil, 32)
		record = append(record, sealOnce(recordKey, plain, at.bound())...)
		if got, err := openRecord(key, at, record); !errors.Is(err, ErrDamaged) {
			t.Errorf("padding %x is read as %x, %v", tail, got, err)
		}
	}
}

// FuzzIndex compares the index with a sorted list, whatever is done to it.
func FuzzIndex(f *testing.F) {
	f.Add([]byte("abcabcaBCxyz"))
	f.Add(bytes.Repeat([]byte("qwertyuiopasdfghjkl"), 40))
	f.Fuzz(func(t *testing.T, b []byte) { checkIndex(t, b) })
}
