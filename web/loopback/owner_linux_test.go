package loopback

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0000000000000000 100 0 0 10 0
   1: 0100007F:20FB 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C350 0100007F:20FB 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0000000000000000 20 4 30 10 -1
   3: torn
`

func TestOwnerInTheKernelsTable(t *testing.T) {
	client, server := netip.MustParseAddrPort("127.0.0.1:50000"), netip.MustParseAddrPort("127.0.0.1:8443")
	if uid, ok := findOwner(strings.NewReader(table), client, server); !ok || uid != 1001 {
		t.Errorf("the user is %d, %v", uid, ok)
	}
	if uid, ok := findOwner(strings.NewReader(table), netip.MustParseAddrPort("127.0.0.1:50001"), server); ok {
		t.Errorf("nobody's connection is of %d", uid)
	}
	if got := inTable(netip.MustParseAddrPort("[::1]:80")); got != "00000000000000000000000001000000:0050" {
		t.Errorf("::1 is %s", got)
	}
}

// TestOwnerOfAConnection asks the kernel of this machine.
func TestOwnerOfAConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil && strings.Contains(address, "::") {
			t.Logf("no IPv6 here: %v", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = accepted.Close() }()
		if uid, ok := owner(accepted); !ok || uid != os.Getuid() {
			t.Errorf("%s: the user is %d, %v", address, uid, ok)
		}
	}
}
