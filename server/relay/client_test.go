package relay_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"bulle/protocol/over"
	"bulle/protocol/wire"
	"bulle/server/relay"
	"bulle/server/relay/memory"
)

// pipe returns two ends of a connection in memory. Each direction holds few
// frames, so that one who does not read blocks the other, as a socket does.
func pipe() (client, server *end) {
	a, b := make(chan []byte, 4), make(chan []byte, 4)
	closed, once := make(chan struct{}), new(sync.Once)
	return &end{in: a, out: b, closed: closed, once: once}, &end{in: b, out: a, closed: closed, once: once}
}

type end struct {
	in, out chan []byte
	closed  chan struct{}
	once    *sync.Once
}

func (e *end) Read(ctx context.Context) ([]byte, error) {
	select {
	case frame := <-e.in: // what was sent before the end arrives
		return e.check(frame)
	default:
	}
	select {
	case frame := <-e.in:
		return e.check(frame)
	case <-e.closed:
		return nil, over.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *end) check(frame []byte) ([]byte, error) {
	if len(frame) > wire.MaxFrame {
		return nil, over.ErrTooLarge
	}
	return frame, nil
}

func (e *end) Write(ctx context.Context, frame []byte) error {
	select {
	case <-e.closed:
		return over.ErrClosed
	default:
	}
	select {
	case e.out <- bytes.Clone(frame):
		return nil
	case <-e.closed:
		return over.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *end) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// gate admits proofs of one byte, the category; the second byte, if there, is the
// holder. A proof that starts with 0 is refused.
type gate struct{}

func (gate) Admit(_ context.Context, challenge [32]byte, proof []byte) (relay.Grant, error) {
	if len(proof) == 0 || proof[0] == 0 || challenge == [32]byte{} {
		return relay.Grant{}, errors.New("no")
	}
	g := relay.Grant{Category: relay.Category{proof[0]}}
	copy(g.Holder[:], proof[1:])
	return g, nil
}

// newEngine starts an engine over a store in memory unless c has another.
func newEngine(t *testing.T, c relay.Config) *relay.Engine {
	t.Helper()
	if c.Store == nil {
		s, err := memory.New(memory.Config{})
		if err != nil {
			t.Fatal(err)
		}
		c.Store = s
	}
	if c.Gate == nil {
		c.Gate = gate{}
	}
	e, err := relay.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// A client speaks wire to an engine. Its methods fail the test when the answer is
// not the expected one.
type client struct {
	*testing.T
	conn    *end
	served  chan error
	request uint32
	waiting []wire.Message
}

// connect makes a connection and reads HELLO.
func connect(t *testing.T, e *relay.Engine) *client {
	t.Helper()
	mine, theirs := pipe()
	c := &client{T: t, conn: mine, served: make(chan error, 1)}
	go func() { c.served <- e.Serve(context.Background(), theirs) }()
	if hello, ok := c.next().Body.(*wire.Hello); !ok || hello.Version != wire.Version {
		t.Fatalf("the first message is %v", hello)
	}
	return c
}

// open opens a circuit of a category.
func open(t *testing.T, e *relay.Engine, category byte) *client {
	t.Helper()
	c := connect(t, e)
	c.done(&wire.Open{Proof: []byte{category}})
	return c
}

func (c *client) write(frame []byte) {
	c.Helper()
	if err := c.conn.Write(c.Context(), frame); err != nil {
		c.Fatal(err)
	}
}

// send sends a request with the next number.
func (c *client) send(body wire.Body) uint32 {
	c.Helper()
	c.request++
	c.write(encode(c.T, c.request, body))
	return c.request
}

func (c *client) credit(request uint32, n uint32) {
	c.Helper()
	c.write(encode(c.T, request, &wire.Credit{Cells: n}))
}

func encode(tb testing.TB, request uint32, body wire.Body) []byte {
	tb.Helper()
	frame, err := wire.Append(nil, wire.Message{Request: request, Body: body})
	if err != nil {
		tb.Fatal(err)
	}
	return frame
}

// receive returns the next message, an error at the end of the connection.
func (c *client) receive() (wire.Message, error) {
	for len(c.waiting) == 0 {
		frame, err := c.conn.Read(c.Context())
		if err != nil {
			return wire.Message{}, err
		}
		for m, err := range wire.Replies(frame) {
			if err != nil {
				return m, err
			}
			c.waiting = append(c.waiting, m)
		}
	}
	m := c.waiting[0]
	c.waiting = c.waiting[1:]
	return m, nil
}

func (c *client) next() wire.Message {
	c.Helper()
	m, err := c.receive()
	if err != nil {
		c.Fatal(err)
	}
	return m
}

// ask sends a request and returns its reply; events before it are lost.
func (c *client) ask(body wire.Body) wire.Body {
	c.Helper()
	request := c.send(body)
	for {
		if m := c.next(); m.Request == request {
			return m.Body
		}
	}
}

func (c *client) done(body wire.Body) {
	c.Helper()
	if got, ok := c.ask(body).(*wire.Done); !ok {
		c.Fatalf("%s: got %v", body.Kind(), got)
	}
}

func (c *client) refused(body wire.Body, want wire.Code) {
	c.Helper()
	got := c.ask(body)
	if r, ok := got.(*wire.Refusal); !ok || r.Reason != want {
		c.Errorf("%s: got %v, want %v", body.Kind(), got, want)
	}
}

// ends checks that the connection says a code as its last word.
func (c *client) ends(want wire.Code) {
	c.Helper()
	for {
		m, err := c.receive()
		if err != nil {
			c.Errorf("the connection ends with %v, want %v", err, want)
			return
		}
		if r, ok := m.Body.(*wire.Refusal); ok && r.Reason.Fatal() {
			if r.Reason != want {
				c.Errorf("the last word is %v, want %v", r.Reason, want)
			}
			c.hangUp()
			if err := <-c.served; !errors.Is(err, want) {
				c.Errorf("Serve returns %v, want %v", err, want)
			}
			return
		}
	}
}

func (c *client) hangUp() {
	c.Helper()
	if err := c.conn.Close(); err != nil {
		c.Error(err)
	}
}

// expect reads cells of a subscription from first to before next, and gives back
// what they cost.
func (c *client) expect(subscription uint32, channel byte, first, next uint64) {
	c.Helper()
	for first < next {
		m := c.next()
		got, ok := m.Body.(*wire.CellsEvent)
		if !ok || m.Request != subscription {
			c.Fatalf("got %s %+v while waiting for cell %d", m.Body.Kind(), m.Body, first)
		}
		if got.First != first {
			c.Fatalf("cells from %d, want them from %d", got.First, first)
		}
		for i := range got.Cells.Count() {
			if !bytes.Equal(got.Cells.At(i), cell(channel, first)) {
				c.Fatalf("cell %d is another one", first)
			}
			first++
		}
		c.credit(subscription, uint32(got.Cells.Count()))
	}
	if first != next {
		c.Fatalf("cells up to %d, want %d", first, next)
	}
}

func channel(n byte) *wire.Create {
	return &wire.Create{
		Channel: wire.ID{n}, Class: wire.Day,
		Read: wire.Cap{n, 'r'}.Hash(), Write: wire.Cap{n, 'w'}.Hash(), Control: wire.Cap{n, 'c'}.Hash(),
	}
}

func cell(channel byte, seq uint64) []byte {
	b := bytes.Repeat([]byte{channel}, wire.CellSize)
	binary.BigEndian.PutUint64(b, seq)
	return b
}

// cells is an APPEND of n cells, the first of which is to be cell seq.
func cells(channel byte, seq uint64, n int) *wire.AppendCells {
	a := &wire.AppendCells{Channel: wire.ID{channel}, Write: wire.Cap{channel, 'w'}}
	for i := range n {
		a.Cells = append(a.Cells, cell(channel, seq+uint64(i))...)
	}
	return a
}

func sealing(a *wire.AppendCells) *wire.AppendCells {
	a.Control = &wire.Cap{a.Channel[0], 'c'}
	return a
}

func subscribe(channel byte, from uint64, credit uint32) *wire.Subscribe {
	return &wire.Subscribe{Channel: wire.ID{channel}, Read: wire.Cap{channel, 'r'}, From: from, Credit: credit}
}

func truncate(channel byte, upTo uint64) *wire.Truncate {
	return &wire.Truncate{Channel: wire.ID{channel}, Control: wire.Cap{channel, 'c'}, UpTo: upTo}
}

func (c *client) append(channel byte, seq uint64, n int) {
	c.Helper()
	got := c.ask(cells(channel, seq, n))
	if a, ok := got.(*wire.Appended); !ok || a.First != seq {
		c.Fatalf("append: got %+v", got)
	}
}

// follow subscribes and returns the number of the subscription.
func (c *client) follow(channel byte, from uint64, credit uint32) uint32 {
	c.Helper()
	got := c.ask(subscribe(channel, from, credit))
	if _, ok := got.(*wire.Subscribed); !ok {
		c.Fatalf("subscribe: got %+v", got)
	}
	return c.request
}
