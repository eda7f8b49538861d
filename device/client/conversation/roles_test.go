package conversation_test

import (
	"errors"
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// admins returns who manages a group, by name.
func (d *device) admins(id conversation.ID) (out []string) {
	d.world.t.Helper()
	for _, m := range must(d.Conversation(d.world.t.Context(), id))(d.world.t).Admins {
		member, _ := d.world.Now().Member(m)
		out = append(out, member.Name)
	}
	slices.Sort(out)
	return out
}

// settled syncs everyone until all have read and sent what there is.
func settled(ds ...*device) {
	for range 3 {
		for _, d := range ds {
			d.sync()
		}
	}
}

// TestOnlyAdministratorsChangeAGroup: its maker is the first one, and makes others.
func TestOnlyAdministratorsChangeAGroup(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	carol.sync()
	id := group(t, "ruled", alice, bob)
	ctx := t.Context()
	wishes := map[string]func(d *device) error{
		"add":    func(d *device) error { return d.AddMembers(ctx, id, []governance.MemberID{carol.id()}) },
		"remove": func(d *device) error { return d.RemoveMembers(ctx, id, []governance.MemberID{alice.id()}) },
		"rename": func(d *device) error { return d.Rename(ctx, id, "mine") },
		"role":   func(d *device) error { return d.SetRole(ctx, id, bob.id(), true) },
	}
	for name, wish := range wishes {
		if err := wish(bob); !errors.Is(err, conversation.ErrNotAdmin) {
			t.Errorf("%s by a plain member: %v", name, err)
		}
	}
	if err := alice.SetRole(ctx, id, carol.id(), true); !errors.Is(err, conversation.ErrNotInside) {
		t.Errorf("promoting somebody outside: %v", err)
	}
	if err := alice.AddMembers(ctx, id, []governance.MemberID{bob.id()}); !errors.Is(err, conversation.ErrInside) {
		t.Errorf("adding somebody inside: %v", err)
	}
	check(t, alice.SetRole(ctx, id, bob.id(), true))
	settled(alice, bob)
	for _, d := range []*device{alice, bob} {
		if got := d.admins(id); !slices.Equal(got, []string{"alice", "bob"}) {
			t.Errorf("%s sees the administrators %v", d.name, got)
		}
		if got := d.history(id); !slices.Contains(got, "alice promoted") {
			t.Errorf("%s has %q", d.name, got)
		}
	}
	check(t, wishes["add"](bob))
	bob.sync()
	check(t, alice.SetRole(ctx, id, alice.id(), false))
	settled(alice, bob, carol)
	if alice.warned(conversation.WarningNotAdmin) {
		t.Error("alice was told that her own step back was dropped")
	}
	for _, d := range []*device{alice, bob, carol} {
		if got := d.members(id); len(got) != 3 {
			t.Errorf("%s sees %v", d.name, got)
		}
		if got := d.admins(id); !slices.Equal(got, []string{"bob"}) {
			t.Errorf("%s sees the administrators %v", d.name, got)
		}
	}
	if got := alice.history(id); !slices.Contains(got, "alice demoted") {
		t.Errorf("alice has %q", got)
	}
	if err := wishes["rename"](alice); !errors.Is(err, conversation.ErrNotAdmin) {
		t.Errorf("renaming after being demoted: %v", err)
	}
}

// TestAnUnlawfulCommitCountsForNothing has a hostile client commit what only an
// administrator may: nobody follows, not even an honest program with its vault, and
// everyone goes on together.
func TestAnUnlawfulCommitCountsForNothing(t *testing.T) {
	for name, force := range map[string]func(alice, bob, carol *device) conversation.Force{
		"remove": func(_, _, c *device) conversation.Force { return conversation.Force{Remove: ids(c)} },
		"rename": func(_, _, _ *device) conversation.Force { return conversation.Force{Name: "mine"} },
		"usurp":  func(_, b, _ *device) conversation.Force { return conversation.Force{Admins: ids(b)} },
		"all at once": func(a, b, _ *device) conversation.Force {
			return conversation.Force{Name: "x", Admins: ids(b), Remove: ids(a)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
			o := newOnce(t)
			for _, d := range []*device{alice, bob, carol} {
				d.watch(o)
			}
			id := group(t, "ruled", alice, bob, carol)
			alice.tell(id, "before")
			settled(alice, bob, carol)
			ctx := t.Context()
			epoch, _, err := alice.Lane(ctx, id)
			check(t, err)
			for range 2 {
				check(t, bob.Force(ctx, id, force(alice, bob, carol)))
				check(t, alice.Rename(ctx, id, "wished meanwhile"))
				bob.sync() // seals the channel with it
				carol.tell(id, "after")
				settled(carol, alice, bob)
			}
			for _, d := range []*device{alice, bob, carol} {
				c := must(d.Conversation(ctx, id))(t)
				if got := d.said(id); !slices.Equal(got, []string{"alice: before", "carol: after", "carol: after"}) {
					t.Errorf("%s has %q", d.name, got)
				}
				if c.Name != "wished meanwhile" || len(c.Members) != 3 || !slices.Equal(d.admins(id), []string{"alice"}) {
					t.Errorf("%s sees %q with %v, led by %v", d.name, c.Name, d.members(id), d.admins(id))
				}
				if now, _, err := d.Lane(ctx, id); err != nil || now != epoch+1 {
					t.Errorf("%s is in epoch %d, after %d (%v)", d.name, now, epoch, err)
				}
			}
		})
	}
}

func ids(ds ...*device) (out []governance.MemberID) {
	for _, d := range ds {
		out = append(out, d.id())
	}
	return out
}

// TestAWishOutlivesNoRole: who was an administrator when it asked, and is none when
// it comes to the commit, is told, and commits nothing.
func TestAWishOutlivesNoRole(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	carol.sync()
	id := group(t, "ruled", alice, bob)
	ctx := t.Context()
	check(t, alice.SetRole(ctx, id, bob.id(), true))
	settled(alice, bob)
	check(t, bob.AddMembers(ctx, id, ids(carol)))
	check(t, bob.Rename(ctx, id, "mine"))
	check(t, alice.SetRole(ctx, id, bob.id(), false))
	alice.sync() // is faster
	bob.warned(conversation.WarningNone)
	bob.sync()
	if !bob.warned(conversation.WarningNotAdmin) {
		t.Error("bob was not told")
	}
	settled(alice, bob, carol)
	for _, d := range []*device{alice, bob} {
		if c := must(d.Conversation(ctx, id))(t); c.Name != "ruled" || len(c.Members) != 2 || c.Pending != "" {
			t.Errorf("%s sees %q with %v, %q", d.name, c.Name, d.members(id), c.Pending)
		}
	}
	if _, lane, _ := alice.Lane(ctx, id); lane != 0 {
		t.Error("bob sealed a commit that counts for nothing")
	}
}

// TestTheLastAdministratorLeaves: then everybody may, and the history says so. A
// plain member leaves as it likes, and another plain member commits that.
func TestTheLastAdministratorLeaves(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol, dave := w.join("alice"), w.join("bob"), w.join("carol"), w.join("dave")
	id := group(t, "ruled", alice, bob, carol, dave)
	ctx := t.Context()
	check(t, dave.Leave(ctx, id))
	settled(dave, bob, carol) // without the administrator
	if got := bob.members(id); !slices.Equal(got, []string{"alice", "bob", "carol"}) {
		t.Fatalf("bob sees %v", got)
	}
	check(t, alice.Leave(ctx, id))
	settled(alice, bob, carol)
	for _, d := range []*device{bob, carol} {
		if got := d.history(id); !slices.Contains(got, "alice opened") {
			t.Errorf("%s has %q", d.name, got)
		}
		if c := must(d.Conversation(ctx, id))(t); !c.Manages || len(c.Admins) != 0 {
			t.Errorf("%s may not, and %v may", d.name, c.Admins)
		}
	}
	check(t, carol.Rename(ctx, id, "everybody's"))
	check(t, bob.AddMembers(ctx, id, ids(alice)))
	settled(carol, bob, alice, bob, carol)
	for _, d := range []*device{alice, bob, carol} {
		if c := must(d.Conversation(ctx, id))(t); c.Name != "everybody's" || len(c.Members) != 3 || len(c.Admins) != 0 {
			t.Errorf("%s sees %q with %v, led by %v: who comes back brings no role", d.name, c.Name, d.members(id), d.admins(id))
		}
	}
}

// TestADeviceThatTheLogRemovedIsTakenOutByAnyone: also when the reader's log is
// behind the committer's.
func TestADeviceThatTheLogRemovedIsTakenOutByAnyone(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol, dave := w.join("alice"), w.join("bob"), w.join("carol"), w.join("dave")
	id := group(t, "ruled", alice, bob, carol, dave)
	w.state(carol.other())
	before := governance.NewLog(governance.RootID(w.root.ID()))
	check(t, before.Append(w.statements...))
	w.remove(carol)
	bob.tell(id, "without carol")
	bob.sync() // a plain member commits the removal
	w.show(before, w.log)
	for _, d := range []*device{alice, dave} {
		d.sync()
		if got := d.members(id); !slices.Equal(got, []string{"alice", "bob", "dave"}) {
			t.Errorf("%s sees %v", d.name, got)
		}
		if got := d.said(id); !slices.Equal(got, []string{"bob: without carol"}) {
			t.Errorf("%s has %q", d.name, got)
		}
		w.show(before, w.log)
	}
}

// other is a further device of a member, which is only stated in the log.
func (d *device) other() *device {
	return &device{
		member: d.member, key: governance.NewDeviceKey(secret.Random(governance.SeedSize)),
		inbox: secret.Random(delivery.InboxSecretSize), pool: secret.Random(delivery.InboxSecretSize),
	}
}

// TestALeaveIsAskedForAgain: a proposal that did not get into a channel that somebody
// sealed with junk goes into the next one.
func TestALeaveIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "ruled", alice, bob, carol)
	ctx := t.Context()
	check(t, carol.Leave(ctx, id))
	carol.hook = func(step string) error {
		if step == "append" {
			return errCrash
		}
		return nil
	}
	carol.restart()
	_ = carol.trySync()
	if !carol.Stopped() {
		t.Fatal("carol did not come to append")
	}
	at := must(alice.Channel(ctx, id))(t)
	channel := must(delivery.NewChannel(secret.Copy(at.Secret[:]), nil))(t)
	caps := channel.Link(link.Month)
	_, err := w.relay.Session().Seal(ctx, caps.ID, caps.Write, caps.Control, [][]byte{make([]byte, link.CellSize)})
	check(t, err)
	carol.hook = nil
	carol.restart()
	settled(carol, alice, bob)
	if got := alice.members(id); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("alice sees %v", got)
	}
	if c := must(carol.Conversation(ctx, id))(t); c.Active {
		t.Error("carol is still inside")
	}
}
