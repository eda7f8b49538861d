package node

import (
	"net"
	"testing"
)

// fakeListener hands out connections that come from chosen addresses.
type fakeListener struct{ from chan string }

func (f *fakeListener) Accept() (net.Conn, error) {
	a, ok := <-f.from
	if !ok {
		return nil, net.ErrClosed
	}
	_, end := net.Pipe()
	return &from{end, a}, nil
}
func (f *fakeListener) Close() error   { return nil }
func (f *fakeListener) Addr() net.Addr { return nil }

type from struct {
	net.Conn
	address string
}

func (f *from) RemoteAddr() net.Addr { return named(f.address) }

type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

func TestConnectionsAreBoundedInTotalAndByAddress(t *testing.T) {
	f := &fakeListener{from: make(chan string, 16)}
	l := newBounded(f, 4, 2)
	accept := func(offered ...string) net.Conn {
		t.Helper()
		for _, a := range offered {
			f.from <- a
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.RemoteAddr().String(); got != offered[len(offered)-1] {
			t.Errorf("accepted %s of %v", got, offered)
		}
		return conn
	}
	one := accept("10.0.0.1:1")
	accept("10.0.0.1:2")
	accept("10.0.0.1:3", "[2001:db8::1]:1") // a third from there is closed
	accept("[2001:db8::2]:1")               // the same network
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	_ = one.Close() // counts once
	last := accept("[2001:db8::3]:1", "10.0.0.9:1")
	close(f.from)
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	if l.all != 3 || len(l.count) != 2 {
		t.Errorf("%d connections of %v", l.all, l.count)
	}
}
