package governance

import "bulle/protocol/syntax"

// What the tests of broken rules need: statements that no honest writer makes.

// Make encodes and signs any body for any place by any signer. The key that the
// body introduces signs if it is given.
func Make(p Place, b syntax.Value, signer, member *SigningKey, device *DeviceKey) []byte {
	w := writer{place: p}
	possession := func(signed []byte) []byte {
		switch b.(type) {
		case *JoinBody:
			return member.Sign(ContextPossession, signed)[:]
		case *DeviceBody:
			return device.Sign(ContextPossession, signed)[:]
		}
		return nil
	}
	w.write(b.(body), signer, possession)
	if w.err != nil {
		panic(w.err)
	}
	return w.out[0]
}

// Limits are a log's bounds.
type Limits struct {
	Statements                                uint64
	Categories, Invitations, Members, Devices int
	Ever                                      int // devices of one member, 0 for the default
}

// SetLimits lowers the bounds of a log.
func (l *Log) SetLimits(n Limits) {
	ever := n.Ever
	if ever == 0 {
		ever = defaultLimits().everDevices
	}
	l.State().limits = limits{n.Statements, n.Categories, n.Invitations, n.Members, n.Devices, ever}
}

// SealItemWithSalt is SealItem with a chosen salt, for golden bytes.
var SealItemWithSalt = sealItem
