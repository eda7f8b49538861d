package conversation

import (
	"bytes"
	"errors"
	"sync"

	"bulle/device/client/contact"
	"bulle/mls"
	"bulle/protocol/governance"
)

// A leaf's credential is basic; its identity is the member's identifier and the
// device's, 64 bytes. It is worth nothing by itself: the governance log says which
// member has which device, and which key that device signs with. A leaf enters a
// group only when its signature key is that one, whoever adds it, and the
// authority's key in the log is pinned by the link that this device joined with.

var errCredential = errors.New("the governance log does not know this device")

func credential(member governance.MemberID, device governance.DeviceID) mls.Credential {
	return mls.BasicCredential(append(member[:], device[:]...))
}

// parseCredential splits an identity. It says nothing about its truth.
func parseCredential(c mls.Credential) (member governance.MemberID, device governance.DeviceID, ok bool) {
	if c.Type != mls.CredentialBasic || len(c.Identity) != len(member)+len(device) {
		return member, device, false
	}
	copy(member[:], c.Identity)
	copy(device[:], c.Identity[len(member):])
	return member, device, true
}

// authority judges credentials by the directory of the moment. It implements
// [mls.CredentialValidator].
type authority struct {
	directory func() *contact.Directory

	mu     sync.Mutex
	missed bool // an unknown device was seen: the log may be behind
}

// ValidateCredential implements [mls.CredentialValidator].
func (a *authority) ValidateCredential(c mls.Credential, signatureKey []byte) error {
	member, device, ok := parseCredential(c)
	if !ok {
		return errCredential
	}
	directory := a.directory()
	known, ok := directory.Device(device)
	if !ok { // what a removed device was stays true: sibling.go takes it out
		known, ok = directory.RemovedDevice(device)
	}
	if !ok {
		a.mu.Lock()
		a.missed = true
		a.mu.Unlock()
		return errCredential
	}
	if known.Member != member || !bytes.Equal(known.Key[:], signatureKey) {
		return errCredential
	}
	return nil
}

// ValidateExternalSender implements [mls.CredentialValidator]: groups have none.
func (a *authority) ValidateExternalSender(mls.Credential, []byte) error { return errCredential }

// SameClient implements [mls.CredentialValidator].
func (a *authority) SameClient(x, y mls.Credential) bool { return x.Equal(&y) }

// missedDevice reports, once, that a credential named a device that the log does
// not have. The log should be read again before the answer counts.
func (a *authority) missedDevice() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	missed := a.missed
	a.missed = false
	return missed
}
