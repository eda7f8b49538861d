package conversation

import (
	"bytes"
	"fmt"
	"slices"

	"bulle/device/client/contact"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// extensionDescription is a GroupContext extension of ours, from the private range
// of RFC 9420, section 17.3. All members agree on it, as on the rest of the
// context, and outsiders never see it.
const extensionDescription mls.ExtensionType = 0xF0B1

// A description says what a group is to its members:
//
//	struct {
//	    uint8    version;       // 1 or 2
//	    uint8    kind;          // 1 of two members, 2 group
//	    opaque   name<V>;       // of a group, 1..64 bytes; else empty
//	    uint32   generation;    // of two members: Unix seconds of its making, or more; the newest is spoken in
//	    // version 2
//	    MemberID admins<V>;     // of a group, ascending, at most 256; else empty
//	    uint32   timer;         // seconds after which messages disappear; 0: they stay
//	} Description;
//
// A group without administrators and timer is described by version 1.
type description struct {
	Kind       Kind
	Name       string
	Generation uint32
	Admins     []governance.MemberID
	Timer      uint32
}

// Code implements [syntax.Value].
func (d *description) Code(c *syntax.Codec) {
	second := codeVersions(c, d.newer())
	syntax.Enum8(c, &d.Kind)
	c.String(&d.Name)
	c.Uint32(&d.Generation)
	if second {
		codeMembers(c, &d.Admins)
		c.Uint32(&d.Timer)
	}
	checkVersion(c, second, d.newer())
	switch {
	case c.Err() != nil:
	case d.Kind == Direct && d.Name == "" && len(d.Admins) == 0:
	case d.Kind == Group && contact.CheckName(d.Name) == nil && d.Generation == 0 && d.adminsInOrder():
	default:
		c.Fail("a description that breaks the rules")
	}
}

// newer reports whether the description says what only version 2 can say.
func (d *description) newer() bool { return len(d.Admins) > 0 || d.Timer != 0 }

// adminsInOrder reports whether the administrators stand in the one order, each
// once.
func (d *description) adminsInOrder() bool {
	for i := 1; i < len(d.Admins); i++ {
		if bytes.Compare(d.Admins[i-1][:], d.Admins[i][:]) >= 0 {
			return false
		}
	}
	return len(d.Admins) <= maxLeaves
}

// setAdmin makes a member an administrator, or takes that from it.
func (d *description) setAdmin(id governance.MemberID, admin bool) {
	at, is := slices.BinarySearchFunc(d.Admins, id, func(a, b governance.MemberID) int { return bytes.Compare(a[:], b[:]) })
	switch {
	case admin && !is:
		d.Admins = slices.Insert(d.Admins, at, id)
	case !admin && is:
		d.Admins = slices.Delete(d.Admins, at, at+1)
	}
}

func (d *description) extensions() ([]mls.Extension, error) {
	data, err := syntax.Marshal(d)
	if err != nil {
		return nil, err
	}
	required := mls.RequiredCapabilities{
		Extensions: []mls.ExtensionType{extensionDescription},
		Proposals:  []mls.ProposalType{}, Credentials: []mls.CredentialType{},
	}
	return []mls.Extension{required.Extension(), {Type: extensionDescription, Data: data}}, nil
}

// describe reads the description of a group. Our groups have these two extensions
// and no other, above all no external senders.
func describe(extensions []mls.Extension) (*description, error) {
	var d description
	found := false
	for _, x := range extensions {
		switch x.Type {
		case extensionDescription:
			if err := syntax.Unmarshal(x.Data, &d); err != nil {
				return nil, err
			}
			found = true
		case mls.ExtensionRequiredCapabilities:
		default:
			return nil, fmt.Errorf("%w: a group with a foreign extension", syntax.ErrMalformed)
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: a group without a description", syntax.ErrMalformed)
	}
	return &d, nil
}

// capabilities is what the leaves of our devices declare: the one suite that we
// speak, and our extension.
func capabilities() *mls.Capabilities {
	c := mls.DefaultCapabilities()
	c.Suites = []mls.Suite{mls.Hybrid}
	c.Extensions = append(c.Extensions, extensionDescription)
	return &c
}
