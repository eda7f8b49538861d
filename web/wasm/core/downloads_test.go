package core

import (
	"context"
	"errors"
	"testing"

	"bulle/device/client"
	"bulle/web/wasm/page"
)

// held is a store of a size.
type held struct {
	store
	size int64
}

func (m *held) Size() int64 { return m.size }

func TestADownloadIsPausedContinuedAndForgotten(t *testing.T) {
	var told []page.Transfer
	s := downloads{announce: func(_ string, value any) {
		if x, ok := value.(page.Transfer); ok {
			told = append(told, x)
		}
	}}
	of := page.MessageID{Conversation: "c", Message: "m"}
	first, ctx, err := s.begin(t.Context(), of, &held{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.begin(t.Context(), of, &held{}); !errors.Is(err, errBusy) {
		t.Errorf("a second one at once: %v", err)
	}
	first.note(client.Progress{Done: 3, Total: 9})
	if on := s.of("c"); len(on) != 1 || on[0].Done != 3 || on[0].State != "moving" || len(s.of("d")) != 0 {
		t.Errorf("under way: %+v", on)
	}
	s.pause(of)
	if !errors.Is(context.Cause(ctx), errPaused) {
		t.Error("pausing halts nothing")
	}
	s.end(first, errPaused)
	if on := s.of("c"); len(on) != 1 || on[0].State != "paused" {
		t.Errorf("paused: %+v", on)
	}

	again, ctx, err := s.begin(t.Context(), of, &held{})
	if err != nil || again.store != first.store {
		t.Fatalf("it does not go on with what was there: %v", err)
	}
	s.cancel(of)
	if !errors.Is(context.Cause(ctx), errCancelled) {
		t.Error("cancelling halts nothing")
	}
	s.end(again, errCancelled)
	if fresh, _, _ := s.begin(t.Context(), of, &held{}); fresh.store == first.store || told[len(told)-1].State != "ended" {
		t.Errorf("a cancelled one is kept, %+v", told)
	}
}

func TestCancellingAPausedDownloadForgetsIt(t *testing.T) {
	s := downloads{announce: func(string, any) {}}
	of := page.MessageID{Conversation: "c", Message: "m"}
	d, _, err := s.begin(t.Context(), of, &held{})
	if err != nil {
		t.Fatal(err)
	}
	s.end(d, client.ErrUnreachable)
	if len(s.all) != 1 {
		t.Error("what was there when the relay went is gone")
	}
	s.cancel(of)
	if len(s.all) != 0 {
		t.Error("a cancelled one is kept")
	}
}

func TestADownloadThatWaitsForTheRelayIsPaused(t *testing.T) {
	var told []page.Transfer
	s := downloads{announce: func(_ string, value any) {
		if x, ok := value.(page.Transfer); ok {
			told = append(told, x)
		}
	}}
	of := page.MessageID{Conversation: "c", Message: "m"}
	d, _, err := s.begin(t.Context(), of, &held{})
	if err != nil {
		t.Fatal(err)
	}
	d.note(client.Progress{Done: 3, Total: 9})
	s.end(d, client.ErrUnreachable)
	s.pause(of)
	want := page.Transfer{Conversation: "c", Message: "m", State: "paused", Done: 3, Total: 9}
	if len(told) != 2 || told[1] != want {
		t.Errorf("the page was told %+v", told)
	}
	if on := s.of("c"); len(on) != 1 || on[0] != want {
		t.Errorf("paused: %+v", on)
	}
}
