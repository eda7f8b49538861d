package loopback

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// owner returns the user who has the other end of a connection from this machine, by
// the kernel's own table. It is false where the table cannot be read.
func owner(c net.Conn) (uid int, ok bool) {
	from, fromOK := c.RemoteAddr().(*net.TCPAddr)
	to, toOK := c.LocalAddr().(*net.TCPAddr)
	if !fromOK || !toOK {
		return 0, false
	}
	table := "/proc/net/tcp"
	if to.AddrPort().Addr().Is6() && !to.AddrPort().Addr().Is4In6() {
		table = "/proc/net/tcp6"
	}
	f, err := os.Open(table)
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }()
	return findOwner(f, from.AddrPort(), to.AddrPort())
}

// findOwner looks for the socket of one end of a connection in a table of
// /proc/net/tcp: number, own address, other address, and as the eighth field the user.
func findOwner(table io.Reader, own, other netip.AddrPort) (uid int, ok bool) {
	const ownField, otherField, userField = 1, 2, 7
	from, to := inTable(own), inTable(other)
	for lines := bufio.NewScanner(table); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > userField && fields[ownField] == from && fields[otherField] == to {
			uid, err := strconv.Atoi(fields[userField])
			return uid, err == nil
		}
	}
	return 0, false
}

// inTable writes an address as the kernel does: in words of its own byte order.
func inTable(a netip.AddrPort) string {
	raw := a.Addr().Unmap().AsSlice()
	var words strings.Builder
	for ; len(raw) > 0; raw = raw[4:] {
		fmt.Fprintf(&words, "%08X", binary.NativeEndian.Uint32(raw))
	}
	return fmt.Sprintf("%s:%04X", words.String(), a.Port())
}
