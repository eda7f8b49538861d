package e2e_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bulle/e2e/harness"
)

// TestBlind plants unique strings wherever a member can put one, and searches the
// memory of the running relay and all that it leaves on disk.
func TestBlind(t *testing.T) {
	t.Parallel()
	plant := func(what string) string { return what + "-" + rand.Text() }
	alice, bruno, chloe := plant("alice"), plant("bruno"), plant("chloe")
	direct, answer, waiting := plant("direct text"), plant("the answer"), plant("not read yet")
	crew, inCrew := plant("crew"), plant("text in the crew")
	name, content := plant("file")+".txt", plant("content")
	path := filepath.Join(t.TempDir(), name)
	file := slices.Repeat([]byte(content+"\n"), 12345)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}

	b := harness.NewBubble(t, alice, bruno, chloe)
	a, c := b.Members[0], b.Members[1]
	a.Run(t, "send", bruno, direct)
	c.AwaitText(t, alice, direct)
	c.Run(t, "send", alice, answer)
	a.AwaitText(t, bruno, answer)
	a.Run(t, "group", "create", crew, bruno, chloe)
	a.Run(t, "send", crew, inCrew)
	c.AwaitText(t, crew, inCrew)
	a.Run(t, "send", crew, "--file", path)
	c.AwaitMessage(t, crew, "the file", func(l harness.Line) bool { return l["file"] != nil })
	a.Run(t, "send", chloe, waiting) // stays at the relay: she never comes

	sum := sha256.Sum256(file)
	planted := []string{
		alice, bruno, chloe, direct, answer, waiting, crew, inCrew, name, content, hex.EncodeToString(sum[:]),
	}
	for _, m := range b.Members {
		phrase, err := os.ReadFile(m.PassphraseFile)
		if err != nil {
			t.Fatal(err)
		}
		planted = append(planted, string(phrase[:len(phrase)-1]))
	}
	search := harness.NewSearch(planted...)
	search.Raw("the file's hash", sum[:])
	report := func(when string, found []string) {
		for _, hit := range found {
			t.Errorf("%s: %s", when, hit)
		}
	}

	// The search itself works: the relay knows its own data directory.
	if harness.NewSearch(b.Relay.Data).Memory(t, b.Relay.Process) == nil {
		t.Error("the search does not find what the relay's memory holds for sure")
	}
	report("running", search.Memory(t, b.Relay.Process))
	report("running", search.Directory(t, b.Relay.Data))
	b.Relay.Stop(t)
	report("stopped", search.Directory(t, b.Relay.Data))
	if stored := harness.Size(t, b.Relay.Data); stored < int64(len(file))/2 {
		t.Errorf("the relay stored %d bytes: was anything sent through it?", stored)
	}
	b.Relay.Start(t)
	report("started again", search.Memory(t, b.Relay.Process))
	b.Members[2].AwaitText(t, alice, waiting)
	report("after the last delivery", search.Memory(t, b.Relay.Process))
	b.Relay.Kill()
	report("killed", search.Directory(t, b.Relay.Data))
}
