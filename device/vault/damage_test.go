package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/memory"
)

// reseal puts a header's checksum right after a change, as a forger would.
func reseal(content []byte) []byte {
	body := content[:len(content)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

func setSlots(t *testing.T, b vault.Backend, content []byte) {
	t.Helper()
	for i := range vault.NumSlots {
		if err := b.SetSlot(t.Context(), i, content); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeaderFlippedOrCut(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	put(t, v, "chat", "a", "kept")
	v.Lock()
	slots, err := b.Slots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := slots[0]
	try := func(content []byte, want ...error) {
		t.Helper()
		c := memory.Copy(b)
		setSlots(t, c, content)
		_, err := vault.Open(t.Context(), c, pass(phrase), quick)
		for _, w := range want {
			if errors.Is(err, w) {
				return
			}
		}
		t.Errorf("got %v, want one of %v", err, want)
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		try(flipped, vault.ErrDamaged)
		if i > 0 {
			try(whole[:i], vault.ErrDamaged)
		}
		if i < len(whole)-sha256.Size { // with a checksum that fits, the seal still refuses
			try(reseal(flipped), vault.ErrDamaged, vault.ErrPassphrase, vault.ErrNewer, vault.ErrDowngrade, vault.ErrTooLarge)
		}
	}
	try(append(bytes.Clone(whole), 0), vault.ErrDamaged)
	newer := bytes.Clone(whole)
	binary.BigEndian.PutUint16(newer[8:], 2)
	try(reseal(newer), vault.ErrNewer)
	weak := bytes.Replace(whole, binary.BigEndian.AppendUint32(nil, vault.MinIterations), binary.BigEndian.AppendUint32(nil, vault.MinIterations-1), 1)
	try(reseal(weak), vault.ErrDowngrade)
	try(whole, nil)

	// One damaged slot is no harm: the other one mends it.
	if err := b.SetSlot(t.Context(), 0, whole[:40]); err != nil {
		t.Fatal(err)
	}
	v = open(t, b)
	wantValue(t, v, "chat", "a", "kept")
	v.Lock()
	if slots, err = b.Slots(t.Context()); err != nil || !bytes.Equal(slots[0], slots[1]) {
		t.Errorf("the slots differ: %v", err)
	}
}

// TestEntriesFlippedGoneOrMoved damages one entry after the other: what cannot be
// read is said, the rest is read, and nothing is ever read wrong.
func TestEntriesFlippedGoneOrMoved(t *testing.T) {
	b := memory.New()
	v := create(t, b)
	put(t, v, "chat", "a", "one", "b", "two", "c", "three")
	v.Lock()
	var all []vault.Entry
	err := b.Load(t.Context(), func(k vault.Key, label []byte) error {
		all = append(all, vault.Entry{Key: k, Label: bytes.Clone(label)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		values, err := b.Get(t.Context(), []vault.Key{all[i].Key})
		if err != nil {
			t.Fatal(err)
		}
		all[i].Value = values[0]
	}
	try := func(what string, batch *vault.Batch) {
		t.Helper()
		c := memory.Copy(b)
		if err := c.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		readDamaged(t, what, c)
	}
	for i, e := range all {
		for at := i % 3; at < len(e.Value); at += 3 {
			bad := e
			bad.Value = bytes.Clone(e.Value)
			bad.Value[at] ^= 1 << (at % 8)
			try("flipped value", &vault.Batch{Puts: []vault.Entry{bad}})
		}
		for at := i % 3; at < len(e.Label); at += 3 {
			bad := e
			bad.Label = bytes.Clone(e.Label)
			bad.Label[at] ^= 1
			try("flipped label", &vault.Batch{Puts: []vault.Entry{bad}})
		}
		// A change of the epoch, before the block, makes an entry one of another
		// root, and so one to delete: as taking it away, only the backend can see it.
		for at := 4; at < len(e.Key); at++ {
			bad := e
			bad.Key[at] ^= 1
			try("flipped key", &vault.Batch{Puts: []vault.Entry{bad}, Deletes: []vault.Key{e.Key}})
		}
		moved := e
		moved.Value = all[(i+1)%len(all)].Value
		try("moved value", &vault.Batch{Puts: []vault.Entry{moved}})
		moved.Label = all[(i+1)%len(all)].Label
		try("moved entry", &vault.Batch{Puts: []vault.Entry{moved}})
		short := e
		short.Value = e.Value[:len(e.Value)-1]
		try("cut value", &vault.Batch{Puts: []vault.Entry{short}})
	}
}

func readDamaged(t *testing.T, what string, b vault.Backend) {
	t.Helper()
	v, err := vault.Open(t.Context(), b, pass(phrase), quick)
	if err != nil {
		wantError(t, err, vault.ErrDamaged)
		return
	}
	defer v.Lock()
	damaged := 0
	for name, want := range map[string]string{"a": "one", "b": "two", "c": "three"} {
		got, err := v.Get(t.Context(), "chat", name)
		switch {
		case errors.Is(err, vault.ErrDamaged):
			damaged++
		case err != nil || string(got) != want:
			t.Fatalf("%s: %s is %q, %v", what, name, got, err)
		}
	}
	if damaged == 0 {
		t.Fatalf("%s: nothing is said", what)
	}
}

// TestNoKeyTwice seals many records and checks that no salt, and so no (key,
// nonce), is ever used again, and that no key of the index or nonce of a label is
// shared by two names.
func TestNoKeyTwice(t *testing.T) {
	const n = 20_000
	b := &saltWatch{Backend: memory.New(), seen: make(map[[32]byte]bool, n), labels: make(map[vault.Key]string, n)}
	v := create(t, b)
	const perTx = 1000
	for i := 0; i < n; i += perTx {
		update(t, v, func(tx *vault.Tx) error {
			for j := range perTx {
				// A third of the names come again.
				if err := tx.Put("chat", fmt.Sprint((i+j)*2/3), []byte("the same value")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.seen) < n {
		t.Errorf("saw %d salts of %d", len(b.seen), n)
	}
	if b.again > 0 {
		t.Errorf("%d salts came twice, or labels changed under the same key", b.again)
	}
}

// saltWatch counts what comes twice. A record's salt makes its key, which seals
// once; a label's nonce lies in its entry's key.
type saltWatch struct {
	*memory.Backend

	seen   map[[32]byte]bool
	labels map[vault.Key]string
	again  int
}

func (s *saltWatch) Apply(ctx context.Context, b *vault.Batch) error {
	for _, e := range b.Puts {
		if len(e.Value) < 33 {
			continue
		}
		salt := [32]byte(e.Value[1:33])
		if old, ok := s.labels[e.Key]; s.seen[salt] || ok && old != string(e.Label) {
			s.again++
		}
		s.seen[salt], s.labels[e.Key] = true, string(e.Label)
	}
	return s.Backend.Apply(ctx, b)
}
