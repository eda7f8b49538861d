package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulle/e2e/harness"
)

// TestInvitations: a link works as often and as long as it says.
func TestInvitations(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice")
	alice := b.Members[0]

	once := b.Link(t)
	harness.NewMember(t, "bruno").Join(t, once)
	harness.NewMember(t, "chloé").Fails(t, exitRefused, "join", once, "--name", "chloé")

	twice := b.Link(t, "--uses", "2")
	harness.NewMember(t, "didier").Join(t, twice)
	harness.NewMember(t, "emma").Join(t, twice)
	harness.NewMember(t, "chloé").Fails(t, exitRefused, "join", twice, "--name", "chloé")

	short := b.Link(t, "--expires", "1s")
	past := time.Now().Add(2 * time.Second)
	harness.Eventually(t, "the invitation to expire", func() bool { return time.Now().After(past) })
	harness.NewMember(t, "chloé").Fails(t, exitRefused, "join", short, "--name", "chloé")

	harness.NewMember(t, "mallory").Fails(t, exitRefused, "claim", b.Relay.Claim, "--name", "mallory")

	names := []string{}
	for _, l := range alice.JSON(t, "contacts") {
		names = append(names, l.Text("name"))
	}
	slices.Sort(names)
	if want := []string{"bruno", "didier", "emma"}; !slices.Equal(names, want) {
		t.Errorf("alice's contacts are %q, want %q", names, want)
	}
}

// TestBadLinks: a link that was cut, changed or never was one is refused before
// anything is sent.
func TestBadLinks(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice")
	link := b.Link(t)
	middle := len(link) - 20
	changed := []byte(link)
	changed[middle] ^= 1
	for what, bad := range map[string]string{
		"cut":      link[:middle],
		"changed":  string(changed),
		"no link":  "hello",
		"no pins":  "https://" + b.Relay.Address + "/",
		"a claim":  b.Relay.Claim,
		"nothing":  "",
		"too long": link + strings.Repeat("A", 1<<16),
	} {
		res := harness.NewMember(t, "bruno").Try(t, "join", bad, "--name", "bruno")
		if said := strings.TrimSpace(res.Stderr); res.Code == 0 || said == "" || strings.Contains(said, "\n") {
			t.Errorf("%s: exit code %d, said %q", what, res.Code, said)
		}
	}
}

// TestUnknown: what does not exist is said to not exist.
func TestUnknown(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice")
	alice := b.Members[0]
	for _, args := range [][]string{
		{"send", "nobody", "hello"},
		{"read", "nobody"},
		{"verify", "nobody"},
		{"group", "create", "crew", "nobody"},
		{"group", "add", "nothing", "nobody"},
		{"send", "alice", "--file", "/no/such/file"},
	} {
		alice.Fails(t, exitNotFound, args...)
	}
	harness.NewMember(t, "bruno").Fails(t, exitNotFound, "contacts")
}

// TestUnreachable: without a relay there is one clear sentence, and later none.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	link := b.Link(t)
	b.Relay.Stop(t)
	alice.Fails(t, exitOffline, "invite")
	alice.Fails(t, exitOffline, "send", "bruno", "later")
	newcomer := harness.NewMember(t, "chloé")
	newcomer.Fails(t, exitOffline, "join", link, "--name", "chloé")

	b.Relay.Start(t)
	newcomer.Join(t, link)
	alice.Run(t, "send", "bruno", "now")
	bruno.AwaitText(t, "alice", "now")
	if got, want := texts(bruno.JSON(t, "read", "alice")), []string{"alice: later", "alice: now"}; !slices.Equal(got, want) {
		t.Errorf("bruno reads %q, want %q: each once, in order", got, want)
	}
}

// TestChangedPin: another relay on the same address is not talked to.
func TestChangedPin(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	link := b.Link(t)
	b.Relay.Stop(t)
	impostor := harness.NewRelayOn(t, b.Relay.Address)
	if impostor.Fingerprint == b.Relay.Fingerprint {
		t.Fatal("two relays have one fingerprint")
	}
	alice.Fails(t, exitUntrusted, "send", "bruno", "for the real one")
	harness.NewMember(t, "chloé").Fails(t, exitUntrusted, "join", link, "--name", "chloé")
	impostor.Stop(t)

	b.Relay.Start(t)
	alice.Run(t, "conversations")
	bruno.AwaitText(t, "alice", "for the real one")
}

// TestPassphrase: a wrong one opens nothing and destroys nothing.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice := b.Members[0]
	dir := t.TempDir()
	for what, phrase := range map[string]string{"wrong": "correct horse battery staple, but not this one", "empty": ""} {
		file := filepath.Join(dir, what)
		if err := os.WriteFile(file, []byte(phrase+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		alice.Fails(t, exitPassphrase, "contacts", "--passphrase-file", file)
	}
	weak := filepath.Join(dir, "weak")
	if err := os.WriteFile(weak, []byte("password1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	harness.NewMember(t, "chloé").Fails(t, exitPassphrase, "join", b.Link(t), "--name", "chloé", "--passphrase-file", weak)
	if lines := alice.JSON(t, "contacts"); len(lines) != 1 {
		t.Errorf("alice's contacts are %v", lines)
	}
}
