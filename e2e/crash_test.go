package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bulle/e2e/harness"
)

// TestKilledClients sends and reads with processes that are killed at random
// moments. What the sender's vault has is read once, in that order; what it has
// not was never promised.
func TestKilledClients(t *testing.T) {
	t.Parallel()
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	alice.Run(t, "send", "bruno", "first")
	bruno.AwaitText(t, "alice", "first")

	// Most of a command's time goes into unlocking the vault; the kills are to fall
	// into what comes after it.
	unlock := took(func() { alice.Run(t, "verify", "bruno") })
	send := took(func() { alice.Run(t, "send", "bruno", "second") })
	spread := max(send-unlock, 50*time.Millisecond) * 3 / 2
	seed := rand.Uint64()
	t.Logf("seed %d, kills between %v and %v", seed, unlock*3/4, unlock*3/4+spread)
	random := rand.New(rand.NewPCG(seed, 0))
	killedIn := func(p *harness.Process) {
		timer := time.NewTimer(unlock*3/4 + time.Duration(random.Int64N(int64(spread))))
		defer timer.Stop()
		select {
		case <-timer.C:
			p.Kill()
		case <-p.Done():
		}
	}
	for i := range rounds {
		killedIn(alice.Start(t, "send", "bruno", fmt.Sprintf("text %d", i)))
		killedIn(bruno.Start(t, "read", "alice", "--json"))
		if i%5 == 4 {
			b.Relay.Kill()
			b.Relay.Start(t)
		}
	}
	alice.Run(t, "send", "bruno", "last")
	bruno.AwaitText(t, "alice", "last")
	sent, read := texts(alice.JSON(t, "read", "bruno")), texts(bruno.JSON(t, "read", "alice"))
	if !slices.Equal(sent, read) {
		t.Errorf("sent and read differ:\n%q\n%q", sent, read)
	}
	t.Logf("%d of %d messages were queued before the kill", len(sent)-3, rounds)
}

func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
