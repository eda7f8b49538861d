package conversation_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// talk makes two members who have talked, and returns their conversation.
func talk(t *testing.T) (w *world, alice, bob *device, id conversation.ID) {
	t.Helper()
	w = newWorld(t)
	alice, bob = w.join("alice"), w.join("bob")
	bob.sync()
	alice.say(bob, "hello")
	alice.sync()
	bob.sync()
	return w, alice, bob, alice.Direct(bob.id())
}

// find returns a message of a history; it fails the test when there is none.
func (d *device) find(id conversation.ID, m conversation.MessageID) conversation.Message {
	d.world.t.Helper()
	return must(d.Message(d.world.t.Context(), id, m))(d.world.t)
}

// gone reports whether a history lacks a message.
func (d *device) gone(id conversation.ID, m conversation.MessageID) bool {
	d.world.t.Helper()
	_, err := d.Message(d.world.t.Context(), id, m)
	if err != nil && !errors.Is(err, conversation.ErrNoMessage) {
		d.world.t.Fatal(err)
	}
	return err != nil
}

// settle lets devices sync one after the other, twice.
func settle(devices ...*device) {
	for range 2 {
		for _, d := range devices {
			d.sync()
		}
	}
}

func (d *device) reactions(id conversation.ID, m conversation.MessageID) string {
	d.world.t.Helper()
	var out []string
	for _, r := range d.find(id, m).Reactions {
		member, _ := d.world.Now().Member(r.Member)
		out = append(out, member.Name+r.Emoji)
	}
	return strings.Join(out, " ")
}

func TestRepliesPointAndDoNotQuote(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	first := must(bob.History(ctx, id, 0, 1))(t)[0]
	reply := must(bob.Reply(ctx, id, alice.id(), first.ID, "hello to you"))(t)
	settle(bob, alice)
	for _, d := range []*device{alice, bob} {
		if got := d.find(id, reply); got.ReplyTo != first.ID || got.Text != "hello to you" {
			t.Errorf("%s has %+v", d.name, got)
		}
	}
	if _, err := alice.Reply(ctx, id, bob.id(), conversation.MessageID{9}, "to nothing"); !errors.Is(err, conversation.ErrNoMessage) {
		t.Errorf("a reply to nothing: %v", err)
	}
}

func TestReactionsAreOneForEachMember(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	m := must(bob.History(ctx, id, 0, 1))(t)[0].ID
	for _, step := range []struct {
		who   *device
		emoji string
		want  string
	}{
		{bob, "👍", "bob👍"},
		{alice, "❤️", "bob👍 alice❤️"},
		{bob, "🎉", "bob🎉 alice❤️"},
		{bob, "🎉", "bob🎉 alice❤️"},
		{bob, "", "alice❤️"},
		{bob, "👍", "bob👍 alice❤️"},
	} {
		check(t, step.who.React(ctx, id, m, step.emoji))
		settle(bob, alice)
		for _, d := range []*device{alice, bob} {
			if got := d.reactions(id, m); got != step.want {
				t.Fatalf("after %s: %s sees %q, want %q", step.emoji, d.name, got, step.want)
			}
		}
	}
	if err := bob.React(ctx, id, m, "nice"); !errors.Is(err, conversation.ErrNotEmoji) {
		t.Errorf("a word as a reaction: %v", err)
	}
	// Offline, changing one's mind costs one content.
	for _, emoji := range []string{"👍", "🎉", "❤️", "", "🎉"} {
		check(t, bob.React(ctx, id, m, emoji))
	}
	if n := must(bob.Records(ctx, id, "q/"))(t); n != 1 {
		t.Errorf("%d reactions wait", n)
	}
}

func TestOnlyTheAuthorEdits(t *testing.T) {
	w, alice, bob, id := talk(t)
	ctx := t.Context()
	m := must(bob.History(ctx, id, 0, 1))(t)[0].ID
	if err := bob.Edit(ctx, id, m, "forged"); !errors.Is(err, conversation.ErrNotEditable) {
		t.Errorf("bob edits what alice wrote: %v", err)
	}
	check(t, alice.Edit(ctx, id, m, "hello, Bob"))
	check(t, alice.Edit(ctx, id, m, "hello, Bob!"))
	settle(alice, bob)
	for _, d := range []*device{alice, bob} {
		if got := d.find(id, m); got.Text != "hello, Bob!" || !got.Edited {
			t.Errorf("%s has %+v", d.name, got)
		}
	}
	if found := must(bob.Search(ctx, id, "hello, bob!", 0, 9))(t); len(found) != 1 {
		t.Errorf("%d messages have the new text", len(found))
	}
	w.now = w.now.Add(conversation.EditWindow + time.Second)
	if err := alice.Edit(ctx, id, m, "too late"); !errors.Is(err, conversation.ErrNotEditable) {
		t.Errorf("an edit after the window: %v", err)
	}
}

func TestDeletingForEveryoneLeavesATombstone(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	m := must(bob.History(ctx, id, 0, 1))(t)[0].ID
	reply := must(bob.Reply(ctx, id, alice.id(), m, "what?"))(t)
	check(t, bob.React(ctx, id, m, "👍"))
	check(t, alice.Edit(ctx, id, m, "secret"))
	settle(bob, alice)
	if err := bob.Delete(ctx, id, m, true); !errors.Is(err, conversation.ErrNotEditable) {
		t.Errorf("bob deletes what alice wrote: %v", err)
	}
	check(t, alice.Delete(ctx, id, m, true))
	settle(alice, bob)
	for _, d := range []*device{alice, bob} {
		got := d.find(id, m)
		if !got.Deleted || got.Text != "" || got.Edited || len(got.Reactions) > 0 {
			t.Errorf("%s has %+v", d.name, got)
		}
		if d.find(id, reply).ReplyTo != m {
			t.Errorf("%s: the reply points nowhere", d.name)
		}
		if found := must(d.Search(ctx, id, "", 0, 99))(t); slices.ContainsFunc(found, func(x conversation.Message) bool { return x.ID == m }) {
			t.Errorf("%s finds the deleted message", d.name)
		}
		if err := d.React(ctx, id, m, "👍"); !errors.Is(err, conversation.ErrNoMessage) {
			t.Errorf("%s reacts to a deleted message: %v", d.name, err)
		}
	}
	if err := alice.Edit(ctx, id, m, "again"); !errors.Is(err, conversation.ErrNotEditable) {
		t.Errorf("alice edits what she deleted: %v", err)
	}
}

func TestDeletedUnreadMessagesAreNotUnread(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	first := must(bob.History(ctx, id, 0, 1))(t)[0].ID
	second := alice.say(bob, "second")
	third := alice.say(bob, "third")
	settle(alice, bob)
	unread := func(want int) {
		t.Helper()
		if c := must(bob.Conversation(ctx, id))(t); c.Unread != want {
			t.Errorf("%d unread, want %d", c.Unread, want)
		}
	}
	unread(3)
	check(t, alice.Delete(ctx, id, second, true))
	settle(alice, bob)
	unread(2)
	check(t, bob.Delete(ctx, id, first, false))
	unread(1)
	if c := must(bob.Conversation(ctx, id))(t); c.Count != 2 {
		t.Errorf("%d messages, want 2", c.Count)
	}
	check(t, bob.MarkRead(ctx, id, bob.find(id, third).Cursor, true))
	unread(0)
	settle(bob, alice)
	if got := alice.find(id, third).State; got != conversation.Read {
		t.Errorf("the third message is %v", got)
	}
}

// TestWhatIsDeletedHereStaysAway deletes a message and has it come again.
func TestWhatIsDeletedHereStaysAway(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	body := must(syntax.Marshal(&conversation.Text{Text: "twice"}))(t)
	c := conversation.Content{Kind: conversation.KindText, Nonce: [16]byte{1}, Sent: 1, Body: body}
	m := conversation.MessageIDOf(alice.id(), &c)
	check(t, alice.SayContent(ctx, id, c))
	settle(alice, bob)
	check(t, bob.Delete(ctx, id, m, false))
	check(t, alice.SayContent(ctx, id, c))
	if _, err := alice.Say(ctx, id, conversation.KindReaction, &conversation.Reaction{Target: m, Emoji: "👍"}); err != nil {
		t.Fatal(err)
	}
	settle(alice, bob)
	if !bob.gone(id, m) {
		t.Error("the message is back")
	}
	if n := must(bob.Records(ctx, id, "a/"))(t); n != 0 {
		t.Errorf("%d contents wait for it", n)
	}
}

// TestAQueuedMessageThatIsDeletedIsNotSent takes back what never left.
// TestWhatIsSaidAboutAMessageThatIsGone, deleted or expired here, has no effect and keeps
// nothing that follows from arriving.
func TestWhatIsSaidAboutAMessageThatIsGone(t *testing.T) {
	for name, end := range map[string]func(w *world, d *device, id conversation.ID, m conversation.MessageID){
		"deleted": func(_ *world, d *device, id conversation.ID, m conversation.MessageID) {
			check(t, d.Delete(t.Context(), id, m, false))
		},
		"expired": func(w *world, d *device, _ conversation.ID, _ conversation.MessageID) {
			w.now = w.now.Add(time.Hour)
			check(t, d.Expire(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, alice, bob, direct := talk(t)
			check(t, alice.SetTimer(t.Context(), direct, bob.id(), 60))
			settle(alice, bob)
			m := must(alice.SendText(t.Context(), direct, bob.id(), "one"))(t)
			alice.sync() // it is relayed: its time runs here
			bob.sync()
			check(t, bob.MarkRead(t.Context(), direct, bob.find(direct, m).Cursor, true))
			check(t, bob.React(t.Context(), direct, m, "👍"))
			must(bob.Reply(t.Context(), direct, alice.id(), m, "as said"))(t)
			bob.sync()
			end(w, alice, direct, m)
			settle(alice, bob)
			must(bob.SendText(t.Context(), direct, alice.id(), "two"))(t)
			settle(bob, alice)
			got := alice.history(direct)
			if slices.Contains(got, "alice: one") || !slices.Contains(got, "bob: as said") || !slices.Contains(got, "bob: two") {
				t.Errorf("alice has %q", got)
			}
		})
	}
}

func TestAQueuedMessageThatIsDeletedIsNotSent(t *testing.T) {
	for _, everyone := range []bool{true, false} {
		_, alice, bob, id := talk(t)
		ctx := t.Context()
		m := alice.say(bob, "a mistake")
		check(t, alice.Edit(ctx, id, m, "a worse one"))
		kept := alice.say(bob, "kept")
		check(t, alice.Delete(ctx, id, m, everyone))
		settle(alice, bob)
		if !alice.gone(id, m) || !bob.gone(id, m) || bob.gone(id, kept) {
			t.Errorf("for everyone %v: bob has %q", everyone, bob.said(id))
		}
		if n := must(bob.Records(ctx, id, "a/"))(t); n != 0 {
			t.Errorf("%d contents wait for what was never sent", n)
		}
	}
}

// TestWordsAheadOfTheirMessage has a reaction, an edit and a deletion come before
// the message that they are about.
func TestWordsAheadOfTheirMessage(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "ahead", alice, bob, carol)
	ctx := t.Context()
	send := func(nonce byte, about func(conversation.MessageID) []func() error) conversation.MessageID {
		t.Helper()
		body := must(syntax.Marshal(&conversation.Text{Text: "late"}))(t)
		c := conversation.Content{Kind: conversation.KindText, Nonce: [16]byte{nonce}, Sent: uint64(w.now.UnixMilli()), Body: body}
		m := conversation.MessageIDOf(alice.id(), &c)
		for _, f := range about(m) {
			check(t, f())
		}
		settle(carol, alice, bob)
		check(t, alice.SayContent(ctx, id, c))
		settle(carol, alice, bob)
		return m
	}
	say := func(d *device, kind conversation.ContentKind, v syntax.Value) func() error {
		return func() error { _, err := d.Say(ctx, id, kind, v); return err }
	}
	m := send(1, func(m conversation.MessageID) []func() error {
		return []func() error{
			say(carol, conversation.KindReaction, &conversation.Reaction{Target: m, Emoji: "👍"}),
			say(alice, conversation.KindEdit, &conversation.Edit{Target: m, Text: "edited"}),
			say(carol, conversation.KindEdit, &conversation.Edit{Target: m, Text: "forged"}),
		}
	})
	if got := bob.find(id, m); got.Text != "edited" || !got.Edited || bob.reactions(id, m) != "carol👍" {
		t.Errorf("bob has %+v", got)
	}
	m = send(2, func(m conversation.MessageID) []func() error {
		return []func() error{say(alice, conversation.KindDelete, &conversation.Delete{Target: m})}
	})
	if got := bob.find(id, m); !got.Deleted || got.Text != "" {
		t.Errorf("bob has %+v", got)
	}
	m = send(3, func(m conversation.MessageID) []func() error {
		return []func() error{say(carol, conversation.KindDelete, &conversation.Delete{Target: m})}
	})
	if got := bob.find(id, m); got.Deleted {
		t.Error("carol has deleted what alice wrote")
	}
	if n := must(bob.Records(ctx, id, "a/"))(t); n != 0 {
		t.Errorf("%d contents still wait", n)
	}
}

// TestAFloodOfWordsForNothing has a member send what is about nothing: it crowds
// out nobody but itself.
func TestAFloodOfWordsForNothing(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.join("alice"), w.join("bob"), w.join("carol")
	id := group(t, "flood", alice, bob, carol)
	ctx := t.Context()
	for n := range 300 { // more than one envelope takes
		target := conversation.MessageID{byte(n), byte(n >> 8), 1}
		if _, err := carol.Say(ctx, id, conversation.KindReaction, &conversation.Reaction{Target: target, Emoji: "👍"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := alice.Say(ctx, id, conversation.KindReaction, &conversation.Reaction{Target: conversation.MessageID{9}, Emoji: "👍"}); err != nil {
		t.Fatal(err)
	}
	settle(carol, alice, bob)
	if n := must(bob.Records(ctx, id, "a/"+string(idBytes(carol.id()))))(t); n != 16 {
		t.Errorf("%d of carol's wait, want 16", n)
	}
	if n := must(bob.Records(ctx, id, "a/"+string(idBytes(alice.id()))))(t); n != 1 {
		t.Errorf("%d of alice's wait, want 1", n)
	}
}

func idBytes(id governance.MemberID) []byte { return id[:] }

// TestHostileWordsCountForNothing has a member send what is malformed, or not for
// it to say.
func TestHostileWordsCountForNothing(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	m := must(bob.History(ctx, id, 0, 1))(t)[0].ID
	own := bob.say(alice, "mine")
	settle(bob, alice)
	for _, c := range []struct {
		kind conversation.ContentKind
		body []byte
	}{
		{conversation.KindReaction, append(m[:len(m):len(m)], 2, 'o', 'k')},
		{conversation.KindReaction, append(m[:len(m):len(m)], 1, '\n')},
		{conversation.KindReaction, m[:]},
		{conversation.KindReaction, nil},
		{conversation.KindEdit, append(m[:len(m):len(m)], 4, 'e', 'v', 'i', 'l')},
		{conversation.KindEdit, append(own[:len(own):len(own)], 0)},
		{conversation.KindEdit, append(own[:len(own):len(own)], 1, 0xff)},
		{conversation.KindDelete, m[:]},
		{conversation.KindDelete, append(own[:len(own):len(own)], 0)},
		{9, []byte("a later kind")},
	} {
		if _, err := bob.SayRaw(ctx, id, c.kind, c.body); err != nil {
			t.Fatal(err)
		}
	}
	settle(bob, alice)
	if got := alice.find(id, m); got.Text != "hello" || got.Deleted || got.Edited || len(got.Reactions) > 0 {
		t.Errorf("alice's message is %+v", got)
	}
	if got := alice.find(id, own); got.Text != "mine" || got.Deleted || got.Edited {
		t.Errorf("bob's message is %+v", got)
	}
}

// TestOddExtensionsAreAbsent sends texts with extensions that are malformed.
func TestOddExtensionsAreAbsent(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	for _, x := range []conversation.Extension{
		{Type: 1, Data: []byte{1}}, {Type: 2, Data: []byte{1}}, {Type: 2, Data: make([]byte, 4)}, {Type: 3, Data: []byte{1}}, {Type: 77, Data: []byte{1}},
	} {
		m := must(bob.Say(ctx, id, conversation.KindText, &conversation.Text{Text: "odd"}, x))(t)
		settle(bob, alice)
		if got := alice.find(id, m); got.Text != "odd" || got.Lifetime != 0 || got.ReplyTo != (conversation.MessageID{}) {
			t.Errorf("with %v: %+v", x, got)
		}
	}
	for seconds, want := range map[uint32]int{1: conversation.MinLifetime, 1 << 31: conversation.MaxLifetime, 60: 60} {
		data := must(syntax.Marshal(&conversation.Lifetime{Seconds: seconds}))(t)
		m := must(bob.Say(ctx, id, conversation.KindText, &conversation.Text{Text: "odd"}, conversation.Extension{Type: 2, Data: data}))(t)
		settle(bob, alice)
		if got := alice.find(id, m); got.Lifetime != want {
			t.Errorf("%d seconds became %d", seconds, got.Lifetime)
		}
	}
}

// wordsStory lives through what members say beyond texts.
func wordsStory(t *testing.T, alice, bob *device, id conversation.ID, name string) {
	t.Helper()
	ctx := t.Context()
	alice.surviveText(id, bob.id(), name)
	find := func(d *device, text string) (m conversation.Message) {
		t.Helper()
		for _, m := range must(d.History(ctx, id, 0, 500))(t) {
			if m.Text == text {
				return m
			}
		}
		t.Fatalf("%s: %s does not have %q", name, d.name, text)
		return m
	}
	m := find(alice, name).ID
	bob.surviveSync()
	bob.survive(func() error { return bob.React(ctx, id, m, "👍") })
	bob.surviveSync()
	alice.survive(func() error { return alice.Edit(ctx, id, m, name+" edited") })
	alice.surviveSync()
	bob.surviveSync()
	for _, d := range []*device{alice, bob} {
		if got := d.find(id, m); got.Text != name+" edited" || d.reactions(id, m) != "bob👍" {
			t.Errorf("%s: %s has %+v", name, d.name, got)
		}
	}
	alice.survive(func() error {
		if d := alice.find(id, m); d.Deleted {
			return nil
		}
		return alice.Delete(ctx, id, m, true)
	})
	alice.surviveSync()
	bob.surviveSync()
	alice.surviveSync()
	for _, d := range []*device{alice, bob} {
		if got := d.find(id, m); !got.Deleted || got.Text != "" || len(got.Reactions) > 0 {
			t.Errorf("%s: %s has %+v", name, d.name, got)
		}
		for _, prefix := range []string{"q/", "a/"} {
			if n := must(d.Records(ctx, id, prefix))(t); n != 0 {
				t.Errorf("%s: %s still has %d of %s", name, d.name, n, prefix)
			}
		}
	}
}

// TestWordsSurviveCrashes kills each side at each step of a reaction, an edit and a
// deletion.
func TestWordsSurviveCrashes(t *testing.T) {
	_, alice, bob, id := talk(t)
	o := newOnce(t)
	alice.watch(o)
	bob.watch(o)
	for _, victim := range []*device{alice, bob} {
		for n, steps := 1, 1; n <= steps && !t.Failed(); n += stride() {
			count := victim.crashAt(n)
			wordsStory(t, alice, bob, id, fmt.Sprintf("%s %d", victim.name, n))
			steps = *count
		}
		victim.hook = nil
		victim.restart()
	}
}

// TestWhatIsTakenBackWhileItIsSealedIsNotSent deletes a message between the moment
// that it was collected for sealing and the one that this is durable.
func TestWhatIsTakenBackWhileItIsSealedIsNotSent(t *testing.T) {
	_, alice, bob, id := talk(t)
	ctx := t.Context()
	m := alice.say(bob, "a mistake")
	kept := alice.say(bob, "kept")
	done := false
	alice.hook = func(step string) error {
		if step != "sealed" || done {
			return nil
		}
		done = true
		return alice.Delete(ctx, id, m, true)
	}
	alice.restart()
	settle(alice, bob)
	if !done || !alice.gone(id, m) || !bob.gone(id, m) || bob.gone(id, kept) {
		t.Errorf("bob has %q", bob.said(id))
	}
}
