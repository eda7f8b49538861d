package stack_test

import (
	"errors"
	"testing"
	"time"

	"bulle/device/client"
	"bulle/device/client/clienttest"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/protocol/secret"
)

// newVault makes a vault in memory.
func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	pass := secret.Copy([]byte("one long phrase that nobody would ever think of"))
	v, err := vault.Create(t.Context(), memory.New(), pass, clienttest.VaultOptions())
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	return v
}

// enrolled claims or joins with a new vault.
func enrolled(t *testing.T, b *bubble, link, name string) *client.Client {
	t.Helper()
	how := client.Join
	if link == b.info.Claim {
		how = client.Claim
	}
	c, err := how(t.Context(), client.Config{Vault: newVault(t)}, link, name)
	check(t, err)
	t.Cleanup(func() { check(t, c.Close()) })
	check(t, c.Sync(t.Context()))
	return c
}

func invite(t *testing.T, c *client.Client) string {
	t.Helper()
	url, err := c.Invite(t.Context(), client.InviteOptions{Uses: 1, Expires: time.Hour})
	check(t, err)
	return url
}

// talk sends a text to the conversation with a name and syncs.
func talk(t *testing.T, c *client.Client, to, text string) client.MessageID {
	t.Helper()
	check(t, c.Sync(t.Context()))
	conv, err := c.Resolve(to)
	check(t, err)
	id, err := c.Send(conv.ID, client.Draft{Text: text})
	check(t, err)
	check(t, c.Sync(t.Context()))
	return id
}

// heard returns the texts of the conversation with a name, after a round.
func heard(t *testing.T, c *client.Client, in string) []string {
	t.Helper()
	check(t, c.Sync(t.Context()))
	conv, err := c.Resolve(in)
	check(t, err)
	messages, err := c.History(conv.ID, 0, 100)
	check(t, err)
	var out []string
	for _, m := range messages {
		if m.Kind == client.MessageText {
			out = append(out, m.FromName+": "+m.Text)
		}
	}
	return out
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("heard %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("heard %q, want %q", got, want)
		}
	}
}

// TestClientsTalkThroughARelay claims a relay as `bulle serve` runs it, lets two
// more people join, and has them talk, in a group too.
func TestClientsTalkThroughARelay(t *testing.T) {
	b := startBubble(t)
	alice := enrolled(t, b, b.info.Claim, "alice")
	link := invite(t, alice)
	bob := enrolled(t, b, link, "bob")
	if _, err := client.Join(t.Context(), client.Config{Vault: newVault(t)}, link, "eve"); !errors.Is(err, client.ErrLinkUsed) {
		t.Errorf("a used-up invitation: %v", err)
	}
	if _, err := client.Join(t.Context(), client.Config{Vault: newVault(t)}, invite(t, alice), "Bob"); !errors.Is(err, client.ErrNameTaken) {
		t.Errorf("a name that is taken: %v", err)
	}
	carol := enrolled(t, b, invite(t, alice), "carol")

	sent := talk(t, alice, "bob", "hello")
	expect(t, heard(t, bob, "alice"), "alice: hello")
	talk(t, bob, "alice", "hello yourself")
	expect(t, heard(t, alice, "bob"), "alice: hello", "bob: hello yourself")
	conv, err := alice.Resolve("bob")
	check(t, err)
	m, err := alice.Message(conv.ID, sent)
	check(t, err)
	if m.State != client.StateDelivered {
		t.Errorf("the message is %v", m.State)
	}

	others, err := alice.Contacts()
	check(t, err)
	group, err := alice.CreateGroup(t.Context(), "three", []client.MemberID{others[0].ID, others[1].ID})
	check(t, err)
	check(t, alice.Sync(t.Context()))
	talk(t, carol, "three", "from carol")
	talk(t, bob, "three", "from bob")
	expect(t, heard(t, alice, "three"), "carol: from carol", "bob: from bob")

	check(t, alice.RemoveMembers(t.Context(), group.ID, []client.MemberID{others[1].ID}))
	talk(t, alice, "three", "without carol")
	expect(t, heard(t, bob, "three"), "carol: from carol", "bob: from bob", "alice: without carol")
	expect(t, heard(t, carol, "three"), "carol: from carol", "bob: from bob")
	if c, err := carol.Resolve("three"); err != nil || c.Active {
		t.Errorf("carol is still in the group: %v %v", c.Active, err)
	}
}

// TestSafetyNumbersAgree compares what both sides see.
func TestSafetyNumbersAgree(t *testing.T) {
	b := startBubble(t)
	alice := enrolled(t, b, b.info.Claim, "alice")
	bob := enrolled(t, b, invite(t, alice), "bob")
	check(t, alice.Sync(t.Context()))
	ofBob, err := alice.Contact("bob")
	check(t, err)
	ofAlice, err := bob.Contact("alice")
	check(t, err)
	one, err := alice.SafetyNumber(ofBob.ID)
	check(t, err)
	two, err := bob.SafetyNumber(ofAlice.ID)
	check(t, err)
	if one.Digits != two.Digits || !one.Matches(two.Payload) || len(one.Digits) != 12*5+11 {
		t.Errorf("alice sees %s, bob %s", one.Digits, two.Digits)
	}
	check(t, alice.MarkVerified(ofBob.ID, true))
	if again, err := alice.Contact("bob"); err != nil || !again.Verified {
		t.Errorf("bob is not verified: %v", err)
	}
}
