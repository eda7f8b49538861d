package loopback_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bulle/protocol/over"
	"bulle/web/loopback"
)

// echo is a relay that sends every frame back.
type echo struct{ frames chan []byte }

func (e *echo) Read(ctx context.Context) ([]byte, error) {
	select {
	case f, ok := <-e.frames:
		if !ok {
			return nil, over.ErrClosed
		}
		return f, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *echo) Write(_ context.Context, f []byte) error {
	if string(f) == "bye" {
		close(e.frames)
		return nil
	}
	e.frames <- f
	return nil
}

func (*echo) Close() error { return nil }

type world struct {
	*loopback.Server
	host    string
	dialled chan over.Target
	now     time.Time
}

func start(t *testing.T, before ...func(*loopback.Server)) *world {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{host: l.Addr().String(), dialled: make(chan over.Target, 4), now: time.Unix(1_800_000_000, 0)}
	w.Server, err = loopback.New(loopback.Config{
		Files:    fstest.MapFS{"index.html": {Data: []byte("the page")}},
		Relay:    "relay:1",
		Pin:      [32]byte{1},
		Listener: l,
		Now:      func() time.Time { return w.now },
		Dial: func(_ context.Context, to over.Target, _ over.Options) (over.Conn, error) {
			w.dialled <- to
			if to.Path == "/governance" {
				return nil, over.ErrPin
			}
			return &echo{frames: make(chan []byte, 1)}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range before {
		change(w.Server)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("served: %v", err)
		}
	})
	return w
}

func (w *world) get(t *testing.T, c *http.Client, address string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestOneBrowserEntersOnce(t *testing.T) {
	w := start(t)
	const link = "https://relay:1/#the-link"
	address := w.Open(link)
	if strings.Contains(address, "the-link") {
		t.Errorf("the address %q carries the link: every user of the machine may read it", address)
	}
	mine, other := browser(t), browser(t)
	led := ""
	mine.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		led = r.URL.Fragment
		return nil
	}
	if code, body := w.get(t, mine, address); code != 200 || body != "the page" || led != link {
		t.Errorf("entering gives %d %q with %q", code, body, led)
	}
	if code, _ := w.get(t, mine, "http://"+w.host+"/"); code != 200 {
		t.Errorf("the same browser gets %d later", code)
	}
	if code, _ := w.get(t, other, address); code != 403 {
		t.Errorf("the address works twice: %d", code)
	}
	for _, path := range []string{"/", "/circuit", "/governance", "/enter/", "/enter/x"} {
		if code, body := w.get(t, other, "http://"+w.host+path); code == 200 || strings.Contains(body, "the page") {
			t.Errorf("another browser gets %s: %d %q", path, code, body)
		}
	}
}

// TestOtherUsersAreRefused lets nobody in whose connection the kernel says is
// another user's, not even with the token.
func TestOtherUsersAreRefused(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says whose a connection is")
	}
	w := start(t, func(s *loopback.Server) { s.SetUser(os.Getuid() + 1) })
	for _, address := range []string{w.Open("secret"), "http://" + w.host + "/"} {
		if status, body := w.get(t, browser(t), address); status != http.StatusForbidden || !strings.Contains(body, "another user") {
			t.Errorf("another user got %d, %q", status, body)
		}
	}
}

func TestAddressesGrowOld(t *testing.T) {
	w := start(t)
	first := w.Open("")
	second := w.Open("")
	if code, _ := w.get(t, browser(t), first); code != 403 {
		t.Errorf("the first of two addresses still works: %d", code)
	}
	w.now = w.now.Add(5 * time.Minute)
	if code, _ := w.get(t, browser(t), second); code != 403 {
		t.Errorf("an old address still works: %d", code)
	}
}

func TestOtherNamesAndSitesAreRefused(t *testing.T) {
	w := start(t)
	mine := browser(t)
	w.get(t, mine, w.Open(""))
	for _, header := range [][]string{
		{"Host", "rebound.example:80"},
		{"Host", "localhost:1"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "http://127.0.0.1:1"}, // another port of this host gets our cookie too
		{"Origin", "https://rebound.example"},
		{"Origin", "null"},
	} {
		if code, _ := w.get(t, mine, "http://"+w.host+"/", header...); code != http.StatusMisdirectedRequest {
			t.Errorf("%v: %d", header, code)
		}
	}
}

func TestCircuitsAreCarried(t *testing.T) {
	w := start(t)
	mine := browser(t)
	w.get(t, mine, w.Open(""))
	if code, _ := w.get(t, mine, "http://"+w.host+"/governance"); code != http.StatusBadGateway {
		t.Errorf("a relay with another key gives %d", code)
	}
	<-w.dialled
	page := upgrade(t, mine, w.host)
	if to := <-w.dialled; to != (over.Target{Host: "relay:1", Path: "/circuit", Pin: [32]byte{1}}) {
		t.Errorf("dialled %v", to)
	}
	page.send(t, "ping")
	if got, err := page.receive(t); got != "ping" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	page.send(t, "bye")
	if _, err := page.receive(t); err == nil {
		t.Error("the page's side stays open after the relay's")
	}
}

func TestOnlyLoopback(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := loopback.New(loopback.Config{Listener: l}); !errors.Is(err, loopback.ErrNotLoopback) {
		t.Errorf("got %v", err)
	}
}
