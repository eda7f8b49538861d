package stack_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/over"
	"bulle/protocol/secret"
)

// flaky breaks at random: a frame is lost with everything behind it, or it arrives
// and its sender never learns.
type flaky struct {
	link.Conn
	mu     *sync.Mutex
	random *rand.Rand
}

func (f *flaky) breaks() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(25) == 0
}

func (f *flaky) Read(ctx context.Context) ([]byte, error) {
	frame, err := f.Conn.Read(ctx)
	if err == nil && f.breaks() {
		return nil, errors.Join(over.ErrClosed, f.Close())
	}
	return frame, err
}

func (f *flaky) Write(ctx context.Context, frame []byte) error {
	lost, broken := f.breaks(), f.breaks()
	if !lost {
		if err := f.Conn.Write(ctx, frame); err != nil {
			return err
		}
	}
	if lost || broken {
		return errors.Join(over.ErrClosed, f.Close())
	}
	return nil
}

// TestItemsOverANetworkThatBreaks: what was acknowledged arrives, in order, and
// what arrives twice is the same parcel.
func TestItemsOverANetworkThatBreaks(t *testing.T) {
	t.Parallel()
	r := serve(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random, mu := rand.New(rand.NewPCG(seed, 0)), new(sync.Mutex)
	bad := r.Config
	bad.Timing.RetryMin, bad.Timing.RetryMax = time.Millisecond, 10*time.Millisecond
	bad.Dial = func(ctx context.Context, path string) (link.Conn, error) {
		c, err := r.Dial(ctx, path)
		if err != nil {
			return nil, err
		}
		return &flaky{c, mu, random}, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	alice, bruno := connect(t, bad), connect(t, bad)
	ch, err := delivery.NewChannel(secret.Random(delivery.ChannelSecretSize), nil)
	check(t, err)
	const items = 300
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		again := func(what func() error) {
			for err := what(); err != nil; err = what() {
				if !errors.Is(err, link.ErrOffline) || ctx.Err() != nil {
					t.Errorf("send: %v", err)
					return
				}
				if alice.WaitOnline(ctx) != nil {
					return
				}
			}
		}
		again(func() error { return alice.Create(ctx, ch.Link(link.Day)) })
		for n := range uint64(items) {
			p, err := ch.Pack(append(binary.BigEndian.AppendUint64(nil, n), make([]byte, n*40)...), link.Day)
			if err != nil {
				t.Error(err)
				return
			}
			again(func() error { _, err := p.Send(ctx, alice); return err })
		}
	})
	a := ch.Assembler()
	seen := []uint64{}
	for len(seen) < items {
		check(t, bruno.WaitOnline(ctx))
		sub, err := bruno.Subscribe(ctx, ch.ID(), ch.Read(), a.Resume())
		for err == nil && len(seen) < items {
			var batch link.Batch
			if batch, err = sub.Next(ctx); err == nil {
				seen = read(t, a, batch, seen)
			}
		}
		if err != nil && !errors.Is(err, link.ErrOffline) && !errors.Is(err, link.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if c := a.Counts(); c.Garbage != 0 || c.Broken != 0 {
		t.Errorf("%+v", c)
	}
	t.Logf("%d items, %d of them twice", items, a.Counts().Items-items)
}

// read adds a batch to what was seen: each number once, in order.
func read(t *testing.T, a *delivery.Assembler, batch link.Batch, seen []uint64) []uint64 {
	t.Helper()
	for i, cell := range batch.Cells {
		item, err := a.Add(batch.First+uint64(i), cell)
		check(t, err)
		if item == nil {
			continue
		}
		data, _ := item.Inline()
		n := binary.BigEndian.Uint64(data)
		switch {
		case slices.Contains(seen, n): // the acknowledgement was lost
		case n != uint64(len(seen)):
			t.Fatalf("item %d after %d others", n, len(seen))
		default:
			seen = append(seen, n)
		}
	}
	return seen
}
