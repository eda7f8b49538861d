package node

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func kind(err error) Problem {
	var p *StartError
	if errors.As(err, &p) {
		return p.Problem
	}
	return 0
}

func open(t *testing.T, dir string) *data {
	t.Helper()
	d, err := openData(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func shut(t *testing.T, d *data) {
	t.Helper()
	if err := d.close(); err != nil {
		t.Error(err)
	}
}

func clock() time.Time { return time.Date(2026, 11, 23, 14, 5, 6, 7, time.UTC) }

func TestFirstStartMakesDirectoryAndKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "relay")
	d := open(t, dir)
	cert, pin, err := d.certificate(clock())
	if err != nil {
		t.Fatal(err)
	}
	if life := cert.Leaf.NotAfter.Sub(clock()); life < 99*365*24*time.Hour || pin == [32]byte{} {
		t.Errorf("the certificate lasts %v, pin %x", life, pin)
	}
	token, err := d.token()
	if err != nil || token.Len() != tokenSize {
		t.Fatalf("token of %d bytes, %v", token.Len(), err)
	}
	shut(t, d)
	for path, want := range map[string]os.FileMode{dir: 0o700, d.path(keyName): 0o600, d.path(tokenName): 0o600, d.path(lockName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v, %v", path, info.Mode(), err)
		}
	}
	again := open(t, dir)
	defer shut(t, again)
	_, samePin, err := again.certificate(clock())
	if err != nil || samePin != pin {
		t.Errorf("the key changed: %v", err)
	}
	if sameToken, err := again.token(); err != nil || !sameToken.Equal(token) {
		t.Errorf("the token changed: %v", err)
	}
	if err := errors.Join(again.forgetToken(), again.forgetToken()); err != nil {
		t.Error(err)
	}
	if other, err := again.token(); err != nil || other.Equal(token) {
		t.Errorf("a forgotten token comes back: %v", err)
	}
}

func TestTwoRelaysOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	if _, err := openData(dir); kind(err) != DataInUse {
		t.Errorf("a second relay: %v", err)
	}
	shut(t, d)
	shut(t, open(t, dir))
}

func TestUnusableDirectories(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openData(foreign); kind(err) != DataForeign {
		t.Errorf("somebody's directory: %v", err)
	}
	if entries, err := os.ReadDir(foreign); err != nil || len(entries) != 1 {
		t.Errorf("somebody's directory was changed: %v", entries)
	}
	if _, err := openData(filepath.Join(foreign, "letter.txt")); kind(err) != DataUnusable {
		t.Errorf("a file: %v", err)
	}
	half := t.TempDir() // a crash at the very first start
	if err := os.WriteFile(filepath.Join(half, keyName+partSuffix), []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, half)
	defer shut(t, d)
	if _, _, err := d.certificate(clock()); err != nil {
		t.Errorf("after a crash at the first start: %v", err)
	}
}

func TestSecretsAreChecked(t *testing.T) {
	d := open(t, t.TempDir())
	defer shut(t, d)
	if _, _, err := d.certificate(clock()); err != nil {
		t.Fatal(err)
	}
	d.fresh = false
	if err := os.Chmod(d.path(keyName), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.certificate(clock()); kind(err) != DataReadable {
		t.Errorf("a key that others may read: %v", err)
	}
	for name, content := range map[string]string{keyName: "no key", tokenName: "short"} {
		if err := os.WriteFile(d.path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.path(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := d.certificate(clock()); kind(err) != KeyDamaged {
		t.Errorf("a damaged key: %v", err)
	}
	if _, err := d.token(); kind(err) != TokenDamaged {
		t.Errorf("a damaged token: %v", err)
	}
}

func TestUsableAddress(t *testing.T) {
	at := func(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }
	if got := usableAddress("chat.example.org:443", at("0.0.0.0:8443")); got != "chat.example.org:443" {
		t.Error(got)
	}
	if got := usableAddress("", at("127.0.0.1:5000")); got != "127.0.0.1:5000" {
		t.Error(got)
	}
	got := usableAddress("", at("[::]:8443"))
	if host, port, err := net.SplitHostPort(got); err != nil || port != "8443" || unspecified(host) {
		t.Error(got)
	}
	for _, c := range []struct{ all, want string }{
		{"", "127.0.0.1"},
		{"fe80::1", "127.0.0.1"},
		{"203.0.113.9 10.0.0.5 192.168.1.7", "10.0.0.5"},
		{"fd00::1 203.0.113.9", "203.0.113.9"},
		{"2001:db8::1 fd00::1", "fd00::1"},
		{"169.254.3.3 2001:db8::1", "2001:db8::1"},
	} {
		var all []netip.Addr
		for _, a := range strings.Fields(c.all) {
			all = append(all, netip.MustParseAddr(a))
		}
		if got := bestAddress(all); got.String() != c.want {
			t.Errorf("of %s: %s, want %s", c.all, got, c.want)
		}
	}
	if !virtual("docker0") || !virtual("veth1234") || virtual("eth0") || virtual("wlan0") {
		t.Error("virtual interfaces are told by their names")
	}
}
