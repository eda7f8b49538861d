// Package contact turns the governance log into people: it opens the cards that
// members sealed for their category, says which device belongs to whom, and makes
// the safety number by which two members check each other.
//
// Most callers need [NewDirectory], a picture of the log at one moment, and
// [SafetyNumber].
package contact

import (
	"errors"

	"bulle/device/client/delivery"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// ErrName says that a pseudonym breaks the rule of [CheckName].
var ErrName = errors.New("a name is 1 to 64 bytes of text without control characters, outer spaces or a # before it")

const cardVersion = 1

// A MemberCard is what a member tells its category (docs/conversations.md, "Cards"):
//
//	struct { uint8 version = 1; opaque name<V>; } MemberCard;
type MemberCard struct{ Name string }

// Code implements [syntax.Value].
func (m *MemberCard) Code(c *syntax.Codec) {
	codeVersion(c)
	c.String(&m.Name)
	if c.Err() == nil && CheckName(m.Name) != nil {
		c.Fail("a name that breaks the rule")
	}
}

// A DeviceCard says how to reach a device:
//
//	struct { uint8 version = 1; Address inbox; PoolAddress pool; } DeviceCard;
type DeviceCard struct {
	Inbox delivery.Address
	Pool  delivery.PoolAddress
}

// Code implements [syntax.Value].
func (d *DeviceCard) Code(c *syntax.Codec) {
	codeVersion(c)
	d.Inbox.Code(c)
	d.Pool.Code(c)
}

func codeVersion(c *syntax.Codec) {
	version := uint8(cardVersion)
	c.Uint8(&version)
	if c.Err() == nil && version != cardVersion {
		c.Fail("a card of version %d", version)
	}
}

// Seal seals the card of member for its category.
func (m *MemberCard) Seal(directory *secret.Bytes, member governance.MemberID) ([]byte, error) {
	return seal(directory, governance.ItemMemberCard, member[:], m)
}

// Seal seals the card of device for its category.
func (d *DeviceCard) Seal(directory *secret.Bytes, device governance.DeviceID) ([]byte, error) {
	return seal(directory, governance.ItemDeviceCard, device[:], d)
}

func seal(directory *secret.Bytes, kind governance.ItemKind, owner []byte, v syntax.Value) ([]byte, error) {
	plain, err := syntax.Marshal(v)
	if err != nil {
		return nil, err
	}
	return governance.SealItem(directory, kind, owner, plain)
}

func open(directory *secret.Bytes, kind governance.ItemKind, owner, item []byte, v syntax.Value) error {
	plain, err := governance.OpenItem(directory, kind, owner, item)
	if err != nil {
		return err
	}
	return syntax.Unmarshal(plain, v)
}
