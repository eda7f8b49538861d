package link_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/wire"
)

// scripted returns a Config whose relay greets, opens and then does what script
// says with each message of the client. The script returns frames to send.
func scripted(script func(m wire.Message) [][]byte) link.Config {
	return link.Config{
		Prove: func([32]byte) ([]byte, error) { return []byte("proof"), nil },
		Dial: func(ctx context.Context, _ string) (link.Conn, error) {
			client, server := newPipe()
			go func() { // it ends with the pipe
				ctx := context.WithoutCancel(ctx)
				_ = server.Write(ctx, frame(0, &wire.Hello{Version: wire.Version}))
				for {
					f, err := server.Read(ctx)
					if err != nil {
						return
					}
					for m, err := range wire.Requests(f) {
						if err != nil {
							return
						}
						replies := [][]byte{frame(m.Request, &wire.Done{})}
						switch m.Body.(type) {
						case *wire.Open, *wire.Ping:
						default:
							replies = script(m)
						}
						for _, r := range replies {
							_ = server.Write(ctx, r)
						}
					}
				}
			}()
			return client, nil
		},
	}
}

func frame(request uint32, bodies ...wire.Body) []byte {
	var f []byte
	for _, b := range bodies {
		var err error
		if f, err = wire.Append(f, wire.Message{Request: request, Body: b}); err != nil {
			panic(err)
		}
	}
	return f
}

func cells(first uint64, n int) *wire.CellsEvent {
	return &wire.CellsEvent{First: first, Cells: make([]byte, n*link.CellSize)}
}

// TestARelayThatBreaksTheProtocol is left at once, whatever it does.
func TestARelayThatBreaksTheProtocol(t *testing.T) {
	many := func(request uint32) (frames [][]byte) {
		frames = append(frames, frame(request, &wire.Subscribed{}))
		for n := range uint64(9) { // 144 cells where 128 are allowed
			frames = append(frames, frame(request, cells(16*n, 16)))
		}
		return frames
	}
	for name, reply := range map[string]func(request uint32) [][]byte{
		"no frame":             func(uint32) [][]byte { return [][]byte{{}} },
		"no message":           func(uint32) [][]byte { return [][]byte{{1, 2, 3}} },
		"another reply":        func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Appended{})} },
		"reply to nothing":     func(r uint32) [][]byte { return [][]byte{frame(r+100, &wire.Done{})} },
		"two replies":          func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Subscribed{}, &wire.Subscribed{})} },
		"a second greeting":    func(uint32) [][]byte { return [][]byte{frame(0, &wire.Hello{Version: 1})} },
		"a request":            func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Ping{})} },
		"cells without credit": many,
		"cells twice":          func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Subscribed{}, cells(0, 2), cells(1, 1))} },
		"cells after the end":  func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Subscribed{}, &wire.End{}, cells(0, 1))} },
		"a head for cells":     func(r uint32) [][]byte { return [][]byte{frame(r, &wire.Subscribed{}, &wire.HeadEvent{})} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := link.OpenCircuit(t.Context(), scripted(func(m wire.Message) [][]byte { return reply(m.Request) }))
				check(t, err)
				defer shut(t, c)
				sub, err := c.Subscribe(t.Context(), link.ID{}, link.Cap{}, 0)
				for err == nil {
					_, err = sub.Next(t.Context())
					synctest.Wait()
				}
				if !errors.Is(err, link.ErrProtocol) && !errors.Is(err, link.ErrEnd) {
					t.Errorf("got %v, want ErrProtocol", err)
				}
				if err := c.Create(t.Context(), link.Channel{Class: link.Day}); !errors.Is(err, link.ErrProtocol) || !errors.Is(err, link.ErrOffline) {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

func TestARelayThatEndsTheCircuitSaysWhy(t *testing.T) {
	for _, own := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, err := link.OpenCircuit(t.Context(), scripted(func(m wire.Message) [][]byte {
				r := m.Request
				if !own {
					r = 0
				}
				return [][]byte{frame(r, &wire.Refusal{Reason: wire.Draining})}
			}))
			check(t, err)
			defer shut(t, c)
			if err := c.Create(t.Context(), link.Channel{Class: link.Day}); !errors.Is(err, link.ErrDraining) {
				t.Errorf("got %v, want ErrDraining", err)
			}
			synctest.Wait()
			if err := c.Create(t.Context(), link.Channel{Class: link.Day}); !errors.Is(err, link.ErrDraining) || !errors.Is(err, link.ErrOffline) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestOpening(t *testing.T) {
	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"silence":         {nil, link.ErrTimeout},
		"another version": {frame(0, &wire.Hello{Version: wire.Version + 1}), link.ErrProtocol},
		"not a greeting":  {frame(0, &wire.Done{}), link.ErrProtocol},
		"two messages":    {frame(0, &wire.Hello{Version: wire.Version}, &wire.Done{}), link.ErrProtocol},
		"garbage":         {[]byte{0xff}, link.ErrProtocol},
		"draining":        {frame(0, &wire.Refusal{Reason: wire.Draining}), link.ErrDraining},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, server := newPipe()
			cfg := scripted(nil)
			cfg.Dial = func(context.Context, string) (link.Conn, error) { return client, nil }
			if c.frame != nil {
				go func() { _ = server.Write(context.WithoutCancel(t.Context()), c.frame) }()
			}
			start := time.Now()
			if _, err := link.OpenCircuit(t.Context(), cfg); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
			if took := time.Since(start); took > wire.OpenTime {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
	cfg := scripted(nil)
	cfg.Prove = func([32]byte) ([]byte, error) { return nil, errDown }
	if _, err := link.OpenCircuit(t.Context(), cfg); !errors.Is(err, errDown) {
		t.Errorf("no proof: %v", err)
	}
}

// TestClosedSubscriptionsAreIgnored: what is sent for them a moment later is
// ignored, and others go on.
func TestClosedSubscriptionsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first uint32
		c, err := link.OpenCircuit(t.Context(), scripted(func(m wire.Message) [][]byte {
			switch m.Body.(type) {
			case *wire.Subscribe:
				first = m.Request
				return [][]byte{frame(m.Request, &wire.Subscribed{Next: 7, Sealed: true})}
			case *wire.Unsubscribe:
				return [][]byte{frame(first, cells(0, 1)), frame(m.Request, &wire.Done{})}
			}
			return [][]byte{frame(m.Request, &wire.Done{})}
		}))
		check(t, err)
		defer shut(t, c)
		sub, err := c.Subscribe(t.Context(), link.ID{}, link.Cap{}, 0)
		check(t, err)
		if sub.Known() != 7 || !sub.Sealed() {
			t.Errorf("known %d, sealed %v", sub.Known(), sub.Sealed())
		}
		shut(t, sub)
		shut(t, sub)
		synctest.Wait()
		check(t, c.Create(t.Context(), link.Channel{Class: link.Day}))
	})
}

func TestTooManySubscriptionsDoNotEndTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := link.OpenCircuit(t.Context(), scripted(func(m wire.Message) [][]byte {
			if _, ok := m.Body.(*wire.Subscribe); ok {
				return [][]byte{frame(m.Request, &wire.Subscribed{})}
			}
			return [][]byte{frame(m.Request, &wire.Done{})}
		}))
		check(t, err)
		defer shut(t, c)
		var subs []link.Subscription
		for err == nil {
			var sub link.Subscription
			if sub, err = c.Subscribe(t.Context(), link.ID{}, link.Cap{}, 0); err == nil {
				subs = append(subs, sub)
			}
		}
		if !errors.Is(err, link.ErrTooMany) || len(subs) < 1900 || len(subs) >= wire.MaxSubscriptions {
			t.Errorf("%v after %d subscriptions", err, len(subs))
		}
		check(t, c.Create(t.Context(), link.Channel{Class: link.Day}))
		shut(t, subs[0])
		if _, err := c.Subscribe(t.Context(), link.ID{}, link.Cap{}, 0); err != nil {
			t.Errorf("after one was closed: %v", err)
		}
	})
}

// FuzzReplies sends a client any bytes after it has opened and subscribed.
func FuzzReplies(f *testing.F) {
	f.Add(frame(3, &wire.Subscribed{}, cells(0, 1), &wire.End{Next: 1}))
	f.Add(frame(0, &wire.Refusal{Reason: wire.Internal}))
	f.Add(frame(3, &wire.Refusal{Reason: wire.Truncated, Seq: 9}))
	f.Fuzz(func(t *testing.T, b []byte) {
		synctest.Test(t, func(t *testing.T) {
			c, err := link.OpenCircuit(t.Context(), scripted(func(wire.Message) [][]byte { return [][]byte{b} }))
			check(t, err)
			defer shut(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			sub, err := c.Subscribe(ctx, link.ID{}, link.Cap{}, 0)
			for err == nil {
				_, err = sub.Next(ctx)
			}
		})
	})
}
