package terminal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"bulle/device/client"
	"bulle/device/terminal"
)

// quiet is a client to whom nothing happens. What Run needs no answer for is not there.
type quiet struct{ terminal.Client }

func (quiet) Self() client.Contact { return client.Contact{Name: "Alice", Self: true} }

func (quiet) Bubble() client.Bubble { return client.Bubble{Address: "relay.example:8443"} }

func (quiet) Status() client.Status { return client.Status{} }

func (quiet) Conversations() ([]client.Conversation, error) { return nil, nil }

func (quiet) Events(ctx context.Context) <-chan client.Event {
	events := make(chan client.Event)
	context.AfterFunc(ctx, func() { close(events) })
	return events
}

// tape records what the screen is told to show, and says when it shows anything.
type tape struct {
	mu      sync.Mutex
	written bytes.Buffer
	shown   chan struct{}
	once    sync.Once
}

func (w *tape) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.Write(p)
	if bytes.Contains(w.written.Bytes(), []byte("relay.example")) {
		w.once.Do(func() { close(w.shown) })
	}
	return len(p), nil
}

func TestRunEndsWithoutTraces(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, end := range map[string]func(keyboard io.Writer, cancel func()){
		"by key":     func(keyboard io.Writer, _ func()) { keyboard.Write([]byte("\x11")) }, //nolint:errcheck // a pipe in memory
		"by context": func(_ io.Writer, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in, keyboard := io.Pipe()
			out := &tape{shown: make(chan struct{})}
			go func() {
				<-out.shown
				end(keyboard, cancel)
				keyboard.Close() //nolint:errcheck // a pipe in memory
			}()
			if err := terminal.Run(ctx, terminal.Config{Client: quiet{}, Input: in, Output: out, Environ: []string{"TERM=xterm-256color"}}); err != nil {
				t.Fatal(err)
			}
			out.mu.Lock()
			defer out.mu.Unlock()
			if shown := out.written.String(); !bytes.Contains([]byte(shown), []byte("\x1b[?1049l")) {
				t.Error("the screen that was there before is not back")
			}
		})
	}
}

func TestRunNeedsItsParts(t *testing.T) {
	if err := terminal.Run(t.Context(), terminal.Config{}); err == nil || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
