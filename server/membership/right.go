package membership

import (
	"errors"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/wire"
)

// errClaimed says that the relay has its founder already.
var errClaimed = errors.New("the relay is claimed")

// A right is what a proof gave a governance connection. It is asked again at
// each request: what ended since is over at once.
type right interface {
	// valid returns the code of why the right has ended.
	valid(s *governance.State, now time.Time) error
	// mayWrite returns the code of why these statements may not come from here.
	mayWrite(s *governance.State, statements [][]byte) error
	// explain puts a refusal of the log in the words of the right.
	explain(code wire.Code) error
}

// judge finds the right that a proof gives.
func (m *Membership) judge(proof []byte, challenge [32]byte) (right, error) {
	p, err := governance.ParseProof(proof)
	if err != nil {
		return nil, err
	}
	s, b := m.log.State(), m.binding(governance.PurposeGovernance, challenge)
	switch p.Kind {
	case governance.ProofDevice:
		d, err := p.VerifyDevice(s, b)
		if err == nil && d.Removed > 0 {
			return gone{d.Removed + 1}, nil
		}
		return device{d.ID, d.Member}, err
	case governance.ProofInvitation:
		i, err := p.VerifyInvitation(s, b, m.cfg.Now())
		return invitation{i.ID}, err
	case governance.ProofClaim:
		err := m.verifyClaim(s, p, b)
		return claim{}, err
	}
	return nil, governance.ErrProof
}

// verifyClaim judges a claim. Once the relay has a founder it says so to anybody
// who claims: that much the relay shows anyway.
func (m *Membership) verifyClaim(s *governance.State, p *governance.Proof, b governance.Binding) error {
	if s.Claimed() {
		return errClaimed
	}
	return p.VerifyClaim(m.token, b)
}

// device is the right of a member: to read the log, and to submit what the rules
// of the log let anybody sign, but no other member's devices.
type device struct {
	id     governance.DeviceID
	member governance.MemberID
}

func (d device) valid(s *governance.State, _ time.Time) error {
	if _, ok := s.Device(d.id); !ok {
		return wire.Closed
	}
	return nil
}

// mayWrite keeps out a device that was removed and still has its member's seed: what
// it signs would have to come over another member's connection.
func (d device) mayWrite(s *governance.State, statements [][]byte) error {
	var joining governance.MemberID // whoever joins brings the first device
	for _, b := range statements {
		st, err := governance.ParseStatement(b)
		if err != nil {
			return wire.Refused
		}
		switch body := st.Body.(type) {
		case *governance.JoinBody:
			joining = governance.MemberID(body.Identity.ID())
		case *governance.DeviceBody:
			if body.Member != d.member && body.Member != joining {
				return wire.Refused
			}
		case *governance.RemovalBody:
			if of, ok := s.Device(body.Device); !ok || of.Member != d.member {
				return wire.Refused
			}
		}
	}
	return nil
}

func (device) explain(code wire.Code) error { return code }

// gone is what is left to a removed device: to read the log up to its own removal,
// so that it need not take the relay's word for it.
type gone struct{ length uint64 }

func (gone) valid(*governance.State, time.Time) error { return nil }

func (gone) mayWrite(*governance.State, [][]byte) error { return wire.Refused }

func (gone) explain(code wire.Code) error { return code }

// invitation is the right of one who is invited: to read the log, and to join by
// this invitation while it lasts.
type invitation struct{ id governance.InvitationID }

func (i invitation) valid(s *governance.State, now time.Time) error {
	inv, ok := s.Invitation(i.id)
	switch {
	case !ok:
		return wire.Closed
	case inv.Used >= inv.Uses:
		return wire.InvitationUsed
	case inv.Expired(now):
		return wire.InvitationExpired
	}
	return nil
}

func (i invitation) mayWrite(_ *governance.State, statements [][]byte) error {
	st, err := governance.ParseStatement(statements[0])
	if err != nil || len(statements) != 2 || st.Kind() != governance.KindJoin || st.Signer != governance.KeyID(i.id) {
		return wire.Refused
	}
	return nil
}

func (invitation) explain(code wire.Code) error { return code }

// claim is the right of one who knows the claim token: to found the bubble, if
// nobody else has.
type claim struct{}

func (claim) valid(s *governance.State, _ time.Time) error {
	if s.Claimed() {
		return wire.Claimed
	}
	return nil
}

func (claim) mayWrite(*governance.State, [][]byte) error { return nil }

// explain: who comes second finds the log begun.
func (claim) explain(code wire.Code) error {
	if code == wire.Stale {
		return wire.Claimed
	}
	return code
}
