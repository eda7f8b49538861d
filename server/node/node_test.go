package node_test

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/over"
	"bulle/protocol/secret"
	"bulle/protocol/wire"
	"bulle/server/node"
)

// running is a relay that serves.
type running struct {
	t    *testing.T
	node *node.Node
	info node.Info
	stop func()
	done chan error
}

func start(t *testing.T, dir string, change func(*node.Config)) *running {
	t.Helper()
	cfg := node.Config{Data: dir, Listen: "127.0.0.1:0", Drain: 200 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	n, err := node.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	info, err := n.Info()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, node: n, info: info, done: make(chan error, 1)}
	r.stop = sync.OnceFunc(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Errorf("the relay ends with %v", err)
		}
	})
	go func() { r.done <- n.Run(ctx) }()
	t.Cleanup(r.stop)
	return r
}

func seed(name string) *secret.Bytes {
	b := make([]byte, governance.SeedSize)
	copy(b, name)
	return secret.New(b)
}

// dial connects and reads the hello.
func (r *running) dial(path string, pin [32]byte) (over.Conn, [32]byte, error) {
	r.t.Helper()
	conn, err := over.Dial(r.t.Context(), over.Target{Host: r.info.Address, Path: path, Pin: pin}, over.Options{})
	if err != nil {
		return nil, [32]byte{}, err
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	hello, ok := receive(r.t, conn).(*wire.Hello)
	if !ok {
		r.t.Fatal("the relay does not say hello")
	}
	return conn, hello.Challenge, nil
}

func receive(t *testing.T, conn over.Conn) wire.Body {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	frame, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for m, err := range wire.Replies(frame) {
		if err != nil {
			t.Fatal(err)
		}
		return m.Body
	}
	return nil
}

func ask(t *testing.T, conn over.Conn, request uint32, body wire.Body) wire.Body {
	t.Helper()
	frame, err := wire.Append(nil, wire.Message{Request: request, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Write(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
	return receive(t, conn)
}

func (r *running) pin() (pin [32]byte) {
	r.t.Helper()
	b, err := hex.DecodeString(r.info.Fingerprint)
	if err != nil || len(b) != len(pin) {
		r.t.Fatalf("the fingerprint is %q", r.info.Fingerprint)
	}
	return [32]byte(b)
}

func (r *running) claim() {
	r.t.Helper()
	link, err := governance.ParseClaimLink(r.info.Claim)
	if err != nil || link.Pin != r.pin() || link.Address != r.info.Address {
		r.t.Fatalf("the claim link: %v", err)
	}
	conn, challenge, err := r.dial("/governance", link.Pin)
	if err != nil {
		r.t.Fatal(err)
	}
	b := governance.Binding{Purpose: governance.PurposeGovernance, Pin: link.Pin, Challenge: challenge}
	if reply, ok := ask(r.t, conn, 1, &wire.Open{Proof: governance.ProveClaim(link.Token, b)}).(*wire.Done); !ok {
		r.t.Fatalf("the claim is answered by %+v", reply)
	}
	statements, err := governance.Found(governance.NewSigningKey(seed("root")), governance.NewSigningKey(seed("founder")),
		governance.NewDeviceKey(seed("device")), governance.Founding{Category: governance.CategoryID{1}}, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	if reply, ok := ask(r.t, conn, 2, &wire.Submit{Statements: statements}).(*wire.LogHead); !ok || reply.Length != 4 {
		r.t.Fatalf("the founding is answered by %+v", reply)
	}
}

// circuit opens a circuit of the founder's device.
func (r *running) circuit() (over.Conn, wire.Body) {
	r.t.Helper()
	conn, challenge, err := r.dial("/circuit", r.pin())
	if err != nil {
		r.t.Fatal(err)
	}
	b := governance.Binding{Purpose: governance.PurposeCircuit, Pin: r.pin(), Challenge: challenge}
	proof := governance.ProveDevice(governance.NewDeviceKey(seed("device")), governance.CategoryID{1}, b)
	return conn, ask(r.t, conn, 1, &wire.Open{Proof: proof})
}

// TestClaimAndTalkOverTLS walks the way of a founder's device: claim link, founding,
// circuit, and again after a restart.
func TestClaimAndTalkOverTLS(t *testing.T) {
	for _, store := range []node.StoreKind{node.StorePebble, node.StoreMemory} {
		t.Run(string(store), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "relay")
			onStore := func(c *node.Config) { c.Store = store }
			r := start(t, dir, onStore)
			if _, reply := r.circuit(); !errors.Is(refusal(reply), wire.Unauthorised) {
				t.Errorf("a stranger's circuit is answered by %+v", reply)
			}
			r.claim()
			if _, err := os.Stat(filepath.Join(dir, "claim-token")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the claim token stays: %v", err)
			}
			if info, err := r.node.Info(); err != nil || info.Claim != "" {
				t.Errorf("a claimed relay still shows %q, %v", info.Claim, err)
			}
			if _, reply := r.circuit(); refusal(reply) != nil {
				t.Errorf("the founder's circuit is answered by %+v", reply)
			}
			fingerprint := r.info.Fingerprint
			r.stop()
			r = start(t, dir, onStore)
			if r.info.Fingerprint != fingerprint || r.info.Claim != "" {
				t.Errorf("after a restart: %+v", r.info)
			}
			conn, reply := r.circuit()
			if refusal(reply) != nil {
				t.Errorf("after a restart the founder's circuit is answered by %+v", reply)
			}
			id := wire.ID{7}
			created := ask(t, conn, 2, &wire.Create{Channel: id, Class: wire.Hour})
			if _, ok := created.(*wire.Done); !ok {
				t.Errorf("CREATE is answered by %+v", created)
			}
		})
	}
}

func refusal(b wire.Body) error {
	if r, ok := b.(*wire.Refusal); ok {
		return r
	}
	return nil
}

func TestOtherPinsAndPaths(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	if _, _, err := r.dial("/circuit", [32]byte{9}); !errors.Is(err, over.ErrPin) {
		t.Errorf("another pin: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, MinVersion: tls.VersionTLS13,
	}}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/", "/metrics", "/circuit/", "/debug/pprof/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.info.Address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", r.info.Address); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 is taken")
	}
}

func TestSilentConnectionsEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for a deadline")
	}
	r := start(t, t.TempDir(), nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.info.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // a test's connection
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("a connection that says nothing: %v", err)
	}
}

func TestStopTellsCircuitsAndEnds(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.claim()
	conn, _ := r.circuit()
	watcher, _, err := r.dial("/governance", r.pin())
	if err != nil {
		t.Fatal(err)
	}
	go r.stop()
	for _, c := range []over.Conn{conn, watcher} {
		if reply := receive(t, c); !errors.Is(refusal(reply), wire.Draining) {
			t.Errorf("heard %+v", reply)
		}
	}
	r.stop()
	if _, _, err := r.dial("/circuit", r.pin()); err == nil {
		t.Error("a stopped relay takes connections")
	}
}

// TestStopAtOnce stops relays that have hardly begun.
func TestStopAtOnce(t *testing.T) {
	for range 50 {
		start(t, t.TempDir(), func(c *node.Config) { c.Store = node.StoreMemory }).stop()
	}
}

func TestWhatCannotStart(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	cannot := func(want node.Problem, cfg node.Config) {
		t.Helper()
		n, err := node.New(cfg)
		if problemOf(err) != want {
			t.Errorf("got %v, want %v", err, want)
		}
		if err == nil {
			_ = n.Close()
		}
	}
	cannot(node.DataInUse, node.Config{Data: dir, Listen: "127.0.0.1:0"})
	cannot(node.ListenFailed, node.Config{Data: t.TempDir(), Listen: r.info.Address})
	cannot(node.NoData, node.Config{})
	r.stop()
	if err := os.WriteFile(filepath.Join(dir, "governance.log"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	cannot(node.LogDamaged, node.Config{Data: dir, Listen: "127.0.0.1:0"})
}

// TestRemovedStore takes the cells of a relay that has members away by hand.
func TestRemovedStore(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	r.stop()
	if err := os.RemoveAll(filepath.Join(dir, "cells")); err != nil {
		t.Fatal(err)
	}
	r = start(t, dir, nil) // nobody has claimed it: nothing can be missing
	r.claim()
	r.stop()
	if err := os.RemoveAll(filepath.Join(dir, "cells")); err != nil {
		t.Fatal(err)
	}
	if n, err := node.New(node.Config{Data: dir, Listen: "127.0.0.1:0"}); problemOf(err) != node.StoreGone {
		t.Errorf("it starts without its cells: %v %v", n, err)
	}
	start(t, dir, func(c *node.Config) { c.EmptyStore = true }).stop()
	start(t, dir, nil)
}

// TestQuotaIsTheStores fills a relay that may keep very little.
func TestQuotaIsTheStores(t *testing.T) {
	for _, store := range []node.StoreKind{node.StorePebble, node.StoreMemory} {
		r := start(t, t.TempDir(), func(c *node.Config) {
			c.Store, c.Quota.Total, c.Quota.Category = store, 8<<20, 1<<20
		})
		r.claim()
		conn, _ := r.circuit()
		var write wire.Cap
		ask(t, conn, 2, &wire.Create{Channel: wire.ID{7}, Write: write.Hash(), Class: wire.Hour})
		cells := make(wire.Cells, wire.MaxCells*wire.CellSize)
		var reply wire.Body
		for request := range uint32(1<<20/len(cells) + 1) {
			reply = ask(t, conn, 3+request, &wire.AppendCells{Channel: wire.ID{7}, Write: write, Cells: cells})
		}
		if !errors.Is(refusal(reply), wire.OverQuota) {
			t.Errorf("%s: one category has more than its quota: %+v", store, reply)
		}
	}
}

// TestLogsNameNobody runs a claim and a refused circuit with every log level on.
func TestLogsNameNobody(t *testing.T) {
	var log lockedBuffer
	r := start(t, t.TempDir(), func(c *node.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	r.circuit()
	r.claim()
	r.circuit()
	r.stop()
	link, err := governance.ParseClaimLink(r.info.Claim)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{
		"an address":  "127.0.0.1",
		"the token":   hex.EncodeToString(link.Token.Reveal()),
		"a device":    governance.NewDeviceKey(seed("device")).ID().String(),
		"a member":    governance.NewSigningKey(seed("founder")).ID().String(),
		"the link":    r.info.Claim,
		"a category":  governance.CategoryID{1}.String(),
		"a directory": r.info.Fingerprint,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %s:\n%s", what, log.String())
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
