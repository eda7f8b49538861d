package linktest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
)

func TestHooks(t *testing.T) {
	s := linktest.New().Session()
	lost := errors.New("lost")
	s.AfterAppend = func(link.ID) error { return lost }
	s.Tamper = func(_ link.ID, b link.Batch) []link.Batch { return []link.Batch{b, b} }
	ch := link.Channel{ID: link.ID{1}, Class: link.Day}
	ctx := t.Context()
	if err := s.Create(ctx, ch); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, ch.ID, ch.Write, [][]byte{make([]byte, link.CellSize)}); !errors.Is(err, lost) {
		t.Errorf("got %v, want the lost acknowledgement", err)
	}
	sub, err := s.Subscribe(ctx, ch.ID, ch.Read, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if b, err := sub.Next(ctx); err != nil || len(b.Cells) != 1 || b.First != 0 {
			t.Errorf("got %+v, %v", b, err)
		}
	}
	ended, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := sub.Next(ended); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing more: %v", err)
	}
	s.Cut()
	if _, err := sub.Next(ctx); !errors.Is(err, link.ErrOffline) {
		t.Errorf("cut: %v", err)
	}
	if err := s.Create(ctx, ch); !errors.Is(err, link.ErrOffline) {
		t.Errorf("cut: %v", err)
	}
	s.Restore()
	if err := s.Create(ctx, ch); err != nil {
		t.Errorf("restored: %v", err)
	}
}
