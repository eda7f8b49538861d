package loopback

import (
	"context"
	"net/http"
	"sync"
	"time"

	"bulle/protocol/mdns"
	"bulle/protocol/over"
)

const (
	dialTime  = 15 * time.Second
	writeTime = 30 * time.Second
)

// carry joins one WebSocket of the page to one of the relay, frame by frame, until
// either ends. It reads nothing of them. The relay is reached first, so that the
// page learns from the refused handshake that it cannot be.
func (s *Server) carry(life context.Context, circuits *sync.WaitGroup, w http.ResponseWriter, r *http.Request, path string) {
	select {
	case s.slots <- struct{}{}:
	default:
		http.Error(w, "too many circuits", http.StatusServiceUnavailable)
		return
	}
	dialing, cancel := context.WithTimeout(life, dialTime)
	relay, err := s.cfg.Dial(dialing, over.Target{Host: mdns.Resolve(dialing, s.cfg.Relay), Path: path, Pin: s.cfg.Pin}, over.Options{})
	cancel()
	if err != nil {
		<-s.slots
		http.Error(w, "the relay cannot be reached", http.StatusBadGateway)
		return
	}
	page, err := over.Accept(w, r, over.Options{})
	if err != nil {
		_ = relay.Close() // nothing was said on it
		<-s.slots
		return
	}
	circuits.Go(func() {
		defer func() { <-s.slots }()
		join(life, page, relay)
	})
}

// join copies frames both ways until one side ends, and ends the other.
func join(life context.Context, a, b over.Conn) {
	ctx, end := context.WithCancel(life)
	defer end()
	var ways sync.WaitGroup
	for _, way := range [][2]over.Conn{{a, b}, {b, a}} {
		ways.Go(func() {
			defer end()
			_ = pump(ctx, way[0], way[1]) // why it ended is the business of the two sides
		})
	}
	ways.Wait()
	_, _ = a.Close(), b.Close() // they have mostly ended already
}

func pump(ctx context.Context, from, to over.Conn) error {
	for {
		frame, err := from.Read(ctx)
		if err != nil {
			return err
		}
		writing, cancel := context.WithTimeout(ctx, writeTime)
		err = to.Write(writing, frame)
		cancel()
		if err != nil {
			return err
		}
	}
}
