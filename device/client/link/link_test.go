package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/over"
	"bulle/protocol/wire"
)

func cell(n byte) []byte { return bytes.Repeat([]byte{n}, link.CellSize) }

func newLink(t *testing.T, cfg link.Config) *link.Link {
	t.Helper()
	l, err := link.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func channel(n byte) link.Channel {
	return link.Channel{ID: link.ID{n}, Read: link.Cap{n, 1}, Write: link.Cap{n, 2}, Control: link.Cap{n, 3}, Class: link.Month}
}

func shut(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		l := newLink(t, r.config())
		defer shut(t, l)
		ctx := t.Context()
		check(t, l.WaitOnline(ctx))
		testSession(ctx, t, l)
		check(t, l.Renew(ctx))
		for _, p := range r.proofs {
			if !strings.HasSuffix(p, "proof of *") {
				t.Errorf("a proof is %q", p)
			}
		}
		if len(r.proofs) != 6 {
			t.Errorf("%d proofs for three circuits, each renewed", len(r.proofs))
		}
	})
}

// testSession goes through every operation and its refusals.
func testSession(ctx context.Context, t *testing.T, s link.Session) {
	t.Helper()
	ch := channel(1)
	for range 2 {
		check(t, s.Create(ctx, ch))
	}
	other := ch
	other.Class = link.Hour
	if err := s.Create(ctx, other); !errors.Is(err, link.ErrExists) {
		t.Errorf("create otherwise: %v", err)
	}
	first, err := s.Append(ctx, ch.ID, ch.Write, [][]byte{cell(1), cell(2)})
	if first != 0 || err != nil {
		t.Fatalf("append: %d, %v", first, err)
	}
	if _, err := s.Append(ctx, ch.ID, ch.Read, [][]byte{cell(1)}); !errors.Is(err, link.ErrNotFound) {
		t.Errorf("append with another cap: %v", err)
	}
	for _, n := range []int{0, 17} {
		if _, err := s.Append(ctx, ch.ID, ch.Write, make([][]byte, n)); !errors.Is(err, link.ErrTooLarge) {
			t.Errorf("append of %d cells: %v", n, err)
		}
	}
	check(t, s.Truncate(ctx, ch.ID, ch.Control, 1))
	if err := s.Truncate(ctx, ch.ID, ch.Control, 3); !errors.Is(err, link.ErrAhead) {
		t.Errorf("truncate what never was: %v", err)
	}
	if _, err := s.Subscribe(ctx, ch.ID, ch.Read, 3); !errors.Is(err, link.ErrAhead) {
		t.Errorf("subscribe to what never was: %v", err)
	}
	if _, err := s.Append(ctx, ch.ID, ch.Write, [][]byte{{1}}); !errors.Is(err, link.ErrTooLarge) {
		t.Errorf("append of a short cell: %v", err)
	}
	var truncated *link.TruncatedError
	if _, err := s.Subscribe(ctx, ch.ID, ch.Read, 0); !errors.As(err, &truncated) || truncated.First != 1 || !errors.Is(err, link.ErrTruncated) {
		t.Errorf("subscribe to what is gone: %v", err)
	}
	sub, err := s.Subscribe(ctx, ch.ID, ch.Read, 1)
	check(t, err)
	if sub.Known() != 2 || sub.Sealed() {
		t.Errorf("known %d, sealed %v", sub.Known(), sub.Sealed())
	}
	first, err = s.Seal(ctx, ch.ID, ch.Write, ch.Control, [][]byte{cell(3)})
	if first != 2 || err != nil {
		t.Fatalf("seal: %d, %v", first, err)
	}
	var sealed *link.SealedError
	if _, err := s.Append(ctx, ch.ID, ch.Write, [][]byte{cell(4)}); !errors.As(err, &sealed) || sealed.Next != 3 || !errors.Is(err, link.ErrSealed) {
		t.Errorf("append to a sealed channel: %v", err)
	}
	for want := byte(2); want <= 3; want++ {
		b, err := sub.Next(ctx)
		check(t, err)
		if b.First != uint64(want)-1 || len(b.Cells) != 1 || !bytes.Equal(b.Cells[0], cell(want)) {
			t.Fatalf("cell %d: got number %d and %d cells", want, b.First, len(b.Cells))
		}
	}
	if _, err := sub.Next(ctx); !errors.Is(err, link.ErrEnd) {
		t.Errorf("at the end: %v", err)
	}
	check(t, sub.Close())
	testPoolsAndBlobs(ctx, t, s)
}

func testPoolsAndBlobs(ctx context.Context, t *testing.T, s link.Session) {
	t.Helper()
	pool := link.Pool{ID: link.ID{2}, Put: link.Cap{2, 1}, Take: link.Cap{2, 2}, Class: link.Week}
	check(t, s.CreatePool(ctx, pool))
	for n, last := range []bool{true, false} {
		if count, err := s.Put(ctx, pool.ID, pool.Put, []byte{byte(n)}, last); count != n || err != nil {
			t.Errorf("put: %d, %v", count, err)
		}
	}
	if count, err := s.Put(ctx, pool.ID, pool.Put, []byte{1}, false); count != 1 || err != nil {
		t.Errorf("put again: %d, %v", count, err)
	}
	for _, want := range []byte{1, 0, 0} {
		if item, err := s.Take(ctx, pool.ID, pool.Take); err != nil || !bytes.Equal(item, []byte{want}) {
			t.Errorf("took %v, %v; want %d", item, err, want)
		}
	}
	blob := link.Blob{ID: link.ID{3}, Read: link.Cap{3, 1}, Delete: link.Cap{3, 2}, Class: link.Day, Data: cell(9)}
	check(t, s.PutBlob(ctx, blob))
	if data, err := s.GetBlob(ctx, blob.ID, blob.Read); err != nil || !bytes.Equal(data, blob.Data) {
		t.Errorf("got %d bytes, %v", len(data), err)
	}
	check(t, s.DeleteBlob(ctx, blob.ID, blob.Delete))
	if _, err := s.GetBlob(ctx, blob.ID, blob.Read); !errors.Is(err, link.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
}

func TestASlowConsumerStopsTheRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		l := newLink(t, r.config())
		defer shut(t, l)
		ctx := t.Context()
		check(t, l.WaitOnline(ctx))
		ch := channel(1)
		check(t, l.Create(ctx, ch))
		const total = 1000
		for n := range total {
			_, err := l.Append(ctx, ch.ID, ch.Write, [][]byte{cell(byte(n))})
			check(t, err)
		}
		sub, err := l.Subscribe(ctx, ch.ID, ch.Read, 0)
		check(t, err)
		synctest.Wait() // the relay has sent all that it may
		// Others are not held up.
		check(t, l.Create(ctx, channel(2)))
		next := uint64(0)
		for next < total {
			b, err := sub.Next(ctx)
			check(t, err)
			if b.First != next || b.Cells[0][0] != byte(next) {
				t.Fatalf("cell %d came as %d", next, b.First)
			}
			next += uint64(len(b.Cells))
		}
		check(t, sub.Close())
		if _, err := sub.Next(ctx); !errors.Is(err, link.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestItComesBackAfterEveryCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		l := newLink(t, r.config())
		defer shut(t, l)
		ctx := t.Context()
		check(t, l.WaitOnline(ctx))
		ch := channel(1)
		check(t, l.Create(ctx, ch))
		for round := range 5 {
			sub, err := l.Subscribe(ctx, ch.ID, ch.Read, 0)
			check(t, err)
			before := l.Status()
			r.cut(errDown)
			if _, err := sub.Next(ctx); !errors.Is(err, link.ErrOffline) {
				t.Fatalf("the subscription ended with %v", err)
			}
			s, err := l.Await(ctx, before.Version)
			check(t, err)
			if s.State != link.Offline || s.Reason == nil {
				t.Fatalf("status after the cut: %+v", s)
			}
			if err := l.Create(ctx, ch); !errors.Is(err, link.ErrOffline) {
				t.Fatalf("a request while offline: %v", err)
			}
			time.Sleep(10 * time.Minute) //nolint:forbidigo // a cut of ten minutes, on the test's clock
			_, before10 := r.count()
			time.Sleep(time.Minute) //nolint:forbidigo // as above
			if _, dials := r.count(); dials-before10 > 2*60/7 {
				t.Errorf("%d attempts in a minute", dials-before10)
			}
			if s := l.Status(); !errors.Is(s.Reason, link.ErrUnreachable) {
				t.Errorf("the reason is %v", s.Reason)
			}
			r.cut(nil)
			start := time.Now()
			if round%2 == 0 {
				l.Retry()
			}
			check(t, l.WaitOnline(ctx))
			if took := time.Since(start); took > 15*time.Second || round%2 == 0 && took > 0 {
				t.Errorf("back after %v", took)
			}
		}
	})
}

func TestReasonsThatWaitingDoesNotCure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		r.refusing(wire.Unauthorised)
		l := newLink(t, r.config())
		if err := l.WaitOnline(t.Context()); !errors.Is(err, link.ErrUnauthorised) {
			t.Errorf("refused: %v", err)
		}
		check(t, l.Close())
		r.cut(over.ErrPin)
		l = newLink(t, r.config())
		if err := l.WaitOnline(t.Context()); !errors.Is(err, link.ErrPinChanged) {
			t.Errorf("another key: %v", err)
		}
		check(t, l.Close())
		if err := l.Create(t.Context(), channel(1)); !errors.Is(err, link.ErrClosed) || !errors.Is(err, link.ErrOffline) {
			t.Errorf("after Close: %v", err)
		}
		if err := l.PutBlob(t.Context(), link.Blob{}); !errors.Is(err, link.ErrClosed) {
			t.Errorf("a blob after Close: %v", err)
		}
		check(t, l.Close())
	})
}

func TestUnreachableIsSaidAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		r.cut(errors.New("dial tcp 10.1.2.3:443: refused"))
		l := newLink(t, r.config())
		defer shut(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := l.WaitOnline(ctx)
		if !errors.Is(err, link.ErrUnreachable) || strings.Contains(err.Error(), "10.1.2.3") {
			t.Errorf("got %v, want ErrUnreachable without an address", err)
		}
		if err := l.PutBlob(ctx, link.Blob{}); !errors.Is(err, link.ErrOffline) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a blob: %v", err)
		}
	})
}

func TestASilentRelayIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		cfg := r.config()
		var mu sync.Mutex
		mute := false
		inner := cfg.Dial
		cfg.Dial = func(ctx context.Context, path string) (link.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			if mute {
				return nil, errDown
			}
			c, err := inner(ctx, path)
			return &muted{Conn: c, muted: func() bool { mu.Lock(); defer mu.Unlock(); return mute }}, err
		}
		l := newLink(t, cfg)
		defer shut(t, l)
		check(t, l.WaitOnline(t.Context()))
		time.Sleep(10 * time.Minute) //nolint:forbidigo // idle for long, on the test's clock
		s := l.Status()
		if s.State != link.Online {
			t.Fatalf("an idle link is %+v", s)
		}
		mu.Lock()
		mute = true
		mu.Unlock()
		start := time.Now()
		err := l.Create(t.Context(), channel(1))
		if !errors.Is(err, link.ErrOffline) || !errors.Is(err, link.ErrTimeout) {
			t.Errorf("a request to a silent relay: %v", err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("noticed after %v", took)
		}
		if s, err = l.Await(t.Context(), s.Version); err != nil || s.State != link.Offline {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// muted loses everything once it is muted.
type muted struct {
	link.Conn
	muted func() bool
}

func (m *muted) Write(ctx context.Context, f []byte) error {
	if m.muted() {
		return nil
	}
	return m.Conn.Write(ctx, f)
}

func TestACancelledRequestKeepsItsSlotUntilItsReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		cfg := r.config()
		cfg.Timing.InFlight = 2
		hold := make(chan struct{})
		inner := cfg.Dial
		cfg.Dial = func(ctx context.Context, path string) (link.Conn, error) {
			c, err := inner(ctx, path)
			return &held{Conn: c, hold: hold}, err
		}
		c, err := link.OpenCircuit(t.Context(), cfg)
		check(t, err)
		defer shut(t, c)
		synctest.Wait() // the first ping is through
		var wait sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		hold <- struct{}{} // from now on nothing leaves
		for range 5 {
			wait.Go(func() {
				if err := c.Create(ctx, channel(1)); !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled: %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wait.Wait()
		hold <- struct{}{}
		check(t, c.Create(t.Context(), channel(1)))
	})
}

// held writes nothing between two receptions from hold.
type held struct {
	link.Conn
	hold chan struct{}
}

func (h *held) Write(ctx context.Context, f []byte) error {
	select {
	case <-h.hold:
		<-h.hold
	default:
	}
	return h.Conn.Write(ctx, f)
}

func TestGovernance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		defer r.end()
		ctx := t.Context()
		g, err := link.OpenGovernance(ctx, r.config())
		check(t, err)
		defer shut(t, g)
		head, err := g.Watch(ctx)
		if head.Length != 0 || err != nil {
			t.Fatalf("watch: %+v, %v", head, err)
		}
		head, err = g.Submit(ctx, [][]byte{{1}, {2}})
		if head.Length != 2 || err != nil {
			t.Fatalf("submit: %+v, %v", head, err)
		}
		if _, err := g.Submit(ctx, [][]byte{[]byte("stale")}); !errors.Is(err, link.ErrStale) {
			t.Errorf("stale: %v", err)
		}
		if again, err := g.Head(ctx); again != head || err != nil {
			t.Errorf("head: %+v, %v", again, err)
		}
		statements, err := g.Fetch(ctx, 1, 1000)
		if len(statements) != 1 || err != nil || statements[0][0] != 2 {
			t.Errorf("fetched %v, %v", statements, err)
		}
		for n := range uint64(3) {
			r.heads <- link.Head{Length: 3 + n}
		}
		synctest.Wait()
		if head, err = g.NextHead(ctx, 2); head.Length != 5 || err != nil {
			t.Errorf("the newest head: %+v, %v", head, err)
		}
		r.cut(errDown)
		if _, err := g.NextHead(ctx, 5); !errors.Is(err, link.ErrOffline) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestAWatchThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, err := link.OpenGovernance(t.Context(), scripted(func(m wire.Message) [][]byte {
			return [][]byte{frame(m.Request, &wire.Refusal{Reason: wire.Rate})}
		}))
		check(t, err)
		defer shut(t, g)
		if _, err := g.Watch(t.Context()); !errors.Is(err, link.ErrRate) {
			t.Errorf("got %v, want ErrRate", err)
		}
		if _, err := g.Head(t.Context()); !errors.Is(err, link.ErrRate) {
			t.Errorf("got %v, want ErrRate", err)
		}
	})
}

func TestConfigIsValidated(t *testing.T) {
	good := newRelay(t).config()
	for name, spoil := range map[string]func(*link.Config){
		"no dial":      func(c *link.Config) { c.Dial = nil },
		"no proof":     func(c *link.Config) { c.Prove = nil },
		"in flight":    func(c *link.Config) { c.Timing.InFlight = wire.MaxInFlight + 1 },
		"small window": func(c *link.Config) { c.Timing.Window = 1 },
		"large window": func(c *link.Config) { c.Timing.Window = wire.MaxCredit + 1 },
		"negative":     func(c *link.Config) { c.Timing.Dial = -1 },
		"retry":        func(c *link.Config) { c.Timing.RetryMax = 1 },
		"ping":         func(c *link.Config) { c.Timing.Ping = wire.MaxSilence },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := link.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := link.OpenCircuit(t.Context(), cfg); err == nil {
			t.Errorf("%s: accepted for a circuit", name)
		}
	}
}
