package client

import (
	"bulle/device/client/contact"
	"bulle/protocol/governance"
)

// LinkInfo is what a link says to whoever holds it, before it is used.
type LinkInfo struct {
	Founds  bool     // it claims a fresh relay
	Links   bool     // it adds a device to a member; if neither, it invites
	Address string   // host:port of the relay
	Pin     [32]byte // SHA-256 of the relay's TLS key
}

// ReadLink reads a link without using it. What is no link is [ErrLink], and what
// only a newer version can read is [ErrLinkVersion] too.
func ReadLink(link string) (LinkInfo, error) {
	if l, err := governance.ParseInvitationLink(link); err == nil {
		l.Seed.Wipe()
		l.Directory.Wipe()
		return LinkInfo{Address: l.Address, Pin: l.Pin}, nil
	}
	if l, err := governance.ParseDeviceLink(link); err == nil {
		l.Seed.Wipe()
		return LinkInfo{Links: true, Address: l.Address, Pin: l.Pin}, nil
	}
	l, err := governance.ParseClaimLink(link)
	if err != nil {
		return LinkInfo{}, err
	}
	l.Token.Wipe()
	return LinkInfo{Founds: true, Address: l.Address, Pin: l.Pin}, nil
}

// CheckName returns [ErrName] unless a member or a group can be called name. Whether
// somebody is called so already, the relay says.
func CheckName(name string) error { return contact.CheckOwnName(name) }
