// Package stack_test joins both halves in one process: the link of a device, over
// TLS and WebSocket, to the engine of a relay. Real programs are next door.
package stack_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/over"
	"bulle/protocol/secret"
	"bulle/server/relay"
	"bulle/server/relay/memory"
)

// gate admits one proof.
type gate struct{ proof string }

func (g gate) Admit(_ context.Context, _ [32]byte, proof []byte) (relay.Grant, error) {
	if string(proof) != g.proof {
		return relay.Grant{}, errors.New("unknown")
	}
	return relay.Grant{Holder: [32]byte{1}}, nil
}

// running is a relay in memory and how to reach it.
type running struct {
	engine *relay.Engine
	host   string
	link.Config
}

// serve starts a relay.
func serve(t *testing.T) running {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := relay.New(relay.Config{Store: store, Gate: gate{"proof"}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}))
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			c, err := over.Accept(w, r, over.Options{})
			if err != nil {
				return
			}
			_ = engine.Serve(context.WithoutCancel(r.Context()), c) // why a circuit ended is the client's to say
		}),
	}
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(listener) }) // it ends with Close
	t.Cleanup(func() {
		for _, err := range []error{engine.Close(), server.Close(), store.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		served.Wait()
		handlers.Wait()
	})
	host := listener.Addr().String()
	return running{engine, host, link.Config{
		Dial:  link.Dialer(host, over.Pin(parsed)),
		Prove: func([32]byte) ([]byte, error) { return []byte("proof"), nil },
	}}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, cfg link.Config) *link.Link {
	t.Helper()
	l, err := link.New(cfg)
	check(t, err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	check(t, l.WaitOnline(ctx))
	return l
}

// TestItemsOverARelay sends items of every size through a channel from one device
// to another that reads while they are written.
func TestItemsOverARelay(t *testing.T) {
	t.Parallel()
	r := serve(t)
	alice, bruno := connect(t, r.Config), connect(t, r.Config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	ch, err := delivery.NewChannel(secret.Random(delivery.ChannelSecretSize), nil)
	check(t, err)
	for _, l := range []*link.Link{alice, bruno, alice} {
		check(t, l.Create(ctx, ch.Link(link.Day)))
	}
	sub, err := bruno.Subscribe(ctx, ch.ID(), ch.Read(), 0)
	check(t, err)
	const items = 200
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		for n := range items {
			p, err := ch.Pack(bytes.Repeat([]byte{byte(n)}, n*700), link.Day) // up to 139,300 bytes: some are spilled
			if err == nil && n < items-1 {
				_, err = p.Send(ctx, alice)
			} else if err == nil {
				_, err = p.Seal(ctx, alice)
			}
			if err != nil {
				t.Errorf("send %d: %v", n, err)
				return
			}
		}
	})
	a := ch.Assembler()
	for got := 0; ; {
		batch, err := sub.Next(ctx)
		if errors.Is(err, link.ErrEnd) {
			if got != items {
				t.Errorf("%d items arrived", got)
			}
			break
		}
		check(t, err)
		for n, cell := range batch.Cells {
			item, err := a.Add(batch.First+uint64(n), cell)
			check(t, err)
			if item == nil {
				continue
			}
			data, err := item.Data(ctx, bruno)
			check(t, err)
			if !bytes.Equal(data, bytes.Repeat([]byte{byte(got)}, got*700)) {
				t.Fatalf("item %d came as %d bytes", got, len(data))
			}
			got++
		}
	}
	check(t, bruno.Truncate(ctx, ch.ID(), ch.Control(), a.Resume()))
	var truncated *link.TruncatedError
	if _, err := alice.Subscribe(ctx, ch.ID(), ch.Read(), 0); !errors.As(err, &truncated) || truncated.First != a.Resume() {
		t.Errorf("after truncation: %v", err)
	}
	p, err := ch.Pack([]byte("late"), link.Day)
	check(t, err)
	if _, err := p.Send(ctx, alice); !errors.Is(err, link.ErrSealed) {
		t.Errorf("after the seal: %v", err)
	}
}

// TestInboxAndPoolOverARelay is how two devices meet.
func TestInboxAndPoolOverARelay(t *testing.T) {
	t.Parallel()
	r := serve(t)
	owner, other := connect(t, r.Config), connect(t, r.Config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	inbox, err := delivery.NewInbox(secret.Random(delivery.InboxSecretSize))
	check(t, err)
	pool, err := delivery.NewPool(secret.Random(delivery.InboxSecretSize))
	check(t, err)
	check(t, owner.Create(ctx, inbox.Link(link.Month)))
	check(t, owner.CreatePool(ctx, pool.Link(link.Month)))
	_, err = owner.Put(ctx, pool.ID(), pool.Put(), []byte("last"), true)
	check(t, err)
	n, err := owner.Put(ctx, pool.ID(), pool.Put(), []byte("key package"), false)
	if n != 1 || err != nil {
		t.Fatalf("put: %d, %v", n, err)
	}
	for _, want := range []string{"key package", "last", "last"} {
		if got, err := other.Take(ctx, pool.Address().ID, pool.Address().Take); string(got) != want || err != nil {
			t.Errorf("took %q, %v; want %q", got, err, want)
		}
	}
	p, err := inbox.Address().Pack(bytes.Repeat([]byte("welcome "), 5000), link.Day)
	check(t, err)
	_, err = p.Send(ctx, other)
	check(t, err)
	sub, err := owner.Subscribe(ctx, inbox.ID(), inbox.Read(), 0)
	check(t, err)
	a := inbox.Assembler()
	for {
		batch, err := sub.Next(ctx)
		check(t, err)
		for i, cell := range batch.Cells {
			item, err := a.Add(batch.First+uint64(i), cell)
			check(t, err)
			if item != nil {
				if data, _ := item.Inline(); len(data) != 40000 {
					t.Errorf("%d bytes arrived", len(data))
				}
				return
			}
		}
	}
}

// memoryFile is where a file is downloaded to.
type memoryFile struct {
	mu sync.Mutex
	b  []byte
}

func (m *memoryFile) WriteAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if need := int(at) + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[at:], b), nil
}

func (m *memoryFile) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(b, at)
}

// TestAFileThroughCutCircuits closes every circuit again and again while a file
// is moved: it arrives whole.
func TestAFileThroughCutCircuits(t *testing.T) {
	t.Parallel()
	r := serve(t)
	l := connect(t, r.Config)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	data := make([]byte, 32<<20+12345)
	_, _ = rand.Read(data)

	cuts := 0
	cutting := attachment.Options{Window: 4, Progress: func(done, total uint64) {
		if done > 0 && done < total && cuts < 5 {
			cuts++
			r.engine.CloseCircuits(func(relay.Grant) bool { return true })
		}
	}, Now: everLater()}
	upload := attachment.NewUpload("file", "", uint64(len(data)), link.Day)
	var m *attachment.Manifest
	for {
		var err error
		if m, err = upload.Run(ctx, l, bytes.NewReader(data), cutting); err == nil {
			break
		}
		if !errors.Is(err, link.ErrOffline) {
			t.Fatal(err)
		}
	}
	if cuts == 0 {
		t.Error("nothing was cut while uploading")
	}
	cuts = 0
	var got memoryFile
	for {
		err := attachment.Download(ctx, l, m, &got, uint64(len(got.b)), cutting)
		if err == nil {
			break
		}
		if !errors.Is(err, link.ErrOffline) {
			t.Fatal(err)
		}
	}
	if cuts == 0 {
		t.Error("nothing was cut while downloading")
	}
	if !bytes.Equal(got.b, data) {
		t.Error("the file arrived changed")
	}
	check(t, attachment.Delete(ctx, l, m))
}

// everLater is a clock on which everything is due.
func everLater() func() time.Time {
	now := time.Now()
	return func() time.Time {
		now = now.Add(time.Hour)
		return now
	}
}

func TestAnotherPinAndAnotherProof(t *testing.T) {
	t.Parallel()
	r := serve(t)
	for name, c := range map[string]struct {
		change func(*link.Config)
		want   error
	}{
		"another proof": {func(c *link.Config) {
			c.Prove = func([32]byte) ([]byte, error) { return []byte("forged"), nil }
		}, link.ErrUnauthorised},
		"another pin":  {func(c *link.Config) { c.Dial = link.Dialer(r.host, [32]byte{1}) }, link.ErrPinChanged},
		"nobody there": {func(c *link.Config) { c.Dial = link.Dialer("127.0.0.1:1", [32]byte{}) }, link.ErrUnreachable},
	} {
		cfg := r.Config
		c.change(&cfg)
		if _, err := link.OpenCircuit(t.Context(), cfg); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
