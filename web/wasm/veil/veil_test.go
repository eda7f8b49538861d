package veil_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bulle/web/wasm/veil"
)

var (
	gateKey = bytes.Repeat([]byte{7}, 32)
	talk    = veil.Scope{Conversation: "harbour"}
	first   = veil.Scope{Conversation: "harbour", Item: "1"}
	second  = veil.Scope{Conversation: "harbour", Item: "2"}
	foreign = veil.Scope{Conversation: "market", Item: "1"}
)

func newVeil(t *testing.T, covered func()) *veil.Veil {
	t.Helper()
	v := veil.New(covered)
	if err := v.Arm(gateKey); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Cover)
	return v
}

func answer(challenge []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, gateKey)
	mac.Write(challenge)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

func reveal(t *testing.T, v *veil.Veil, s veil.Scope, shown time.Duration) {
	t.Helper()
	if err := v.Reveal(s, "read", answer(v.Challenge(), "read"), shown); err != nil {
		t.Fatal(err)
	}
}

// opens reports whether what is sealed in s can be read, and fails if it then is
// not the same text.
func opens(t *testing.T, v *veil.Veil, s veil.Scope) bool {
	t.Helper()
	text := "the tide of " + s.Item
	got, err := v.Open(s, v.Seal(s, text))
	switch {
	case errors.Is(err, veil.ErrMasked):
		return false
	case err != nil || got != text:
		t.Fatalf("opened %q, %v", got, err)
	}
	return true
}

func TestOnlyWhatIsRevealedOpens(t *testing.T) {
	v := newVeil(t, func() {})
	for _, c := range []struct {
		name   string
		reveal *veil.Scope
		want   []bool // talk, first, second, foreign
	}{
		{"nothing", nil, []bool{false, false, false, false}},
		{"a conversation", &talk, []bool{true, true, true, false}},
		{"an item", &first, []bool{false, true, false, false}},
	} {
		if c.reveal != nil {
			reveal(t, v, *c.reveal, veil.DefaultShown)
		}
		var got []bool
		for _, s := range []veil.Scope{talk, first, second, foreign} {
			got = append(got, opens(t, v, s))
			if v.Shows(s) != got[len(got)-1] {
				t.Errorf("%s: Shows and Open disagree on %v", c.name, s)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s revealed: %v, want %v", c.name, got, c.want)
		}
	}
	v.Cover()
	if opens(t, v, first) {
		t.Error("a covered item opens")
	}
}

func TestOutOfSightStaysOut(t *testing.T) {
	v := newVeil(t, func() {})
	reveal(t, v, talk, veil.DefaultShown)
	v.Spend(foreign)
	v.Spend(first)
	if opens(t, v, first) || !opens(t, v, second) {
		t.Error("one item out of sight must close, and it alone")
	}
	reveal(t, v, talk, veil.DefaultShown)
	if !opens(t, v, first) {
		t.Error("a new reveal shows it again")
	}
	v.Spend(talk)
	if opens(t, v, second) {
		t.Error("the conversation out of sight must close whole")
	}
}

func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		v := newVeil(t, func() { told++ })
		lasts := func(shown, want time.Duration) {
			t.Helper()
			reveal(t, v, first, shown)
			time.Sleep(want - time.Millisecond)
			if !opens(t, v, first) {
				t.Errorf("asked for %v, closed before %v", shown, want)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if opens(t, v, first) {
				t.Errorf("asked for %v, open after %v", shown, want)
			}
		}
		lasts(veil.DefaultShown, veil.DefaultShown)
		lasts(0, veil.MinShown)
		lasts(time.Hour, veil.MaxShown)
		if told != 3 {
			t.Errorf("told %d times of 3", told)
		}
		reveal(t, v, first, veil.MaxShown)
		v.Shorten(veil.MinShown)
		time.Sleep(veil.MinShown)
		synctest.Wait()
		if opens(t, v, first) || told != 4 {
			t.Error("a shortened reveal goes on")
		}
	})
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := veil.New(func() {})
		try := func(a []byte) error { return v.Reveal(first, "read", a, veil.DefaultShown) }
		refused := func(name string, err error) {
			t.Helper()
			if !errors.Is(err, veil.ErrMasked) || opens(t, v, first) {
				t.Errorf("%s: %v", name, err)
			}
		}
		refused("a veil that is not armed", try(answer(v.Challenge(), "read")))
		refused("a short key", v.Arm(gateKey[:31]))
		if err := v.Arm(gateKey); err != nil {
			t.Fatal(err)
		}
		refused("arming twice", v.Arm(bytes.Repeat([]byte{8}, 32)))
		refused("no challenge", try(nil))
		challenge := v.Challenge()
		refused("no answer", try(nil))
		refused("a challenge after a wrong answer", try(answer(challenge, "read")))
		refused("an answer for something else", try(answer(v.Challenge(), "write")))
		old := v.Challenge()
		v.Challenge()
		refused("an older challenge", try(answer(old, "read")))
		late := v.Challenge()
		time.Sleep(6 * time.Second)
		refused("a late answer", try(answer(late, "read")))

		a := answer(v.Challenge(), "read")
		if err := try(a); err != nil || !opens(t, v, first) {
			t.Errorf("the right answer: %v", err)
		}
		refused("the same answer again", try(a))
		if v.Allow("off", a) || !v.Allow("off", answer(v.Challenge(), "off")) {
			t.Error("Allow must take a fresh answer for its purpose, and no other")
		}
	})
}

func TestSealed(t *testing.T) {
	v := newVeil(t, func() {})
	text := "meet me at the lighthouse"
	sealed := v.Seal(first, text)
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(b) != 16+32+16 || bytes.Contains(b, []byte("light")) {
		t.Errorf("sealed as %x, %v", b, err)
	}
	if v.Seal(first, text) != sealed {
		t.Error("a screen drawn again must look the same")
	}
	for name, other := range map[string]string{
		"another text":    v.Seal(first, text+"!"),
		"another item":    v.Seal(second, text),
		"another session": newVeil(t, func() {}).Seal(first, text),
	} {
		if other[:20] == sealed[:20] || other[30:50] == sealed[30:50] {
			t.Errorf("%s looks the same", name)
		}
	}
	if len(v.Seal(first, "a")) != len(v.Seal(first, strings.Repeat("a", 31))) {
		t.Error("short texts must not tell their length")
	}
	reveal(t, v, talk, veil.DefaultShown)
	for _, text := range []string{"", "x", "ends in \x80\x80", strings.Repeat("é", 16), strings.Repeat("long", 9000)} {
		if got, err := v.Open(first, v.Seal(first, text)); err != nil || got != text {
			t.Errorf("%d bytes came back as %d, %v", len(text), len(got), err)
		}
	}
	b[20] ^= 1
	for _, bad := range []string{"?", "AAAA", sealed[:40], base64.RawURLEncoding.EncodeToString(b)} {
		if _, err := v.Open(first, bad); !errors.Is(err, veil.ErrMasked) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := v.Open(second, sealed); !errors.Is(err, veil.ErrMasked) {
		t.Errorf("in another scope: %v", err)
	}
}

// FuzzOpen feeds Open what a page may make up: it must refuse, never panic.
func FuzzOpen(f *testing.F) {
	v := veil.New(func() {})
	if err := v.Arm(gateKey); err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, sealed string) {
		reveal(t, v, talk, veil.MaxShown)
		if text, err := v.Open(first, sealed); err == nil && v.Seal(first, text) != sealed {
			t.Errorf("opened %q, which is not how it is sealed", sealed)
		}
	})
}
