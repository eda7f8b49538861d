package membership_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/wire"
	"bulle/server/membership"
)

// pipe is a connection in memory: what one end writes the other reads.
type pipe struct {
	in, out chan []byte
	done    chan struct{}
	once    *sync.Once
}

func newPipe() (client, server *pipe) {
	a, b, done, once := make(chan []byte, 64), make(chan []byte, 64), make(chan struct{}), &sync.Once{}
	return &pipe{a, b, done, once}, &pipe{b, a, done, once}
}

func (p *pipe) Read(ctx context.Context) ([]byte, error) {
	select {
	case f := <-p.in:
		return f, nil
	default:
	}
	select {
	case f := <-p.in:
		return f, nil
	case <-p.done:
		select {
		case f := <-p.in:
			return f, nil
		default:
			return nil, io.EOF
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Write(ctx context.Context, frame []byte) error {
	select {
	case p.out <- append([]byte(nil), frame...):
		return nil
	case <-p.done:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// relay is a membership under test.
type relay struct {
	t     *testing.T
	m     *membership.Membership
	cfg   membership.Config
	token *secret.Bytes
}

func clock() time.Time { return time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC) }

func newRelay(t *testing.T, change func(*membership.Config)) *relay {
	t.Helper()
	r := &relay{t: t, token: seed("token")}
	r.cfg = membership.Config{
		Path: filepath.Join(t.TempDir(), "governance.log"), Pin: [32]byte{1}, Now: clock,
		Token: func() (*secret.Bytes, error) { return r.token, nil },
	}
	if change != nil {
		change(&r.cfg)
	}
	r.open()
	t.Cleanup(func() {
		if err := r.m.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *relay) open() {
	r.t.Helper()
	m, err := membership.Open(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.m = m
}

// restart closes the membership and opens it again on the same file.
func (r *relay) restart() {
	r.t.Helper()
	if err := r.m.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

// A client is one governance connection.
type client struct {
	t         *testing.T
	conn      *pipe
	challenge [32]byte
	request   uint32
	ended     chan error
}

func (r *relay) dial() *client {
	r.t.Helper()
	conn, server := newPipe()
	c := &client{t: r.t, conn: conn, ended: make(chan error, 1)}
	go func() { c.ended <- r.m.Serve(context.Background(), server) }()
	switch hello := c.receive().Body.(type) {
	case *wire.Hello:
		c.challenge = hello.Challenge
	case *wire.Refusal:
		c.request = ^uint32(0)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return c
}

func (c *client) binding() governance.Binding {
	return governance.Binding{Purpose: governance.PurposeGovernance, Pin: [32]byte{1}, Challenge: c.challenge}
}

func (c *client) receive() wire.Message {
	c.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	frame, err := c.conn.Read(ctx)
	if err != nil {
		c.t.Fatalf("the connection says nothing: %v", err)
	}
	for m, err := range wire.Replies(frame) {
		if err != nil {
			c.t.Fatal(err)
		}
		return m
	}
	return wire.Message{}
}

// write sends a request and returns its number.
func (c *client) write(body wire.Body) uint32 {
	c.t.Helper()
	c.request++
	frame, err := wire.Append(nil, wire.Message{Request: c.request, Body: body})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.conn.Write(context.Background(), frame); err != nil {
		c.t.Fatal(err)
	}
	return c.request
}

// ask sends a request and returns what answers it.
func (c *client) ask(body wire.Body) (wire.Body, error) {
	c.t.Helper()
	n := c.write(body)
	reply := c.receive()
	if reply.Request != n {
		c.t.Fatalf("request %d is answered by %d: %+v", n, reply.Request, reply.Body)
	}
	if refusal, ok := reply.Body.(*wire.Refusal); ok {
		return nil, refusal
	}
	return reply.Body, nil
}

func (c *client) must(body wire.Body) wire.Body {
	c.t.Helper()
	reply, err := c.ask(body)
	if err != nil {
		c.t.Fatalf("%v is refused: %v", body.Kind(), err)
	}
	return reply
}

// refused expects a code.
func (c *client) refused(body wire.Body, code wire.Code) {
	c.t.Helper()
	if _, err := c.ask(body); !errors.Is(err, code) {
		c.t.Errorf("%v: got %v, want %v", body.Kind(), err, code)
	}
}

// end expects the connection to be over.
func (c *client) end(code wire.Code) {
	c.t.Helper()
	select {
	case err := <-c.ended:
		if code != 0 && !errors.Is(err, code) {
			c.t.Errorf("ended with %v, want %v", err, code)
		}
	case <-time.After(10 * time.Minute): // the suite's own deadline is shorter, that of synctest's clock is not
		c.t.Error("the connection does not end")
	}
}

func seed(name string) *secret.Bytes {
	b := make([]byte, governance.SeedSize)
	copy(b, name)
	return secret.New(b)
}

func key(name string) *governance.SigningKey      { return governance.NewSigningKey(seed(name)) }
func deviceKey(name string) *governance.DeviceKey { return governance.NewDeviceKey(seed(name)) }

func category() governance.CategoryID { return governance.CategoryID{1} }

// founding makes the first statements under some names.
func founding(t *testing.T, root, founder string) [][]byte {
	t.Helper()
	statements, err := governance.Found(key(root), key(founder), deviceKey(founder), governance.Founding{Category: category()}, clock())
	if err != nil {
		t.Fatal(err)
	}
	return statements
}

// claim founds the bubble and returns the founder's connection and a copy of the log.
func (r *relay) claim() (*client, *governance.Log) {
	r.t.Helper()
	c := r.dial()
	c.must(&wire.Open{Proof: governance.ProveClaim(r.token, c.binding())})
	statements := founding(r.t, "root", "founder")
	c.must(&wire.Submit{Statements: statements})
	log := governance.NewLog(governance.RootID(key("root").ID()))
	if err := log.Append(statements...); err != nil {
		r.t.Fatal(err)
	}
	return r.dialDevice("founder"), log
}

func (r *relay) dialDevice(name string) *client {
	r.t.Helper()
	c := r.dial()
	c.must(&wire.Open{Proof: governance.ProveDevice(deviceKey(name), category(), c.binding())})
	return c
}

// invite states an invitation.
func invite(t *testing.T, log *governance.Log, name string, uses uint32, expires time.Time) []byte {
	t.Helper()
	st, err := governance.Invite(governance.Place{Head: log.Head(), Time: clock()}, key("root"),
		governance.Terms{Key: *key(name).Public(), Category: category(), Uses: uses, Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func admit(t *testing.T, log *governance.Log, invitation, name string) [][]byte {
	t.Helper()
	statements, err := governance.Admit(governance.Place{Head: log.Head(), Time: clock()}, key(invitation), key(name), deviceKey(name),
		governance.Admission{Category: category(), MemberCard: []byte("card"), DeviceCard: []byte("card")})
	if err != nil {
		t.Fatal(err)
	}
	return statements
}
