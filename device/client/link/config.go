package link

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"bulle/protocol/wire"
)

// Config says how a relay is reached.
type Config struct {
	// Dial connects to the relay; [Dialer] makes one. Required.
	Dial Dial
	// Prove answers the relay's challenge. Required.
	Prove Prover
	// Timing holds times and bounds; zero fields take their defaults.
	Timing Timing
	// Jitter returns numbers from 0 to 1 that spread reconnections in time. The
	// default is random.
	Jitter func() float64
}

// Timing is how long things may take and how much may be under way.
type Timing struct {
	Dial  time.Duration // to connect, 15 s by default
	Open  time.Duration // from greeting to open circuit, 10 s
	Write time.Duration // for the transport to take one frame, 30 s
	Reply time.Duration // without a word of the relay while it owes a reply, 30 s
	Ping  time.Duration // without a word of ours before a ping, 20 s

	RetryMin time.Duration // first pause before connecting again, 100 ms
	RetryMax time.Duration // longest pause, 15 s

	InFlight int    // requests waiting for their reply on one circuit, 64
	Window   uint32 // cells of a subscription that wait for its consumer, 128
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&t.Dial, 15 * time.Second},
		{&t.Open, wire.OpenTime},
		{&t.Write, 30 * time.Second},
		{&t.Reply, 30 * time.Second},
		{&t.Ping, 20 * time.Second},
		{&t.RetryMin, 100 * time.Millisecond},
		{&t.RetryMax, 15 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	if t.InFlight == 0 {
		t.InFlight = 64
	}
	if t.Window == 0 {
		t.Window = 128
	}
	return t
}

// validate fills in the defaults and refuses what cannot work.
func (c Config) validate() (Config, error) {
	c.Timing = c.Timing.withDefaults()
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	t := c.Timing
	switch {
	case c.Dial == nil:
		return c, errors.New("link: Config.Dial is missing")
	case c.Prove == nil:
		return c, errors.New("link: Config.Prove is missing")
	case t.InFlight < 1 || t.InFlight > wire.MaxInFlight:
		return c, fmt.Errorf("link: Timing.InFlight is %d, not 1 to %d", t.InFlight, wire.MaxInFlight)
	case t.Window < 2*wire.MaxCells || t.Window > wire.MaxCredit:
		return c, fmt.Errorf("link: Timing.Window is %d, not %d to %d", t.Window, 2*wire.MaxCells, wire.MaxCredit)
	case min(t.Dial, t.Open, t.Write, t.Reply, t.Ping, t.RetryMin) <= 0 || t.RetryMax < t.RetryMin:
		return c, errors.New("link: a time of Timing is not positive, or RetryMax is below RetryMin")
	case t.Ping >= wire.MaxSilence:
		return c, fmt.Errorf("link: Timing.Ping is %v, not below %v", t.Ping, wire.MaxSilence)
	}
	return c, nil
}
