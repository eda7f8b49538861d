package governance_test

import (
	"bytes"
	"errors"
	"testing"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

func TestItemsOpenAsWhatTheyWereSealed(t *testing.T) {
	directory, owner := secret.Random(governance.DirectoryKeySize), []byte("owner")
	for _, size := range []int{0, 1, 63, 64, 254, 255, 3838, 7000} {
		plaintext := bytes.Repeat([]byte{7}, size)
		item, err := governance.SealItem(directory, governance.ItemMemberCard, owner, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		if len(item)%256 != 48 {
			t.Errorf("%d bytes seal to %d: the size tells", size, len(item))
		}
		got, err := governance.OpenItem(directory, governance.ItemMemberCard, owner, item)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%d bytes open as %d, %v", size, len(got), err)
		}
		if size == 3838 && len(item) > governance.MaxCard {
			t.Errorf("a card of %d bytes seals to %d", size, len(item))
		}
	}
	if _, err := governance.SealItem(directory, governance.ItemKeyPackage, owner, make([]byte, governance.MaxItem)); !errors.Is(err, governance.ErrTooLarge) {
		t.Errorf("too large an item: %v", err)
	}
	if _, err := governance.SealItem(secret.Random(16), governance.ItemKeyPackage, owner, nil); !errors.Is(err, governance.ErrItem) {
		t.Errorf("too short a directory key: %v", err)
	}
}

func TestItemsAreBoundToKeyKindAndOwner(t *testing.T) {
	directory, owner := secret.Random(governance.DirectoryKeySize), []byte("owner")
	item, err := governance.SealItem(directory, governance.ItemDeviceCard, owner, []byte("card"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(directory *secret.Bytes, kind governance.ItemKind, owner, item []byte) {
		t.Helper()
		if got, err := governance.OpenItem(directory, kind, owner, item); !errors.Is(err, governance.ErrItem) || got != nil {
			t.Errorf("opens: %q, %v", got, err)
		}
	}
	open(secret.Random(governance.DirectoryKeySize), governance.ItemDeviceCard, owner, item)
	open(secret.Random(16), governance.ItemDeviceCard, owner, item)
	open(directory, governance.ItemMemberCard, owner, item)
	open(directory, governance.ItemDeviceCard, []byte("another"), item)
	open(directory, governance.ItemDeviceCard, owner, item[:len(item)-1])
	open(directory, governance.ItemDeviceCard, owner, nil)
	for _, at := range []int{0, 31, 32, len(item) - 1} {
		other := bytes.Clone(item)
		other[at] ^= 1
		open(directory, governance.ItemDeviceCard, owner, other)
	}
}
