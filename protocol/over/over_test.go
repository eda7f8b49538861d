//go:build !js

package over_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"bulle/protocol/over"
)

// certificate makes a self-signed certificate that names nobody.
func certificate(t *testing.T) (tls.Certificate, [32]byte) {
	t.Helper()
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
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, over.Pin(parsed)
}

// shut closes what a test has opened.
func shut(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// serve runs handle for each connection and returns where to dial.
func serve(t *testing.T, o over.Options, handle func(over.Conn)) over.Target {
	t.Helper()
	cert, pin := certificate(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(cert))
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			c, err := over.Accept(w, r, o)
			if err != nil {
				return
			}
			defer shut(t, c)
			handle(c)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		handlers.Wait()
	})
	return over.Target{Host: listener.Addr().String(), Path: "/circuit", Pin: pin}
}

func dial(t *testing.T, target over.Target, o over.Options) over.Conn {
	t.Helper()
	c, err := over.Dial(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, c) })
	return c
}

// echo sends back every frame.
func echo(c over.Conn) {
	for {
		frame, err := c.Read(context.Background())
		if err != nil {
			return
		}
		if c.Write(context.Background(), frame) != nil {
			return
		}
	}
}

func TestFramesOfEverySize(t *testing.T) {
	c := dial(t, serve(t, over.Options{}, echo), over.Options{})
	sizes := []int{0, 1, 125, 126, 4096, 16383, 16384, 16385, 65535, 65536, 65537, over.DefaultMaxFrame, 3, 70000}
	for _, size := range sizes {
		frame := make([]byte, size)
		rand.Read(frame)
		if err := c.Write(t.Context(), frame); err != nil {
			t.Fatal(err)
		}
		got, err := c.Read(t.Context())
		if err != nil || !bytes.Equal(got, frame) {
			t.Fatalf("a frame of %d bytes comes back with %d, %v", size, len(got), err)
		}
	}
}

func TestTheContextOfDialBoundsTheHandshakeOnly(t *testing.T) {
	target := serve(t, over.Options{}, echo)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := over.Dial(ctx, target, over.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, c)
	cancel()
	if err := c.Write(t.Context(), []byte("frame")); err != nil {
		t.Fatal(err)
	}
	if frame, err := c.Read(t.Context()); err != nil || string(frame) != "frame" {
		t.Errorf("got %q, %v", frame, err)
	}
	if _, err := over.Dial(ctx, target, over.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a handshake after the end of its context: %v", err)
	}
}

func TestFramesBelongToTheReader(t *testing.T) {
	c := dial(t, serve(t, over.Options{}, echo), over.Options{})
	var frames [][]byte
	for i := range 3 {
		if err := c.Write(t.Context(), bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
			t.Fatal(err)
		}
		frame, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	for i, frame := range frames {
		if !bytes.Equal(frame, bytes.Repeat([]byte{byte(i)}, 100)) {
			t.Errorf("frame %d was overwritten", i)
		}
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	target := serve(t, over.Options{}, echo)
	target.Pin[0] ^= 1
	if _, err := over.Dial(t.Context(), target, over.Options{}); !errors.Is(err, over.ErrPin) {
		t.Fatalf("got %v, want ErrPin", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	target := serve(t, over.Options{}, echo)
	for name, config := range map[string]*tls.Config{
		"TLS 1.2":       {MaxVersion: tls.VersionTLS12},
		"classical key": {CurvePreferences: []tls.CurveID{tls.X25519}},
	} {
		config.InsecureSkipVerify = true
		c, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", target.Host)
		if err == nil {
			shut(t, c)
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestFrameAboveTheLimit(t *testing.T) {
	result := make(chan error, 1)
	target := serve(t, over.Options{MaxFrame: 1000}, func(c over.Conn) {
		if _, err := c.Read(context.Background()); err != nil {
			result <- err
			return
		}
		_, err := c.Read(context.Background())
		result <- err
		if err := c.Write(context.Background(), []byte("too large")); err != nil {
			t.Error(err)
		}
	})
	c := dial(t, target, over.Options{})
	for _, size := range []int{1000, 1001} {
		if err := c.Write(t.Context(), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-result; !errors.Is(err, over.ErrTooLarge) {
		t.Errorf("one byte over: got %v, want ErrTooLarge", err)
	}
	if frame, err := c.Read(t.Context()); err != nil || string(frame) != "too large" {
		t.Errorf("the reason does not arrive: %q, %v", frame, err)
	}
}

func TestTextIsRefused(t *testing.T) {
	result := make(chan error, 1)
	target := serve(t, over.Options{}, func(c over.Conn) {
		_, err := c.Read(context.Background())
		result <- err
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	ws, _, err := websocket.Dial(t.Context(), "wss://"+target.Host+"/", &websocket.DialOptions{HTTPClient: client}) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ws.CloseNow(); err != nil {
			t.Log(err)
		}
	}()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, over.ErrNotBinary) {
		t.Errorf("got %v, want ErrNotBinary", err)
	}
}

func TestCloseInterrupts(t *testing.T) {
	stop := make(chan struct{})
	target := serve(t, over.Options{}, func(over.Conn) { <-stop })
	t.Cleanup(func() { close(stop) })
	c := dial(t, target, over.Options{})
	read, written := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := c.Read(context.Background())
		read <- err
	}()
	go func() {
		var err error
		for frame := make([]byte, 64<<10); err == nil; { // until the other side, who does not read, blocks us
			err = c.Write(context.Background(), frame)
		}
		written <- err
	}()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{<-read, <-written, c.Close()} {
		if err != nil && !errors.Is(err, over.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

func TestContextEndsARead(t *testing.T) {
	stop := make(chan struct{})
	target := serve(t, over.Options{}, func(over.Conn) { <-stop })
	t.Cleanup(func() { close(stop) })
	c := dial(t, target, over.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestOtherSideGone(t *testing.T) {
	c := dial(t, serve(t, over.Options{}, func(over.Conn) {}), over.Options{})
	if _, err := c.Read(t.Context()); !errors.Is(err, over.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestDialFailures(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	shut(t, listener)
	if _, err := over.Dial(t.Context(), over.Target{Host: host, Path: "/"}, over.Options{}); err == nil {
		t.Error("nobody listens, but Dial succeeds")
	}
	cert, pin := certificate(t)
	plain, err := tls.Listen("tcp", "127.0.0.1:0", over.ServerTLS(cert))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go server.Serve(plain) //nolint:errcheck // it ends when the test does
	defer shut(t, server)
	_, err = over.Dial(t.Context(), over.Target{Host: plain.Addr().String(), Path: "/", Pin: pin}, over.Options{})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server that is no relay: got %v", err)
	}
}
