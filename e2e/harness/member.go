package harness

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A Member is a person with one device: a vault and the file with its passphrase.
// One command at a time runs on a vault.
type Member struct {
	Name           string
	Vault          string
	PassphraseFile string
	home           string
}

// NewMember prepares a member; its vault is made by [Member.Claim] or [Member.Join].
func NewMember(t *testing.T, name string) *Member {
	t.Helper()
	dir := t.TempDir()
	phrase := filepath.Join(dir, "passphrase")
	words := []string{rand.Text(), rand.Text(), rand.Text()}
	if err := os.WriteFile(phrase, []byte(strings.Join(words, " ")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Member{Name: name, Vault: filepath.Join(dir, "vault"), PassphraseFile: phrase, home: dir}
}

// Copy returns the member with a copy of the vault as it is now, as a thief, a
// backup or a second machine would have it.
func Copy(t *testing.T, m *Member) *Member {
	t.Helper()
	dir := t.TempDir()
	vault := filepath.Join(dir, "vault")
	if err := os.CopyFS(vault, os.DirFS(m.Vault)); err != nil {
		t.Fatal(err)
	}
	// A copy keeps to its owner what the vault keeps to its owner.
	if err := os.Chmod(vault, 0o700); err != nil { //nolint:gosec // G302: a directory
		t.Fatal(err)
	}
	return &Member{Name: m.Name, Vault: vault, PassphraseFile: m.PassphraseFile, home: dir}
}

// Start runs a command of the member in the background.
func (m *Member) Start(t *testing.T, args ...string) *Process {
	t.Helper()
	return m.StartWith(t, nil, args...)
}

// StartWith is Start with something to read on the standard input.
func (m *Member) StartWith(t *testing.T, stdin *os.File, args ...string) *Process {
	t.Helper()
	env := []string{"HOME=" + m.home, "BULLE_PASSPHRASE_FILE=" + m.PassphraseFile}
	return Start(t, env, stdin, append(slices.Clone(args), "--vault", m.Vault)...)
}

// Try runs a command to its end, whatever that is.
func (m *Member) Try(t *testing.T, args ...string) Result {
	t.Helper()
	return m.Start(t, args...).Wait(t)
}

// Run runs a command that must succeed.
func (m *Member) Run(t *testing.T, args ...string) Result {
	t.Helper()
	res := m.Try(t, args...)
	if res.Code != 0 {
		t.Fatalf("%s: bulle %q: exit code %d\n%s%s", m.Name, args, res.Code, res.Stdout, res.Stderr)
	}
	return res
}

// JSON runs a command that must succeed, with --json, and returns its lines.
func (m *Member) JSON(t *testing.T, args ...string) []Line {
	t.Helper()
	return m.Run(t, append(slices.Clone(args), "--json")...).Lines(t)
}

// Fails runs a command that must fail with the given exit code and say why in one
// sentence on one line, which it returns.
func (m *Member) Fails(t *testing.T, code int, args ...string) string {
	t.Helper()
	res := m.Try(t, args...)
	said := strings.TrimSpace(res.Stderr)
	if res.Code != code {
		t.Errorf("%s: bulle %q: exit code %d, want %d\n%s%s", m.Name, args, res.Code, code, res.Stdout, res.Stderr)
	}
	if said == "" || strings.Contains(said, "\n") || strings.Contains(said, "panic") {
		t.Errorf("%s: bulle %q: want one clear sentence, got %q", m.Name, args, res.Stderr)
	}
	return said
}

// AwaitMessage reads a conversation until one of its messages is accepted by
// match, and returns it.
func (m *Member) AwaitMessage(t *testing.T, conversation, what string, match func(Line) bool) Line {
	t.Helper()
	var found Line
	Eventually(t, m.Name+" to read "+what, func() bool {
		res := m.Try(t, "read", conversation, "--json")
		if res.Code != 0 {
			return false // the conversation may not have arrived yet
		}
		for _, l := range res.Lines(t) {
			if match(l) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// AwaitText reads a conversation until text is there.
func (m *Member) AwaitText(t *testing.T, conversation, text string) Line {
	t.Helper()
	return m.AwaitMessage(t, conversation, text, func(l Line) bool { return l.Text("text") == text })
}

// quick is the least that a vault accepts: the tests unlock often.
const quick = "--kdf-iterations=600000"

// Claim makes the member's vault and founds the bubble of a claim link.
func (m *Member) Claim(t *testing.T, link string) {
	t.Helper()
	m.Run(t, "claim", link, "--name", m.Name, quick)
}

// Join makes the member's vault and enters the bubble of an invitation.
func (m *Member) Join(t *testing.T, link string) {
	t.Helper()
	m.Run(t, "join", link, "--name", m.Name, quick)
}

// A Bubble is a claimed relay with its members; the first one founded it.
type Bubble struct {
	Relay   *Relay
	Members []*Member
}

// NewBubble starts a relay, lets the first of names claim it, and invites the others.
func NewBubble(t *testing.T, names ...string) *Bubble {
	t.Helper()
	b := &Bubble{Relay: NewRelay(t)}
	founder := NewMember(t, names[0])
	founder.Claim(t, b.Relay.Claim)
	b.Members = append(b.Members, founder)
	for _, name := range names[1:] {
		b.Members = append(b.Members, b.Invite(t, name))
	}
	return b
}

// Invite lets a new member in.
func (b *Bubble) Invite(t *testing.T, name string) *Member {
	t.Helper()
	m := NewMember(t, name)
	m.Join(t, b.Link(t))
	return m
}

// Link returns a new invitation of the founder.
func (b *Bubble) Link(t *testing.T, flags ...string) string {
	t.Helper()
	lines := b.Members[0].JSON(t, append([]string{"invite"}, flags...)...)
	if len(lines) != 1 || lines[0].Text("link") == "" {
		t.Fatalf("bulle invite --json printed %v", lines)
	}
	return lines[0].Text("link")
}
