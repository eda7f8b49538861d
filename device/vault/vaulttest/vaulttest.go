// Package vaulttest is the contract of vault backends, as a test. A new backend
// needs one test that calls [Backend].
package vaulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"bulle/device/vault"
)

// Backend checks every promise of [vault.Backend]. start is called once for each
// part of the contract and makes an empty storage; the function that it returns
// opens that storage, again after the backend of the call before was closed.
func Backend(t *testing.T, start func(testing.TB) (open func() vault.Backend)) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*contract)
	}{
		{"empty", (*contract).empty},
		{"entries", (*contract).entries},
		{"slots", (*contract).slots},
		{"copies", (*contract).copies},
		{"large", (*contract).large},
		{"cancelled", (*contract).cancelled},
		{"concurrent", (*contract).concurrent},
		{"model", (*contract).model},
		{"vault", (*contract).vault},
	} {
		t.Run(part.name, func(t *testing.T) {
			c := &contract{T: t, open: start(t)}
			c.b = c.open()
			part.run(c)
			c.check(c.b.Close())
		})
	}
}

type contract struct {
	*testing.T

	b    vault.Backend
	open func() vault.Backend
}

func (c *contract) check(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *contract) reopen() {
	c.Helper()
	c.check(c.b.Close())
	c.b = c.open()
}

func (c *contract) apply(b vault.Batch) {
	c.Helper()
	before := c.b.Commits()
	c.check(c.b.Apply(c.Context(), &b))
	if c.b.Commits() <= before {
		c.Errorf("commits went from %d to %d", before, c.b.Commits())
	}
}

// want compares all that the backend holds.
func (c *contract) want(entries ...vault.Entry) {
	c.Helper()
	wanted := make(map[vault.Key]vault.Entry)
	keys := []vault.Key{key(1 << 30)} // never there
	for _, e := range entries {
		wanted[e.Key] = e
		keys = append(keys, e.Key)
	}
	c.check(c.b.Load(c.Context(), func(k vault.Key, label []byte) error {
		e, ok := wanted[k]
		if !ok || !bytes.Equal(label, e.Label) {
			c.Errorf("loaded %x with label %q, want %q (there: %v)", k, label, e.Label, ok)
		}
		delete(wanted, k)
		return nil
	}))
	if len(wanted) != 0 {
		c.Errorf("%d entries were not loaded", len(wanted))
	}
	values, err := c.b.Get(c.Context(), keys)
	c.check(err)
	if len(values) != len(keys) || values[0] != nil {
		c.Fatalf("got %d values for %d keys, the first %q", len(values), len(keys), values[0])
	}
	for i, e := range entries {
		if got := values[i+1]; got == nil || !bytes.Equal(got, e.Value) {
			c.Errorf("value %d has %d bytes (nil: %v), want %d", i, len(got), got == nil, len(e.Value))
		}
	}
}

func key(i int) (k vault.Key) {
	copy(k[:], fmt.Sprintf("%020d", i))
	return k
}

func entry(i int, label, value string) vault.Entry {
	return vault.Entry{Key: key(i), Label: []byte(label), Value: []byte(value)}
}

func (c *contract) empty() {
	for range 2 {
		slots, err := c.b.Slots(c.Context())
		c.check(err)
		if slots[0] != nil || slots[1] != nil {
			c.Errorf("slots %q", slots)
		}
		c.want()
		c.reopen()
	}
}

func (c *contract) entries() {
	one, two, three := entry(1, "first", "value"), entry(2, "", ""), entry(3, "third", "other")
	c.apply(vault.Batch{Puts: []vault.Entry{one, two, three}})
	c.want(one, two, three)
	c.reopen()
	c.want(one, two, three)
	one = entry(1, "a longer label", "another value, longer than the first")
	c.apply(vault.Batch{Puts: []vault.Entry{one}, Deletes: []vault.Key{three.Key, key(99)}})
	c.want(one, two)
	c.reopen()
	c.want(one, two)
	c.apply(vault.Batch{Puts: []vault.Entry{three}, Deletes: []vault.Key{one.Key, two.Key}})
	c.want(three)
	commits := c.b.Commits()
	c.reopen()
	c.want(three)
	if c.b.Commits() < commits {
		c.Errorf("commits went from %d to %d", commits, c.b.Commits())
	}
}

func (c *contract) slots() {
	wants := func(want ...[]byte) {
		c.Helper()
		got, err := c.b.Slots(c.Context())
		c.check(err)
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				c.Errorf("slot %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
			}
		}
	}
	big := bytes.Repeat([]byte{7}, vault.MaxSlot)
	c.check(c.b.SetSlot(c.Context(), 1, big))
	wants(nil, big)
	c.reopen()
	c.check(c.b.SetSlot(c.Context(), 0, []byte("zero")))
	c.check(c.b.SetSlot(c.Context(), 1, []byte("one")))
	wants([]byte("zero"), []byte("one"))
	c.reopen()
	wants([]byte("zero"), []byte("one"))
	if err := c.b.SetSlot(c.Context(), 0, append(big, 7)); !errors.Is(err, vault.ErrTooLarge) {
		c.Errorf("a slot too large: %v", err)
	}
	wants([]byte("zero"), []byte("one"))
}

// copies checks that the backend keeps no slice of its caller's, and lends none of
// its own.
func (c *contract) copies() {
	e, want := entry(1, "label", "value"), entry(1, "label", "value")
	slot := []byte("slot")
	c.apply(vault.Batch{Puts: []vault.Entry{e}})
	c.check(c.b.SetSlot(c.Context(), 0, slot))
	clear(e.Label)
	clear(e.Value)
	clear(slot)
	values, err := c.b.Get(c.Context(), []vault.Key{e.Key})
	c.check(err)
	clear(values[0])
	slots, err := c.b.Slots(c.Context())
	c.check(err)
	clear(slots[0])
	c.want(want)
	if slots, err = c.b.Slots(c.Context()); err != nil || string(slots[0]) != "slot" {
		c.Errorf("slot is %q, %v", slots[0], err)
	}
}

func (c *contract) large() {
	big := entry(0, string(bytes.Repeat([]byte{1}, vault.MaxLabel)), string(bytes.Repeat([]byte{2}, vault.MaxValue+1024)))
	all := []vault.Entry{big}
	for i := 1; i < 20_000; i++ {
		all = append(all, entry(i, "label", fmt.Sprint(i)))
	}
	c.apply(vault.Batch{Puts: all})
	c.want(all...)
	c.reopen()
	c.want(all...)
}

func (c *contract) cancelled() {
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	if err := c.b.Apply(ctx, &vault.Batch{Puts: []vault.Entry{entry(1, "", "value")}}); !errors.Is(err, context.Canceled) {
		c.Errorf("applied after its context ended: %v", err)
	}
	c.want()
	stop := errors.New("stop")
	c.apply(vault.Batch{Puts: []vault.Entry{entry(1, "", "1"), entry(2, "", "2")}})
	calls := 0
	err := c.b.Load(c.Context(), func(vault.Key, []byte) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		c.Errorf("load called back %d times and returned %v", calls, err)
	}
}

// concurrent reads while batches are applied: each read sees one whole batch.
func (c *contract) concurrent() {
	put := func(v string) { c.apply(vault.Batch{Puts: []vault.Entry{entry(1, v, v), entry(2, v, v)}}) }
	put("start")
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				values, err := c.b.Get(c.Context(), []vault.Key{key(1), key(2)})
				if err != nil || !bytes.Equal(values[0], values[1]) {
					c.Errorf("read %q, %v", values, err)
					return
				}
			}
		})
	}
	for i := range 50 {
		put(fmt.Sprint(i))
	}
	close(done)
	wg.Wait()
}

// model compares a long random history with a map.
func (c *contract) model() {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // G404: the same history each time
	model := make(map[vault.Key]vault.Entry)
	for step := range 150 {
		var b vault.Batch
		used := make(map[vault.Key]bool)
		for range random.IntN(8) {
			e := entry(random.IntN(60), fmt.Sprint("label", step), string(bytes.Repeat([]byte{byte(step)}, random.IntN(3000))))
			if used[e.Key] {
				continue
			}
			used[e.Key] = true
			if random.IntN(3) == 0 {
				b.Deletes = append(b.Deletes, e.Key)
				delete(model, e.Key)
			} else {
				b.Puts = append(b.Puts, e)
				model[e.Key] = e
			}
		}
		c.apply(b)
		if step%30 == 29 {
			var all []vault.Entry
			for _, e := range model {
				all = append(all, e)
			}
			c.want(all...)
			c.reopen()
			c.want(all...)
		}
	}
}
