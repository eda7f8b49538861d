package pairing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/device/client/pairing"
	"bulle/protocol/secret"
)

func bundle() *pairing.Bundle {
	return &pairing.Bundle{
		Member: secret.Random(32), Directory: secret.Random(32), Transfer: secret.Random(pairing.TransferSize), Name: "Alice",
	}
}

func asker(name string) *pairing.Asker {
	a := &pairing.Asker{Key: secret.Random(32), Name: name}
	copy(a.Nonce[:], secret.Random(32).Reveal())
	copy(a.Device[:], secret.Random(32).Reveal())
	return a
}

type outcome struct {
	bundle *pairing.Bundle
	err    error
}

// ask runs the new device's side.
func ask(ctx context.Context, s link.Session, meeting *secret.Bytes, a *pairing.Asker, codes chan<- string) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		b, err := pairing.Ask(ctx, s, meeting, a, func(code string) { codes <- code }, func(*pairing.Bundle) bool { return true })
		out <- outcome{b, err}
	}()
	return out
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestTheIdentityComesOver(t *testing.T) {
	relay, meeting, ctx := linktest.New(), secret.Random(64), deadline(t)
	host, codes, want := pairing.NewHost(meeting), make(chan string, 4), bundle()
	a := asker("phone")
	got := ask(ctx, relay.Session(), meeting, a, codes)
	c, err := host.Await(ctx, relay.Session())
	if err != nil || c.Name != "phone" || c.Code != <-codes || c.Key != a.Device {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := host.Send(ctx, relay.Session(), c, want); err != nil {
		t.Fatal(err)
	}
	o := <-got
	if o.err != nil || !o.bundle.Member.Equal(want.Member) || !o.bundle.Transfer.Equal(want.Transfer) || o.bundle.Founder != nil {
		t.Errorf("%+v", o)
	}
	// After a crash of the new device the same call says the same again.
	o = <-ask(ctx, relay.Session(), meeting, a, codes)
	if o.err != nil || !o.bundle.Directory.Equal(want.Directory) {
		t.Errorf("again: %+v", o)
	}
}

// TestKeysInBetweenShow: who has the link and the relay can pair with both sides, but
// not so that both see the same digits.
func TestKeysInBetweenShow(t *testing.T) {
	meeting, ctx := secret.Random(64), deadline(t)
	near, far := linktest.New(), linktest.New() // the relay keeps the two apart
	codes, thief := make(chan string, 4), make(chan string, 4)
	_ = ask(ctx, near.Session(), meeting, asker("phone"), codes)
	_ = ask(ctx, far.Session(), meeting, asker("phone"), thief)
	c, err := pairing.NewHost(meeting).Await(ctx, far.Session())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pairing.NewHost(meeting).Await(ctx, near.Session()); err != nil { // the thief plays the old device
		t.Fatal(err)
	}
	if shown := <-codes; shown == c.Code {
		t.Errorf("both see %s", shown)
	}
}

// TestARaceIsSeenByAll: whoever comes second is seen by the first one and by the host.
func TestARaceIsSeenByAll(t *testing.T) {
	relay, meeting, ctx := linktest.New(), secret.Random(64), deadline(t)
	host, codes := pairing.NewHost(meeting), make(chan string, 4)
	first := ask(ctx, relay.Session(), meeting, asker("one"), codes)
	c, err := host.Await(ctx, relay.Session())
	if err != nil {
		t.Fatal(err)
	}
	if o := <-ask(ctx, relay.Session(), meeting, asker("two"), codes); !errors.Is(o.err, pairing.ErrRaced) {
		t.Errorf("the second hears %v", o.err)
	}
	if o := <-first; !errors.Is(o.err, pairing.ErrRaced) {
		t.Errorf("the first hears %v", o.err)
	}
	if err := host.Send(ctx, relay.Session(), c, bundle()); !errors.Is(err, pairing.ErrRaced) {
		t.Errorf("the host hears %v", err)
	}
}

// TestWhatIsReplayedOrInventedCountsForNothing: cells that somebody with the link
// appends once more, and a bundle of nobody's.
func TestWhatIsReplayedOrInventedCountsForNothing(t *testing.T) {
	relay, meeting, ctx := linktest.New(), secret.Random(64), deadline(t)
	channel, err := delivery.NewChannel(meeting, nil)
	if err != nil {
		t.Fatal(err)
	}
	host, codes := pairing.NewHost(meeting), make(chan string, 4)
	got := ask(ctx, relay.Session(), meeting, asker("phone"), codes)
	c, err := host.Await(ctx, relay.Session())
	if err != nil {
		t.Fatal(err)
	}
	s := relay.Session()
	_, cells := relay.Cells(channel.ID())
	for _, junk := range [][]byte{nil, {1}, {1, 9}, {1, 4, 2, 0, 0}} {
		p, err := channel.Pack(junk, pairing.Class)
		if err != nil {
			t.Fatal(err)
		}
		cells = append(cells, p.Cells...)
	}
	for _, cell := range cells {
		caps := channel.Link(pairing.Class)
		if _, err := s.Append(ctx, caps.ID, caps.Write, [][]byte{cell}); err != nil {
			t.Fatal(err)
		}
	}
	if err := host.Send(ctx, s, c, bundle()); err != nil {
		t.Fatal(err)
	}
	if o := <-got; o.err != nil {
		t.Errorf("the phone hears %v", o.err)
	}
}

func TestCancelIsHeard(t *testing.T) {
	relay, meeting, ctx := linktest.New(), secret.Random(64), deadline(t)
	host, codes := pairing.NewHost(meeting), make(chan string, 4)
	got := ask(ctx, relay.Session(), meeting, asker("phone"), codes)
	if _, err := host.Await(ctx, relay.Session()); err != nil {
		t.Fatal(err)
	}
	if err := host.Cancel(ctx, relay.Session()); err != nil {
		t.Fatal(err)
	}
	if o := <-got; !errors.Is(o.err, pairing.ErrCancelled) {
		t.Errorf("the phone hears %v", o.err)
	}
}
