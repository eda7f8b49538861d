package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/web"
	"bulle/web/loopback"
)

// openFlags are the flags of `bulle open`.
type openFlags struct{ noBrowser bool }

func openCommand(s *shell) *cobra.Command {
	var f openFlags
	cmd := &cobra.Command{
		Use:   s.lang.Say("open [LINK]", "open [LIEN]"),
		Short: s.lang.Say("Talk in the browser, served by this machine", "Discuter dans le navigateur, servi par cette machine"),
		Long: s.lang.Say(`Talk in the browser, served by this machine.

The page comes from this program and not from the relay, and the relay is known by the key that the first link
carried: nothing is to be installed and no certificate to be trusted. LINK, a claim or invitation link, is
needed the first time; afterwards the last bubble opens. The page lives as long as the command: Ctrl-C ends it.`,
			`Discuter dans le navigateur, servi par cette machine.

La page vient de ce programme et non du relais, et le relais est reconnu à la clé portée par le premier lien :
rien à installer, aucun certificat à accepter. LIEN, de fondation ou d'invitation, est nécessaire la première
fois ; ensuite s'ouvre la dernière bulle. La page vit aussi longtemps que la commande : Ctrl-C y met fin.`),
		Args: s.between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			link := ""
			if len(args) == 1 {
				link = args[0]
			}
			return s.open(cmd.Context(), link, f)
		},
	}
	cmd.Flags().BoolVar(&f.noBrowser, "no-browser", false, s.lang.Say("only print the address", "seulement afficher l'adresse"))
	return cmd
}

// openLine is the JSON of `bulle open`, printed once the page is served.
type openLine struct {
	Open string `json:"open"` // works once, within five minutes
}

func (s *shell) open(ctx context.Context, link string, f openFlags) error {
	files, err := web.Files()
	if err != nil {
		return failf(exitGeneral, "no_web_app", lang.Words{
			EN: "This bulle was built without the web app. Build it with make build where Node 20.19 or newer is.",
			FR: "Ce bulle a été construit sans l'application web. Construisez-le par make build là où se trouve Node 20.19 ou plus.",
		})
	}
	if _, err := web.Manifest(files); err != nil {
		return wordApp(err)
	}
	known, err := s.bubbleToOpen(link)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", known.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return failf(exitBusy, "busy", lang.Words{
			EN: "Bulle is open already at http://%s, or another program is: end it first.",
			FR: "Bulle est déjà ouverte sur http://%s, ou un autre programme l'est : fermez-le d'abord.",
		}, known.Listen)
	}
	if err != nil {
		return fmt.Errorf("listen on this machine: %w", err)
	}
	page, err := loopback.New(loopback.Config{Files: files, Relay: known.Address, Pin: known.pin, Listener: l})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	address := page.Open(link)
	if s.flags.json {
		err = s.line(openLine{address})
	} else {
		s.say("Bulle is at this address, which works once:", "Bulle est à cette adresse, qui sert une fois :")
		s.say("\n  %s\n", "\n  %s\n", address)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if !f.noBrowser {
		s.browse(ctx, address)
	}
	return page.Serve(ctx)
}

// browse asks the desktop to open an address. Where there is none, the person has
// the address on the screen.
func (s *shell) browse(ctx context.Context, address string) {
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	const patience = 20 * time.Second
	opening, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := exec.CommandContext(opening, program, address).Run(); err != nil { //nolint:gosec // G204: the address is ours
		s.note("Open it in your browser.", "Ouvrez-la dans votre navigateur.")
	}
}

// bubbleToOpen finds where the page is to go: what the link says, else the bubble
// that was opened last.
func (s *shell) bubbleToOpen(link string) (knownBubble, error) {
	all, err := s.knownBubbles()
	if err != nil {
		return knownBubble{}, err
	}
	if link == "" {
		if len(all) == 0 {
			return knownBubble{}, failf(exitUsage, "no_link", lang.Words{
				EN: "Give the link of your bubble the first time: bulle open LINK.",
				FR: "Donnez le lien de votre bulle la première fois : bulle open LIEN.",
			})
		}
		return all[0], nil
	}
	to, err := client.ReadLink(link)
	if err != nil {
		return knownBubble{}, err
	}
	return s.rememberBubble(all, to.Address, to.Pin)
}
