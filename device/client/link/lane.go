package link

import (
	"context"
	"sync"
	"time"
)

// A lane keeps one circuit open: it connects, waits until the circuit breaks, and
// connects again after a pause.
type lane struct {
	cfg     *Config
	changed func()          // told after each change, without the lock
	kick    chan struct{}   // of capacity 1: end the pause
	closed  <-chan struct{} // the link is closed

	mu      sync.Mutex
	circuit *Circuit // nil: not connected
	reason  error    // why not; nil before the first attempt has ended
	tries   uint64   // attempts that have ended
	news    chan struct{}
}

func newLane(cfg *Config, closed <-chan struct{}, changed func()) *lane {
	return &lane{cfg: cfg, changed: changed, closed: closed, kick: make(chan struct{}, 1), news: make(chan struct{})}
}

// run works until ctx ends, and leaves no circuit open.
func (l *lane) run(ctx context.Context) {
	pause := newBackoff(l.cfg)
	for ctx.Err() == nil {
		p, err := connect(ctx, l.cfg, circuitPath)
		if err == nil {
			l.set(&Circuit{p}, nil)
			start := time.Now()
			select {
			case <-p.done:
			case <-ctx.Done():
			}
			p.close()
			err = p.reason // nothing of the peer runs any more
			if time.Since(start) > l.cfg.Timing.RetryMax {
				pause.reset()
			}
		}
		if ctx.Err() != nil {
			break
		}
		l.set(nil, err)
		pause.wait(ctx, l.kick, Permanent(err))
	}
	l.set(nil, ErrClosed)
}

func (l *lane) set(c *Circuit, reason error) {
	l.mu.Lock()
	l.circuit, l.reason = c, reason
	l.tries++
	close(l.news)
	l.news = make(chan struct{})
	l.mu.Unlock()
	l.changed()
}

// get returns the circuit if there is one.
func (l *lane) get() (*Circuit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.getLocked()
}

func (l *lane) getLocked() (*Circuit, error) {
	if l.circuit != nil {
		return l.circuit, nil
	}
	return nil, offline(l.reason)
}

// await returns the circuit, and if there is none it waits for the end of the
// attempt that is under way or comes next.
func (l *lane) await(ctx context.Context) (*Circuit, error) {
	l.mu.Lock()
	c, err := l.getLocked()
	news := l.news
	l.mu.Unlock()
	if err == nil {
		return c, nil
	}
	select {
	case <-news:
		return l.get()
	case <-l.closed:
		return nil, offline(ErrClosed)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// state returns whether the lane is connected, and if not, why and whether an
// attempt has ended at all.
func (l *lane) state() (up bool, reason error, tried bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.circuit != nil, l.reason, l.tries > 0
}

// hurry ends the pause before the next attempt.
func (l *lane) hurry() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}
