package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"bulle/e2e/harness"
)

// TestTalk is the main job: three people, one to one both ways and in a group.
func TestTalk(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno", "chloé")
	alice, bruno, chloe := b.Members[0], b.Members[1], b.Members[2]

	alice.Run(t, "send", "bruno", "bonjour Bruno")
	if got := bruno.AwaitText(t, "alice", "bonjour Bruno"); got.Text("from") != "alice" {
		t.Errorf("from is %q", got.Text("from"))
	}
	bruno.Run(t, "send", "alice", "salut Alice, ça va ? 🙂")
	alice.AwaitText(t, "bruno", "salut Alice, ça va ? 🙂")

	chloe.Run(t, "group", "create", "Équipage", "alice", "bruno")
	chloe.Run(t, "send", "Équipage", "bienvenue")
	alice.AwaitText(t, "Équipage", "bienvenue")
	alice.Run(t, "send", "Équipage", "merci")
	bruno.AwaitText(t, "Équipage", "merci")
	bruno.Run(t, "send", "Équipage", "présent")

	want := []string{"chloé: bienvenue", "alice: merci", "bruno: présent"}
	for _, m := range b.Members {
		m.AwaitText(t, "Équipage", "présent")
		if got := texts(m.JSON(t, "read", "Équipage")); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", m.Name, got, want)
		}
	}
	for _, m := range []*harness.Member{alice, bruno} {
		for _, text := range texts(chloe.JSON(t, "read", m.Name)) {
			t.Errorf("what others wrote to each other reached chloé: %s", text)
		}
	}
}

// TestStates follows a message through what its sender may be told.
func TestStates(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	state := func(want string) func(harness.Line) bool {
		return func(l harness.Line) bool { return l.Text("text") == "seen?" && l.Text("state") == want }
	}

	alice.Run(t, "contacts") // she learns that bruno joined
	b.Relay.Kill()
	if res := alice.Try(t, "send", "bruno", "seen?"); res.Code != exitOffline {
		t.Errorf("exit code %d without a relay, want %d\n%s", res.Code, exitOffline, res.Stderr)
	}
	if lines := alice.Try(t, "read", "bruno", "--json").Lines(t); !slices.ContainsFunc(lines, state("queued")) {
		t.Errorf("want queued, got %v", lines)
	}
	b.Relay.Start(t)
	alice.AwaitMessage(t, "bruno", "relayed", state("relayed"))
	bruno.AwaitText(t, "alice", "seen?")
	alice.AwaitMessage(t, "bruno", "read", state("read"))
}

// TestOffline: what is sent to a member who is away waits, in order, over a group
// change and a restart of the relay.
func TestOffline(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno", "chloé")
	alice, bruno, chloe := b.Members[0], b.Members[1], b.Members[2]

	alice.Run(t, "group", "create", "crew", "bruno")
	alice.Run(t, "send", "crew", "1")
	alice.Run(t, "group", "add", "crew", "chloé")
	alice.Run(t, "send", "crew", "2")
	b.Relay.Kill()
	b.Relay.Start(t)
	chloe.AwaitText(t, "crew", "2")
	chloe.Run(t, "send", "crew", "3")
	alice.Run(t, "send", "bruno", "and one to you alone")

	bruno.AwaitText(t, "crew", "3")
	if got, want := texts(bruno.JSON(t, "read", "crew")), []string{"alice: 1", "alice: 2", "chloé: 3"}; !slices.Equal(got, want) {
		t.Errorf("bruno, back, reads %q, want %q", got, want)
	}
	bruno.AwaitText(t, "alice", "and one to you alone")
	if got, want := texts(chloe.JSON(t, "read", "crew")), []string{"alice: 2", "chloé: 3"}; !slices.Equal(got, want) {
		t.Errorf("chloé, who came later, reads %q, want %q", got, want)
	}
}

// TestListen: a listener prints what arrives, and comes back by itself after the
// relay was killed.
func TestListen(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]

	listener := bruno.Start(t, "listen", "--json")
	for _, text := range []string{"one", "two", "three"} {
		alice.Run(t, "send", "bruno", text)
		listener.Await(t, text, func(l harness.Line) bool { return l.Text("text") == text && l.Text("from") == "alice" })
		b.Relay.Kill()
		b.Relay.Start(t)
	}
	if said := bruno.Fails(t, exitBusy, "read", "alice"); !strings.Contains(said, "vault") {
		t.Errorf("a second process on the vault is told %q", said)
	}
	listener.Kill()
	if got, want := texts(bruno.JSON(t, "read", "alice")), []string{"alice: one", "alice: two", "alice: three"}; !slices.Equal(got, want) {
		t.Errorf("bruno reads %q, want %q", got, want)
	}
}

// TestBot: a script that holds one listening command answers what it hears.
func TestBot(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "robot")
	alice, robot := b.Members[0], b.Members[1]
	orders, script, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = orders.Close(), script.Close() }()
	bot := robot.StartWith(t, orders, "listen", "--json", "--interactive")
	alice.Run(t, "send", "robot", "ping")
	heard := bot.Await(t, "ping", func(l harness.Line) bool { return l.Text("text") == "ping" })
	if _, err := fmt.Fprintf(script, `{"to":%q,"text":"pong","ref":"1"}`+"\n", heard.Text("from")); err != nil {
		t.Fatal(err)
	}
	bot.Await(t, "its answer", func(l harness.Line) bool { return l.Text("event") == "sent" && l.Text("ref") == "1" })
	alice.AwaitText(t, "robot", "pong")
}
