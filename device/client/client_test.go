package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bulle/device/client"
	"bulle/device/client/clienttest"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/protocol/secret"
)

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	pass := secret.Copy([]byte("one long phrase that nobody would ever think of"))
	v, err := vault.Create(t.Context(), memory.New(), pass, clienttest.VaultOptions())
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	return v
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is a client with its network and vault.
type person struct {
	*client.Client
	t       *testing.T
	network *clienttest.Network
	vault   *vault.Vault
}

// people founds a bubble and lets everyone join it.
func people(t *testing.T, names ...string) (*clienttest.Bubble, []*person) {
	t.Helper()
	b := clienttest.New(time.Now)
	var out []*person
	for i, name := range names {
		p := &person{t: t, network: b.Network(), vault: newVault(t)}
		how, url := client.Claim, b.ClaimLink()
		if i > 0 {
			how, url = client.Join, out[0].invite()
		}
		var err error
		p.Client, err = how(t.Context(), p.config(), url, name)
		check(t, err)
		t.Cleanup(func() { check(t, p.Close()) })
		out = append(out, p)
	}
	for _, p := range out {
		check(t, p.Sync(t.Context()))
	}
	return b, out
}

func (p *person) config() client.Config { return client.Config{Vault: p.vault, Network: p.network} }

func (p *person) invite() string {
	p.t.Helper()
	url, err := p.Invite(p.t.Context(), client.InviteOptions{})
	check(p.t, err)
	return url
}

// to returns the conversation that a name means.
func (p *person) to(name string) client.Conversation {
	p.t.Helper()
	c, err := p.Resolve(name)
	check(p.t, err)
	return c
}

func (p *person) say(to, text string) client.MessageID {
	p.t.Helper()
	id, err := p.Send(p.to(to).ID, client.Draft{Text: text})
	check(p.t, err)
	return id
}

func (p *person) sync() {
	p.t.Helper()
	check(p.t, p.Sync(p.t.Context()))
}

// heard returns the texts of a conversation.
func (p *person) heard(in string) []string {
	p.t.Helper()
	messages, err := p.History(p.to(in).ID, 0, 500)
	check(p.t, err)
	var out []string
	for _, m := range messages {
		if m.Kind == client.MessageText {
			out = append(out, m.FromName+": "+m.Text)
		}
	}
	return out
}

func TestPeopleTalkWhileConnected(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	events := bob.Events(ctx)
	check(t, alice.Start(ctx))
	check(t, bob.Start(ctx))
	id := alice.say("bob", "hello")
	check(t, alice.WaitSent(ctx, id))
	for e := range events {
		if e.Kind == client.EventMessage && e.Message.Text == "hello" {
			break
		}
	}
	c := bob.to("alice")
	if c.Unread != 1 || c.Last == nil || c.Last.FromName != "alice" || c.Last.State != client.StateDelivered {
		t.Errorf("bob's list shows %+v", c)
	}
	states := alice.Events(ctx)
	check(t, bob.MarkRead(c.ID, c.Last.Cursor))
	for e := range states {
		if e.Kind == client.EventState && e.Message.ID == id && e.Message.State == client.StateRead {
			break
		}
	}
	if c := bob.to("alice"); c.Unread != 0 {
		t.Errorf("%d unread", c.Unread)
	}
}

func TestReadReceiptsCanBeOff(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	id := alice.say("bob", "hello")
	alice.sync()
	bob.sync()
	check(t, bob.SetSettings(client.Settings{NoReceipts: true}))
	check(t, bob.MarkRead(bob.to("alice").ID, 1))
	bob.sync()
	alice.sync()
	m, err := alice.Message(alice.to("bob").ID, id)
	check(t, err)
	if m.State != client.StateDelivered {
		t.Errorf("the message is %v", m.State)
	}
}

func TestWhatIsSaidOfflineGoesOutOnce(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	alice.network.Cut()
	alice.say("bob", "one")
	if err := alice.Sync(t.Context()); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("offline: %v", err)
	}
	if s := alice.Status(); s.Queued != 1 {
		t.Errorf("%d messages wait", s.Queued)
	}
	check(t, alice.Close()) // and the program ends
	var err error
	alice.Client, err = client.Open(t.Context(), alice.config())
	check(t, err)
	alice.say("bob", "two")
	alice.network.Restore()
	alice.sync()
	alice.sync()
	bob.sync()
	if got := bob.heard("alice"); !slices.Equal(got, []string{"alice: one", "alice: two"}) {
		t.Errorf("bob heard %q", got)
	}
}

func TestNamesFindConversations(t *testing.T) {
	_, all := people(t, "alice", "bob", "carol")
	alice := all[0]
	ids := []client.MemberID{all[1].Self().ID}
	for range 2 {
		_, err := alice.CreateGroup(t.Context(), "twice", ids)
		check(t, err)
	}
	g, err := alice.CreateGroup(t.Context(), "team", ids)
	check(t, err)
	if got := alice.to("TEAM"); got.ID != g.ID || got.Pending != "creating" {
		t.Errorf("TEAM is %+v", got)
	}
	if got := alice.to("#" + g.ID.String()[:8]); got.ID != g.ID {
		t.Errorf("an identifier finds %v", got.ID)
	}
	if got := alice.to("Bob"); got.Kind != client.KindDirect || got.Name != "bob" || got.Count != 0 {
		t.Errorf("Bob is %+v", got)
	}
	for name, want := range map[string]error{"twice": client.ErrAmbiguous, "nobody": client.ErrNoConversation, "alice": client.ErrNoConversation} {
		if _, err := alice.Resolve(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := alice.Contact("nobody"); !errors.Is(err, client.ErrNoContact) {
		t.Errorf("nobody: %v", err)
	}
	if err := alice.Leave(t.Context(), alice.to("bob").ID); !errors.Is(err, client.ErrNoConversation) && !errors.Is(err, client.ErrNotGroup) {
		t.Errorf("leaving a person: %v", err)
	}
}

func TestSearchOpensWhatItReads(t *testing.T) {
	_, all := people(t, "alice", "bob", "carol")
	alice := all[0]
	alice.say("bob", "The quick brown fox")
	alice.say("carol", "another FOX")
	alice.say("carol", "a dog")
	found, err := alice.Search(t.Context(), client.ConversationID{}, "fox", 0, 10)
	check(t, err)
	if len(found) != 2 {
		t.Errorf("found %d", len(found))
	}
	found, err = alice.Search(t.Context(), alice.to("carol").ID, "fox", 0, 10)
	check(t, err)
	if len(found) != 1 || found[0].Text != "another FOX" {
		t.Errorf("found %v", found)
	}
}

func TestASlowScreenIsToldThatItMissedSomething(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice := all[0]
	ctx, cancel := context.WithCancel(t.Context())
	events := alice.Events(ctx)
	for range 500 {
		alice.say("bob", "text")
	}
	var last client.Event
	for len(events) > 0 {
		last = <-events
	}
	if last.Kind != client.EventMissed {
		t.Errorf("the last event is of kind %d", last.Kind)
	}
	alice.say("bob", "text")
	if e := <-events; e.Kind != client.EventMessage {
		t.Errorf("the next event is of kind %d", e.Kind)
	}
	cancel()
	for range events {
	}
}

func TestRefusalsHaveOneSentence(t *testing.T) {
	b, all := people(t, "alice", "bob")
	alice := all[0]
	join := func(url, name string) error {
		c, err := client.Join(t.Context(), client.Config{Vault: newVault(t), Network: b.Network()}, url, name)
		if err == nil {
			check(t, c.Close())
		}
		return err
	}
	url := alice.invite()
	other := clienttest.New(time.Now)
	for name, c := range map[string]struct{ err, want error }{
		"no link":        {join("https://example.org/", "eve"), client.ErrLink},
		"a claim link":   {join(b.ClaimLink(), "eve"), client.ErrLink},
		"no name":        {join(url, " eve"), client.ErrName},
		"a taken name":   {join(url, "BOB"), client.ErrNameTaken},
		"a used-up link": {errors.Join(join(url, "eve"), join(url, "mallory")), client.ErrLinkUsed},
		"a second vault": {func() error { _, err := client.Join(t.Context(), alice.config(), url, "eve"); return err }(), client.ErrEnrolled},
		"an empty vault": {func() error { _, err := client.Open(t.Context(), client.Config{Vault: newVault(t)}); return err }(), client.ErrNotEnrolled},
		"a claimed relay": {func() error {
			_, err := client.Claim(t.Context(), client.Config{Vault: newVault(t), Network: b.Network()}, b.ClaimLink(), "eve")
			return err
		}(), client.ErrClaimed},
		"another key": {func() error {
			_, err := client.Claim(t.Context(), client.Config{Vault: newVault(t), Network: b.Network()}, other.ClaimLink(), "eve")
			return err
		}(), client.ErrPin},
		"no founder": {func() error { _, err := all[1].Invite(t.Context(), client.InviteOptions{}); return err }(), client.ErrNotAllowed},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		} else if strings.ContainsAny(c.err.Error(), "\n{}") {
			t.Errorf("%s: not one sentence: %q", name, c.err)
		}
	}
}

func TestAnInvitationExpires(t *testing.T) {
	var late atomic.Bool
	b := clienttest.New(func() time.Time {
		if late.Load() {
			return time.Now().Add(2 * time.Hour)
		}
		return time.Now()
	})
	alice, err := client.Claim(t.Context(), client.Config{Vault: newVault(t), Network: b.Network()}, b.ClaimLink(), "alice")
	check(t, err)
	t.Cleanup(func() { check(t, alice.Close()) })
	url, err := alice.Invite(t.Context(), client.InviteOptions{Expires: time.Hour})
	check(t, err)
	late.Store(true)
	if _, err := client.Join(t.Context(), client.Config{Vault: newVault(t), Network: b.Network()}, url, "bob"); !errors.Is(err, client.ErrLinkExpired) {
		t.Errorf("an expired invitation: %v", err)
	}
}

func TestAClosedClientSaysSo(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice := all[0]
	bob, err := alice.Contact("bob")
	check(t, err)
	events := alice.Events(t.Context())
	check(t, alice.Start(t.Context()))
	check(t, alice.Close())
	check(t, alice.Close())
	for range events { // ends
	}
	for name, err := range map[string]error{
		"sync":          alice.Sync(t.Context()),
		"start":         alice.Start(t.Context()),
		"invite":        func() error { _, err := alice.Invite(t.Context(), client.InviteOptions{}); return err }(),
		"safety number": func() error { _, err := alice.SafetyNumber(bob.ID); return err }(),
	} {
		if !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAForkedLogIsNoticed(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	bob.network.Edit = func(_ uint64, s [][]byte) [][]byte { return nil } // hides what is new
	alice.invite()
	alice.say("bob", "hello") // tells how long alice's log is
	alice.sync()
	events := bob.Events(ctx)
	bob.sync()
	if err := bob.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	for e := range events {
		if e.Kind == client.EventWarning && e.Warning == client.WarningFork {
			return
		}
	}
	t.Error("nobody was told")
}
