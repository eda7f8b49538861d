package node

import (
	"io"
	"net"
	"net/netip"
	"testing"
)

// a queue is a listener whose connections the test makes.
type queue struct{ conns []net.Conn }

func (q *queue) Accept() (net.Conn, error) {
	if len(q.conns) == 0 {
		return nil, net.ErrClosed
	}
	c := q.conns[0]
	q.conns = q.conns[1:]
	return c, nil
}
func (*queue) Close() error   { return nil }
func (*queue) Addr() net.Addr { return nil }

type between struct {
	net.Conn
	local, remote string
}

func (b *between) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(b.local))
}

func (b *between) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(b.remote))
}

func TestThePlainGuideIsForPrivateAddresses(t *testing.T) {
	for _, c := range []struct {
		local, remote string
		want          bool
	}{
		{"192.168.1.2:80", "192.168.1.9:5", true},
		{"[fe80::1%eth0]:80", "[fe80::2%eth0]:5", true},
		{"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:5", true},
		{"127.0.0.1:80", "127.0.0.1:5", true},
		{"192.168.1.2:80", "203.0.113.9:5", false},
		{"203.0.113.1:80", "192.168.1.9:5", false},
		{"[2001:db8::1]:80", "[2001:db8::2]:5", false},
	} {
		mine, theirs := net.Pipe()
		_, err := (&private{&queue{[]net.Conn{&between{mine, c.local, c.remote}}}}).Accept()
		if (err == nil) != c.want {
			t.Errorf("%s from %s: %v", c.local, c.remote, err)
		}
		if !c.want {
			if _, err := theirs.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // a pipe says it bare
				t.Errorf("a refused connection stays open: %v", err)
			}
		}
		_, _ = mine.Close(), theirs.Close()
	}
}
