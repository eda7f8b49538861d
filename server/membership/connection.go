package membership

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/wire"
)

// A governance connection:
//
//	Serve --hello--> read a frame -> each request: in order? opened? still in its right? not too fast?
//	   |                                 -> its handler -> one reply
//	   `-- pusher: heads to one who watches, and the word that the relay goes away
//
// Requests are handled one after the other, so nothing that a client sends makes
// more wait than its own connection holds.

// A Conn carries frames; package over has the real one.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	Close() error
}

// Serve serves one governance connection until it ends and closes it. It returns
// nil when the client went, and otherwise why the connection was ended.
func (m *Membership) Serve(ctx context.Context, conn Conn) error {
	defer conn.Close() //nolint:errcheck // the connection is over either way
	if err := m.enter(); err != nil {
		return errors.Join(err, refuseConn(ctx, conn, codeOf(err, wire.Rate)))
	}
	c := &connection{
		m: m, conn: conn, pace: newBucket(m.cfg.Burst, m.cfg.PerSecond, m.cfg.Now()),
		watch: make(chan watch, 1), writing: make(chan struct{}, 1),
	}
	defer func() { m.leave(c.right != nil) }()
	if _, err := io.ReadFull(m.cfg.Rand, c.challenge[:]); err != nil {
		return fmt.Errorf("make a challenge: %w", err)
	}
	if err := c.send(ctx, wire.Message{Body: &wire.Hello{Version: wire.Version, Challenge: c.challenge}}); err != nil {
		return nil
	}
	pushing, stop := context.WithCancel(ctx)
	var pusher sync.WaitGroup
	pusher.Go(func() { c.push(pushing) })
	err := c.read(ctx)
	stop()
	pusher.Wait()
	return err
}

// enter counts a connection in, unless there are too many or the relay goes away.
func (m *Membership) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.stop:
		return errClosed
	default:
	}
	if m.conns >= m.cfg.MaxConnections || m.unopened >= m.cfg.MaxUnopened {
		return wire.Rate
	}
	m.conns++
	m.unopened++
	m.ended.Add(1)
	return nil
}

func (m *Membership) leave(opened bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns--
	if !opened {
		m.unopened--
	}
	m.ended.Done()
}

func (m *Membership) opened() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unopened--
}

// A connection is one client's. Only its reader changes it.
type connection struct {
	m         *Membership
	conn      Conn
	challenge [32]byte
	right     right                               // nil until the connection is open
	device    atomic.Pointer[governance.DeviceID] // whose right may end; for the pusher
	last      uint32                              // highest request number so far
	pace      bucket
	watch     chan watch // tells the pusher of WATCH
	watching  bool

	writing chan struct{} // holds a value while a frame is written
}

// watch is a request to be told of growth beyond a length.
type watch struct {
	request uint32
	told    uint64
}

// read handles frames until the connection ends.
func (c *connection) read(ctx context.Context) error {
	deadline := c.m.cfg.Now().Add(wire.OpenTime)
	for {
		wait := wire.MaxSilence
		if c.right == nil {
			wait = max(time.Millisecond, deadline.Sub(c.m.cfg.Now()))
		}
		reading, stop := context.WithTimeout(ctx, wait)
		frame, err := c.conn.Read(reading)
		stop()
		if err != nil {
			return nil // the client went, or was silent for too long
		}
		for msg, err := range wire.Requests(frame) {
			if err == nil {
				err = c.handle(ctx, msg)
			}
			if err != nil {
				return c.end(ctx, msg.Request, err)
			}
		}
	}
}

// end tells the client why the connection ends.
func (c *connection) end(ctx context.Context, request uint32, cause error) error {
	code := wire.Internal
	errors.As(cause, &code)
	if err := c.send(ctx, wire.Message{Request: request, Body: &wire.Refusal{Reason: code}}); err != nil {
		return nil //nolint:nilerr // the client went
	}
	return code
}

// handle answers one request. An error ends the connection.
func (c *connection) handle(ctx context.Context, msg wire.Message) error {
	if msg.Request <= c.last {
		return wire.OutOfState
	}
	c.last = msg.Request
	if !c.pace.take(c.m.cfg.Now()) {
		return c.reply(ctx, msg.Request, nil, wire.Rate)
	}
	if open, ok := msg.Body.(*wire.Open); ok {
		return c.open(ctx, msg.Request, open)
	}
	if c.right == nil {
		return wire.OutOfState
	}
	if _, ok := msg.Body.(*wire.Ping); ok {
		return c.reply(ctx, msg.Request, &wire.Done{}, nil)
	}
	if err := c.right.valid(c.m.log.State(), c.m.cfg.Now()); err != nil {
		return c.reply(ctx, msg.Request, nil, err)
	}
	if _, ok := msg.Body.(*wire.Watch); ok {
		return c.startWatch(ctx, msg.Request)
	}
	body, err := c.answer(msg)
	return c.reply(ctx, msg.Request, body, err)
}

// open judges the proof. Whoever fails is not asked a second time.
func (c *connection) open(ctx context.Context, request uint32, open *wire.Open) error {
	if c.right != nil {
		return wire.OutOfState
	}
	r, err := c.m.judge(open.Proof, c.challenge)
	if err != nil {
		return codeOf(err, wire.Unauthorised)
	}
	c.right = r
	if d, ok := r.(device); ok {
		c.device.Store(&d.id)
	}
	c.m.opened()
	return c.reply(ctx, request, &wire.Done{}, nil)
}

// answer carries out a request of one who may make it.
func (c *connection) answer(msg wire.Message) (wire.Body, error) {
	switch body := msg.Body.(type) {
	case *wire.Head:
		return c.head(), nil
	case *wire.Fetch:
		return c.fetch(body)
	case *wire.Submit:
		return c.submit(body)
	}
	return nil, wire.UnknownKind // a circuit's request
}

func (c *connection) fetch(body *wire.Fetch) (wire.Body, error) {
	length := c.head().Length
	if body.From > length {
		return nil, &wire.Refusal{Reason: wire.Ahead, Seq: length}
	}
	statements, err := c.m.fetch(body.From, min(uint64(body.Max), length-body.From), wire.MaxStatements)
	if err != nil {
		return nil, c.internal("read the governance log", err)
	}
	return &wire.Statements{Statements: statements}, nil
}

// head is where the log ends for this connection.
func (c *connection) head() *wire.LogHead {
	if g, ok := c.right.(gone); ok {
		hash, _ := c.m.log.HashAt(g.length) // the log only grows
		return &wire.LogHead{Length: g.length, Hash: hash}
	}
	return c.m.head()
}

func (c *connection) submit(body *wire.Submit) (wire.Body, error) {
	if err := c.right.mayWrite(c.m.log.State(), body.Statements); err != nil {
		return nil, err
	}
	err := c.m.submit(body.Statements)
	var storage storageError
	switch {
	case err == nil:
		return c.m.head(), nil
	case errors.As(err, &storage):
		c.m.cfg.Log.Error("write the governance log", slog.Any("error", storage.error))
		return nil, wire.StorageFull
	}
	return nil, c.right.explain(codeOf(err, wire.Refused))
}

// internal hides from the client what only the operator can do something about.
func (c *connection) internal(doing string, err error) error {
	if errors.Is(err, errClosed) {
		return wire.Draining
	}
	c.m.cfg.Log.Error("serve governance", slog.String("doing", doing), slog.Any("error", err))
	return wire.Internal
}

// startWatch replies before the pusher may send the first event.
func (c *connection) startWatch(ctx context.Context, request uint32) error {
	if c.watching {
		return wire.OutOfState
	}
	c.watching = true
	head := c.head()
	if err := c.reply(ctx, request, head, nil); err != nil {
		return err
	}
	if _, ok := c.right.(gone); ok {
		return nil // it grows no more
	}
	c.watch <- watch{request, head.Length} // has room for the one
	return nil
}

// push sends heads to one who watches, and says goodbye when the relay goes away.
func (c *connection) push(ctx context.Context) {
	var w watch
	changed := c.m.next()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.m.stop:
			c.goodbye(ctx)
			return
		case w = <-c.watch:
		case <-changed:
			changed = c.m.next()
			if c.removed() {
				c.goodbyeWith(ctx, wire.Closed)
				return
			}
		}
		head := c.m.head()
		if w.request == 0 || head.Length == w.told {
			continue
		}
		w.told = head.Length
		if c.send(ctx, wire.Message{Request: w.request, Body: &wire.HeadEvent{LogHead: *head}}) != nil {
			_ = c.conn.Close() // wakes the reader
			return
		}
	}
}

// removed reports whether the device that opened the connection is one no more.
func (c *connection) removed() bool {
	id := c.device.Load()
	if id == nil {
		return false
	}
	_, ok := c.m.log.State().Device(*id)
	return !ok
}

// goodbye says that the relay goes away and ends the connection. A client that
// reads nothing does not hold it up for long.
func (c *connection) goodbye(ctx context.Context) { c.goodbyeWith(ctx, wire.Draining) }

func (c *connection) goodbyeWith(ctx context.Context, code wire.Code) {
	_ = c.write(ctx, goodbyeTime, wire.Message{Body: &wire.Refusal{Reason: code}}) // a courtesy
	_ = c.conn.Close()                                                             // wakes the reader
}

// reply answers a request: with a body, or with a refusal. A refusal that the
// protocol calls fatal ends the connection.
func (c *connection) reply(ctx context.Context, request uint32, body wire.Body, err error) error {
	if err != nil {
		refusal := &wire.Refusal{Reason: wire.Internal}
		if !errors.As(err, &refusal) {
			errors.As(err, &refusal.Reason)
		}
		if refusal.Reason.Fatal() {
			return refusal.Reason
		}
		body = refusal
	}
	return c.send(ctx, wire.Message{Request: request, Body: body})
}

// send writes one message with the protocol's deadline.
func (c *connection) send(ctx context.Context, msg wire.Message) error {
	return c.write(ctx, wire.WriteTime, msg)
}

// write waits for its turn and writes one message, in so much time.
func (c *connection) write(ctx context.Context, limit time.Duration, msg wire.Message) error {
	frame, err := wire.Append(nil, msg)
	if err != nil {
		return fmt.Errorf("encode a reply: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	select {
	case c.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.writing }()
	return c.conn.Write(ctx, frame)
}

// goodbyeTime is how long the last word of a connection may take.
const goodbyeTime = time.Second

// refuseConn says why a connection ends that asked for nothing.
func refuseConn(ctx context.Context, conn Conn, code wire.Code) error {
	frame, err := wire.Append(nil, wire.Message{Body: &wire.Refusal{Reason: code}})
	if err != nil {
		return fmt.Errorf("encode a refusal: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, goodbyeTime)
	defer stop()
	return conn.Write(ctx, frame)
}

func (m *Membership) head() *wire.LogHead {
	h := m.log.Head()
	return &wire.LogHead{Length: h.Length, Hash: h.Hash}
}

// codeOf words an error of governance for the wire.
func codeOf(err error, otherwise wire.Code) wire.Code {
	for _, row := range []struct {
		err  error
		code wire.Code
	}{
		{governance.ErrStale, wire.Stale},
		{governance.ErrInvitationUsed, wire.InvitationUsed},
		{governance.ErrInvitationExpired, wire.InvitationExpired},
		{errClaimed, wire.Claimed},
		{errClosed, wire.Draining},
	} {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return otherwise
}
