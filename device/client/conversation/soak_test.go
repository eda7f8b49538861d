package conversation_test

import (
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// TestRandomLives lets four members do anything in any order, with crashes and cuts
// in between, and then checks that nothing was lost, doubled, or sealed twice, and
// that everyone sees the same groups.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLife(t, seed)
			for range 120 {
				l.step()
			}
			l.settle()
			l.check()
		})
	}
}

type life struct {
	*testing.T
	world  *world
	random *mrand.Rand
	all    []*device
	still  conversation.ID // a group whose members never change
	moving conversation.ID // one whose members do
	count  int
	told   map[conversation.ID][]string
}

func newLife(t *testing.T, seed uint64) *life {
	t.Helper()
	w := newWorld(t)
	l := &life{T: t, world: w, random: mrand.New(mrand.NewPCG(seed, 7)), told: map[conversation.ID][]string{}}
	o := newOnce(t)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		d := w.join(name)
		d.watch(o)
		d.sync()
		l.all = append(l.all, d)
	}
	l.still = group(t, "still", l.all[0], l.all[1:]...)
	l.moving = group(t, "moving", l.all[0], l.all[1:]...)
	for _, d := range l.all[1:3] { // dave becomes one by chance, or when the others are gone
		check(t, l.all[0].SetRole(t.Context(), l.moving, d.id(), true))
	}
	for _, d := range l.all {
		d.sync()
	}
	return l
}

func (l *life) one() *device { return l.all[l.random.IntN(len(l.all))] }

// step does one thing at random.
func (l *life) step() {
	d := l.one()
	switch n := l.random.IntN(20); {
	case n < 5:
		l.tell(d, l.still, governance.MemberID{})
	case n < 7:
		if other := l.one(); other != d {
			l.tell(d, d.Direct(other.id()), other.id())
		}
	case n < 9:
		_, _ = d.SendText(l.Context(), l.moving, governance.MemberID{}, "moving") // it may be out of it
	case n < 11:
		l.change(d)
	case n < 12:
		d.restart()
		d.crashAt(1 + l.random.IntN(30))
	case n < 13:
		d.session.Cut()
	case n < 14:
		d.session.Restore()
	case n < 15 && d.stop == nil:
		d.start()
	default:
		_ = d.trySync() // it may be cut, or crash
		if d.Stopped() {
			d.restart()
		}
	}
}

// tell sends a text and remembers it, if it got into the vault.
func (l *life) tell(d *device, id conversation.ID, peer governance.MemberID) {
	l.count++
	text := fmt.Sprint("text ", l.count)
	_, err := d.SendText(l.Context(), id, peer, text)
	if errors.Is(err, conversation.ErrStopped) {
		d.restart()
	} else if err != nil {
		l.Fatal(err)
	}
	if line := d.name + ": " + text; slices.Contains(d.history(id), line) {
		l.told[id] = append(l.told[id], line)
	}
}

// change wishes something of the moving group.
func (l *life) change(d *device) {
	other := []governance.MemberID{l.one().id()}
	var err error
	switch l.random.IntN(4) {
	case 3:
		err = d.SetRole(l.Context(), l.moving, other[0], l.random.IntN(3) > 0)
	case 0:
		err = d.AddMembers(l.Context(), l.moving, other)
	case 1:
		err = d.RemoveMembers(l.Context(), l.moving, other)
	default:
		l.count++
		err = d.Rename(l.Context(), l.moving, fmt.Sprint("name ", l.count))
	}
	if errors.Is(err, conversation.ErrStopped) {
		d.restart()
	}
}

// settle brings everyone back and lets them finish.
func (l *life) settle() {
	for _, d := range l.all {
		d.hook = nil
		d.restart()
		d.session.Restore()
	}
	for range 4 {
		for _, d := range l.all {
			d.sync()
		}
	}
}

func (l *life) check() {
	for _, d := range l.all {
		for id, want := range l.told {
			c, err := d.Conversation(l.Context(), id)
			if errors.Is(err, conversation.ErrNoConversation) {
				continue // of two others
			}
			if err != nil {
				l.Fatal(err)
			}
			slices.Sort(want)
			if got := d.said(id); !slices.Equal(got, want) {
				l.Errorf("%s has in %q\n%q, want\n%q", d.name, c.Name, got, want)
			}
		}
	}
	var in []*device
	for _, d := range l.all {
		if must(d.Conversation(l.Context(), l.moving))(l.T).Active {
			in = append(in, d)
		}
	}
	for _, d := range in {
		one, other := must(in[0].Conversation(l.Context(), l.moving))(l.T), must(d.Conversation(l.Context(), l.moving))(l.T)
		if !slices.Equal(one.Admins, other.Admins) {
			l.Errorf("%s sees the administrators %v; %s sees %v", in[0].name, one.Admins, d.name, other.Admins)
		}
		if one.Name != other.Name || !slices.Equal(in[0].members(l.moving), d.members(l.moving)) || len(d.members(l.moving)) != len(in) {
			l.Errorf("%s sees %q with %v; %s sees %q with %v", in[0].name, one.Name, in[0].members(l.moving), d.name, other.Name, d.members(l.moving))
		}
	}
}
