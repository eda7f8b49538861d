package guide

import "slices"

// texts is every word of the page in one language. What stands between asterisks is
// what a button says; with backticks inside, what one types.
type texts struct {
	Lang, Other, OtherName string // ours, and the other language there is
	Title, Lead            string
	Fingerprint, Compare   string
	Download, Profile      string
	Choose                 string
	Systems                []instructions
	Done, Open             string
	What, Limits           string
	Remove                 string
}

// instructions are those of one system.
type instructions struct {
	ID, Name string
	Steps    []string
	Check    string // where it shows the fingerprint
}

// systems lists their IDs.
func systems(t texts) (all []string) {
	for _, s := range t.Systems {
		all = append(all, s.ID)
	}
	return all
}

// startingWith puts one system first, the reader's.
func (t texts) startingWith(system string) texts {
	t.Systems = slices.Clone(t.Systems)
	slices.SortStableFunc(t.Systems, func(a, b instructions) int {
		switch system {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	return t
}

func english() texts {
	return texts{
		Lang: "en", Other: "fr", OtherName: "Français",
		Title: "Trust your relay in this browser",
		Lead: "Your bubble has its own server and needs no outside authority. Tell this device once that the server is yours, " +
			"and the browser opens Bulle without a warning.",
		Fingerprint: "Fingerprint (SHA-256)",
		Compare: "Compare it, before you trust the certificate, with the one that your administrator reads on the server's own screen. " +
			"If one group differs, stop: somebody may be in between.",
		Download: "Download the certificate",
		Profile:  "Download the profile",
		Choose:   "How to install it",
		Systems:  englishSystems(),
		Done:     "Done? Open Bulle here. The browser shows a lock and no warning.",
		Open:     "Open Bulle",
		What:     "What you allow by this",
		Limits: "Whoever runs this server can prove to your browser that it is one of the following, and nothing else: " +
			"the certificate itself says so, and browsers enforce it. The addresses are those of private networks.",
		Remove: "To take it back, delete it where you installed it.",
	}
}

func englishSystems() []instructions {
	return []instructions{
		{
			ID: "android", Name: "Android",
			Steps: []string{
				"Download the certificate above.",
				"Open *Settings*, *Security & privacy*, *More security*, *Encryption & credentials*, then *Install a certificate* and *CA certificate*.",
				"Choose *Install anyway* and pick *bulle-ca.crt* among the downloads.",
				"In Firefox also: *Settings*, *About Firefox*, tap the logo five times, go back, *Secret settings*, *Use third party CA certificates*.",
			},
			Check: "*Settings*, *Encryption & credentials*, *Trusted credentials*, *User*: tap the entry and scroll to the SHA-256 fingerprint.",
		},
		{
			ID: "ios", Name: "iPhone and iPad",
			Steps: []string{
				"Open this page in Safari, download the profile above and choose *Allow*.",
				"Open *Settings*, tap *Profile Downloaded* and then *Install*.",
				"Open *Settings*, *General*, *About*, *Certificate Trust Settings*, and turn on the switch of this certificate.",
			},
			Check: "Before you tap *Install*: *More Details*, the certificate, and scroll to the SHA-256 fingerprint.",
		},
		{
			ID: "windows", Name: "Windows: Edge, Chrome",
			Steps: []string{
				"Download the certificate above and open it.",
				"Choose *Install Certificate…*, *Current User*, then *Place all certificates in the following store*.",
				"Pick *Trusted Root Certification Authorities*, finish, and answer *Yes*.",
			},
			Check: "Windows shows a shorter fingerprint. In a terminal: *`certutil -hashfile Downloads\\bulle-ca.crt SHA256`*",
		},
		{
			ID: "macos", Name: "macOS: Safari, Chrome",
			Steps: []string{
				"Download the certificate above and open it: *Keychain Access* asks where to keep it; choose *login*.",
				"Double-click the entry, open *Trust*, and set *When using this certificate* to *Always Trust*.",
				"Close the window and enter your password.",
			},
			Check: "The same window, under *Details*, at the end: SHA-256.",
		},
		{
			ID: "linux", Name: "Linux: Chromium, Chrome",
			Steps: []string{
				"Download the certificate above.",
				"Open *Settings*, *Privacy and security*, *Security*, *Manage certificates*, *Custom*, *Installed by you*.",
				"Beside *Trusted certificates* choose *Import* and pick *bulle-ca.crt*.",
				"Or in a terminal, with libnss3-tools: *`certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n bulle -i bulle-ca.crt`*",
			},
			Check: "In a terminal: *`sha256sum bulle-ca.crt`*",
		},
		{
			ID: "firefox", Name: "Firefox on a computer",
			Steps: []string{
				"Download the certificate above.",
				"Open *Settings*, *Privacy & Security*, *Certificates*, *View Certificates…*, then *Authorities* and *Import…*.",
				"Pick *bulle-ca.crt* and tick *Trust this CA to identify websites*.",
			},
			Check: "*View* in the same dialogue, before you confirm: SHA-256.",
		},
	}
}
