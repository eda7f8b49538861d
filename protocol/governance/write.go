package governance

import (
	"fmt"
	"time"

	"bulle/protocol/syntax"
)

// A Place is where in a log a statement is made, and when.
type Place struct {
	Head Head
	Time time.Time // rounded down to the hour; for the reader of the log, no rule looks at it
}

// After returns the place behind an encoded statement that was made at p.
func (p Place) After(statement []byte) Place {
	p.Head.Length++
	p.Head.Hash = chain(p.Head.Hash, labelled("bulle 1 statement hash", statement))
	return p
}

// Founding is what a bubble begins with besides keys. All items are sealed and
// opaque to the log.
type Founding struct {
	Category     CategoryID // the default category, random
	CategoryItem []byte
	MemberCard   []byte
	DeviceCard   []byte
}

// Found makes the first four statements of a bubble: claim, default category, the
// founder's join and device. They are submitted together.
func Found(root, member *SigningKey, device *DeviceKey, f Founding, now time.Time) ([][]byte, error) {
	w := writer{place: Place{Time: now}}
	w.write(&Claim{Root: *root.Public()}, root, nil)
	w.write(&CategoryBody{ID: f.Category, Item: f.CategoryItem}, root, nil)
	w.join(root, member, device, Admission{Category: f.Category, MemberCard: f.MemberCard, DeviceCard: f.DeviceCard})
	return w.out, w.err
}

// Admission is what a new member brings besides keys.
type Admission struct {
	Category   CategoryID // the invitation's
	MemberCard []byte     // sealed, at most MaxCard bytes
	DeviceCard []byte     // sealed, at most MaxCard bytes
}

// Admit makes the two statements by which the holder of an invitation becomes a
// member: join and first device. They are submitted together.
func Admit(p Place, invitation, member *SigningKey, device *DeviceKey, a Admission) ([][]byte, error) {
	w := writer{place: p}
	w.join(invitation, member, device, a)
	return w.out, w.err
}

// Terms are what an invitation grants.
type Terms struct {
	Key      PublicKey // of the seed in the invitation link
	Category CategoryID
	Uses     uint32    // 1 to MaxUses
	Expires  time.Time // required
}

// Invite makes an invitation. The authority is the root key.
func Invite(p Place, authority *SigningKey, t Terms) ([]byte, error) {
	if t.Expires.Unix() <= 0 {
		return nil, fmt.Errorf("invitation: %w", refusef("C3", "the invitation has no end"))
	}
	w := writer{place: p}
	w.write(&InvitationBody{
		Key: t.Key, Category: t.Category, Uses: t.Uses, Expires: uint64(t.Expires.Unix()), //nolint:gosec // G115: positive, see above
	}, authority, nil)
	return w.one()
}

// AddCategory makes a further category. The authority is the root key.
func AddCategory(p Place, authority *SigningKey, id CategoryID, item []byte) ([]byte, error) {
	w := writer{place: p}
	w.write(&CategoryBody{ID: id, Item: item}, authority, nil)
	return w.one()
}

// AddDevice makes a further device of a member.
func AddDevice(p Place, member *SigningKey, device *DeviceKey, card []byte) ([]byte, error) {
	w := writer{place: p}
	w.device(member, device, card)
	return w.one()
}

// RemoveDevice ends a device of a member.
func RemoveDevice(p Place, member *SigningKey, device DeviceID) ([]byte, error) {
	w := writer{place: p}
	w.write(&RemovalBody{Device: device}, member, nil)
	return w.one()
}

// ReplaceDevice makes a device of a member and ends another one: the ticket that let
// it in. The two statements are submitted together.
func ReplaceDevice(p Place, member *SigningKey, device *DeviceKey, card []byte, ticket DeviceID) ([][]byte, error) {
	w := writer{place: p}
	w.device(member, device, card)
	w.write(&RemovalBody{Device: ticket}, member, nil)
	return w.out, w.err
}

// A writer makes statements one behind the other. After a failure it does nothing.
type writer struct {
	place Place
	out   [][]byte
	err   error
}

func (w *writer) one() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.out[0], nil
}

func (w *writer) join(signer, member *SigningKey, device *DeviceKey, a Admission) {
	possession := func(signed []byte) []byte { return member.Sign(ContextPossession, signed)[:] }
	w.write(&JoinBody{Identity: *member.Public(), Category: a.Category, Card: a.MemberCard}, signer, possession)
	w.device(member, device, a.DeviceCard)
}

func (w *writer) device(member *SigningKey, device *DeviceKey, card []byte) {
	possession := func(signed []byte) []byte { return device.Sign(ContextPossession, signed)[:] }
	w.write(&DeviceBody{Member: MemberID(member.ID()), Key: device.Public(), Card: card}, member, possession)
}

// write encodes and signs one statement.
func (w *writer) write(b body, signer *SigningKey, possession func([]byte) []byte) {
	if w.err != nil {
		return
	}
	st := &Statement{
		Position: w.place.Head.Length, Previous: w.place.Head.Hash,
		Hour: hourOf(w.place.Time), Signer: signer.ID(), Body: b,
	}
	signed, err := syntax.Marshal(st)
	if err != nil {
		w.err = fmt.Errorf("make a %v statement: %w", b.kind(), err)
		return
	}
	st.signature = *signer.Sign(ContextStatement, signed)
	if possession != nil {
		st.possession = possession(signed)
	}
	out, err := syntax.Append(signed, signatures{st})
	if err == nil && len(out) > MaxStatement {
		err = ErrTooLarge
	}
	if err != nil {
		w.err = fmt.Errorf("make a %v statement: %w", b.kind(), err)
		return
	}
	w.out = append(w.out, out)
	w.place = w.place.After(out)
}
