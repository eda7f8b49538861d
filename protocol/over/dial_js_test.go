package over_test

import (
	"bytes"
	"context"
	"errors"
	"syscall/js"
	"testing"

	"bulle/protocol/over"
)

// fake puts a WebSocket into the host that sends back what it gets, four bytes
// "text" as text, and closes after "bye".
const fake = `
globalThis.WebSocket = class {
  constructor(url) {
    this.url = url; this.bufferedAmount = 0; globalThis.lastSocket = this;
    setTimeout(() => url.includes("refuse") ? this.onclose({}) : this.onopen && this.onopen({}), 0);
  }
  send(data) {
    const copy = data.slice();
    const word = new TextDecoder().decode(copy);
    setTimeout(() => {
      if (word === "bye") { this.onclose && this.onclose({}); return; }
      this.onmessage && this.onmessage({data: word === "text" ? word : copy.buffer});
    }, 0);
  }
  close() { this.shut = true; }
};`

func host(t *testing.T) {
	t.Helper()
	old := js.Global().Get("WebSocket")
	js.Global().Call("eval", fake)
	t.Cleanup(func() { js.Global().Set("WebSocket", old) })
}

func open(t *testing.T, o over.Options) over.Conn {
	t.Helper()
	host(t)
	c, err := over.Dial(t.Context(), over.Target{Host: "relay:1", Path: "/circuit"}, o)
	if err != nil {
		t.Fatal(err)
	}
	if url := js.Global().Get("lastSocket").Get("url").String(); url != "wss://relay:1/circuit" {
		t.Errorf("connects to %s", url)
	}
	return c
}

func say(t *testing.T, c over.Conn, frame string) ([]byte, error) {
	t.Helper()
	if err := c.Write(t.Context(), []byte(frame)); err != nil {
		t.Fatal(err)
	}
	return c.Read(t.Context())
}

func TestHostSocketCarriesFrames(t *testing.T) {
	c := open(t, over.Options{})
	for _, size := range []int{1, 4096, 70000} {
		frame := bytes.Repeat([]byte{7}, size)
		got, err := say(t, c, string(frame))
		if err != nil || !bytes.Equal(got, frame) {
			t.Fatalf("%d bytes come back as %d, %v", size, len(got), err)
		}
	}
	if _, err := say(t, c, "bye"); !errors.Is(err, over.ErrClosed) {
		t.Errorf("after the other side closed: %v", err)
	}
	if err := c.Write(t.Context(), []byte("more")); !errors.Is(err, over.ErrClosed) {
		t.Errorf("write after the end: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestHostSocketRefuses(t *testing.T) {
	if _, err := say(t, open(t, over.Options{MaxFrame: 8}), "nine byte"); !errors.Is(err, over.ErrTooLarge) {
		t.Errorf("a frame one byte over: %v", err)
	}
	if _, err := say(t, open(t, over.Options{}), "text"); !errors.Is(err, over.ErrNotBinary) {
		t.Errorf("a text message: %v", err)
	}
	host(t)
	if _, err := over.Dial(t.Context(), over.Target{Host: "refuse"}, over.Options{}); !errors.Is(err, over.ErrClosed) {
		t.Errorf("a refused handshake: %v", err)
	}
}

func TestHostSocketWaitsNoLongerThanItsContext(t *testing.T) {
	c := open(t, over.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if !js.Global().Get("lastSocket").Get("shut").Truthy() {
		t.Error("the socket stays open")
	}
	c = open(t, over.Options{})
	js.Global().Get("lastSocket").Set("bufferedAmount", 64<<20)
	if err := c.Write(ctx, []byte("frame")); !errors.Is(err, context.Canceled) {
		t.Errorf("write to a host that does not send: %v", err)
	}
}
