package conversation

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/indexeddb"
	"bulle/protocol/secret"
)

// TestSeed fills the one conversation of a web app's vault with as many messages as
// BULLE_SEED says, in the browser that runs it, for `npm run measure` in web/app:
// sending them one by one would take longer than everything that is measured.
func TestSeed(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("BULLE_SEED"))
	if err != nil {
		t.Skip("only for measuring")
	}
	backend := must(indexeddb.Open(t.Context(), "bulle"))(t)
	v := must(vault.Open(t.Context(), backend, secret.New([]byte(os.Getenv("BULLE_PASSPHRASE"))), vault.Options{}))(t)
	defer v.Close()
	names := must(v.Segments(t.Context()))(t)
	for i, name := range names {
		if !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		id := must(ParseID(strings.TrimPrefix(name, segmentPrefix)))(t)
		m, _, err := loadMeta(view{t.Context(), v}, id)
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != Direct {
			continue
		}
		for left := n; left > 0; left -= 500 {
			if err := v.Update(t.Context(), func(tx *vault.Tx) error { return seed(tx, id, m, min(left, 500)) }); err != nil {
				t.Fatal(i, err)
			}
		}
		return
	}
	t.Fatalf("no conversation among %q", names)
}

func seed(tx *vault.Tx, id ID, m *meta, n int) error {
	for range n {
		at := uint64(m.Last) + 1
		r := &record{
			From: m.Peer, Kind: MessageText, Sent: 1_700_000_000_000 + 60_000*at, Received: 1_700_000_000_000 + 60_000*at, State: Delivered,
			Text: fmt.Sprintf("line %d of a long talk%s", at, strings.Repeat(", which goes on and on", int(at*7%11))), //nolint:gosec // G115: below 11
		}
		_, _ = rand.Read(r.ID[:])
		if _, _, err := addMessage(tx, id, m, r); err != nil {
			return err
		}
	}
	m.Unread, m.ReadUpTo = 0, m.Last
	return m.save(tx, id)
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
