package conversation_test

import (
	"crypto/rand"
	"slices"
	"testing"

	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/protocol/secret"
)

// TestAChannelSealedWithJunkStopsNobody: any member can seal a channel with what is
// no commit. Everyone goes on in the next channel of the same epoch.
func TestAChannelSealedWithJunkStopsNobody(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	o := newOnce(t)
	alice.watch(o)
	id := group(t, "sealed", alice, bob)
	alice.tell(id, "before")
	alice.sync()
	ctx := t.Context()
	for range 3 {
		at := must(alice.Channel(ctx, id))(t)
		channel := must(delivery.NewChannel(secret.Copy(at.Secret[:]), nil))(t)
		junk := make([]byte, link.CellSize)
		rand.Read(junk)
		caps := channel.Link(link.Month)
		if _, err := w.relay.Session().Seal(ctx, caps.ID, caps.Write, caps.Control, [][]byte{junk}); err != nil {
			t.Fatal(err)
		}
		alice.tell(id, "after alice")
		alice.sync()
		bob.sync()
		bob.tell(id, "after bob")
		bob.sync()
		alice.sync()
	}
	want := []string{"alice: after alice", "alice: after alice", "alice: after alice", "alice: before", "bob: after bob", "bob: after bob", "bob: after bob"}
	for _, d := range []*device{alice, bob} {
		if got := d.said(id); !slices.Equal(got, want) {
			t.Errorf("%s has %q", d.name, got)
		}
	}
}

// TestEveryoneHasItSoItGoes: what all have acknowledged leaves the relay.
func TestEveryoneHasItSoItGoes(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "swept", alice, bob, carol)
	ctx := t.Context()
	channel := must(alice.Channel(ctx, id))(t)
	text := alice.tell(id, "text")
	alice.sync()
	bob.sync()
	alice.sync()
	if m := must(alice.Message(ctx, id, text))(t); m.State != conversation.Relayed {
		t.Errorf("with one of two it is %v", m.State)
	}
	if first, _ := w.relay.Cells(channel.ID); first != 0 {
		t.Errorf("the relay deleted what carol has not read")
	}
	carol.sync()
	alice.sync()
	if m := must(alice.Message(ctx, id, text))(t); m.State != conversation.Delivered {
		t.Errorf("with both it is %v", m.State)
	}
	alice.tell(id, "more")
	alice.sync()
	for range 2 {
		bob.sync()
		carol.sync()
		alice.sync()
	}
	if first, _ := w.relay.Cells(channel.ID); first == 0 {
		t.Error("the relay still holds what everyone has")
	}
	for _, d := range []*device{bob, carol} {
		c := must(d.Conversation(ctx, id))(t)
		if c.Unread != 2 {
			t.Errorf("%s has %d unread", d.name, c.Unread)
		}
		check(t, d.MarkRead(ctx, id, conversation.Cursor(c.Count), true))
		d.sync()
		alice.sync()
		want := conversation.Delivered
		if d == carol {
			want = conversation.Read
		}
		if m := must(alice.Message(ctx, id, text))(t); m.State != want {
			t.Errorf("after %s read it, it is %v", d.name, m.State)
		}
	}
}
