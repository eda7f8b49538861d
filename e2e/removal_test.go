package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"bulle/e2e/harness"
)

// TestRemoved: who was removed keeps what was read and gets nothing more, and may
// come back.
func TestRemoved(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno", "chloé")
	alice, bruno, chloe := b.Members[0], b.Members[1], b.Members[2]

	alice.Run(t, "group", "create", "crew", "bruno", "chloé")
	alice.Run(t, "send", "crew", "before")
	chloe.AwaitText(t, "crew", "before")
	bruno.AwaitText(t, "crew", "before")

	alice.Run(t, "group", "remove", "crew", "chloé")
	alice.Run(t, "send", "crew", "after")
	bruno.AwaitText(t, "crew", "after")
	bruno.Run(t, "send", "crew", "indeed")
	alice.AwaitText(t, "crew", "indeed")

	deaf(t, chloe)
	want := []string{"alice: before", "alice: after", "bruno: indeed"}
	for _, m := range []*harness.Member{alice, bruno} {
		if got := texts(m.JSON(t, "read", "crew")); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", m.Name, got, want)
		}
	}

	// She is still a member of the bubble, and may come back.
	alice.Run(t, "send", "chloé", "no hard feelings")
	chloe.AwaitText(t, "alice", "no hard feelings")
	alice.Run(t, "group", "add", "crew", "chloé")
	alice.Run(t, "send", "crew", "welcome back")
	chloe.AwaitText(t, "crew", "welcome back")
}

// deaf checks that a removed member neither reads nor writes the group any more.
func deaf(t *testing.T, m *harness.Member) {
	t.Helper()
	got := texts(m.JSON(t, "read", "crew"))
	if !slices.Contains(got, "alice: before") {
		t.Errorf("what was read before is gone: %q", got)
	}
	for _, text := range got {
		if strings.Contains(text, "after") || strings.Contains(text, "indeed") {
			t.Errorf("the removed member reads %q", text)
		}
	}
	m.Fails(t, exitRefused, "send", "crew", "let me in")
	if res := m.Try(t, "group", "add", "crew", "chloé"); res.Code == 0 {
		t.Error("the removed member adds herself")
	}
}

// TestRemovedCopy: neither does a copy of her device from when she was a member,
// which still holds the keys of that epoch.
func TestRemovedCopy(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno", "chloé")
	alice, bruno, chloe := b.Members[0], b.Members[1], b.Members[2]
	alice.Run(t, "group", "create", "crew", "bruno", "chloé")
	alice.Run(t, "send", "crew", "before")
	chloe.AwaitText(t, "crew", "before")
	ghost := harness.Copy(t, chloe)
	alice.Run(t, "group", "remove", "crew", "chloé")
	alice.Run(t, "send", "crew", "after")
	bruno.AwaitText(t, "crew", "after")

	deaf(t, ghost)
	alice.Run(t, "send", "crew", "indeed")
	bruno.AwaitText(t, "crew", "indeed")
	want := []string{"alice: before", "alice: after", "alice: indeed"}
	for _, m := range []*harness.Member{alice, bruno} {
		if got := texts(m.JSON(t, "read", "crew")); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", m.Name, got, want)
		}
	}
}

// TestLeave: who leaves is gone once the next member was there.
func TestLeave(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno", "chloé")
	alice, bruno, chloe := b.Members[0], b.Members[1], b.Members[2]
	alice.Run(t, "group", "create", "crew", "bruno", "chloé")
	alice.Run(t, "send", "crew", "hello")
	chloe.AwaitText(t, "crew", "hello")
	bruno.AwaitText(t, "crew", "hello")

	chloe.Run(t, "group", "leave", "crew")
	chloe.Fails(t, exitRefused, "send", "crew", "one more thing")
	bruno.Run(t, "send", "crew", "she left")
	alice.AwaitText(t, "crew", "she left")
	alice.Run(t, "send", "crew", "so she did")
	bruno.AwaitText(t, "crew", "so she did")
	for _, text := range texts(chloe.JSON(t, "read", "crew")) {
		if strings.Contains(text, "so she did") {
			t.Errorf("who left reads %q", text)
		}
	}
}

// TestRestoredCopy: a device that goes on from an old copy of its vault notices,
// and what it sends arrives, once.
func TestRestoredCopy(t *testing.T) {
	t.Parallel()
	b := harness.NewBubble(t, "alice", "bruno")
	alice, bruno := b.Members[0], b.Members[1]
	alice.Run(t, "send", "bruno", "1")
	bruno.AwaitText(t, "alice", "1")
	old := harness.Copy(t, alice)
	alice.Run(t, "send", "bruno", "2")
	bruno.AwaitText(t, "alice", "2")
	bruno.Run(t, "send", "alice", "3")
	alice.AwaitText(t, "bruno", "3")

	if err := os.RemoveAll(alice.Vault); err != nil {
		t.Fatal(err)
	}
	old.Run(t, "send", "bruno", "4")
	bruno.AwaitText(t, "alice", "4")
	bruno.Run(t, "send", "alice", "5")
	old.AwaitText(t, "bruno", "5")
	want := []string{"alice: 1", "alice: 2", "bruno: 3", "alice: 4", "bruno: 5"}
	if got := texts(bruno.JSON(t, "read", "alice")); !slices.Equal(got, want) {
		t.Errorf("bruno reads %q, want %q", got, want)
	}
}
