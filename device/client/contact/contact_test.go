package contact_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"bulle/device/client/contact"
	"bulle/device/client/delivery"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

func seed(b byte) *secret.Bytes { return secret.New(bytes.Repeat([]byte{b}, governance.SeedSize)) }

func deviceCard(t *testing.T) *contact.DeviceCard {
	t.Helper()
	inbox, err := delivery.NewInbox(seed(1))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := delivery.NewPool(seed(2))
	if err != nil {
		t.Fatal(err)
	}
	return &contact.DeviceCard{Inbox: *inbox.Address(), Pool: pool.Address()}
}

// golden compares with the bytes that were written down once and for all.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) && os.Getenv("BULLE_GOLDEN") == "write" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, want %x", name, got, want)
	}
}

func TestCardsKeepTheirBytes(t *testing.T) {
	for name, card := range map[string]syntax.Value{
		"member-card.bin": &contact.MemberCard{Name: "Zoé"},
		"device-card.bin": deviceCard(t),
	} {
		b, err := syntax.Marshal(card)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, b)
	}
}

func FuzzCards(f *testing.F) {
	f.Add([]byte{1, 3, 'b', 'o', 'b'})
	f.Add([]byte{2, 3, 'b', 'o', 'b'})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []syntax.Value{&contact.MemberCard{}, &contact.DeviceCard{}} {
			if syntax.Unmarshal(b, v) != nil {
				continue
			}
			again, err := syntax.Marshal(v)
			if err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x becomes %x (%v)", b, again, err)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, ok := range []string{"a", "Zoé", "two words", strings.Repeat("x", contact.MaxName), "日本"} {
		if err := contact.CheckName(ok); err != nil {
			t.Errorf("%q is refused", ok)
		}
	}
	for _, bad := range []string{"", " a", "a ", "a\nb", "a\x00", "\xff", strings.Repeat("x", contact.MaxName+1), "a\u202eb", "a\u200bb", "a\u2028b", "#a"} {
		if err := contact.CheckName(bad); !errors.Is(err, contact.ErrName) {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestSafetyNumbersAreTheSameOnBothSides(t *testing.T) {
	a, b, c := governance.NewSigningKey(seed(1)).Public(), governance.NewSigningKey(seed(2)).Public(), governance.NewSigningKey(seed(3)).Public()
	one, two := contact.NewSafetyNumber(a, b), contact.NewSafetyNumber(b, a)
	if one.Digits != two.Digits || !one.Matches(two.Payload) || !two.Matches(one.Payload) {
		t.Errorf("%q is not %q", one.Digits, two.Digits)
	}
	if groups := strings.Fields(one.Digits); len(groups) != 12 || len(groups[0]) != 5 {
		t.Errorf("%q are not 60 digits", one.Digits)
	}
	other := contact.NewSafetyNumber(a, c)
	if one.Matches(other.Payload) || one.Digits == other.Digits || one.Matches(nil) {
		t.Error("another member has the same number")
	}
	for _, at := range []int{0, 40} { // either half of the key counts: Ed25519 is the first 32 bytes
		changed := *b
		changed[at] ^= 1
		if one.Matches(contact.NewSafetyNumber(a, &changed).Payload) {
			t.Errorf("byte %d of a key does not count", at)
		}
	}
	golden(t, "safety-number.txt", []byte(one.Digits))
	golden(t, "safety-words.txt", []byte(one.Words))
	if words := strings.Fields(one.Words); len(words) != 18 || one.Words != two.Words || one.Words == other.Words {
		t.Errorf("%q are not the words of both", one.Words)
	}
}

// TestNamesThatLookAlike are one name, and a mixture of scripts is none.
func TestNamesThatLookAlike(t *testing.T) {
	for _, pair := range [][2]string{
		{"alice", "ALICE"},
		{"alice", "a l i c e"},
		{"alice", "аlісе"},
		{"paul", "pau1"},
		{"Bob", "B0b"},
		{"ｂｏｂ", "bob"},
		{"Zoé", "Zoe\u0301"},
		{"ﬁona", "fiona"},
		{"оскар", "ОСКАР"},
		{"Anne-Marie", "Anne–Marie"},
		{"paypal", "раураl"},
	} {
		if !contact.SameName(pair[0], pair[1]) {
			t.Errorf("%q and %q are two names", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"alice", "alicia"}, {"Zoé", "Zoe"}, {"Zoe", "Zoe\u0301"}, {"日本", "日木"}, {"bob", "rob"}} {
		if contact.SameName(pair[0], pair[1]) {
			t.Errorf("%q and %q are one name", pair[0], pair[1])
		}
	}
	for _, bad := range []string{"аlice", "Αlice", "bоb", "Дαша"} {
		if !errors.Is(contact.CheckOwnName(bad), contact.ErrName) {
			t.Errorf("%q is accepted", bad)
		}
		if contact.CheckName(bad) != nil {
			t.Errorf("%q of somebody else cannot be shown", bad)
		}
	}
	for _, ok := range []string{"alice", "Алиса", "Αλίκη", "日本 alice", "Zoé"} {
		if err := contact.CheckOwnName(ok); err != nil {
			t.Errorf("%q is refused", ok)
		}
	}
}
