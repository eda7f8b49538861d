package veil

// The tests of what no user of the package can see: whether keys are zero.

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeyIsZeroed takes hold of the very bytes of a reveal's key, and looks at them
// after each way in which a reveal ends.
func TestKeyIsZeroed(t *testing.T) {
	whole, item := Scope{Conversation: "c"}, Scope{Conversation: "c", Item: "m"}
	for _, c := range []struct {
		name  string
		scope Scope
		end   func(*Veil)
	}{
		{"cover", whole, (*Veil).Cover},
		{"cover an item", item, (*Veil).Cover},
		{"out of sight", item, func(v *Veil) { v.Spend(item) }},
		{"time", whole, func(*Veil) { time.Sleep(DefaultShown); synctest.Wait() }},
		{"another reveal", whole, func(v *Veil) { revealNow(t, v, item) }},
		{"a refused reveal", whole, func(v *Veil) { _ = v.Reveal(item, "", nil, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := New(func() {})
				if err := v.Arm(make([]byte, keySize)); err != nil {
					t.Fatal(err)
				}
				revealNow(t, v, c.scope)
				v.mu.Lock()
				key := v.shown.key.Reveal()
				v.mu.Unlock()
				if len(key) != keySize || bytes.Equal(key, make([]byte, keySize)) {
					t.Fatalf("a key of %d bytes, or of zeros", len(key))
				}
				c.end(v)
				v.mu.Lock() // the key was wiped under it, maybe by the timer's goroutine
				zero := bytes.Equal(key, make([]byte, keySize))
				v.mu.Unlock()
				if !zero {
					t.Error("the key is still there")
				}
				v.Cover()
			})
		})
	}
}

func revealNow(t *testing.T, v *Veil, s Scope) {
	t.Helper()
	mac := hmac.New(sha256.New, make([]byte, keySize))
	mac.Write(v.Challenge())
	if err := v.Reveal(s, "", mac.Sum(nil), DefaultShown); err != nil {
		t.Fatal(err)
	}
}
