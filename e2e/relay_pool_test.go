package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"bulle/e2e/harness"
	"bulle/protocol/wire"
)

// TestKilledRelayGivesItemsOnce takes items out of a pool from several circuits
// while the relay is killed: nobody gets an item that somebody else got, before
// the crash or after it.
func TestKilledRelayGivesItemsOnce(t *testing.T) {
	t.Parallel()
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	r := harness.NewRelay(t)
	f := found(t, r)
	var mu sync.Mutex
	taken := map[string]int{}
	for round := range rounds {
		owner := f.open(t)
		fillPool(t, owner, round)
		var taking sync.WaitGroup
		half := make(chan struct{})
		var once sync.Once
		for range 4 {
			c := f.open(t)
			taking.Go(func() {
				defer c.close()
				takeAll(t, c, func(item string) {
					mu.Lock()
					defer mu.Unlock()
					if taken[item]++; len(taken)%wire.MaxPoolItems > wire.MaxPoolItems/4 {
						once.Do(func() { close(half) })
					}
				})
			})
		}
		select {
		case <-half:
		case <-time.After(harness.Patience):
			t.Fatal("nothing is taken")
		}
		r.Kill()
		taking.Wait()
		owner.close()
		r.Start(t)
		last := f.open(t)
		takeAll(t, last, func(item string) { taken[item]++ })
		last.close()
	}
	for item, n := range taken {
		if n != 1 {
			t.Errorf("%s was taken %d times", item, n)
		}
	}
	// What was on its way to a client when the relay died, nobody has; that is
	// never more than each circuit had asked for.
	if lost := rounds*wire.MaxPoolItems - len(taken); lost > rounds*4 {
		t.Errorf("%d items of %d are lost", lost, rounds*wire.MaxPoolItems)
	}
}

func fillPool(t *testing.T, c *rawCircuit, round int) {
	t.Helper()
	bodies := []wire.Body{&wire.CreatePool{Pool: wire.ID{1}, Put: wire.Cap{1}.Hash(), Take: wire.Cap{2}.Hash(), Class: wire.Day}}
	for i := range wire.MaxPoolItems {
		bodies = append(bodies, &wire.Put{Pool: wire.ID{1}, Cap: wire.Cap{1}, Item: fmt.Appendf(nil, "item %d of round %d", i, round)})
	}
	for _, body := range bodies {
		if _, err := c.ask(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
}

// takeAll takes one item after the other until the pool or the relay is gone.
func takeAll(t *testing.T, c *rawCircuit, got func(string)) {
	t.Helper()
	for {
		reply, err := c.ask(context.Background(), &wire.Take{Pool: wire.ID{1}, Cap: wire.Cap{2}})
		if err != nil {
			return
		}
		got(string(reply.(*wire.Item).Item))
	}
}
