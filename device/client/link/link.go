package link

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Link keeps a device connected to one relay until it is closed, on a circuit
// for reading, another for writing, and a third for files once one is moved.
//
// While a circuit is down its requests fail at once with [ErrOffline]: what waits
// to be sent waits in the vault, not here. Subscriptions end with their circuit;
// their consumer subscribes again from its own position.
type Link struct {
	cfg     Config
	read    *lane // Subscribe, Take
	write   *lane // Create, Append, Seal, Truncate, CreatePool, Put
	bulk    *lane // blobs; runs from its first use
	useBulk sync.Once

	cancel context.CancelFunc
	start  func(*lane)
	wait   sync.WaitGroup

	mu     sync.Mutex
	status Status
	news   chan struct{} // closed and replaced when status changes
}

// State is whether a link is connected.
type State uint8

// The states of a link.
const (
	Connecting State = iota // the first attempt has not ended
	Online
	Offline
)

// Status is what a link knows of its relay.
type Status struct {
	State   State
	Reason  error         // why it is offline
	Latency time.Duration // of the last ping, 0 if unknown
	Version uint64        // rises with each change of State or Reason
}

// New returns a link that is connecting.
func New(cfg Config) (*Link, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	l := &Link{cfg: cfg, news: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	l.read, l.write = newLane(&l.cfg, ctx.Done(), l.update), newLane(&l.cfg, ctx.Done(), l.update)
	l.bulk = newLane(&l.cfg, ctx.Done(), func() {})
	l.cancel = cancel
	l.start = func(lane *lane) {
		l.wait.Add(1)
		go func() {
			defer l.wait.Done()
			lane.run(ctx)
		}()
	}
	l.start(l.read)
	l.start(l.write)
	return l, nil
}

// Close disconnects and waits for everything to end. It may be called again.
func (l *Link) Close() error {
	l.useBulk.Do(func() {}) // it does not start any more
	l.cancel()
	l.wait.Wait()
	return nil
}

// update recomputes the status from the two lanes that must be up.
func (l *Link) update() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := Status{State: Online, Version: l.status.Version + 1}
	for _, lane := range []*lane{l.read, l.write} {
		up, reason, tried := lane.state()
		switch {
		case up:
		case tried:
			next.State, next.Reason = Offline, reason
		case next.State == Online:
			next.State = Connecting
		}
	}
	if next.State == l.status.State && errors.Is(next.Reason, l.status.Reason) {
		return
	}
	l.status = next
	close(l.news)
	l.news = make(chan struct{})
}

// Status returns how the link is now.
func (l *Link) Status() Status {
	l.mu.Lock()
	s := l.status
	l.mu.Unlock()
	if c, err := l.write.get(); err == nil {
		c.peer.mu.Lock()
		s.Latency = c.peer.latency
		c.peer.mu.Unlock()
	}
	return s
}

// Await waits until the status has a version above after and returns it. Versions
// may be skipped; the newest never is.
func (l *Link) Await(ctx context.Context, after uint64) (Status, error) {
	for {
		l.mu.Lock()
		version, news := l.status.Version, l.news
		l.mu.Unlock()
		if version > after {
			return l.Status(), nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
}

// WaitOnline waits until the link is online. It returns the reason at once when
// that is one that waiting does not cure, and at the end of ctx the reason why
// the link is offline, if there is one.
func (l *Link) WaitOnline(ctx context.Context) error {
	s := l.Status()
	for {
		if s.State == Online {
			return nil
		}
		if s.Reason != nil && Permanent(s.Reason) {
			return s.Reason
		}
		next, err := l.Await(ctx, s.Version)
		switch {
		case err == nil:
			s = next
		case s.Reason != nil:
			return s.Reason
		default:
			return err
		}
	}
}

// Retry ends the pause before the next attempt to connect: the network is back,
// or the user is impatient.
func (l *Link) Retry() {
	for _, lane := range []*lane{l.read, l.write, l.bulk} {
		lane.hurry()
	}
}

// Renew proves anew, on every open circuit, that this device may be here.
func (l *Link) Renew(ctx context.Context) error {
	var errs []error
	for _, lane := range []*lane{l.read, l.write, l.bulk} {
		if c, err := lane.get(); err == nil {
			errs = append(errs, c.renew(ctx, l.cfg.Prove))
		}
	}
	return errors.Join(errs...)
}
