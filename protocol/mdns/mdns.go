// Package mdns gives a relay a name on its own network, where no name server is
// needed: multicast DNS (RFC 6762). [Responder] keeps one host name below .local and
// answers for it, [Lookup] asks for one. Nothing leaves the link: packets go to the
// multicast group of each interface, or back to a neighbour that asked.
//
//	Run:  probe three times -> announce twice -> answer ----> goodbye
//	        ^    |  somebody has the name: the next one
//	        '----+--------------- somebody else answers for it
package mdns

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Port is that of multicast DNS; group4 and group6 are its addresses (RFC 6762, section 3).
const Port = 5353

func group4() netip.AddrPort { return netip.MustParseAddrPort("224.0.0.251:5353") }
func group6() netip.AddrPort { return netip.MustParseAddrPort("[ff02::fb]:5353") }

const (
	hostTTL   = 120  // seconds that others may keep an address (section 10)
	legacyTTL = 10   // and resolvers that know nothing of multicast (section 6.7)
	maxPacket = 9000 // bytes (section 17)
	// flush marks records of which there are no others, in the top bit of their class; in a question the same
	// bit asks for an answer to the asker alone (sections 10.2 and 5.4).
	flush = 1 << 15
)

// ErrName says that a name is not a host name below .local.
var ErrName = errors.New("mdns: not a name like bulle.local")

// CheckName refuses what is not one label of letters, digits and hyphens before .local.
func CheckName(name string) error {
	label, ok := strings.CutSuffix(name, ".local")
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	if !ok || label == "" || len(label) > 60 || strings.ContainsFunc(label, bad) || strings.Trim(label, "-") != label {
		return ErrName
	}
	return nil
}

// maxNames is how many names are tried where others have them.
const maxNames = 9

// Names returns the name that is wanted and those that follow when others have it:
// bulle.local, bulle-2.local, to bulle-9.local.
func Names(name string) []string {
	all := []string{name}
	label := strings.TrimSuffix(name, ".local")
	for i := 2; i <= maxNames; i++ {
		all = append(all, fmt.Sprintf("%s-%d.local", label, i))
	}
	return all
}

// A packet is what one interface received.
type packet struct {
	link int // index of the interface
	from netip.AddrPort
	data []byte
}

// A message is what is of interest in a packet, for one name.
type message struct {
	id       uint16
	response bool
	asked    []dnsmessage.Question // for our name
	claimed  []netip.Addr          // addresses in answers, or in the authority section of a probe, for our name
}

// read decodes a packet as far as it is about name. It fails for what is no DNS message.
func read(data []byte, name string) (message, error) {
	var p dnsmessage.Parser
	h, err := p.Start(data)
	if err != nil || h.OpCode != 0 || h.RCode != dnsmessage.RCodeSuccess {
		return message{}, errors.New("mdns: not a message")
	}
	m := message{id: h.ID, response: h.Response}
	for {
		q, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return message{}, fmt.Errorf("read a question: %w", err)
		}
		if is(q.Name, name) {
			m.asked = append(m.asked, q)
		}
	}
	section := p.AllAuthorities // a probe says there what it wants to be
	if h.Response {
		section = p.AllAnswers
	} else if err := p.SkipAllAnswers(); err != nil {
		return message{}, fmt.Errorf("read the known answers: %w", err)
	}
	records, err := section()
	if err != nil {
		return message{}, fmt.Errorf("read the records: %w", err)
	}
	for _, r := range records {
		if !is(r.Header.Name, name) || h.Response && r.Header.TTL == 0 { // a goodbye is no claim
			continue
		}
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			m.claimed = append(m.claimed, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			m.claimed = append(m.claimed, netip.AddrFrom16(body.AAAA))
		}
	}
	return m, nil
}

func is(have dnsmessage.Name, name string) bool {
	return strings.EqualFold(strings.TrimSuffix(have.String(), "."), name)
}

// compare orders two sets of addresses as section 8.2.1 says: A records before AAAA,
// each as its bytes.
func compare(a, b []netip.Addr) int {
	order := func(x, y netip.Addr) int {
		if x.Is4() != y.Is4() {
			if x.Is4() {
				return -1
			}
			return 1
		}
		return x.Compare(y)
	}
	a, b = slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order)
	return slices.CompareFunc(a, b, order)
}
