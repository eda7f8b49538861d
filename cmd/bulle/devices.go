//nolint:misspell // half of the words are French
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

// deviceLine is the JSON of one line of `bulle devices`.
type deviceLine struct {
	Device  string    `json:"device"`
	Name    string    `json:"name"`
	Self    bool      `json:"self"`
	Since   time.Time `json:"since"`
	History bool      `json:"history,omitempty"` // its history is on its way
}

// linkLine is the JSON of what happens in `bulle devices link` and `bulle link`.
type linkLine struct {
	Event   string     `json:"event"` // link, asked, linked, history
	Link    string     `json:"link,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	Name    string     `json:"name,omitempty"`
	Code    string     `json:"code,omitempty"`
}

func devicesCommand(s *shell) *cobra.Command {
	c := s.parent("devices", lang.Words{EN: "List, link and remove your devices", FR: "Lister, lier et retirer vos appareils"},
		devicesLinkCommand(s), devicesRemoveCommand(s), devicesRenameCommand(s))
	c.Long = s.lang.Say(`List your devices, this one first, or change which they are.

All your devices have the same conversations. Others see that you have several, but not what you call them.`,
		`Lister vos appareils, celui-ci d'abord, ou les changer.

Tous vos appareils ont les mêmes conversations. Les autres voient que vous en avez plusieurs, mais pas leurs noms.`)
	c.Args = s.between(0, 0)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			state, late := s.catchUp(cmd.Context(), c)
			s.disclaimUnless(late, state)
			return errors.Join(s.listDevices(cmd.Context(), c), late)
		})
	}
	return c
}

func (s *shell) listDevices(ctx context.Context, c *client.Client) error {
	all, err := c.Devices(ctx)
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	for _, d := range all {
		if s.flags.json {
			if err := s.line(deviceLine{d.ID.String(), d.Name, d.Self, d.Added.UTC(), d.History != nil}); err != nil {
				return err
			}
			continue
		}
		here := ""
		if d.Self {
			here = s.lang.Say("  (this one)", "  (celui-ci)")
		}
		s.say("%[1]s  %[2]s, since %[3]s%[4]s", "%[1]s  %[2]s, depuis le %[3]s%[4]s",
			d.ID.String()[:8], safe.Line(shown(d.Name)), d.Added.Local().Format(time.DateOnly), here)
	}
	return nil
}

func shown(name string) string {
	if name == "" {
		return "?"
	}
	return name
}

func devicesLinkCommand(s *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: s.lang.Say("Link a further device", "Lier un autre appareil"),
		Long: s.lang.Say(`Show a link, and its QR code, by which another device of yours comes in. It lasts ten minutes.

Open it there: with the camera in the web app, or with "bulle link LINK". Six digits appear on both. If they are the
same, answer yes here: your conversations then go to the other device, sealed. Never confirm digits that you
cannot see on a device in front of you.`,
			`Afficher un lien, et son code QR, par lequel un autre de vos appareils entre. Il dure dix minutes.

Ouvrez-le là-bas : avec la caméra dans l'application web, ou avec « bulle link LIEN ». Six chiffres apparaissent sur les
deux. S'ils sont identiques, répondez oui ici : vos conversations passent alors sur l'autre appareil, scellées. Ne
confirmez jamais des chiffres que vous ne voyez pas sur un appareil devant vous.`),
		Args: s.between(0, 0),
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.withClient(cmd.Context(), func(c *client.Client) error {
			if err := s.sync(cmd.Context(), c); err != nil {
				return err
			}
			return s.linkDevice(cmd.Context(), c)
		})
	}
	return cmd
}

func (s *shell) linkDevice(ctx context.Context, c *client.Client) (err error) {
	l, err := c.LinkDevice(ctx)
	if err != nil {
		return fmt.Errorf("link a device: %w", err)
	}
	defer func() { err = errors.Join(err, l.Cancel(context.WithoutCancel(ctx))) }() // nothing, once it was used
	if err := s.showLink(l); err != nil {
		return err
	}
	found, err := l.Wait(ctx)
	if err != nil {
		return fmt.Errorf("wait for a device: %w", err)
	}
	if s.flags.json {
		err = s.line(linkLine{Event: "asked", Name: found.Name, Code: found.Code})
	} else {
		s.say("\nA device asks: %[1]s\nIts screen must show: %[2]s", "\nUn appareil demande à entrer : %[1]s\nSon écran doit afficher : %[2]s",
			safe.Line(found.Name), found.Code)
		s.mutter(s.lang.Say("Does it? [yes/no] ", "Est-ce le cas ? [oui/non] "))
	}
	if err != nil || !s.agreed(ctx) {
		return errors.Join(err, client.ErrLinkCancelled)
	}
	if err := l.Confirm(ctx); err != nil {
		return fmt.Errorf("link a device: %w", err)
	}
	if err := s.linkEvent("linked", "Linked. Your conversations are on their way; leave this running until they are there.",
		"Lié. Vos conversations sont en route ; laissez cette commande jusqu'à leur arrivée."); err != nil {
		return err
	}
	return s.untilHistory(ctx, c, false)
}

func (s *shell) showLink(l *client.Linking) error {
	if s.flags.json {
		expires := l.Expires().UTC()
		return s.line(linkLine{Event: "link", Link: l.URL(), Expires: &expires})
	}
	s.say("%s", "%s", l.URL())
	if interactive(s.stdout) != nil {
		return s.drawCode([]byte(l.URL()))
	}
	return nil
}

// agreed reads a yes from standard input.
func (s *shell) agreed(ctx context.Context) bool {
	answer := make(chan string, 1)
	go func() { // ends with the process if nobody answers
		line, _ := bufio.NewReader(s.stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a == "yes" || a == "y" || a == "oui" || a == "o"
	case <-ctx.Done():
		return false
	}
}

func (s *shell) linkEvent(event, en, fr string) error {
	if s.flags.json {
		return s.line(linkLine{Event: event})
	}
	s.say(en, fr)
	return nil
}

// untilHistory stays connected until the history that comes along is there: at this device, or
// at those that it was linked from here.
func (s *shell) untilHistory(ctx context.Context, c *client.Client, coming bool) error {
	events := c.Events(ctx)
	if err := c.Start(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	for {
		all, err := c.Devices(ctx)
		if err != nil {
			return fmt.Errorf("list devices: %w", err)
		}
		waiting := false
		for _, d := range all {
			waiting = waiting || d.History != nil && (d.Self || !coming)
		}
		if !waiting {
			return s.linkEvent("history", "Your conversations are there.", "Vos conversations sont arrivées.")
		}
		for e := range events {
			if e.Kind == client.EventDevices || e.Kind == client.EventMissed {
				break
			}
		}
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // interrupted
		}
	}
}

func devicesRemoveCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("remove DEVICE", "remove APPAREIL"),
		Short: s.lang.Say("Remove one of your devices", "Retirer un de vos appareils"),
		Long: s.lang.Say(`Remove one of your devices, by its name or the beginning of its identifier.

The relay cuts it off at once, it leaves every conversation, and it erases what it holds when it learns of it.
It cannot come back; it can be linked anew.`,
			`Retirer un de vos appareils, par son nom ou le début de son identifiant.

Le relais le coupe aussitôt, il quitte toutes les conversations, et il efface ce qu'il contient dès qu'il l'apprend.
Il ne peut pas revenir ; il peut être lié à nouveau.`),
		Args: s.between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withDevice(cmd.Context(), args[0], func(c *client.Client, d client.Device) error {
				if err := c.RemoveDevice(cmd.Context(), d.ID); err != nil {
					return fmt.Errorf("remove a device: %w", err)
				}
				if err := s.sync(cmd.Context(), c); err != nil && !local(err) { // the groups follow
					return err
				}
				if s.flags.json {
					return s.line(map[string]string{"removed": d.ID.String()})
				}
				s.say("%s was removed.", "%s a été retiré.", safe.Line(shown(d.Name)))
				return nil
			})
		},
	}
}

func devicesRenameCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   s.lang.Say("rename DEVICE NAME", "rename APPAREIL NOM"),
		Short: s.lang.Say("Give one of your devices another name", "Renommer un de vos appareils"),
		Args:  s.between(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withDevice(cmd.Context(), args[0], func(c *client.Client, d client.Device) error {
				if err := c.RenameDevice(cmd.Context(), d.ID, args[1]); err != nil {
					return fmt.Errorf("rename a device: %w", err)
				}
				if err := s.sync(cmd.Context(), c); err != nil && !local(err) {
					return err
				}
				return s.listDevices(cmd.Context(), c)
			})
		},
	}
}

// withDevice finds one of the member's devices.
func (s *shell) withDevice(ctx context.Context, name string, f func(*client.Client, client.Device) error) error {
	return s.withClient(ctx, func(c *client.Client) error {
		if err := s.sync(ctx, c); err != nil {
			return err
		}
		all, err := c.Devices(ctx)
		if err != nil {
			return fmt.Errorf("list devices: %w", err)
		}
		var found []client.Device
		for _, d := range all {
			if d.Name == name || len(name) >= 4 && strings.HasPrefix(d.ID.String(), strings.ToLower(name)) {
				found = append(found, d)
			}
		}
		if len(found) != 1 {
			return client.ErrNoDevice
		}
		return f(c, found[0])
	})
}

func linkDeviceCommand(s *shell) *cobra.Command {
	var name string
	var cost stretching
	cmd := &cobra.Command{
		Use:                   s.lang.Say("link LINK [--name DEVICE]", "link LIEN [--name APPAREIL]"),
		DisableFlagsInUseLine: true,
		Short:                 s.lang.Say("Make this a further device of your account", "Faire de cet appareil un autre des vôtres"),
		Long: s.lang.Say(`Make this a further device of an account that you have already.

LINK comes from your other device: "bulle devices link", or the settings of the web app. Six digits appear on both;
confirm them there. Your conversations then come along. Interrupted, the same command goes on.`,
			`Faire de cet appareil un autre d'un compte que vous avez déjà.

LIEN provient de votre autre appareil : « bulle devices link », ou les réglages de l'application web. Six chiffres
apparaissent sur les deux ; confirmez-les là-bas. Vos conversations suivent. Interrompue, la même commande reprend.`),
		Example: "  bulle link 'https://127.0.0.1:8443/#...'",
		Args:    s.between(1, 1),
	}
	cmd.Flags().StringVar(&name, "name", deviceName(), s.lang.Say("what you call this `DEVICE`", "nom de cet `APPAREIL`"))
	cost.flag(s, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		kdf, err := cost.kdf()
		if err != nil {
			return err
		}
		info, err := client.ReadLink(args[0])
		if err != nil {
			return fmt.Errorf("read link: %w", err)
		}
		if !info.Links {
			return failf(exitUsage, "bad_link", lang.Words{
				EN: "This is not the link of a device. Make one on your other device: bulle devices link",
				FR: "Ce n'est pas le lien d'un appareil. Créez-en un sur votre autre appareil : bulle devices link",
			})
		}
		v, err := s.makeVault(cmd.Context(), kdf)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, v.Close()) }()
		c, err := client.Link(cmd.Context(), s.clientConfig(v), args[0], name, s.showDigits)
		if err != nil {
			return fmt.Errorf("link: %w", err)
		}
		defer func() { err = errors.Join(err, c.Close()) }()
		if err := s.linkEvent("linked", "Linked. Your conversations are on their way.", "Lié. Vos conversations sont en route."); err != nil {
			return err
		}
		return s.untilHistory(cmd.Context(), c, true)
	}
	return cmd
}

func (s *shell) showDigits(code string) {
	if s.flags.json {
		_ = s.line(linkLine{Event: "asked", Code: code}) // the command's own result says whether that works
		return
	}
	s.say("Your other device must show: %s\nConfirm it there.", "Votre autre appareil doit afficher : %s\nConfirmez-le là-bas.", code)
}

// deviceName is what a device that runs this program is called first.
func deviceName() string { return "bulle on " + runtime.GOOS }
