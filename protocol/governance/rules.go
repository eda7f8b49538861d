package governance

import "time"

// rules add one statement to a state:
//
//	size -> layout -> place -> order -> authority -> kind's own rules -> time -> signatures -> effect
//
// Cheap rules come first; nothing changes before all of them held.
type rules struct {
	signatures bool
	now        time.Time // zero: no rule about time
}

// add verifies b against s and changes s. After an error s must be discarded.
func (r rules) add(s *State, b []byte) error {
	if len(b) > MaxStatement {
		return refuse("G1", ErrTooLarge)
	}
	st, err := ParseStatement(b)
	if err != nil {
		return refuse("G2", err)
	}
	if err := inPlace(s, st); err != nil {
		return err
	}
	if err := inOrder(s, st); err != nil {
		return err
	}
	signer, err := st.Body.signer(s, st.Signer)
	if err != nil {
		return err
	}
	if err := st.Body.check(s, st); err != nil {
		return err
	}
	if err := r.inTime(s, st); err != nil {
		return err
	}
	if r.signatures {
		if err := st.verify(signer); err != nil {
			return err
		}
	}
	st.Body.apply(s, st)
	s.head = Head{Length: s.head.Length + 1, Hash: chain(s.head.Hash, st.hash)}
	return nil
}

// inPlace keeps statements from being replayed, left out or moved to another log.
func inPlace(s *State, st *Statement) error {
	switch {
	case st.Position != s.head.Length:
		return refuse("G3", ErrStale)
	case st.Previous != s.head.Hash:
		return refuse("G4", ErrStale)
	case s.head.Length >= s.limits.statements:
		return refusef("G5", "the log is as long as it may be")
	}
	return nil
}

// inOrder keeps the order that founding and joining have. Founding is a claim, the
// default category, the founder's join and the founder's device.
func inOrder(s *State, st *Statement) error {
	founding := []Kind{KindClaim, KindCategory, KindJoin, KindDevice}
	if n := s.head.Length; n < uint64(len(founding)) {
		if st.Kind() != founding[n] {
			return refusef("G6", "a log begins with claim, category, join and device")
		}
	} else if st.Kind() == KindClaim {
		return refusef("G6", "the bubble is claimed")
	}
	if s.deviceless == (MemberID{}) {
		return nil
	}
	if d, ok := st.Body.(*DeviceBody); !ok || d.Member != s.deviceless {
		return errNoDevice()
	}
	return nil
}

func errNoDevice() error { return refusef("D7", "a join is followed by the member's first device") }

// inTime keeps what only the relay that takes a statement can judge.
func (r rules) inTime(s *State, st *Statement) error {
	if r.now.IsZero() {
		return nil
	}
	switch b := st.Body.(type) {
	case *JoinBody:
		if inv, ok := s.invitations[InvitationID(st.Signer)]; ok && inv.Expired(r.now) {
			return refuse("T1", ErrInvitationExpired)
		}
	case *InvitationBody:
		if (Invitation{Expires: b.Expires}).Expired(r.now) {
			return refuse("T2", ErrInvitationExpired)
		}
	}
	return nil
}

// Expired reports whether the invitation's end has passed at now.
func (i Invitation) Expired(now time.Time) bool {
	return uint64(max(0, now.Unix())) >= i.Expires
}
