package conversation_test

import (
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// soakSteps is how many steps a random run takes: BULLE_DEVICES_STEPS for a long one.
func soakSteps() (steps int, seeds []int64) {
	if n, err := strconv.Atoi(os.Getenv("BULLE_DEVICES_STEPS")); err == nil && n > 0 {
		seeds := make([]int64, 8)
		for i := range seeds {
			seeds[i] = int64(i + 1)
		}
		return n, seeds
	}
	return 40, []int64{1, 2}
}

// TestDevicesComeAndGo lets three devices of one member be linked, removed, taken
// offline and restarted at random while three members talk. In the end every
// device that is left has all that was said since it came and all before it, the
// same marks of what was read, and nothing was sealed twice under one key.
func TestDevicesComeAndGo(t *testing.T) {
	steps, seeds := soakSteps()
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { comeAndGo(t, seed, steps) })
	}
}

func comeAndGo(t *testing.T, seed int64, steps int) {
	t.Helper()
	r := rand.New(rand.NewSource(seed))
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	var mu sync.Mutex // workers seal beside each other
	once := map[string]bool{}
	watch := func(d *device) {
		d.sealing = func(b []byte) {
			mu.Lock()
			defer mu.Unlock()
			if once[string(b)] {
				t.Errorf("%s seals twice under one key", d.name)
			}
			once[string(b)] = true
		}
		d.open()
	}
	for _, d := range []*device{alice, bob, carol} {
		watch(d)
	}
	settleAll := func(all ...*device) { rounds(all...) }
	settleAll(alice, bob, carol)
	direct := alice.Direct(bob.id())
	group := must(alice.CreateGroup(t.Context(), "team", []governance.MemberID{bob.id(), carol.id()}))(t)
	alice.say(bob, "hello")
	settleAll(alice, bob, carol)

	own := []*device{alice} // alice's, the first never goes
	var said []string
	linked := 0
	for step := range steps {
		d := own[r.Intn(len(own))]
		switch r.Intn(8) {
		case 0:
			if len(own) < 3 {
				linked++
				x := own[0].link(fmt.Sprintf("device %d", linked))
				watch(x)
				own = append(own, x)
			}
		case 1:
			if len(own) > 1 {
				i := 1 + r.Intn(len(own)-1)
				w.remove(own[i])
				own = slices.Delete(own, i, i+1)
			}
		case 2: // restarted
			check(t, d.halt())
			d.open()
		case 3, 4:
			text := fmt.Sprintf("%d from %s", step, d.name)
			id, peer := direct, bob.id()
			if r.Intn(2) == 0 {
				id, peer = group, governance.MemberID{}
			}
			// A device that has just come cannot speak in a group before it is in.
			if c, err := d.Conversation(t.Context(), id); err != nil || !c.Active || c.Kind == conversation.Group && len(c.Members) < 2 {
				continue
			}
			m := must(d.SendText(t.Context(), id, peer, text))(t)
			d.sync()
			if must(d.Message(t.Context(), id, m))(t).State != conversation.Queued {
				said = append(said, text) // or it may be lost with the device when that goes
			}
		case 5:
			text := fmt.Sprintf("%d from bob", step)
			bob.say(alice, text)
			said = append(said, text)
		case 6:
			if c, err := d.Conversation(t.Context(), direct); err == nil {
				check(t, d.MarkRead(t.Context(), direct, conversation.Cursor(c.Count), r.Intn(2) == 0))
			}
		default: // whoever is not drawn is offline
			for _, x := range append([]*device{bob, carol}, own...) {
				if r.Intn(2) == 0 {
					x.sync()
				}
			}
		}
	}
	for range 3 {
		settleAll(append([]*device{bob, carol}, own...)...)
	}
	all := strings.Join(append(alice.history(direct), alice.history(group)...), "\n")
	for _, text := range said {
		if !strings.Contains(all, ": "+text) {
			t.Errorf("nobody of alice's has %q", text)
		}
	}
	for _, d := range own[1:] {
		for _, id := range []conversation.ID{direct, group} {
			if want, got := sorted(alice.history(id)), sorted(d.history(id)); !slices.Equal(want, got) {
				t.Errorf("%s lacks %q, has beyond %q", d.name, less(want, got), less(got, want))
			}
			one, two := must(alice.Conversation(t.Context(), id))(t), must(d.Conversation(t.Context(), id))(t)
			if one.Unread != two.Unread {
				t.Errorf("%d unread on alice, %d on %s", one.Unread, two.Unread, d.name)
			}
		}
	}
	t.Logf("seed %d: %d messages, %d devices linked, %d left, %d seals", seed, len(said), linked, len(own), len(once))
}

// sorted leaves the lines about the conversation itself out: those say when a device
// came, and a device that came later does not know all of them.
func sorted(lines []string) []string {
	out := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return !strings.Contains(s, ": ") })
	slices.Sort(out)
	return out
}

func less(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
