package governance_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// ruleTests has a test for each numbered rule of docs/governance.md.
func ruleTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"A1": TestRulePinnedRoot,
		"G1": TestRuleSize, "G2": TestRuleLayout, "G3": TestRuleReplay, "G4": TestRuleFork, "G5": TestRuleLength,
		"G6": TestRuleOrder, "G7": TestRuleAuthority, "G8": TestRuleSignature, "G9": TestRulePossession,
		"B1": TestRuleCategoryItem, "B2": TestRuleCategoryZero, "B3": TestRuleCategoryTwice, "B4": TestRuleCategories,
		"C1": TestRuleInvitationCategory, "C2": TestRuleInvitationUses, "C3": TestRuleInvitationEnd,
		"C4": TestRuleInvitationKey, "C5": TestRuleInvitations,
		"D1": TestRuleJoinUninvited, "D2": TestRuleJoinUsedUp, "D3": TestRuleJoinCard, "D4": TestRuleJoinCategory,
		"D5": TestRuleJoinKey, "D6": TestRuleMembers, "D7": TestRuleJoinWithoutDevice,
		"E1": TestRuleDeviceNobodys, "E2": TestRuleDeviceAnothers, "E3": TestRuleDeviceCard, "E4": TestRuleDeviceTwice, "E5": TestRuleDevices, "E6": TestRuleEverDevices,
		"F1": TestRuleRemovalUnknown, "F2": TestRuleRemovalTwice, "F3": TestRuleRemovalAnothers, "F4": TestRuleRemovalLast,
		"T1": TestRuleJoinExpired, "T2": TestRuleInvitationOver,
	}
}

// TestEveryRuleIsDocumented keeps the table of docs/governance.md, this test and the
// code naming the same rules.
func TestEveryRuleIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/governance.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]) \|`).FindAllStringSubmatch(string(doc), -1) {
		documented[m[1]] = true
	}
	coded := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if regexp.MustCompile(`_test\.go$|testdata`).MatchString(f.Name()) {
			continue
		}
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`refusef?\("([A-Z][0-9])"`).FindAllStringSubmatch(string(src), -1) {
			coded[m[1]] = true
		}
	}
	for rule := range ruleTests() {
		if !documented[rule] || !coded[rule] {
			t.Errorf("rule %s: documented %v, in the code %v", rule, documented[rule], coded[rule])
		}
		delete(documented, rule)
		delete(coded, rule)
	}
	if len(documented)+len(coded) != 0 {
		t.Errorf("rules without a test: documented %v, in the code %v", documented, coded)
	}
}

func TestRulePinnedRoot(t *testing.T) {
	log := governance.NewLog(governance.RootID(key("root").ID()))
	refuses(t, log, "A1", governance.ErrRoot, found(t, key("impostor"), key("founder"))...)
}

func TestRuleSize(t *testing.T) {
	newBubble(t).refuses("G1", governance.ErrTooLarge, make([]byte, governance.MaxStatement+1))
}

func TestRuleLayout(t *testing.T) {
	b := newBubble(t)
	st, err := governance.AddCategory(b.place(), b.root, governance.CategoryID{2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.refuses("G2", syntax.ErrMalformed, append(slices.Clone(st), 0))
	for n := 0; n < len(st); n += 37 {
		b.refuses("G2", syntax.ErrMalformed, st[:n])
	}
	for at, value := range map[int]byte{0: 2, 1: 99} { // a version and a kind that do not exist
		other := slices.Clone(st)
		other[at] = value
		b.refuses("G2", syntax.ErrMalformed, other)
	}
}

func TestRuleReplay(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 9)
	admission := b.admission(invitation, "alice")
	b.append(admission...)
	b.refuses("G3", governance.ErrStale, admission...)                      // replayed
	b.refuses("G3", governance.ErrStale, b.admission(invitation, "bob")[1]) // out of order
}

func TestRuleFork(t *testing.T) {
	b, other := newBubble(t), newBubble(t)
	b.invite("one history", 1)
	other.invite("another history", 1)
	st, err := governance.AddCategory(other.place(), b.root, governance.CategoryID{2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.refuses("G4", governance.ErrStale, st)
}

func TestRuleLength(t *testing.T) {
	b := newBubble(t)
	b.log.SetLimits(governance.Limits{Statements: 4, Categories: 9})
	b.refuses("G5", nil, b.make(&governance.CategoryBody{ID: governance.CategoryID{2}}, b.root, nil, nil))
}

func TestRuleOrder(t *testing.T) {
	b := newBubble(t)
	claim := governance.Claim{Root: *b.root.Public()}
	b.refuses("G6", nil, b.make(&claim, b.root, nil, nil))
	for n := range 4 {
		log := governance.NewUnpinnedLog()
		if err := log.Append(b.all[:n]...); err != nil {
			t.Fatal(err)
		}
		p := governance.Place{Head: log.Head(), Time: now()}
		st := governance.Make(p, &governance.InvitationBody{}, b.root, nil, nil)
		refuses(t, log, "G6", nil, st)
	}
}

func TestRuleAuthority(t *testing.T) {
	b := newBubble(t)
	category := governance.CategoryBody{ID: governance.CategoryID{2}}
	b.refuses("G7", nil, b.make(&category, b.founder, nil, nil)) // a member is no authority, the founder neither
	b.refuses("G7", nil, b.make(&category, key("nobody"), nil, nil))
	invitation := governance.InvitationBody{Key: *key("i").Public(), Category: b.category, Uses: 1, Expires: 1}
	b.refuses("G7", nil, b.make(&invitation, b.founder, nil, nil))
	log := governance.NewUnpinnedLog()
	claim := governance.Claim{Root: *b.root.Public()}
	refuses(t, log, "G7", nil, governance.Make(governance.Place{}, &claim, key("nobody"), nil, nil))
}

// TestRuleSignature breaks each half of a signature alone: both must verify.
func TestRuleSignature(t *testing.T) {
	b := newBubble(t)
	st := b.make(&governance.CategoryBody{ID: governance.CategoryID{2}}, b.root, nil, nil)
	start := len(st) - governance.SignatureSize
	for _, at := range []int{start, start + 63, start + 64, len(st) - 200} {
		other := slices.Clone(st)
		other[at] ^= 1
		b.refuses("G8", governance.ErrSignature, other)
	}
	b.append(st)
}

func TestRulePossession(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 1)
	join := governance.JoinBody{Identity: *key("alice").Public(), Category: b.category}
	b.refuses("G9", governance.ErrSignature, b.make(&join, invitation, key("mallory"), nil))
	device := governance.DeviceBody{Member: governance.MemberID(b.founder.ID()), Key: deviceKey("stolen").Public()}
	b.refuses("G9", governance.ErrSignature, b.make(&device, b.founder, nil, deviceKey("mallory's")))
}

func TestRuleCategoryItem(t *testing.T) {
	b := newBubble(t)
	body := governance.CategoryBody{ID: governance.CategoryID{2}, Item: make([]byte, governance.MaxCategoryItem+1)}
	b.refuses("B1", governance.ErrTooLarge, b.make(&body, b.root, nil, nil))
}

func TestRuleCategoryZero(t *testing.T) {
	b := newBubble(t)
	b.refuses("B2", nil, b.make(&governance.CategoryBody{}, b.root, nil, nil))
}

func TestRuleCategoryTwice(t *testing.T) {
	b := newBubble(t)
	b.refuses("B3", nil, b.make(&governance.CategoryBody{ID: b.category}, b.root, nil, nil))
}

func TestRuleCategories(t *testing.T) {
	b := newBubble(t)
	b.log.SetLimits(governance.Limits{Statements: 9, Categories: 1})
	b.refuses("B4", nil, b.make(&governance.CategoryBody{ID: governance.CategoryID{2}}, b.root, nil, nil))
}

// invitation returns a body that the rules take.
func (b *bubble) invitation() *governance.InvitationBody {
	return &governance.InvitationBody{
		Key: *key("invitation").Public(), Category: b.category, Uses: 1, Expires: uint64(now().Unix()) + 60,
	}
}

func (b *bubble) refusesInvitation(rule string, change func(*governance.InvitationBody)) {
	b.tb.Helper()
	body := b.invitation()
	change(body)
	b.refuses(rule, nil, b.make(body, b.root, nil, nil))
}

func TestRuleInvitationCategory(t *testing.T) {
	newBubble(t).refusesInvitation("C1", func(i *governance.InvitationBody) { i.Category[5] = 1 })
}

func TestRuleInvitationUses(t *testing.T) {
	b := newBubble(t)
	b.refusesInvitation("C2", func(i *governance.InvitationBody) { i.Uses = 0 })
	b.refusesInvitation("C2", func(i *governance.InvitationBody) { i.Uses = governance.MaxUses + 1 })
	body := b.invitation()
	body.Uses = governance.MaxUses
	b.append(b.make(body, b.root, nil, nil))
}

func TestRuleInvitationEnd(t *testing.T) {
	b := newBubble(t)
	b.refusesInvitation("C3", func(i *governance.InvitationBody) { i.Expires = 0 })
	_, err := governance.Invite(b.place(), b.root, governance.Terms{Key: *key("i").Public(), Category: b.category, Uses: 1})
	checkRefusal(t, err, "C3", nil)
}

func TestRuleInvitationKey(t *testing.T) {
	b := newBubble(t)
	b.invite("first", 1)
	for _, k := range []*governance.SigningKey{b.root, b.founder, key("first")} {
		b.refusesInvitation("C4", func(i *governance.InvitationBody) { i.Key = *k.Public() })
	}
}

func TestRuleInvitations(t *testing.T) {
	b := newBubble(t)
	b.log.SetLimits(governance.Limits{Statements: 9})
	b.refusesInvitation("C5", func(*governance.InvitationBody) {})
}

// join makes a join that the rules take, less what change does to it.
func (b *bubble) join(signer *governance.SigningKey, change func(*governance.JoinBody)) []byte {
	b.tb.Helper()
	body := &governance.JoinBody{Identity: *key("alice").Public(), Category: b.category}
	change(body)
	return b.make(body, signer, key("alice"), nil)
}

func TestRuleJoinUninvited(t *testing.T) {
	b := newBubble(t)
	same := func(*governance.JoinBody) {}
	b.refuses("D1", nil, b.join(key("no invitation"), same))
	b.refuses("D1", nil, b.join(b.root, same)) // the root admits the founder alone
	b.refuses("D1", nil, b.join(b.founder, same))
}

func TestRuleJoinUsedUp(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 2)
	b.append(b.admission(invitation, "alice")...)
	b.append(b.admission(invitation, "bob")...)
	b.refuses("D2", governance.ErrInvitationUsed, b.admission(invitation, "carol")...)
}

func TestRuleJoinCard(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 1)
	b.refuses("D3", governance.ErrTooLarge, b.join(invitation, func(j *governance.JoinBody) {
		j.Card = make([]byte, governance.MaxCard+1)
	}))
	if err := b.log.Append(b.join(invitation, func(j *governance.JoinBody) {
		j.Card = make([]byte, governance.MaxCard)
	})); err != nil {
		t.Errorf("the largest card: %v", err)
	}
}

func TestRuleJoinCategory(t *testing.T) {
	b := newBubble(t)
	b.append(b.make(&governance.CategoryBody{ID: governance.CategoryID{2}}, b.root, nil, nil))
	b.refuses("D4", nil, b.join(b.invite("invitation", 1), func(j *governance.JoinBody) {
		j.Category = governance.CategoryID{2}
	}))
	log := governance.NewUnpinnedLog()
	if err := log.Append(b.all[:2]...); err != nil {
		t.Fatal(err)
	}
	p := governance.Place{Head: log.Head(), Time: now()}
	founder := governance.JoinBody{Identity: *b.founder.Public(), Category: governance.CategoryID{2}}
	refuses(t, log, "D4", nil, governance.Make(p, &founder, b.root, b.founder, nil))
}

func TestRuleJoinKey(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 3)
	for _, k := range []*governance.SigningKey{b.founder, b.root, invitation} {
		body := governance.JoinBody{Identity: *k.Public(), Category: b.category}
		b.refuses("D5", nil, b.make(&body, invitation, k, nil))
	}
}

func TestRuleMembers(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 1)
	b.log.SetLimits(governance.Limits{Statements: 9, Members: 1})
	b.refuses("D6", nil, b.join(invitation, func(*governance.JoinBody) {}))
}

func TestRuleJoinWithoutDevice(t *testing.T) {
	b := newBubble(t)
	invitation := b.invite("invitation", 2)
	checkRefusal(t, b.log.Take(now(), nil, b.admission(invitation, "alice")[0]), "D7", nil) // a relay takes no half
	b.append(b.admission(invitation, "alice")[0])
	if b.log.State().Complete() {
		t.Error("a log may not end after a join")
	}
	b.refuses("D7", nil, b.admission(invitation, "bob")...)
	anothers := governance.DeviceBody{Member: governance.MemberID(b.founder.ID()), Key: deviceKey("d").Public()}
	b.refuses("D7", nil, b.make(&anothers, b.founder, nil, deviceKey("d")))
}

// device makes a device of the founder that the rules take, less what change does.
func (b *bubble) device(signer *governance.SigningKey, change func(*governance.DeviceBody)) []byte {
	b.tb.Helper()
	d := deviceKey("second device")
	body := &governance.DeviceBody{Member: governance.MemberID(b.founder.ID()), Key: d.Public()}
	change(body)
	return b.make(body, signer, nil, d)
}

func TestRuleDeviceNobodys(t *testing.T) {
	b := newBubble(t)
	b.refuses("E1", nil, b.device(b.founder, func(d *governance.DeviceBody) { d.Member[0] ^= 1 }))
}

func TestRuleDeviceAnothers(t *testing.T) {
	b := newBubble(t)
	b.append(b.admission(b.invite("invitation", 1), "alice")...)
	b.refuses("E2", nil, b.device(key("alice"), func(*governance.DeviceBody) {}))
	b.refuses("E2", nil, b.device(b.root, func(*governance.DeviceBody) {})) // an authority cannot add a device either
}

func TestRuleDeviceCard(t *testing.T) {
	b := newBubble(t)
	b.refuses("E3", governance.ErrTooLarge, b.device(b.founder, func(d *governance.DeviceBody) {
		d.Card = make([]byte, governance.MaxCard+1)
	}))
}

func TestRuleDeviceTwice(t *testing.T) {
	b := newBubble(t)
	b.append(b.device(b.founder, func(*governance.DeviceBody) {}))
	b.refuses("E4", nil, b.device(b.founder, func(*governance.DeviceBody) {}))
}

func TestRuleDevices(t *testing.T) {
	b := newBubble(t)
	b.log.SetLimits(governance.Limits{Statements: 9, Devices: 1})
	b.refuses("E5", nil, b.device(b.founder, func(*governance.DeviceBody) {}))
}

// TestRuleJoinExpired: the relay's clock decides, and only where the join is taken.
func TestRuleJoinExpired(t *testing.T) {
	b := newBubble(t)
	admission := b.admission(b.invite("invitation", 1), "alice")
	checkRefusal(t, b.log.Take(now().Add(time.Hour), nil, admission...), "T1", governance.ErrInvitationExpired)
	if err := b.log.Take(now().Add(time.Hour-time.Second), nil, admission...); err != nil {
		t.Fatal(err)
	}
	later := governance.NewLog(b.log.State().Root())
	if err := later.Append(append(b.all, admission...)...); err != nil {
		t.Errorf("who reads the log later judges otherwise: %v", err)
	}
}

func TestRuleInvitationOver(t *testing.T) {
	b := newBubble(t)
	st := b.make(b.invitation(), b.root, nil, nil)
	checkRefusal(t, b.log.Take(now().Add(time.Minute), nil, st), "T2", governance.ErrInvitationExpired)
	if err := b.log.Take(now(), nil, st); err != nil {
		t.Fatal(err)
	}
}

// make signs any body at the end of the log.
func (b *bubble) make(body syntax.Value, signer, member *governance.SigningKey, device *governance.DeviceKey) []byte {
	b.tb.Helper()
	return governance.Make(b.place(), body, signer, member, device)
}

func (b *bubble) ticket(name string) governance.DeviceID {
	b.tb.Helper()
	st, err := governance.AddDevice(b.place(), b.founder, deviceKey(name), nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.append(st)
	return deviceKey(name).ID()
}

func (b *bubble) removal(signer *governance.SigningKey, device governance.DeviceID) []byte {
	b.tb.Helper()
	return b.make(&governance.RemovalBody{Device: device}, signer, nil, nil)
}

// TestRuleEverDevices: removing makes room for another device, but not for ever.
func TestRuleEverDevices(t *testing.T) {
	b := newBubble(t)
	b.log.SetLimits(governance.Limits{Statements: 99, Devices: 2, Ever: 3})
	b.append(b.removal(b.founder, b.ticket("ticket")))
	b.append(b.removal(b.founder, b.ticket("another")))
	b.refuses("E6", nil, b.device(b.founder, func(*governance.DeviceBody) {}))
}

func TestRuleRemovalUnknown(t *testing.T) {
	b := newBubble(t)
	b.refuses("F1", nil, b.removal(b.founder, governance.DeviceID{1}))
}

// TestRuleRemovalTwice: a removed device is gone, and so is its key.
func TestRuleRemovalTwice(t *testing.T) {
	b := newBubble(t)
	id := b.ticket("second device")
	b.append(b.removal(b.founder, id))
	b.refuses("F2", nil, b.removal(b.founder, id))
	b.refuses("E4", nil, b.device(b.founder, func(*governance.DeviceBody) {}))
	s := b.log.State()
	if _, ok := s.Device(id); ok {
		t.Error("a removed device is there")
	}
	if d, ok := s.RemovedDevice(id); !ok || d.Removed != s.Length()-1 || d.Member != governance.MemberID(b.founder.ID()) {
		t.Errorf("the removed device is %+v, %v", d, ok)
	}
	if m, _ := s.Member(governance.MemberID(b.founder.ID())); len(m.Devices) != 1 {
		t.Errorf("the member has %d devices", len(m.Devices))
	}
}

func TestRuleRemovalAnothers(t *testing.T) {
	b := newBubble(t)
	b.append(b.admission(b.invite("invitation", 1), "alice")...)
	id := b.ticket("ticket")
	b.refuses("F3", nil, b.removal(key("alice"), id))
	b.refuses("F3", nil, b.removal(b.root, id)) // an authority revokes members, not devices
}

// TestRuleRemovalLast: a ticket is no device that a member could go on with.
func TestRuleRemovalLast(t *testing.T) {
	b := newBubble(t)
	last := deviceKey("founder's device").ID()
	b.refuses("F4", nil, b.removal(b.founder, last))
	ticket := b.ticket("ticket")
	b.refuses("F4", nil, b.removal(b.founder, last))
	b.append(b.removal(b.founder, ticket))
	b.append(b.device(b.founder, func(d *governance.DeviceBody) { d.Card = []byte("card") }))
	b.append(b.removal(b.founder, last))
}

// TestATicketIsReplaced makes the two statements by which a linked device comes in.
func TestATicketIsReplaced(t *testing.T) {
	b := newBubble(t)
	ticket := b.ticket("ticket")
	both, err := governance.ReplaceDevice(b.place(), b.founder, deviceKey("phone"), []byte("card"), ticket)
	if err != nil {
		t.Fatal(err)
	}
	b.append(both...)
	d, ok := b.log.State().Device(deviceKey("phone").ID())
	if _, left := b.log.State().Device(ticket); !ok || left || d.Ticket() {
		t.Errorf("the device is %+v, %v, the ticket is there: %v", d, ok, left)
	}
}
