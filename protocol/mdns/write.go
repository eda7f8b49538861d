package mdns

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// A packer writes one message; its first error stays.
type packer struct {
	b    dnsmessage.Builder
	name dnsmessage.Name
	err  error
}

func newPacker(name string, h dnsmessage.Header) *packer {
	p := &packer{b: dnsmessage.NewBuilder(nil, h)}
	p.name, p.err = dnsmessage.NewName(name + ".")
	p.b.EnableCompression()
	return p
}

func (p *packer) do(step func() error) {
	if p.err == nil {
		p.err = step()
	}
}

func (p *packer) question(kind dnsmessage.Type, class dnsmessage.Class) {
	p.do(p.b.StartQuestions)
	p.do(func() error { return p.b.Question(dnsmessage.Question{Name: p.name, Type: kind, Class: class}) })
}

// addresses writes A and AAAA records into the current section.
func (p *packer) addresses(all []netip.Addr, class dnsmessage.Class, ttl uint32) {
	for _, a := range all {
		h := dnsmessage.ResourceHeader{Name: p.name, Class: class, TTL: ttl}
		p.do(func() error {
			if a.Is4() {
				return p.b.AResource(h, dnsmessage.AResource{A: a.As4()})
			}
			return p.b.AAAAResource(h, dnsmessage.AAAAResource{AAAA: a.As16()})
		})
	}
}

func (p *packer) finish() ([]byte, error) {
	if p.err != nil {
		return nil, fmt.Errorf("write a message: %w", p.err)
	}
	return p.b.Finish()
}

// probe asks whether anybody has name, and says what it would be (section 8.1). It asks
// for an answer to everybody: one to this machine alone would reach the socket of
// another program that speaks multicast DNS here.
func probe(name string, addresses []netip.Addr) ([]byte, error) {
	p := newPacker(name, dnsmessage.Header{})
	p.question(dnsmessage.TypeALL, dnsmessage.ClassINET)
	p.do(p.b.StartAuthorities)
	p.addresses(addresses, dnsmessage.ClassINET, hostTTL)
	return p.finish()
}

// announce tells everybody what name is, for so many seconds; none says goodbye.
func announce(name string, addresses []netip.Addr, ttl uint32) ([]byte, error) {
	p := newPacker(name, dnsmessage.Header{Response: true, Authoritative: true})
	p.do(p.b.StartAnswers)
	p.addresses(addresses, dnsmessage.ClassINET|flush, ttl)
	return p.finish()
}

// answer replies to one question about name. The address families that it does not have
// are denied in words (section 6.1), so that nobody waits for them. A resolver that is
// none of multicast's gets its question and its number back (section 6.7).
func answer(name string, q dnsmessage.Question, addresses []netip.Addr, legacy bool, id uint16) ([]byte, error) {
	h, class, ttl := dnsmessage.Header{Response: true, Authoritative: true}, dnsmessage.ClassINET|flush, uint32(hostTTL)
	if legacy {
		h.ID, class, ttl = id, dnsmessage.ClassINET, legacyTTL
	}
	p := newPacker(name, h)
	if legacy {
		p.question(q.Type, q.Class&^flush)
	}
	wanted, others, missing := sort(q.Type, addresses)
	p.do(p.b.StartAnswers)
	p.addresses(wanted, class, ttl)
	if len(wanted) == 0 && missing {
		p.deny(addresses, class, ttl)
	}
	p.do(p.b.StartAdditionals)
	p.addresses(others, class, ttl)
	if len(wanted) > 0 && missing {
		p.deny(addresses, class, ttl)
	}
	return p.finish()
}

// sort splits addresses into those that were asked for and the rest, and reports
// whether one family has none.
func sort(kind dnsmessage.Type, addresses []netip.Addr) (wanted, others []netip.Addr, missing bool) {
	var has4, has6 bool
	for _, a := range addresses {
		has4, has6 = has4 || a.Is4(), has6 || a.Is6()
		if kind == dnsmessage.TypeALL || kind == dnsmessage.TypeA && a.Is4() || kind == dnsmessage.TypeAAAA && a.Is6() {
			wanted = append(wanted, a)
		} else {
			others = append(others, a)
		}
	}
	return wanted, others, !has4 || !has6
}

// typeNSEC is the record that says which types a name has (RFC 4034, section 4).
const typeNSEC = dnsmessage.Type(47)

// deny writes which types the name has, in the form that RFC 6762, section 6.1, leaves:
// its own name, then one block of bits.
func (p *packer) deny(addresses []netip.Addr, class dnsmessage.Class, ttl uint32) {
	var data []byte
	for label := range labels(p.name) {
		data = append(append(data, byte(len(label))), label...) //nolint:gosec // G115: a label has at most 63 bytes
	}
	data = append(data, 0)
	var bits [4]byte // the types 0 to 31
	for _, a := range addresses {
		kind := dnsmessage.TypeA
		if a.Is6() {
			kind = dnsmessage.TypeAAAA
		}
		bits[kind/8] |= 0x80 >> (kind % 8)
	}
	size := 1 // of the bits, without trailing zeros: A alone ends in the first byte
	for i, b := range bits {
		if b != 0 {
			size = i + 1
		}
	}
	data = append(append(data, 0, byte(size)), bits[:size]...)
	h := dnsmessage.ResourceHeader{Name: p.name, Type: typeNSEC, Class: class, TTL: ttl}
	p.do(func() error { return p.b.UnknownResource(h, dnsmessage.UnknownResource{Type: typeNSEC, Data: data}) })
}
