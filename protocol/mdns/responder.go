package mdns

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	probeEvery   = 250 * time.Millisecond // section 8.1
	deferTime    = time.Second            // section 8.2
	announceTime = time.Second            // section 8.3
	quietTime    = time.Second            // section 6
	lookEvery    = 30 * time.Second       // at the machine's interfaces
	retryTime    = 5 * time.Minute        // after nine names were taken
	maxQueue     = 64                     // packets that wait
	maxDeferrals = 5                      // probes lost to somebody who then does not show
)

// A Link is one interface of the machine, as the responder sees it.
type Link struct {
	Index     int
	Addresses []netip.Addr   // that are answered there; the relay listens on them
	Prefixes  []netip.Prefix // neighbours are in them
}

// A Network is the machine's interfaces. [Machine] is the real one.
type Network interface {
	// Links returns the interfaces that have a multicast group and an address.
	Links() []Link
	// Open joins the groups of these interfaces. What arrives goes to receive until the
	// sockets are closed; receive does not wait.
	Open(links []Link, receive func(link int, from netip.AddrPort, data []byte)) (Sockets, error)
}

// Sockets send on the interfaces that they were opened for.
type Sockets interface {
	// Send sends to an address; an invalid one means the multicast groups of the interface.
	Send(link int, to netip.AddrPort, data []byte) error
	Close() error
}

// Config of [New].
type Config struct {
	Name    string // below .local
	Network Network
	// Notice is told when the name is not the one that is wanted: the new name, or none
	// when all are taken.
	Notice func(name string)
}

// A Responder keeps a name on the local network. Run may be called once, Name at any
// time.
type Responder struct {
	cfg   Config
	queue chan packet

	mu   sync.Mutex
	name string // empty until it is ours
}

// New returns a responder, or [ErrName].
func New(cfg Config) (*Responder, error) {
	if err := CheckName(cfg.Name); err != nil {
		return nil, err
	}
	return &Responder{cfg: cfg, queue: make(chan packet, maxQueue)}, nil
}

// Name returns the name that others can use now; empty while there is none.
func (r *Responder) Name() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.name
}

func (r *Responder) setName(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name = name
}

// Run answers until ctx ends, and starts anew whenever the machine's addresses change.
func (r *Responder) Run(ctx context.Context) {
	for ctx.Err() == nil {
		links := r.cfg.Network.Links()
		if len(links) == 0 {
			wait(ctx, lookEvery)
			continue
		}
		sockets, err := r.cfg.Network.Open(links, r.receive)
		if err != nil {
			wait(ctx, lookEvery)
			continue
		}
		s := &session{r: r, links: links, sockets: sockets, spoke: map[int]time.Time{}}
		s.run(ctx)
		_ = sockets.Close() // nothing waits in them
		r.setName("")
	}
}

// receive takes a packet in, or drops it when too many wait.
func (r *Responder) receive(link int, from netip.AddrPort, data []byte) {
	select {
	case r.queue <- packet{link, from, data}:
	default:
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// A session is the time during which the machine's addresses stay the same.
type session struct {
	r       *Responder
	links   []Link
	sockets Sockets
	name    string
	spoke   map[int]time.Time // when each interface was last told everything (section 6)
}

// What a packet means to a name that is being claimed, or is ours.
type verdict uint8

const (
	nothing verdict = iota
	taken           // somebody answers for it
	beaten          // somebody else is probing for it, and comes first
)

// run claims a name and answers for it until the addresses change or ctx ends.
func (s *session) run(ctx context.Context) {
	for s.claim(ctx) {
		s.r.setName(s.name)
		if s.name != s.r.cfg.Name {
			s.r.cfg.Notice(s.name)
		}
		if s.hold(ctx) != taken {
			break
		}
		s.r.setName("")
	}
}

// claim probes for the names in turn until one is ours; it reports false when ctx ended or the
// addresses changed.
func (s *session) claim(ctx context.Context) bool {
	for {
		for _, s.name = range Names(s.r.cfg.Name) {
			switch v, ok := s.try(ctx); {
			case !ok:
				return false
			case v == nothing:
				return true
			}
		}
		s.r.cfg.Notice("")
		wait(ctx, retryTime)
	}
}

// try probes for one name. Whoever is beaten waits a second and tries again: the winner
// has the name by then, or was an echo of our own probe.
func (s *session) try(ctx context.Context) (verdict, bool) {
	for range maxDeferrals {
		v, ok := s.probe(ctx)
		if v != beaten || !ok {
			return v, ok
		}
		if _, ok := s.listen(ctx, deferTime, false); !ok {
			return nothing, false
		}
	}
	return taken, true
}

// probe asks three times whether somebody has the name.
func (s *session) probe(ctx context.Context) (verdict, bool) {
	// Machines that a power cut started together do not all ask at once; and what was said
	// before the first probe is no answer to it.
	if _, ok := s.listen(ctx, rand.N(probeEvery), false); !ok { //nolint:gosec // G404: no secret
		return nothing, false
	}
	for range 3 {
		s.multicast(func(l Link) ([]byte, error) { return probe(s.name, l.Addresses) })
		if v, ok := s.listen(ctx, probeEvery, true); v != nothing || !ok {
			return v, ok
		}
	}
	return nothing, true
}

// listen reads packets for so long, or until one of them decides when that is asked for.
// It reports false when the session is over.
func (s *session) listen(ctx context.Context, d time.Duration, decide bool) (verdict, bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nothing, false
		case <-timer.C:
			return nothing, true
		case p := <-s.r.queue:
			if v, _ := s.judge(p, true); decide && v != nothing {
				return v, true
			}
		}
	}
}

// hold announces the name and answers for it. It returns taken when somebody else
// answers for it too.
func (s *session) hold(ctx context.Context) verdict {
	hello := func() {
		s.multicast(func(l Link) ([]byte, error) { return announce(s.name, l.Addresses, hostTTL) })
	}
	hello()
	again := time.NewTimer(announceTime)
	defer again.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			s.multicast(func(l Link) ([]byte, error) { return announce(s.name, l.Addresses, 0) })
			return nothing
		case <-again.C:
			hello()
		case <-look.C:
			if !slices.EqualFunc(s.links, s.r.cfg.Network.Links(), same) {
				return nothing
			}
		case p := <-s.r.queue:
			v, m := s.judge(p, false)
			if v == taken {
				return taken
			}
			s.reply(p, m)
		}
	}
}

func same(a, b Link) bool { return a.Index == b.Index && slices.Equal(a.Addresses, b.Addresses) }

// judge reads a packet. Addresses of this machine are its own, whatever interface they
// come back by.
func (s *session) judge(p packet, probing bool) (verdict, message) {
	link, ok := s.link(p.link)
	if !ok || !neighbour(link, p.from.Addr()) {
		return nothing, message{}
	}
	m, err := read(p.data, s.name)
	if err != nil {
		return nothing, message{}
	}
	foreign := slices.ContainsFunc(m.claimed, func(a netip.Addr) bool { return !s.own(a) })
	switch {
	case !foreign:
		return nothing, m
	case m.response:
		return taken, m
	case probing && compare(m.claimed, link.Addresses) > 0:
		return beaten, m
	}
	return nothing, m
}

func (s *session) link(index int) (Link, bool) {
	i := slices.IndexFunc(s.links, func(l Link) bool { return l.Index == index })
	if i < 0 {
		return Link{}, false
	}
	return s.links[i], true
}

func (s *session) own(a netip.Addr) bool {
	return slices.ContainsFunc(s.links, func(l Link) bool { return slices.Contains(l.Addresses, a) })
}

// neighbour reports whether a packet may come from there: what was routed here is not
// answered (section 11).
func neighbour(l Link, from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return from.IsLinkLocalUnicast() || slices.ContainsFunc(l.Prefixes, func(p netip.Prefix) bool { return p.Contains(from) })
}

// reply answers the questions about our name: to the asker alone when it wants that or
// cannot hear anything else, to everybody otherwise.
func (s *session) reply(p packet, m message) {
	link, _ := s.link(p.link)
	if m.response {
		return
	}
	for _, q := range m.asked {
		if class := q.Class &^ flush; class != dnsmessage.ClassINET && class != dnsmessage.ClassANY {
			continue
		}
		legacy := p.from.Port() != Port
		data, err := answer(s.name, q, link.Addresses, legacy, m.id)
		if err != nil {
			continue
		}
		var to netip.AddrPort
		claims := len(m.claimed) > 0 // a probe is always answered, and to everybody
		if legacy || q.Class&flush != 0 && !claims {
			to = p.from
		} else if !claims && time.Since(s.spoke[p.link]) < quietTime {
			continue // whoever asks has just heard it
		} else {
			s.spoke[p.link] = time.Now()
		}
		_ = s.sockets.Send(p.link, to, data) // whoever asked asks again
		if legacy {
			return // one answer to one packet: it has one question
		}
	}
}

// multicast sends to the groups of every interface.
func (s *session) multicast(write func(Link) ([]byte, error)) {
	for _, l := range s.links {
		if data, err := write(l); err == nil {
			_ = s.sockets.Send(l.Index, netip.AddrPort{}, data) // an interface that went down is seen at the next look
		}
	}
}

// labels yields those of a name.
func labels(name dnsmessage.Name) func(func(string) bool) {
	return strings.SplitSeq(strings.TrimSuffix(name.String(), "."), ".")
}
