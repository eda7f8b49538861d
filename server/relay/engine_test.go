package relay_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"bulle/protocol/over"
	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCellsFromPastIntoLive(t *testing.T) {
	e := newEngine(t, relay.Config{})
	a, b := open(t, e, 1), open(t, e, 1)
	a.done(channel(1))
	a.append(1, 0, 3)
	sub := b.follow(1, 1, 100)
	b.expect(sub, 1, 1, 3)
	a.append(1, 3, 16)
	a.append(1, 19, 1)
	b.expect(sub, 1, 3, 20)
	a.ask(sealing(cells(1, 20, 2)))
	b.expect(sub, 1, 20, 22)
	if end, ok := b.next().Body.(*wire.End); !ok || end.Next != 22 {
		t.Errorf("after the seal: got %v", end)
	}
	if got, ok := a.ask(cells(1, 22, 1)).(*wire.Refusal); !ok || got.Reason != wire.Sealed || got.Seq != 22 {
		t.Errorf("append to a sealed channel: got %v", got)
	}
	if got, ok := b.ask(subscribe(1, 22, 0)).(*wire.Subscribed); !ok || !got.Sealed || got.Next != 22 {
		t.Errorf("subscribe to a sealed channel: got %+v", got)
	}
	if end, ok := b.next().Body.(*wire.End); !ok || end.Next != 22 {
		t.Errorf("a sealed channel read to its end: got %v", end)
	}
}

func TestCreditBoundsWhatIsSent(t *testing.T) {
	e := newEngine(t, relay.Config{})
	a, b := open(t, e, 1), open(t, e, 1)
	a.done(channel(1))
	for seq := uint64(0); seq < 64; seq += 16 {
		a.append(1, seq, 16)
	}
	request := b.send(subscribe(1, 0, 5))
	b.next()
	m := b.next()
	if got, ok := m.Body.(*wire.CellsEvent); !ok || got.First != 0 || got.Cells.Count() != 5 {
		t.Fatalf("with a credit of 5: got %+v", m)
	}
	b.done(&wire.Ping{}) // nothing but its reply comes
	b.credit(request, 30)
	for want := uint64(5); want < 35; {
		got, ok := b.next().Body.(*wire.CellsEvent)
		if !ok || got.First != want {
			t.Fatalf("got %+v, want cell %d", got, want)
		}
		want += uint64(got.Cells.Count())
	}
	b.done(&wire.Ping{})
	b.done(&wire.Unsubscribe{Subscription: request})
	b.done(&wire.Unsubscribe{Subscription: request})
	b.credit(request, 5)
	a.append(1, 64, 1)
	b.done(&wire.Ping{})
}

// TestSlowSubscriber has one who reads and one who does not on the same channel,
// with so little memory that the slow one is served from the store later.
func TestSlowSubscriber(t *testing.T) {
	e := newEngine(t, relay.Config{Recent: 1})
	writer, slow, quick := open(t, e, 1), open(t, e, 1), open(t, e, 1)
	writer.done(channel(1))
	slowSub := slow.follow(1, 0, wire.MaxCredit)
	quickSub := quick.follow(1, 0, wire.MaxCredit)
	const total = 1600
	for seq := uint64(0); seq < total; seq += 16 {
		writer.append(1, seq, 16)
		quick.expect(quickSub, 1, seq, seq+16)
	}
	slow.expect(slowSub, 1, 0, total)
}

// TestDeadSubscriberCostsNothing passes 64 MiB by subscribers who do not read.
func TestDeadSubscriberCostsNothing(t *testing.T) {
	const recent, sum = 1 << 20, 64 << 20
	e := newEngine(t, relay.Config{Recent: recent})
	writer := open(t, e, 1)
	writer.done(channel(1))
	for range 20 {
		open(t, e, 1).follow(1, 0, wire.MaxCredit)
	}
	before := heap()
	next := uint64(0)
	for next < sum/wire.CellSize {
		writer.append(1, next, wire.MaxCells)
		next += wire.MaxCells
		writer.done(truncate(1, next))
	}
	// Each of the twenty holds the frames that its connection has taken, five of
	// 64 KiB in this test's pipe, and the one being made.
	if grown := heap() - before; grown > 20*8*(64<<10)+4*recent {
		t.Errorf("the relay has grown by %d KiB", grown>>10)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTruncateUnderASubscriber(t *testing.T) {
	e := newEngine(t, relay.Config{Recent: 1})
	a, b := open(t, e, 1), open(t, e, 1)
	a.done(channel(1))
	a.append(1, 0, 10)
	sub := b.follow(1, 0, 2)
	b.next() // the two cells of its credit
	a.done(truncate(1, 7))
	b.credit(sub, 10)
	if got, ok := b.next().Body.(*wire.CellsEvent); !ok || got.First != 7 || got.Cells.Count() != 3 {
		t.Errorf("after a truncate: got %+v", got)
	}
	if got, ok := b.ask(subscribe(1, 6, 1)).(*wire.Refusal); !ok || got.Reason != wire.Truncated || got.Seq != 7 {
		t.Errorf("from a deleted cell: got %+v", got)
	}
	if got, ok := b.ask(subscribe(1, 11, 1)).(*wire.Refusal); !ok || got.Reason != wire.Ahead || got.Seq != 10 {
		t.Errorf("from behind the end: got %+v", got)
	}
}

func TestCategoriesDoNotSeeEachOther(t *testing.T) {
	e := newEngine(t, relay.Config{})
	mine, other := open(t, e, 1), open(t, e, 2)
	mine.done(channel(1))
	other.refused(subscribe(1, 0, 1), wire.NotFound)
	other.refused(cells(1, 0, 1), wire.NotFound)
	other.refused(truncate(1, 0), wire.NotFound)
	other.refused(subscribe(9, 0, 1), wire.NotFound)
	wrong := subscribe(1, 0, 1)
	wrong.Read[5] ^= 1
	mine.refused(wrong, wire.NotFound)
	mine.append(1, 0, 1)
}

func TestPoolsAndBlobs(t *testing.T) {
	e := newEngine(t, relay.Config{})
	c := open(t, e, 1)
	c.done(&wire.CreatePool{Pool: wire.ID{1}, Put: wire.Cap{1}.Hash(), Take: wire.Cap{2}.Hash(), Class: wire.Month})
	if got, ok := c.ask(&wire.Put{Pool: wire.ID{1}, Cap: wire.Cap{1}, Item: []byte("item")}).(*wire.Count); !ok || got.Items != 1 {
		t.Errorf("put: got %v", got)
	}
	if got, ok := c.ask(&wire.Take{Pool: wire.ID{1}, Cap: wire.Cap{2}}).(*wire.Item); !ok || string(got.Item) != "item" {
		t.Errorf("take: got %v", got)
	}
	c.refused(&wire.Take{Pool: wire.ID{1}, Cap: wire.Cap{2}}, wire.NotFound)
	data := make([]byte, wire.MaxBlob)
	c.done(&wire.BlobPut{Blob: wire.ID{1}, Read: wire.Cap{1}.Hash(), Delete: wire.Cap{2}.Hash(), Class: wire.Day, Data: data})
	if got, ok := c.ask(&wire.BlobGet{Blob: wire.ID{1}, Cap: wire.Cap{1}}).(*wire.Blob); !ok || len(got.Data) != len(data) {
		t.Errorf("blob: got %v", got)
	}
	c.refused(&wire.BlobGet{Blob: wire.ID{1}, Cap: wire.Cap{2}}, wire.NotFound)
	c.done(&wire.BlobDelete{Blob: wire.ID{1}, Cap: wire.Cap{2}})
	c.refused(&wire.BlobGet{Blob: wire.ID{1}, Cap: wire.Cap{1}}, wire.NotFound)
}

func TestOnlyOneTakesAnItem(t *testing.T) {
	e := newEngine(t, relay.Config{})
	owner := open(t, e, 1)
	owner.done(&wire.CreatePool{Pool: wire.ID{1}, Put: wire.Cap{1}.Hash(), Take: wire.Cap{2}.Hash(), Class: wire.Month})
	for i := range 50 {
		owner.ask(&wire.Put{Pool: wire.ID{1}, Cap: wire.Cap{1}, Item: fmt.Append(nil, i)})
	}
	taken := make(chan string, 100)
	for range 10 {
		c := open(t, e, 1)
		go func() {
			for range 10 {
				item, _ := c.ask(&wire.Take{Pool: wire.ID{1}, Cap: wire.Cap{2}}).(*wire.Item)
				if item == nil {
					item = &wire.Item{}
				}
				taken <- string(item.Item)
			}
		}()
	}
	seen := map[string]int{}
	for range 100 {
		seen[<-taken]++
	}
	for item, n := range seen {
		if item != "" && n != 1 || item == "" && n != 50 {
			t.Errorf("item %q was taken %d times", item, n)
		}
	}
}

func TestRevokedCircuitsClose(t *testing.T) {
	e := newEngine(t, relay.Config{})
	c := connect(t, e)
	c.done(&wire.Open{Proof: []byte{1, 7}})
	other := open(t, e, 1)
	unopened := connect(t, e)
	if n := e.CloseCircuits(func(g relay.Grant) bool { return g.Holder[0] == 7 }); n != 1 {
		t.Errorf("%d circuits were closed", n)
	}
	c.ends(wire.Closed)
	other.done(&wire.Ping{})
	if n := e.CloseCircuits(func(g relay.Grant) bool { return g.Category == relay.Category{1} }); n != 1 {
		t.Errorf("%d circuits of the category were closed", n)
	}
	other.ends(wire.Closed)
	unopened.done(&wire.Ping{})
}

func TestRenew(t *testing.T) {
	e := newEngine(t, relay.Config{})
	c := open(t, e, 1)
	c.done(&wire.Renew{Proof: []byte{1, 9}})
	if n := e.CloseCircuits(func(g relay.Grant) bool { return g.Holder[0] == 9 }); n != 1 {
		t.Errorf("%d circuits have the new holder", n)
	}
	c.ends(wire.Closed)
	for _, proof := range [][]byte{{0}, {2}, nil} {
		c := open(t, e, 1)
		c.send(&wire.Renew{Proof: proof})
		c.ends(wire.Unauthorised)
	}
}

// slowStore takes its time to commit.
type slowStore struct {
	relay.Store
	begun, release chan struct{}
}

func (s *slowStore) Commit(changes []relay.Change) ([]wire.Body, error) {
	s.begun <- struct{}{}
	<-s.release
	return s.Store.Commit(changes)
}

// TestDrain lets a request on its way finish, and nobody else in.
func TestDrain(t *testing.T) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowStore{store, make(chan struct{}, 10), make(chan struct{}, 10)}
	slow.release <- struct{}{}
	e := newEngine(t, relay.Config{Store: slow})
	c, idle := open(t, e, 1), open(t, e, 1)
	c.done(channel(1))
	<-slow.begun
	request := c.send(cells(1, 0, 1))
	<-slow.begun
	drained := make(chan error, 1)
	go func() { drained <- e.Drain(context.Background()) }()
	idle.ends(wire.Draining)
	if err := e.Serve(t.Context(), func() *end { _, s := pipe(); return s }()); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("a new circuit while draining: got %v", err)
	}
	slow.release <- struct{}{}
	if m := c.next(); m.Request != request || m.Body.Kind() != wire.KindAppended {
		t.Errorf("the request on its way: got %+v", m)
	}
	c.ends(wire.Draining)
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, relay.Config{})
		began := time.Now()
		since := func(c *client, want wire.Code, at time.Duration) {
			t.Helper()
			c.ends(want)
			if took := time.Since(began); took < at || took > at+5*time.Second {
				t.Errorf("%v after %v, want %v", want, took, at)
			}
		}
		unopened, silent, talks := connect(t, e), open(t, e, 1), open(t, e, 1)
		since(unopened, wire.Silent, wire.OpenTime)
		for range 3 {
			time.Sleep(wire.PingInterval - wire.OpenTime/4) //nolint:forbidigo // the bubble's clock
			talks.done(&wire.Ping{})
		}
		since(silent, wire.Silent, wire.MaxSilence)
		talks.done(&wire.Ping{})

		deaf := open(t, e, 1)
		deaf.done(channel(1))
		for seq := uint64(0); seq < 1600; seq += 16 {
			talks.append(1, seq, 16)
		}
		deaf.follow(1, 0, wire.MaxCredit)
		began = time.Now()
		if err := <-deaf.served; err != nil {
			t.Errorf("one who does not read ends with %v", err)
		}
		if took := time.Since(began); took > wire.WriteTime+2*time.Second {
			t.Errorf("one who does not read is cut off after %v", took)
		}
		talks.hangUp()
	})
}

// TestLastWordIsBounded has a client that ignores the last word.
func TestLastWordIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, relay.Config{})
		c := open(t, e, 1)
		e.CloseCircuits(func(relay.Grant) bool { return true })
		began := time.Now()
		if err := <-c.served; !errors.Is(err, wire.Closed) || time.Since(began) > 4*time.Second {
			t.Errorf("Serve returns %v after %v", err, time.Since(began))
		}
		if _, err := c.receive(); err != nil {
			t.Errorf("the last word is lost: %v", err)
		}
		if _, err := c.receive(); !errors.Is(err, over.ErrClosed) {
			t.Errorf("after the last word: %v", err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := relay.New(relay.Config{}); err == nil {
		t.Error("an engine without a store starts")
	}
}

// slowGate admits all, or nobody once it is shut, and takes its time.
type slowGate struct {
	asked, answer chan struct{}
	shut          atomic.Bool
}

func (g *slowGate) Admit(context.Context, [32]byte, []byte) (relay.Grant, error) {
	shut := g.shut.Load()
	g.asked <- struct{}{}
	<-g.answer
	if shut {
		return relay.Grant{}, errors.New("revoked")
	}
	return relay.Grant{}, nil
}

// TestRevokedWhileOpening shuts the gate after it has made up its mind about a
// circuit, and before that circuit could be found.
func TestRevokedWhileOpening(t *testing.T) {
	g := &slowGate{asked: make(chan struct{}, 2), answer: make(chan struct{}, 2)}
	e := newEngine(t, relay.Config{Gate: g})
	c := connect(t, e)
	c.send(&wire.Open{})
	<-g.asked
	g.shut.Store(true)
	if n := e.CloseCircuits(func(relay.Grant) bool { return true }); n != 0 {
		t.Errorf("%d circuits were open", n)
	}
	g.answer <- struct{}{}
	g.answer <- struct{}{}
	c.ends(wire.Unauthorised)
}
