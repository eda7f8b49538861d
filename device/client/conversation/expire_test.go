package conversation_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"bulle/device/client/conversation"
)

// timed makes two members whose messages live for a minute.
func timed(t *testing.T, w *world) (alice, bob *device, id conversation.ID) {
	t.Helper()
	alice, bob = w.join("alice"), w.join("bob")
	bob.sync()
	id = alice.Direct(bob.id())
	check(t, alice.SetTimer(t.Context(), id, bob.id(), 60))
	settle(alice, bob)
	return alice, bob, id
}

// gones returns the messages that screens were told to forget.
func (d *device) gones() (out []conversation.MessageID) {
	for {
		select {
		case e := <-d.events:
			if e.Kind == conversation.EventGone {
				out = append(out, e.Message.ID)
			}
		default:
			return out
		}
	}
}

// TestMessagesDisappear follows a message on both sides: its time runs from when it
// was sent for one, and from when it was read for the other.
func TestMessagesDisappear(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := timed(t, w)
	ctx := t.Context()
	m := alice.say(bob, "short")
	w.now = w.now.Add(time.Hour) // waiting to be sent is not living
	settle(alice, bob)
	if got := alice.find(id, m); !got.Expires.Equal(w.now.Add(time.Minute).Truncate(time.Millisecond)) || got.Lifetime != 60 {
		t.Fatalf("alice has %+v", got)
	}
	if got := bob.find(id, m); !got.Expires.IsZero() || got.Lifetime != 60 {
		t.Fatalf("bob has %+v", got)
	}
	reply := must(bob.Reply(ctx, id, alice.id(), m, "why?"))(t)
	check(t, bob.React(ctx, id, m, "👍"))
	settle(bob, alice)
	w.now = w.now.Add(time.Minute)
	if !alice.gone(id, m) { // before anything has erased it
		t.Error("alice still sees it")
	}
	alice.gones()
	settle(alice, bob)
	if got := alice.gones(); len(got) == 0 || got[0] != m {
		t.Errorf("screens were told %v", got)
	}
	if bob.gone(id, m) {
		t.Error("it is gone before bob has read it")
	}
	check(t, bob.MarkRead(ctx, id, bob.find(id, m).Cursor, true))
	w.now = w.now.Add(59 * time.Second)
	check(t, bob.Expire(ctx))
	if bob.gone(id, m) {
		t.Error("it is gone too early")
	}
	w.now = w.now.Add(time.Second)
	check(t, bob.Expire(ctx))
	if !bob.gone(id, m) {
		t.Error("bob still has it")
	}
	if got := alice.find(id, reply); got.ReplyTo != m {
		t.Error("the reply forgot what it replies to")
	}
	if c := must(bob.Conversation(ctx, id))(t); c.Unread != 0 {
		t.Errorf("%d unread", c.Unread)
	}
}

// TestAWrongClockDoesNotLengthenALife reads a message years ahead and comes back.
func TestAWrongClockDoesNotLengthenALife(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := timed(t, w)
	ctx := t.Context()
	m := alice.say(bob, "short")
	settle(alice, bob)
	right := w.now
	w.now = right.Add(10 * 365 * 24 * time.Hour)
	check(t, bob.MarkRead(ctx, id, bob.find(id, m).Cursor, true))
	w.now = right
	check(t, bob.Expire(ctx))
	if got := bob.find(id, m).Expires; got.After(right.Add(time.Minute)) {
		t.Errorf("it would live until %v", got)
	}
	w.now = right.Add(61 * time.Second)
	check(t, bob.Expire(ctx))
	if !bob.gone(id, m) || must(bob.Records(ctx, id, "x/"))(t) != 0 {
		t.Error("it lives on")
	}
}

// TestTheSchedulerSleepsUntilSomethingIsDue lets time pass while the engines run.
func TestTheSchedulerSleepsUntilSomethingIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.now, w.clock = time.Now(), time.Now
		alice, bob, id := timed(t, w)
		ctx := t.Context()
		steps, lines := 0, must(bob.Records(ctx, id, "m/"))(t)
		bob.hook = func(step string) error {
			if step == "expire" {
				steps++
			}
			return nil
		}
		bob.restart()
		alice.start()
		bob.start()
		first := alice.say(bob, "one")
		alice.sync()
		time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's clock
		second := alice.say(bob, "two")
		alice.sync()
		bob.sync()
		for _, m := range []conversation.MessageID{first, second} {
			check(t, bob.MarkRead(ctx, id, bob.find(id, m).Cursor, true))
			time.Sleep(20 * time.Second) //nolint:forbidigo // the bubble's clock
		}
		time.Sleep(20*time.Second - time.Millisecond) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if bob.gone(id, first) || must(bob.Records(ctx, id, "m/"))(t) != lines+2 {
			t.Error("erased too early")
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if n := must(bob.Records(ctx, id, "m/"))(t); n != lines+1 {
			t.Errorf("%d records after the first was due", n)
		}
		time.Sleep(20 * time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if n := must(bob.Records(ctx, id, "m/"))(t); n != lines {
			t.Errorf("%d records after the second was due", n)
		}
		if steps != 2 {
			t.Errorf("%d steps to erase two messages", steps)
		}
		check(t, errors.Join(alice.halt(), bob.halt()))
	})
}

// TestWhatWasDueWhileTheDeviceWasOff is erased by the first look.
func TestWhatWasDueWhileTheDeviceWasOff(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := timed(t, w)
	ctx := t.Context()
	lines := must(bob.Records(ctx, id, "m/"))(t)
	m := alice.say(bob, "short")
	settle(alice, bob)
	check(t, bob.MarkRead(ctx, id, bob.find(id, m).Cursor, true))
	w.now = w.now.Add(time.Hour)
	for n, steps := 1, 1; n <= steps; n++ {
		count := bob.crashAt(n)
		bob.survive(func() error { return bob.Expire(ctx) })
		steps = *count
		if !bob.gone(id, m) {
			t.Fatal("it is still there")
		}
	}
	bob.hook = nil
	bob.restart()
	if n := must(bob.Records(ctx, id, "m/"))(t); n != lines {
		t.Errorf("%d records, want %d", n, lines)
	}
}

// TestBothOfTwoSetTheTimer follows the timer through a conversation of two, and into
// the thread that replaces the one it was set in.
func TestBothOfTwoSetTheTimer(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := timed(t, w)
	ctx := t.Context()
	timers := func(want int) {
		t.Helper()
		settle(alice, bob)
		for _, d := range []*device{alice, bob} {
			if got := must(d.Conversation(ctx, id))(t).Timer; got != want {
				t.Errorf("%s has a timer of %d, want %d", d.name, got, want)
			}
		}
	}
	timers(60)
	check(t, bob.SetTimer(ctx, id, alice.id(), 3600))
	timers(3600)
	m := alice.say(bob, "an hour")
	settle(alice, bob)
	if got := bob.find(id, m).Lifetime; got != 3600 {
		t.Errorf("the message lives for %d", got)
	}
	check(t, alice.SetTimer(ctx, id, bob.id(), 0))
	timers(0)
	var lines []int
	for _, m := range must(bob.History(ctx, id, 0, 100))(t) {
		if m.Change != nil && m.Change.Kind == conversation.ChangeTimer {
			lines = append(lines, m.Change.Seconds)
		}
	}
	if len(lines) != 3 || lines[0] != 60 || lines[1] != 3600 || lines[2] != 0 {
		t.Errorf("the history tells of %v", lines)
	}
	for _, seconds := range []int{-1, 4, conversation.MaxLifetime + 1} {
		if err := alice.SetTimer(ctx, id, bob.id(), seconds); !errors.Is(err, conversation.ErrTimer) {
			t.Errorf("%d seconds: %v", seconds, err)
		}
	}
}

// TestATimerSurvivesCrashes kills who sets it, and who learns of it, at each step.
func TestATimerSurvivesCrashes(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := timed(t, w)
	ctx := t.Context()
	seconds := 100
	for _, victim := range []*device{alice, bob} {
		for n, steps := 1, 1; n <= steps && !t.Failed(); n += stride() {
			seconds++
			count := victim.crashAt(n)
			alice.survive(func() error { return alice.SetTimer(ctx, id, bob.id(), seconds) })
			alice.surviveSync()
			bob.surviveSync()
			alice.surviveSync()
			for _, d := range []*device{alice, bob} {
				if got := must(d.Conversation(ctx, id))(t); got.Timer != seconds || got.Pending != "" {
					t.Errorf("crash %d of %s: %s has %+v", n, victim.name, d.name, got)
				}
			}
			steps = *count
		}
		victim.hook = nil
		victim.restart()
	}
}
