package client

import (
	"context"
	"slices"
	"strings"

	"bulle/device/client/contact"
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// contactsSegment holds a record for each member whose safety number was compared.
const contactsSegment = "contacts"

// SafetyNumber lets two members check that nobody stands between them.
type SafetyNumber = contact.SafetyNumber

// Contacts returns everyone else in the category, by name.
func (c *Client) Contacts() ([]Contact, error) {
	var out []Contact
	for _, m := range c.ledger.Now().Members() {
		if m.ID == c.member {
			continue
		}
		out = append(out, c.contact(m))
	}
	slices.SortFunc(out, func(a, b Contact) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out, nil
}

// Contact returns the member with a name: exactly, or else the only one that
// differs in the case of letters alone.
func (c *Client) Contact(name string) (Contact, error) {
	m, ok := c.ledger.Now().Named(name)
	if !ok {
		return Contact{}, ErrNoContact
	}
	return c.contact(m), nil
}

func (c *Client) contact(m contact.Member) Contact {
	if m.ID == c.member {
		return c.Self()
	}
	return Contact{ID: m.ID, Name: m.Name, Verified: c.verified(m.ID), Blocked: c.blocked(m.ID), Devices: len(m.Devices)}
}

// member returns what is known of a member, also of one who is not in the category.
func (c *Client) memberOf(id MemberID) Contact {
	if m, ok := c.ledger.Now().Member(id); ok {
		return c.contact(m)
	}
	if id == (MemberID{}) {
		return Contact{}
	}
	return Contact{ID: id, Name: "? " + id.String()[:8]}
}

func (c *Client) verified(id MemberID) bool {
	_, err := c.cfg.Vault.Get(context.Background(), contactsSegment, "verified/"+string(id[:]))
	return err == nil
}

// SafetyNumber returns the number that this member and another one both see.
func (c *Client) SafetyNumber(id MemberID) (SafetyNumber, error) {
	other, ok := c.ledger.Now().Member(id)
	if !ok || id == c.member {
		return SafetyNumber{}, ErrNoContact
	}
	if err := c.alive(); err != nil {
		return SafetyNumber{}, err
	}
	key := c.identity.MemberKey()
	defer key.Wipe()
	return contact.NewSafetyNumber(key.Public(), other.Key), nil
}

// MarkVerified notes whether the safety number of a member was compared. The note
// is about the member's keys: a member cannot change them.
func (c *Client) MarkVerified(id MemberID, verified bool) error {
	if _, ok := c.ledger.Now().Member(id); !ok {
		return ErrNoContact
	}
	value := []byte{0}
	if verified {
		value[0] = 1
	}
	return c.engine.Note(context.Background(), noteVerified+string(id[:]), value, func(tx *vault.Tx) error {
		return keepVerified(tx, id, verified)
	})
}

// keepVerified writes that note.
func keepVerified(tx *vault.Tx, id MemberID, verified bool) error {
	if !tx.HasSegment(contactsSegment) {
		if err := tx.NewSegment(contactsSegment); err != nil {
			return err
		}
	}
	name := "verified/" + string(id[:])
	if verified {
		return tx.Put(contactsSegment, name, []byte{1})
	}
	return tx.Delete(contactsSegment, name)
}

// ParseMemberID reads what MemberID.String wrote.
func ParseMemberID(s string) (MemberID, error) {
	id, err := ParseConversationID(s)
	return governance.MemberID(id), err
}
