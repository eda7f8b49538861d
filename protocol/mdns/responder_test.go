package mdns

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A wire is a network cable: what one machine sends, all others and itself receive.
type wire struct {
	mu      sync.Mutex
	ends    []*end
	heard   []spoken
	deliver func(from *end, data []byte) bool // nil: everything arrives
}

type spoken struct {
	from *end
	to   netip.AddrPort
	data []byte
}

// An end is one machine on the wire, with one interface.
type end struct {
	wire    *wire
	mu      sync.Mutex
	link    Link
	receive func(int, netip.AddrPort, []byte)
}

func (w *wire) plug(address string) *end {
	a := netip.MustParseAddr(address)
	e := &end{wire: w, link: Link{Index: 1, Addresses: []netip.Addr{a}, Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}}}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, e)
	return e
}

func (e *end) Links() []Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.link.Addresses) == 0 {
		return nil
	}
	return []Link{e.link}
}

func (e *end) move(address string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link.Addresses = []netip.Addr{netip.MustParseAddr(address)}
}

func (e *end) Open(_ []Link, receive func(int, netip.AddrPort, []byte)) (Sockets, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.receive = receive
	return e, nil
}

func (e *end) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.receive = nil
	return nil
}

func (e *end) Send(_ int, to netip.AddrPort, data []byte) error {
	e.wire.send(e, netip.AddrPortFrom(e.Links()[0].Addresses[0], Port), to, data)
	return nil
}

func (w *wire) send(e *end, from, to netip.AddrPort, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, spoken{e, to, data})
	for _, other := range w.ends {
		other.mu.Lock()
		receive := other.receive
		other.mu.Unlock()
		if receive != nil && !to.IsValid() && (w.deliver == nil || w.deliver(e, data)) {
			receive(1, from, data)
		}
	}
}

// said returns what was said since the last call.
func (w *wire) said() []spoken {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.heard
	w.heard = nil
	return all
}

type running struct {
	*Responder
	mu    sync.Mutex
	names []string
	stop  func()
}

func answerFor(t *testing.T, network Network, name string) *running {
	t.Helper()
	r := &running{}
	var err error
	r.Responder, err = New(Config{Name: name, Network: network, Notice: func(name string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.names = append(r.names, name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(r.stop)
	return r
}

// pass lets time pass in a bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// parse reads a message whole.
func parse(t *testing.T, data []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(data); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestANameIsProbedAnnouncedAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		r := answerFor(t, w.plug("192.168.1.5"), "bulle.local")
		pass(3 * time.Second)
		if r.Name() != "bulle.local" {
			t.Fatalf("the name is %q", r.Name())
		}
		said := w.said()
		if len(said) != 5 {
			t.Fatalf("%d packets for three probes and two announcements", len(said))
		}
		for i, s := range said {
			m := parse(t, s.data)
			switch {
			case s.to.IsValid():
				t.Errorf("packet %d goes to %v alone", i, s.to)
			case i < 3 && (m.Response || len(m.Questions) != 1 || m.Questions[0].Type != dnsmessage.TypeALL || len(m.Authorities) != 1):
				t.Errorf("probe %d is %s", i, m.GoString())
			case i >= 3 && (!m.Response || !m.Authoritative || len(m.Answers) != 1 || m.Answers[0].Header.TTL != 120 || m.Answers[0].Header.Class != dnsmessage.ClassINET|flush):
				t.Errorf("announcement %d is %s", i, m.GoString())
			}
		}
		r.stop()
		last := w.said()
		if len(last) != 1 || parse(t, last[0].data).Answers[0].Header.TTL != 0 {
			t.Errorf("no goodbye: %d packets", len(last))
		}
		if r.Name() != "" {
			t.Error("a name is kept after the end")
		}
	})
}

func TestTheSecondRelayTakesTheSecondName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		first := answerFor(t, w.plug("192.168.1.5"), "bulle.local")
		pass(3 * time.Second)
		second := answerFor(t, w.plug("192.168.1.200"), "bulle.local")
		pass(10 * time.Second)
		if first.Name() != "bulle.local" || second.Name() != "bulle-2.local" || !slices.Equal(second.names, []string{"bulle-2.local"}) || len(first.names) != 0 {
			t.Errorf("they are %q and %q, told %v and %v", first.Name(), second.Name(), first.names, second.names)
		}
	})
}

// TestAPowerCut starts nine relays at once, and a tenth, which finds no name left.
func TestAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		var all []*running
		for i := range 9 {
			all = append(all, answerFor(t, w.plug(netip.AddrFrom4([4]byte{192, 168, 1, byte(10 + i)}).String()), "bulle.local"))
		}
		pass(2 * time.Minute)
		var names []string
		for _, r := range all {
			names = append(names, r.Name())
		}
		slices.Sort(names)
		want := Names("bulle.local")
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("they are %q", names)
		}
		tenth := answerFor(t, w.plug("192.168.1.99"), "bulle.local")
		pass(2 * time.Minute)
		if tenth.Name() != "" || !slices.Equal(tenth.names, []string{""}) {
			t.Errorf("the tenth is %q, told %q", tenth.Name(), tenth.names)
		}
		all[4].stop()
		pass(2 * retryTime)
		if tenth.Name() == "" {
			t.Error("it never tries again")
		}
	})
}

// TestTwoNetworksBecomeOne: two machines have the same name until the switch between
// them is plugged in.
func TestTwoNetworksBecomeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{deliver: func(*end, []byte) bool { return false }}
		a := answerFor(t, w.plug("192.168.1.5"), "bulle.local")
		b := answerFor(t, w.plug("192.168.1.6"), "bulle.local")
		pass(10 * time.Second)
		if a.Name() != b.Name() {
			t.Fatal("they heard each other")
		}
		w.mu.Lock()
		w.deliver = nil
		w.mu.Unlock()
		w.ask(t, dnsmessage.TypeA, dnsmessage.ClassINET, Port) // somebody asks, both answer
		pass(20 * time.Second)
		if a.Name() == b.Name() || a.Name() == "" || b.Name() == "" {
			t.Errorf("they are %q and %q", a.Name(), b.Name())
		}
	})
}

func (w *wire) ask(t *testing.T, kind dnsmessage.Type, class dnsmessage.Class, port uint16) {
	t.Helper()
	p := newPacker("Bulle.LOCAL", dnsmessage.Header{ID: 77})
	p.question(kind, class)
	data, err := p.finish()
	if err != nil {
		t.Fatal(err)
	}
	w.send(nil, netip.AddrPortFrom(netip.MustParseAddr("192.168.1.77"), port), netip.AddrPort{}, data)
}

func TestQuestionsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		answerFor(t, w.plug("192.168.1.5"), "bulle.local")
		pass(3 * time.Second)
		only := func() (spoken, dnsmessage.Message) {
			t.Helper()
			synctest.Wait()
			said := slices.DeleteFunc(w.said(), func(s spoken) bool { return s.from == nil })
			if len(said) != 1 {
				t.Fatalf("%d answers", len(said))
			}
			return said[0], parse(t, said[0].data)
		}
		w.said()
		w.ask(t, dnsmessage.TypeA, dnsmessage.ClassINET, Port)
		if s, m := only(); s.to.IsValid() || m.ID != 0 || len(m.Questions) != 0 || len(m.Answers) != 1 || len(m.Additionals) != 1 {
			t.Errorf("an ordinary question: to %v, %s", s.to, m.GoString())
		}
		w.ask(t, dnsmessage.TypeA, dnsmessage.ClassINET, Port)
		synctest.Wait()
		if said := w.said(); len(said) != 1 {
			t.Errorf("everybody is told twice within a second: %d", len(said)-1)
		}
		w.ask(t, dnsmessage.TypeA, dnsmessage.ClassINET|flush, Port)
		if s, _ := only(); s.to != netip.MustParseAddrPort("192.168.1.77:5353") {
			t.Errorf("an answer for one goes to %v", s.to)
		}
		w.ask(t, dnsmessage.TypeA, dnsmessage.ClassINET, 40000)
		if s, m := only(); s.to.Port() != 40000 || m.ID != 77 || len(m.Questions) != 1 || m.Answers[0].Header.Class != dnsmessage.ClassINET || m.Answers[0].Header.TTL > 10 {
			t.Errorf("an answer to an ordinary resolver: to %v, %s", s.to, m.GoString())
		}
		// There is no IPv6 address, and the answer says so: A is the only type of the name.
		w.ask(t, dnsmessage.TypeAAAA, dnsmessage.ClassINET|flush, Port)
		_, m := only()
		nsec, ok := m.Answers[0].Body.(*dnsmessage.UnknownResource)
		if !ok || m.Answers[0].Header.Type != typeNSEC || !bytes.Equal(nsec.Data, []byte("\x05bulle\x05local\x00\x00\x01\x40")) {
			t.Errorf("no denial of AAAA: %s", m.GoString())
		}
		for name, c := range map[string]struct{ from, name string }{
			"from far away": {"203.0.113.9:5353", "bulle.local"}, "for another name": {"192.168.1.77:5353", "printer.local"},
		} {
			p := newPacker(c.name, dnsmessage.Header{})
			p.question(dnsmessage.TypeA, dnsmessage.ClassINET|flush)
			data, err := p.finish()
			if err != nil {
				t.Fatal(err)
			}
			w.send(nil, netip.MustParseAddrPort(c.from), netip.AddrPort{}, data)
			synctest.Wait()
			if said := w.said(); len(said) != 1 {
				t.Errorf("a question %s is answered", name)
			}
		}
	})
}

func TestTheNameFollowsTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		e := w.plug("192.168.1.5")
		r := answerFor(t, e, "bulle.local")
		pass(3 * time.Second)
		e.move("192.168.1.66")
		pass(time.Minute)
		said := w.said()
		m := parse(t, said[len(said)-1].data)
		if a, ok := m.Answers[0].Body.(*dnsmessage.AResource); r.Name() != "bulle.local" || !ok || a.A != [4]byte{192, 168, 1, 66} {
			t.Errorf("with a new address: %q, %s", r.Name(), m.GoString())
		}
	})
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"bulle.local": true, "a-1.local": true, "local": false, ".local": false, "bulle": false, "bulle.example": false,
		"a.b.local": false, "Bulle.local": false, "-a.local": false, "a_b.local": false,
	} {
		if (CheckName(name) == nil) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if _, err := New(Config{Name: "bulle"}); !errors.Is(err, ErrName) {
		t.Errorf("got %v", err)
	}
	if all := Names("x.local"); len(all) != 9 || all[1] != "x-2.local" || all[8] != "x-9.local" {
		t.Errorf("the names are %v", all)
	}
}

func FuzzRead(f *testing.F) {
	a := []netip.Addr{netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("fd00::1")}
	for _, make := range []func() ([]byte, error){
		func() ([]byte, error) { return probe("bulle.local", a) },
		func() ([]byte, error) { return announce("bulle.local", a, hostTTL) },
		func() ([]byte, error) {
			return answer("bulle.local", dnsmessage.Question{Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}, a[:1], true, 7)
		},
	} {
		data, err := make()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := read(data, "bulle.local")
		if err == nil && !m.response && len(m.asked) > len(data)/4 {
			t.Errorf("%d questions in %d bytes", len(m.asked), len(data))
		}
	})
}
