package link

import (
	"time"

	"bulle/protocol/wire"
)

// keep says something when nothing was said for long, and ends the connection
// when the relay owes a reply and nothing comes any more.
func (p *peer) keep() {
	defer p.wait.Done()
	tick := time.NewTicker(min(p.timing.Ping, p.timing.Reply) / 4)
	defer tick.Stop()
	p.ping()
	for {
		select {
		case <-p.done:
			return
		case now := <-tick.C:
			silent, stalled := p.silence(now)
			if stalled {
				p.fail(ErrTimeout)
				return
			}
			if silent {
				p.ping()
			}
		}
	}
}

func (p *peer) silence(now time.Time) (silent, stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.pending {
		if now.Sub(w.since) > p.timing.Reply && now.Sub(p.heard) > p.timing.Reply {
			return false, true
		}
	}
	return len(p.pending) == 0 && now.Sub(p.sent) >= p.timing.Ping, false
}

// ping asks for a sign of life without waiting for it. While requests are under
// way there is no need to.
func (p *peer) ping() {
	select {
	case p.slots <- struct{}{}:
	default:
		return
	}
	reply, start := make(chan wire.Body, 1), time.Now()
	if _, err := p.enqueue(&wire.Ping{}, reply, nil); err != nil {
		<-p.slots
		return
	}
	p.wait.Add(1)
	go func() {
		defer p.wait.Done()
		select {
		case <-reply:
			p.mu.Lock()
			p.latency = time.Since(start)
			p.mu.Unlock()
		case <-p.done:
		}
	}()
}
