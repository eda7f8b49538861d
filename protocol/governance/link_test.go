package governance_test

import (
	"errors"
	"strings"
	"testing"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

func claimLink() *governance.ClaimLink {
	return &governance.ClaimLink{Address: "192.168.1.20:8443", Pin: [32]byte{1}, Token: seed("token")}
}

func invitationLink() *governance.InvitationLink {
	return &governance.InvitationLink{
		Address: "bulle.example.org:443", Pin: [32]byte{1}, Root: governance.RootID{2}, Seed: seed("seed"),
		Category: governance.CategoryID{3}, Directory: seed("directory"), Addresses: []string{"[fe80::1]:8443", "10.0.0.1:1"},
	}
}

func deviceLink() *governance.DeviceLink {
	return &governance.DeviceLink{
		Address: "relay.example:443", Pin: [32]byte{1}, Root: governance.RootID{2}, Category: governance.CategoryID{3},
		Seed: seed("link"), Addresses: []string{"[::1]:8443"},
	}
}

func urls(tb testing.TB) (claim, invitation, device string) {
	tb.Helper()
	claim, err := claimLink().URL()
	if err != nil {
		tb.Fatal(err)
	}
	invitation, err = invitationLink().URL()
	if err != nil {
		tb.Fatal(err)
	}
	device, err = deviceLink().URL()
	if err != nil {
		tb.Fatal(err)
	}
	return claim, invitation, device
}

func TestLinksCarryEverything(t *testing.T) {
	claimURL, invitationURL, deviceURL := urls(t)
	c, err := governance.ParseClaimLink("  " + claimURL + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := claimLink(); c.Address != want.Address || c.Pin != want.Pin || !c.Token.Equal(want.Token) {
		t.Errorf("the claim link became %+v", c)
	}
	i, err := governance.ParseInvitationLink(invitationURL)
	if err != nil {
		t.Fatal(err)
	}
	want := invitationLink()
	if i.Address != want.Address || i.Pin != want.Pin || i.Root != want.Root || !i.Seed.Equal(want.Seed) ||
		i.Category != want.Category || !i.Directory.Equal(want.Directory) ||
		strings.Join(i.Addresses, " ") != strings.Join(want.Addresses, " ") {
		t.Errorf("the invitation link became %+v", i)
	}
	d, err := governance.ParseDeviceLink(deviceURL)
	if err != nil {
		t.Fatal(err)
	}
	if w := deviceLink(); d.Address != w.Address || d.Pin != w.Pin || d.Root != w.Root || d.Category != w.Category ||
		!d.Seed.Equal(w.Seed) || strings.Join(d.Addresses, " ") != strings.Join(w.Addresses, " ") {
		t.Errorf("the device link became %+v", d)
	}
	if d.Ticket().ID() != deviceLink().Ticket().ID() || !d.Meeting().Equal(deviceLink().Meeting()) || d.Meeting().Len() != 64 {
		t.Error("both ends of a link derive different keys")
	}
	if len(invitationURL) > 400 {
		t.Errorf("an invitation link of %d characters makes a large QR code", len(invitationURL))
	}
}

// TestEachDamageHasOneSentence checks what a person reads, and that it never
// repeats the link.
func TestEachDamageHasOneSentence(t *testing.T) {
	claimURL, url, deviceURL := urls(t)
	for _, c := range []struct{ name, link, says string }{
		{"nothing", "", "must begin with https://"},
		{"http", strings.Replace(url, "https", "http", 1), "must begin with https://"},
		{"endless", "https://" + strings.Repeat("a", 5000), "must begin with https://"},
		{"no fragment", url[:strings.Index(url, "/#")], "after # is missing"},
		{"empty fragment", url[:strings.Index(url, "/#")+2], "after # is missing"},
		{"a line break", url[:100] + "\n" + url[100:], "a space or a line break"},
		{"no port", strings.Replace(url, ":443", "", 1), "address is damaged"},
		{"port 0", strings.Replace(url, ":443", ":0", 1), "address is damaged"},
		{"a user", strings.Replace(url, "bulle", "me@bulle", 1), "address is damaged"},
		{"a path", strings.Replace(url, "/#", "/x/#", 1), "address is damaged"},
		{"another address", strings.Replace(url, "bulle.", "bolle.", 1), "damaged or cut"},
		{"a foreign character", url[:len(url)-9] + "!" + url[len(url)-8:], "is damaged"},
		{"cut by a character", url[:len(url)-1], "damaged"},
		{"cut by four", url[:len(url)-4], "damaged or cut"},
		{"nearly all cut", url[:strings.Index(url, "/#")+4], "is cut"},
		{"a character more", url + "A", "is damaged"},
		{"a changed character", url[:150] + flip(url[150]) + url[151:], "damaged or cut"},
		{"a newer version", "https://a:1/#" + "Ag" + strings.Repeat("A", 40), "newer version"},
		{"a claim link", claimURL, "bulle claim"},
		{"a device link", deviceURL, "bulle link"},
	} {
		_, err := governance.ParseInvitationLink(c.link)
		if !errors.Is(err, governance.ErrLink) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want a sentence with %q", c.name, err, c.says)
		}
		if len(c.link) > 200 && strings.Contains(err.Error(), c.link[100:120]) {
			t.Errorf("%s: the error repeats the link", c.name)
		}
	}
	if _, err := governance.ParseClaimLink(url); !errors.Is(err, governance.ErrLinkKind) || !errors.Is(err, governance.ErrLink) {
		t.Errorf("an invitation as claim: %v", err)
	}
	if _, err := governance.ParseDeviceLink(url); !errors.Is(err, governance.ErrLinkKind) || !errors.Is(err, governance.ErrLink) {
		t.Errorf("an invitation as device link: %v", err)
	}
	if _, err := governance.ParseClaimLink("https://a:1/#Ag" + strings.Repeat("A", 40)); !errors.Is(err, governance.ErrLinkVersion) {
		t.Errorf("a newer version: %v", err)
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestLinksThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*governance.InvitationLink){
		"no port":            func(l *governance.InvitationLink) { l.Address = "host" },
		"no host":            func(l *governance.InvitationLink) { l.Address = ":8443" },
		"an open bracket":    func(l *governance.InvitationLink) { l.Address = "[::1:8443" },
		"a zone":             func(l *governance.InvitationLink) { l.Address = "[fe80::1%eth0]:8443" },
		"a port in disguise": func(l *governance.InvitationLink) { l.Address = "host:0443" },
		"a long host":        func(l *governance.InvitationLink) { l.Address = strings.Repeat("a", 300) + ":1" },
		"a short seed":       func(l *governance.InvitationLink) { l.Seed = secret.Random(31) },
		"no directory key":   func(l *governance.InvitationLink) { l.Directory = nil },
		"a further address":  func(l *governance.InvitationLink) { l.Addresses = []string{"x"} },
		"too many addresses": func(l *governance.InvitationLink) { l.Addresses = strings.Split(strings.Repeat("a:1 ", 9)[:35], " ") },
	} {
		l := invitationLink()
		change(l)
		if _, err := l.URL(); !errors.Is(err, governance.ErrLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
