package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bulle/protocol/over"
	"bulle/protocol/wire"
)

// A load is senders that append and receivers that subscribe, truncate what they
// have received, and note how long each append took to arrive.
type load struct {
	circuits int // half are senders, half are receivers
	channels int // each has one of both
	cells    int // of an append
	window   int // appends of a sender that wait for their reply
	time     time.Duration
	rate     float64 // cells a second that all senders try to send; 0: as many as they can
}

// warmup is how much of a load's time passes before it counts.
const warmup = 4 // a quarter

type result struct {
	rate  float64 // cells received a second
	times []time.Duration
}

func (r result) quantile(q float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[int(q*float64(len(r.times)-1))].Round(10 * time.Microsecond)
}

// run loads a relay. Loads with different numbers use different channels.
func (l load) run(ctx context.Context, t over.Target, number byte) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.time+30*time.Second)
	defer cancel()
	sides := max(1, l.circuits/2)
	r := &running{load: l, start: time.Now(), number: number}
	var senders, receivers []*client
	for i := range sides {
		s, err := dial(ctx, t)
		if err != nil {
			return result{}, err
		}
		defer s.close()
		d, err := dial(ctx, t)
		if err != nil {
			return result{}, err
		}
		defer d.close()
		for n := i; n < l.channels; n += sides {
			if err := r.connect(ctx, s, d, n); err != nil {
				return result{}, err
			}
		}
		senders, receivers = append(senders, s), append(receivers, d)
	}
	begin := time.Now()
	r.from.Store(int64(begin.Add(l.time / warmup).Sub(r.start)))
	end := begin.Add(l.time)
	r.to.Store(int64(end.Sub(r.start)))
	var sending, receiving sync.WaitGroup
	var failed errorList
	for _, d := range receivers {
		receiving.Go(func() { failed.add(r.receive(ctx, d)) })
	}
	for _, s := range senders {
		sending.Go(func() { failed.add(r.send(ctx, s, end)) })
	}
	sending.Wait()
	for _, d := range receivers {
		d.close()
	}
	receiving.Wait()
	if err := failed.join(); err != nil {
		return result{}, err
	}
	slices.Sort(r.times)
	return result{float64(r.received) / (l.time - l.time/warmup).Seconds(), r.times}, nil
}

type running struct {
	load
	number   byte
	start    time.Time
	from, to atomic.Int64 // what is received between them counts

	mu       sync.Mutex
	received int
	times    []time.Duration
}

func (r *running) id(n int) wire.ID {
	return wire.ID{r.number, byte(n >> 8), byte(n)} //nolint:gosec // G115: the halves of a small number
}

const (
	credit   = 512
	truncate = 16 // cells after which a receiver truncates
)

// connect makes channel n and has the receiver subscribe to it.
func (r *running) connect(ctx context.Context, s, d *client, n int) error {
	id, c := r.id(n), wire.Cap{1}
	if _, err := s.ask(ctx, &wire.Create{Channel: id, Read: c.Hash(), Write: c.Hash(), Control: c.Hash(), Class: wire.Day}); err != nil {
		return err
	}
	if _, err := d.ask(ctx, &wire.Subscribe{Channel: id, Read: c, Credit: credit}); err != nil {
		return err
	}
	s.channels = append(s.channels, id)
	d.subs[d.request] = &sub{id: id}
	return nil
}

// pace ticks when a sender is to send next.
func (r *running) pace() *time.Ticker {
	if r.rate == 0 {
		return time.NewTicker(time.Hour)
	}
	each := r.rate / float64(max(1, r.circuits/2)*r.cells)
	interval := time.Duration(float64(time.Second) / each)
	<-time.After(rand.N(interval)) //nolint:gosec // G404: only so that they do not all send at once
	return time.NewTicker(interval)
}

// send appends to its channels in turn until the end.
func (r *running) send(ctx context.Context, s *client, end time.Time) error {
	cells := make(wire.Cells, r.cells*wire.CellSize)
	for i := range cells {
		cells[i] = byte(i * 7)
	}
	waiting := 0
	pace := r.pace()
	defer pace.Stop()
	for i := 0; time.Now().Before(end); i++ {
		if r.rate > 0 {
			<-pace.C
		}
		for waiting >= r.window {
			n, err := s.replies(ctx)
			if err != nil {
				return err
			}
			waiting -= n
		}
		binary.BigEndian.PutUint64(cells, uint64(time.Since(r.start))) //nolint:gosec // G115: a time
		if err := s.send(ctx, &wire.AppendCells{Channel: s.channels[i%len(s.channels)], Write: wire.Cap{1}, Cells: cells}); err != nil {
			return err
		}
		waiting++
	}
	for waiting > 0 {
		n, err := s.replies(ctx)
		if err != nil {
			return err
		}
		waiting -= n
	}
	return nil
}

// receive takes cells until its connection is closed.
func (r *running) receive(ctx context.Context, d *client) error {
	var times []time.Duration
	received := 0
	for {
		frame, err := d.conn.Read(ctx)
		if errors.Is(err, over.ErrClosed) {
			break
		}
		if err != nil {
			return err
		}
		now := int64(time.Since(r.start))
		counts := now > r.from.Load() && now <= r.to.Load()
		n, sent, err := d.take(frame)
		if err != nil {
			return err
		}
		if counts {
			received += n
			for _, at := range sent {
				times = append(times, time.Duration(now-at))
			}
		}
		if len(d.frame) > 0 {
			if err := d.conn.Write(ctx, d.frame); errors.Is(err, over.ErrClosed) {
				break
			} else if err != nil {
				return err
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received += received
	r.times = append(r.times, times...)
	return nil
}

// A client is one circuit.
type client struct {
	conn     over.Conn
	request  uint32
	channels []wire.ID
	subs     map[uint32]*sub
	frame    []byte
}

type sub struct {
	id              wire.ID
	next, truncated uint64
	used            uint32
}

func dial(ctx context.Context, t over.Target) (*client, error) {
	conn, err := over.Dial(ctx, t, over.Options{})
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, subs: map[uint32]*sub{}}
	if _, err := conn.Read(ctx); err != nil { // hello
		return nil, err
	}
	_, err = c.ask(ctx, &wire.Open{})
	return c, err
}

func (c *client) close() { _ = c.conn.Close() }

// add appends a request to the frame that is being made.
func (c *client) add(body wire.Body) (err error) {
	c.request++
	c.frame, err = wire.Append(c.frame, wire.Message{Request: c.request, Body: body})
	return err
}

func (c *client) send(ctx context.Context, body wire.Body) error {
	c.frame = c.frame[:0]
	if err := c.add(body); err != nil {
		return err
	}
	return c.conn.Write(ctx, c.frame)
}

// ask sends a request and waits for its reply, the only message on its way.
func (c *client) ask(ctx context.Context, body wire.Body) (wire.Body, error) {
	if err := c.send(ctx, body); err != nil {
		return nil, err
	}
	frame, err := c.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	for m, err := range wire.Replies(frame) {
		if refusal, ok := m.Body.(*wire.Refusal); ok {
			return nil, refusal
		}
		return m.Body, err
	}
	return nil, errors.New("an empty frame")
}

// replies counts the replies of a frame.
func (c *client) replies(ctx context.Context) (n int, err error) {
	frame, err := c.conn.Read(ctx)
	if err != nil {
		return 0, err
	}
	for m, err := range wire.Replies(frame) {
		if err != nil {
			return 0, err
		}
		if refusal, ok := m.Body.(*wire.Refusal); ok {
			return 0, refusal
		}
		n++
	}
	return n, nil
}

// take counts the cells of a frame, and returns when they were sent. What there is
// to answer is in c.frame afterwards.
func (c *client) take(frame []byte) (cells int, sent []int64, err error) {
	c.frame = c.frame[:0]
	for m, err := range wire.Replies(frame) {
		if err != nil {
			return 0, nil, err
		}
		b, ok := m.Body.(*wire.CellsEvent)
		if !ok {
			continue // the reply to a truncate
		}
		if err := c.took(m.Request, b); err != nil {
			return 0, nil, err
		}
		cells += b.Cells.Count()
		sent = append(sent, int64(binary.BigEndian.Uint64(b.Cells))) //nolint:gosec // G115: a time
	}
	return cells, sent, nil
}

// took checks that cells are the next ones, gives credit back and truncates.
func (c *client) took(request uint32, b *wire.CellsEvent) (err error) {
	s := c.subs[request]
	if b.First != s.next {
		return fmt.Errorf("received cell %d instead of %d", b.First, s.next)
	}
	s.next += uint64(b.Cells.Count()) //nolint:gosec // G115: a count
	s.used += uint32(b.Cells.Count()) //nolint:gosec // G115: a count
	if s.used >= credit/4 {
		c.frame, err = wire.Append(c.frame, wire.Message{Request: request, Body: &wire.Credit{Cells: s.used}})
		s.used = 0
	}
	if err == nil && s.next-s.truncated >= truncate {
		s.truncated = s.next
		err = c.add(&wire.Truncate{Channel: s.id, Control: wire.Cap{1}, UpTo: s.next})
	}
	return err
}

// errorList collects the errors of goroutines.
type errorList struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

func (l *errorList) join() error { return errors.Join(l.errs...) }
