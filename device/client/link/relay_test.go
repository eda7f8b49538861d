package link_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"testing"

	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/protocol/over"
	"bulle/protocol/wire"
)

// pipe is a connection in memory. Its two ends bound what is under way to one
// frame, as a slow network does.
type pipe struct {
	in, out   chan []byte
	closed    chan struct{}
	closeOnce *sync.Once
}

func newPipe() (client, relay *pipe) {
	a, b := make(chan []byte), make(chan []byte)
	closed, once := make(chan struct{}), new(sync.Once)
	return &pipe{a, b, closed, once}, &pipe{b, a, closed, once}
}

func (p *pipe) Read(ctx context.Context) ([]byte, error) {
	select {
	case f := <-p.in:
		return f, nil
	case <-p.closed:
		return nil, over.ErrClosed
	case <-ctx.Done():
		_ = p.Close()
		return nil, ctx.Err()
	}
}

func (p *pipe) Write(ctx context.Context, frame []byte) error {
	select {
	case p.out <- append([]byte(nil), frame...):
		return nil
	case <-p.closed:
		return over.ErrClosed
	case <-ctx.Done():
		_ = p.Close()
		return ctx.Err()
	}
}

func (p *pipe) Close() error {
	p.closeOnce.Do(func() { close(p.closed) })
	return nil
}

// relay speaks wire over pipes and keeps its objects in linktest.
type relay struct {
	t     testing.TB
	store *linktest.Relay
	wait  sync.WaitGroup

	mu     sync.Mutex
	conns  map[*pipe]bool
	down   error // what Dial returns
	dials  int
	refuse wire.Code // what OPEN gets, if not 0
	proofs []string
	heads  chan link.Head
	log    [][]byte
}

func newRelay(tb testing.TB) *relay {
	tb.Helper()
	return &relay{t: tb, store: linktest.New(), conns: map[*pipe]bool{}, heads: make(chan link.Head, 8)}
}

func (r *relay) config() link.Config {
	return link.Config{
		Dial:  r.dial,
		Prove: func(challenge [32]byte) ([]byte, error) { return append([]byte("proof of "), challenge[0]), nil },
	}
}

func (r *relay) dial(_ context.Context, path string) (link.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dials++
	if r.down != nil {
		return nil, r.down
	}
	client, server := newPipe()
	r.conns[server] = true
	r.wait.Add(1)
	go func() {
		defer r.wait.Done()
		s := &serving{relay: r, conn: server, session: r.store.Session(), path: path, out: make(chan wire.Message, 1024)}
		s.serve()
		r.mu.Lock()
		delete(r.conns, server)
		r.mu.Unlock()
	}()
	return client, nil
}

// cut breaks all connections and lets Dial return an error, nil for none.
func (r *relay) cut(down error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *relay) count() (conns, dials int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns), r.dials
}

func (r *relay) refusing(code wire.Code) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = code
}

// end breaks all connections and waits for what served them.
func (r *relay) end() {
	r.cut(errDown)
	r.wait.Wait()
}

// serving is one connection of the relay.
type serving struct {
	relay   *relay
	conn    *pipe
	session *linktest.Session
	path    string
	out     chan wire.Message
	wait    sync.WaitGroup

	mu     sync.Mutex
	last   uint32
	credit map[uint32]chan uint32
	stop   map[uint32]context.CancelFunc
}

func (s *serving) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	defer s.wait.Wait()
	defer cancel()
	defer func() { _ = s.conn.Close() }() // a pipe's end has no failure
	s.credit, s.stop = map[uint32]chan uint32{}, map[uint32]context.CancelFunc{}
	s.wait.Go(func() { s.write(ctx) })
	s.send(0, &wire.Hello{Version: wire.Version, Challenge: [32]byte{42}})
	for {
		frame, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		for m, err := range wire.Requests(frame) {
			if err != nil {
				s.relay.t.Errorf("the client sent %v", err)
				return
			}
			s.handle(ctx, m)
		}
	}
}

func (s *serving) write(ctx context.Context) {
	for {
		select {
		case m := <-s.out:
			frame, err := wire.Append(nil, m)
			if err != nil {
				s.relay.t.Errorf("encode %v: %v", m.Body.Kind(), err)
			}
			if s.conn.Write(ctx, frame) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *serving) send(request uint32, body wire.Body) {
	select {
	case s.out <- wire.Message{Request: request, Body: body}:
	case <-s.conn.closed:
	}
}

func (s *serving) handle(ctx context.Context, m wire.Message) {
	if c, ok := m.Body.(*wire.Credit); ok {
		s.mu.Lock()
		ch := s.credit[m.Request]
		s.mu.Unlock()
		ch <- c.Cells
		return
	}
	if m.Request <= s.last {
		s.relay.t.Errorf("request %d after %d", m.Request, s.last)
	}
	s.last = m.Request
	body, err := s.answer(ctx, m)
	if err != nil {
		body = refusal(err)
	}
	if body != nil {
		s.send(m.Request, body)
	}
}

func refusal(err error) *wire.Refusal {
	var sealed *link.SealedError
	var truncated *link.TruncatedError
	var code wire.Code
	switch {
	case errors.As(err, &sealed):
		return &wire.Refusal{Reason: wire.Sealed, Seq: sealed.Next}
	case errors.As(err, &truncated):
		return &wire.Refusal{Reason: wire.Truncated, Seq: truncated.First}
	case errors.As(err, &code):
		return &wire.Refusal{Reason: code}
	}
	return &wire.Refusal{Reason: wire.Internal}
}

func hashed(c link.Cap) link.Cap { return link.Cap(c.Hash()) }

func (s *serving) answer(ctx context.Context, m wire.Message) (wire.Body, error) {
	done := &wire.Done{}
	switch b := m.Body.(type) {
	case *wire.Open:
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		s.relay.proofs = append(s.relay.proofs, string(b.Proof))
		if s.relay.refuse != 0 {
			return nil, s.relay.refuse
		}
		return done, nil
	case *wire.Renew:
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		s.relay.proofs = append(s.relay.proofs, "again "+string(b.Proof))
		return done, nil
	case *wire.Ping:
		return done, nil
	case *wire.Create:
		return done, s.session.Create(ctx, link.Channel{
			ID: b.Channel, Read: link.Cap(b.Read), Write: link.Cap(b.Write), Control: link.Cap(b.Control), Class: b.Class,
		})
	case *wire.AppendCells:
		var cells [][]byte
		for i := range b.Cells.Count() {
			cells = append(cells, b.Cells.At(i))
		}
		var first uint64
		var err error
		if b.Control != nil {
			first, err = s.session.Seal(ctx, b.Channel, hashed(b.Write), hashed(*b.Control), cells)
		} else {
			first, err = s.session.Append(ctx, b.Channel, hashed(b.Write), cells)
		}
		return &wire.Appended{First: first}, err
	case *wire.Truncate:
		return done, s.session.Truncate(ctx, b.Channel, hashed(b.Control), b.UpTo)
	case *wire.Subscribe:
		return s.subscribe(ctx, m.Request, b)
	case *wire.Unsubscribe:
		s.mu.Lock()
		defer s.mu.Unlock()
		if stop := s.stop[b.Subscription]; stop != nil {
			stop()
		}
		return done, nil
	case *wire.CreatePool:
		return done, s.session.CreatePool(ctx, link.Pool{
			ID: b.Pool, Put: link.Cap(b.Put), Take: link.Cap(b.Take), Class: b.Class,
		})
	case *wire.Put:
		n, err := s.session.Put(ctx, b.Pool, hashed(b.Cap), b.Item, b.LastResort)
		return &wire.Count{Items: uint32(n)}, err
	case *wire.Take:
		item, err := s.session.Take(ctx, b.Pool, hashed(b.Cap))
		return &wire.Item{Item: item}, err
	case *wire.BlobPut:
		return done, s.session.PutBlob(ctx, link.Blob{
			ID: b.Blob, Read: link.Cap(b.Read), Delete: link.Cap(b.Delete), Class: b.Class, Data: b.Data,
		})
	case *wire.BlobGet:
		data, err := s.session.GetBlob(ctx, b.Blob, hashed(b.Cap))
		return &wire.Blob{Data: data}, err
	case *wire.BlobDelete:
		return done, s.session.DeleteBlob(ctx, b.Blob, hashed(b.Cap))
	}
	return s.governance(ctx, m)
}

func (s *serving) governance(ctx context.Context, m wire.Message) (wire.Body, error) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	if s.path != "/governance" {
		return nil, wire.UnknownKind
	}
	switch b := m.Body.(type) {
	case *wire.Head:
		return s.head(), nil
	case *wire.Fetch:
		return &wire.Statements{Statements: s.relay.log[b.From:min(int(b.From)+int(b.Max), len(s.relay.log))]}, nil
	case *wire.Submit:
		if string(b.Statements[0]) == "stale" {
			return nil, wire.Stale
		}
		s.relay.log = append(s.relay.log, b.Statements...)
		return s.head(), nil
	case *wire.Watch:
		s.wait.Go(func() {
			for {
				select {
				case h := <-s.relay.heads:
					s.send(m.Request, &wire.HeadEvent{LogHead: h})
				case <-ctx.Done():
					return
				}
			}
		})
		return s.head(), nil
	}
	return nil, wire.UnknownKind
}

func (s *serving) head() *wire.LogHead {
	h := &wire.LogHead{Length: uint64(len(s.relay.log))}
	if h.Length > 0 {
		h.Hash = sha256.Sum256(s.relay.log[h.Length-1])
	}
	return h
}

func (s *serving) subscribe(ctx context.Context, request uint32, b *wire.Subscribe) (wire.Body, error) {
	sub, err := s.session.Subscribe(ctx, b.Channel, hashed(b.Read), b.From)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	more := make(chan uint32, 1024)
	s.mu.Lock()
	s.credit[request], s.stop[request] = more, cancel
	s.mu.Unlock()
	s.send(request, &wire.Subscribed{Next: sub.Known(), Sealed: sub.Sealed()})
	s.wait.Go(func() {
		defer cancel()
		s.push(ctx, request, sub, b.From, b.Credit, more)
	})
	return nil, nil
}

// push sends cells one by one as long as there is credit.
func (s *serving) push(ctx context.Context, request uint32, sub link.Subscription, next uint64, credit uint32, more <-chan uint32) {
	for {
		batch, err := sub.Next(ctx)
		if errors.Is(err, link.ErrEnd) {
			s.send(request, &wire.End{Next: next})
			return
		}
		if err != nil {
			return
		}
		for i, cell := range batch.Cells {
			for credit == 0 {
				select {
				case n := <-more:
					credit += n
				case <-ctx.Done():
					return
				}
			}
			credit--
			next = batch.First + uint64(i) + 1
			s.send(request, &wire.CellsEvent{First: next - 1, Cells: cell})
		}
	}
}

var errDown = io.ErrUnexpectedEOF
