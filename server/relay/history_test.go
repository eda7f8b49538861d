package relay_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/pebble"
)

// A call is one operation of a history: what was asked of which channel.
type call struct {
	channel byte
	op      string // append, seal, truncate, look
	cells   uint64
	upTo    uint64
}

// An answer is what the relay said: a code, or the numbers of the reply.
type answer struct {
	code        wire.Code
	first, next uint64
	sealed      bool
}

// channelModel is a channel as one would write it on a page: the relay must
// behave as if all operations of a history had happened on it one after another.
func channelModel() porcupine.Model {
	type state struct {
		first, next uint64
		sealed      bool
	}
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := map[byte][]porcupine.Operation{}
			for _, op := range history {
				n := op.Input.(call).channel
				parts[n] = append(parts[n], op)
			}
			var all [][]porcupine.Operation
			for _, part := range parts {
				all = append(all, part)
			}
			return all
		},
		Init: func() any { return state{} },
		Step: func(s, input, output any) (bool, any) {
			was, in, out := s.(state), input.(call), output.(answer)
			switch in.op {
			case "append", "seal":
				if was.sealed {
					return out.code == wire.Sealed && out.next == was.next, was
				}
				ok := out.code == 0 && out.first == was.next
				return ok, state{was.first, was.next + in.cells, in.op == "seal"}
			case "truncate":
				if in.upTo > was.next {
					return out.code == wire.Ahead && out.next == was.next, was
				}
				return out.code == 0, state{max(was.first, in.upTo), was.next, was.sealed}
			default: // look: subscribe from 0
				if was.first > 0 {
					return out.code == wire.Truncated && out.first == was.first, was
				}
				return out.code == 0 && out == answer{first: was.first, next: was.next, sealed: was.sealed}, was
			}
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

const (
	historyClients  = 6
	historyChannels = 4
	historyLength   = 60 // operations of a client
)

// TestHistoryIsLinearizable has clients append, seal, truncate and look at the
// same channels at the same time, while others follow them, and checks that there
// is an order in which all answers are right, and that followers saw that order.
func TestHistoryIsLinearizable(t *testing.T) {
	for name, config := range map[string]func(*testing.T) relay.Config{
		"memory": func(*testing.T) relay.Config { return relay.Config{} },
		"memory, nothing kept for followers": func(*testing.T) relay.Config {
			return relay.Config{Recent: 1}
		},
		"pebble": func(t *testing.T) relay.Config {
			t.Helper()
			store, err := pebble.Open(pebble.Config{Dir: t.TempDir(), Memory: 8 << 20, Ballast: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
			return relay.Config{Store: store}
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkHistory(t, newEngine(t, config(t)))
		})
	}
}

func checkHistory(t *testing.T, e *relay.Engine) {
	t.Helper()
	setup := open(t, e, 1)
	var followers sync.WaitGroup
	for n := range byte(historyChannels) {
		setup.done(channel(n))
		follower := open(t, e, 1)
		subscription := follower.follow(n, 0, 7)
		followers.Go(func() { follower.followToEnd(n, subscription) })
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	var working sync.WaitGroup
	start := time.Now()
	for id := range historyClients {
		c := open(t, e, 1)
		random := rand.New(rand.NewPCG(1, uint64(id)))
		working.Go(func() {
			for i := range historyLength {
				in := choose(random, i)
				began := time.Since(start)
				out := c.carryOut(in)
				op := porcupine.Operation{
					ClientId: id, Input: in, Output: out, Call: int64(began), Return: int64(time.Since(start)),
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	working.Wait()
	for n := range byte(historyChannels) {
		setup.ask(sealing(content(n, 1))) // whoever was first: now all are sealed
	}
	followers.Wait()
	result := porcupine.CheckOperationsTimeout(channelModel(), history, 20*time.Second)
	if result != porcupine.Ok {
		t.Errorf("the history of %d operations: %v", len(history), result)
	}
}

func choose(random *rand.Rand, i int) call {
	in := call{channel: byte(random.IntN(historyChannels)), cells: 1 + random.Uint64N(wire.MaxCells)}
	switch n := random.IntN(100); {
	case n < 55:
		in.op = "append"
	case n < 57 && i > historyLength/2:
		in.op = "seal"
	case n < 70:
		in.op, in.upTo = "truncate", random.Uint64N(uint64(8*i+2))
	default:
		in.op = "look"
	}
	return in
}

// content is an APPEND of cells that say their channel only: their numbers are
// known when the relay has chosen them.
func content(channel byte, n uint64) *wire.AppendCells {
	a := cells(channel, 0, 0)
	a.Cells = bytes.Repeat([]byte{channel}, int(n)*wire.CellSize)
	return a
}

func (c *client) carryOut(in call) answer {
	c.Helper()
	var reply wire.Body
	switch in.op {
	case "append":
		reply = c.ask(content(in.channel, in.cells))
	case "seal":
		reply = c.ask(sealing(content(in.channel, in.cells)))
	case "truncate":
		reply = c.ask(truncate(in.channel, in.upTo))
	default:
		reply = c.ask(subscribe(in.channel, 0, 0))
		c.ask(&wire.Unsubscribe{Subscription: c.request})
	}
	switch r := reply.(type) {
	case *wire.Appended:
		return answer{first: r.First}
	case *wire.Subscribed:
		return answer{first: r.First, next: r.Next, sealed: r.Sealed}
	case *wire.Refusal:
		return answer{code: r.Reason, first: r.Seq, next: r.Seq}
	}
	return answer{}
}

// followToEnd reads a channel until it is sealed: cells of that channel only, each
// number once, in rising order.
func (c *client) followToEnd(channel byte, subscription uint32) {
	at := uint64(0)
	for {
		switch b := c.next().Body.(type) {
		case *wire.CellsEvent:
			if b.First < at {
				c.Errorf("channel %d: cells from %d after those up to %d", channel, b.First, at)
			}
			if !bytes.Equal(b.Cells, bytes.Repeat([]byte{channel}, len(b.Cells))) {
				c.Errorf("channel %d: foreign cells", channel)
			}
			at = b.First + uint64(b.Cells.Count())
			c.credit(subscription, uint32(b.Cells.Count()))
		case *wire.End:
			if b.Next < at {
				c.Errorf("channel %d ends at %d after cells up to %d", channel, b.Next, at)
			}
			return
		default:
			c.Errorf("channel %d: got %+v", channel, b)
			return
		}
	}
}
