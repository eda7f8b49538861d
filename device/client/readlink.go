package client

import "bulle/protocol/governance"

// LinkInfo is what a link says to whoever holds it, before it is used.
type LinkInfo struct {
	Founds  bool     // it claims a fresh relay; otherwise it invites
	Address string   // host:port of the relay
	Pin     [32]byte // SHA-256 of the relay's TLS key
}

// ReadLink reads a link without using it. What is no link is [ErrLink].
func ReadLink(link string) (LinkInfo, error) {
	if l, err := governance.ParseInvitationLink(link); err == nil {
		l.Seed.Wipe()
		l.Directory.Wipe()
		return LinkInfo{Address: l.Address, Pin: l.Pin}, nil
	}
	l, err := governance.ParseClaimLink(link)
	if err != nil {
		return LinkInfo{}, err
	}
	l.Token.Wipe()
	return LinkInfo{Founds: true, Address: l.Address, Pin: l.Pin}, nil
}
