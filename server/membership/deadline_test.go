package membership_test

import (
	"testing"
	"testing/synctest"
	"time"

	"bulle/protocol/wire"
	"bulle/server/membership"
)

// TestSilenceEnds waits, on a fake clock, for both deadlines of a connection.
func TestSilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t, func(c *membership.Config) { c.Now = time.Now })
		start := time.Now()
		silent := r.dial()
		silent.end(0)
		if waited := time.Since(start); waited != wire.OpenTime {
			t.Errorf("a connection without a proof lasts %v", waited)
		}
		founder, _ := r.claim()
		start = time.Now()
		founder.end(0)
		if waited := time.Since(start); waited != wire.MaxSilence {
			t.Errorf("a silent connection lasts %v", waited)
		}
	})
}

// TestPaceRefills: what was refused as too fast is taken later.
func TestPaceRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t, func(c *membership.Config) { c.Now, c.Burst, c.PerSecond = time.Now, 4, 2 })
		founder, _ := r.claim()
		for range 3 {
			founder.must(&wire.Ping{})
		}
		founder.refused(&wire.Ping{}, wire.Rate)
		time.Sleep(time.Second) //nolint:forbidigo // the fake clock of synctest: nobody waits
		founder.must(&wire.Ping{})
		founder.must(&wire.Ping{})
		founder.refused(&wire.Ping{}, wire.Rate)
	})
}
