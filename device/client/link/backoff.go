package link

import (
	"context"
	"time"
)

// A backoff is the pause between attempts: it doubles from RetryMin to RetryMax,
// and a random half of it is taken off, so that the devices that a relay lost
// together do not come back together.
type backoff struct {
	cfg  *Config
	next time.Duration
}

func newBackoff(cfg *Config) *backoff { return &backoff{cfg: cfg, next: cfg.Timing.RetryMin} }

func (b *backoff) reset() { b.next = b.cfg.Timing.RetryMin }

// wait pauses. It ends early with ctx or when kick has something; long asks for
// the longest pause, because trying again will hardly help.
func (b *backoff) wait(ctx context.Context, kick <-chan struct{}, long bool) {
	d := b.next
	if long {
		d = b.cfg.Timing.RetryMax
	}
	b.next = min(2*b.next, b.cfg.Timing.RetryMax)
	timer := time.NewTimer(d - time.Duration(b.cfg.Jitter()*float64(d/2)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-kick:
	case <-ctx.Done():
	}
}
