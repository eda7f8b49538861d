package conversation_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"bulle/device/client/conversation"
	"bulle/device/client/link"
)

// A hostile session lies to its device: what a subscription delivers goes through
// tamper, and appends can be executed without an answer.
type hostile struct {
	link.Session
	tamper func(link.Batch) []link.Batch
	mute   func() bool // the answer of this append gets lost
	hidden link.ID     // this channel cannot be read now
}

func (h *hostile) Append(ctx context.Context, ch link.ID, w link.Cap, cells [][]byte) (uint64, error) {
	first, err := h.Session.Append(ctx, ch, w, cells)
	if err == nil && h.mute != nil && h.mute() {
		return 0, link.ErrTimeout
	}
	return first, err
}

func (h *hostile) Seal(ctx context.Context, ch link.ID, w, c link.Cap, cells [][]byte) (uint64, error) {
	first, err := h.Session.Seal(ctx, ch, w, c, cells)
	if err == nil && h.mute != nil && h.mute() {
		return 0, link.ErrTimeout
	}
	return first, err
}

func (h *hostile) Subscribe(ctx context.Context, ch link.ID, r link.Cap, from uint64) (link.Subscription, error) {
	if ch == h.hidden {
		return nil, link.ErrRate
	}
	sub, err := h.Session.Subscribe(ctx, ch, r, from)
	if err != nil || h.tamper == nil {
		return sub, err
	}
	return &tampered{Subscription: sub, tamper: h.tamper}, nil
}

type tampered struct {
	link.Subscription
	tamper func(link.Batch) []link.Batch
	left   []link.Batch
}

func (s *tampered) Next(ctx context.Context) (link.Batch, error) {
	for len(s.left) == 0 {
		b, err := s.Subscription.Next(ctx)
		if err != nil {
			return b, err
		}
		s.left = s.tamper(b)
	}
	b := s.left[0]
	s.left = s.left[1:]
	return b, nil
}

// syncHard syncs until a round gets through.
func (d *device) syncHard() {
	d.world.t.Helper()
	for range 30 {
		if d.trySync() == nil {
			return
		}
	}
	d.world.t.Fatalf("%s: no round gets through", d.name)
}

// single makes one batch of each cell.
func single(b link.Batch) (out []link.Batch) {
	for i := range b.Cells {
		out = append(out, link.Batch{First: b.First + uint64(i), Cells: b.Cells[i : i+1 : i+1]})
	}
	return out
}

// TestLostAnswersDoubleNothing has the relay execute every second append without
// saying so.
func TestLostAnswersDoubleNothing(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	bob.watch(o)
	var mu sync.Mutex
	count := 0
	mute := func() bool {
		mu.Lock()
		defer mu.Unlock()
		count++
		return count%2 == 0
	}
	alice.relay, bob.relay = &hostile{Session: alice.session, mute: mute}, &hostile{Session: bob.session, mute: mute}
	bob.syncHard()
	id := alice.Direct(bob.id())
	var want []string
	for n := range 10 {
		alice.say(bob, fmt.Sprint(n))
		alice.syncHard()
		bob.syncHard()
		bob.say(alice, fmt.Sprint(n))
		bob.syncHard()
		want = append(want, fmt.Sprintf("alice: %d", n), fmt.Sprintf("bob: %d", n))
	}
	alice.syncHard()
	slices.Sort(want)
	for _, d := range []*device{alice, bob} {
		if got := d.said(id); !slices.Equal(got, want) {
			t.Errorf("%s has %q", d.name, got)
		}
	}
}

// TestReplaysAndReorderingAreHarmless delivers cells twice, late, and in another
// order: every text arrives once, or its absence is told.
func TestReplaysAndReorderingAreHarmless(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	random := mrand.New(mrand.NewPCG(1, 2))
	var old []link.Batch
	bob.sync()
	id := group(t, "hostile", alice, bob)
	bob.relay = &hostile{Session: bob.session, tamper: func(b link.Batch) []link.Batch {
		out := single(b)
		if len(old) > 0 {
			out = append(out, old[random.IntN(len(old))])
		}
		out = append(out, out[random.IntN(len(out))])
		old = append(old, out...)
		random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}}
	var want []string
	for n := range 30 {
		alice.tell(id, fmt.Sprintf("%02d", n))
		want = append(want, fmt.Sprintf("alice: %02d", n))
		alice.syncHard()
		if n%7 == 0 {
			bob.syncHard()
		}
	}
	bob.syncHard()
	bob.syncHard()
	got := bob.said(id)
	if len(slices.Compact(slices.Clone(got))) != len(got) || slices.ContainsFunc(got, func(s string) bool { return !slices.Contains(want, s) }) {
		t.Errorf("bob has %q", got)
	}
	if len(got) < len(want) && !bob.warned(conversation.WarningTruncated) {
		t.Errorf("bob has %d texts, and nobody was told", len(got))
	}
}

// TestADroppedMessageIsNoticed has the relay hide one message from one member.
func TestADroppedMessageIsNoticed(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	id := group(t, "hostile", alice, bob)
	drop := true
	bob.relay = &hostile{Session: bob.session, tamper: func(b link.Batch) []link.Batch {
		out := single(b)
		if drop && len(out) > 1 {
			drop = false
			return out[1:]
		}
		return out
	}}
	for _, text := range []string{"hidden", "shown"} {
		alice.tell(id, text)
		alice.sync()
	}
	bob.sync()
	if got := bob.said(id); !slices.Equal(got, []string{"alice: shown"}) {
		t.Fatalf("bob has %q", got)
	}
	if !bob.warned(conversation.WarningTruncated) {
		t.Error("nobody was told that something is missing")
	}
	alice.sync()
	for _, m := range must(alice.History(t.Context(), id, 0, 10))(t) {
		if m.Text == "hidden" && m.State != conversation.Relayed {
			t.Errorf("the hidden message is %v", m.State)
		}
	}
}

// TestJunkIsSkipped fills a channel and an inbox with what does not open.
func TestJunkIsSkipped(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	ctx := t.Context()
	device, _ := w.Now().Device(bob.key.ID())
	junk := func(n int) (cells [][]byte) {
		for range n {
			cell := make([]byte, link.CellSize)
			rand.Read(cell)
			cells = append(cells, cell)
		}
		return cells
	}
	for n := 1; n <= 16; n *= 2 {
		if _, err := w.relay.Session().Append(ctx, device.Card.Inbox.ID, device.Card.Inbox.Write, junk(n)); err != nil {
			t.Fatal(err)
		}
		parcel := must(device.Card.Inbox.Pack([]byte(strings.Repeat("junk", n)), link.Day))(t)
		if _, err := parcel.Send(ctx, w.relay.Session()); err != nil {
			t.Fatal(err)
		}
	}
	alice.say(bob, "hello")
	alice.sync()
	bob.sync()
	if got := bob.said(alice.Direct(bob.id())); !slices.Equal(got, []string{"alice: hello"}) {
		t.Errorf("bob has %q", got)
	}
	if first, cells := w.relay.Cells(device.Card.Inbox.ID); len(cells) != 0 {
		t.Errorf("the inbox still holds %d cells from %d on", len(cells), first)
	}
}
