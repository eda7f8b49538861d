//nolint:misspell // half of the words are French
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bulle/device/terminal/lang"
)

// The groups that the commands stand in on the help page.
const (
	groupBubble = "bubble"
	groupTalk   = "talk"
	groupPeople = "people"
	groupDevice = "device"
)

// run executes one command line and returns its exit code. It never ends the process.
func run(ctx context.Context, s *shell, args []string) exitCode {
	if chosen, ok := languageIn(args); ok {
		s.lang = chosen
	}
	root := newRoot(s)
	s.jsonAsked = slices.Contains(beforeDashes(args), "--json")
	root.SetArgs(args)
	root.SetIn(s.stdin)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = s.broken
	}
	if err == nil {
		return exitOK
	}
	return s.report(err)
}

// languageIn finds --lang before the flags are parsed, because the words of the help page and of a usage
// error depend on it.
func languageIn(args []string) (lang.Lang, bool) {
	args = beforeDashes(args)
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, "--lang="); found {
			return lang.Parse(value)
		}
		if arg == "--lang" && i+1 < len(args) {
			return lang.Parse(args[i+1])
		}
	}
	return lang.English, false
}

// beforeDashes returns the arguments among which flags may stand.
func beforeDashes(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i]
	}
	return args
}

func newRoot(s *shell) *cobra.Command {
	root := &cobra.Command{
		Use:           "bulle",
		Short:         s.lang.Say("A sovereign, end-to-end-encrypted messenger", "Une messagerie souveraine, chiffrée de bout en bout"),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          func(cmd *cobra.Command, args []string) error { return s.noSuchCommand(cmd, args) },
	}
	root.Version = version().Version
	root.SetVersionTemplate("bulle {{.Version}}\n")
	root.Flags().Bool("version", false, s.lang.Say("show which build this is", "afficher la version de ce programme"))
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return s.prepare() }
	root.AddGroup(
		&cobra.Group{ID: groupBubble, Title: s.lang.Say("Your bubble:", "Votre bulle :")},
		&cobra.Group{ID: groupTalk, Title: s.lang.Say("Talk:", "Discuter :")},
		&cobra.Group{ID: groupPeople, Title: s.lang.Say("People:", "Personnes :")},
		&cobra.Group{ID: groupDevice, Title: s.lang.Say("This device:", "Cet appareil :")},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupBubble, serveCommand(s), claimCommand(s), inviteCommand(s), joinCommand(s), linkDeviceCommand(s), verifyWebCommand(s))
	add(groupTalk, chatCommand(s), openCommand(s), conversationsCommand(s), sendCommand(s), reactCommand(s), editCommand(s), deleteCommand(s), timerCommand(s), readCommand(s), listenCommand(s), groupCommand(s))
	add(groupPeople, contactsCommand(s), verifyCommand(s), blockCommand(s, true), blockCommand(s, false))
	add(groupDevice, devicesCommand(s), passphraseCommand(s), versionCommand(s), completionCommand(s))
	help := helpCommand(s)
	root.SetHelpCommand(help)
	root.SetHelpCommandGroupID(groupDevice)
	root.CompletionOptions.DisableDefaultCmd = true
	s.addGlobalFlags(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return s.flagError(cmd, err) })
	root.SetUsageTemplate(usageTemplate(s.lang))
	root.SetHelpTemplate(`{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`)
	return root
}

func (s *shell) addGlobalFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.flags.json, "json", false, s.lang.Say("print one JSON object a line", "afficher un objet JSON par ligne"))
	f.StringVar(&s.flags.vault, "vault", "", s.lang.Say("vault in `DIR` (default: bulle in your data directory)",
		"`DOSSIER` du coffre (par défaut : bulle dans votre dossier de données)"))
	f.StringVar(&s.flags.passphraseFile, "passphrase-file", "", s.lang.Say("read the passphrase from the first line of `FILE`",
		"lire la phrase de passe sur la première ligne de `FICHIER`"))
	f.StringVar(&s.flags.language, "lang", "", s.lang.Say("`LANG` of all words, en or fr (default: your system's)", "`LANGUE` des textes, en ou fr (par défaut : celle du système)"))
	f.BoolVar(&s.flags.verbose, "verbose", false, s.lang.Say("log to stderr what happens, without contents",
		"journaliser le déroulement sur stderr, sans les contenus"))
	f.BoolP("help", "h", false, s.lang.Say("show this page", "afficher cette page"))
}

// prepare runs before every command, once the flags are known.
func (s *shell) prepare() error {
	if s.flags.language != "" {
		if _, ok := lang.Parse(s.flags.language); !ok {
			return failf(exitUsage, "usage", lang.Words{
				EN: "--lang is en or fr, not %q.",
				FR: "--lang vaut en ou fr, et non %q.",
			}, s.flags.language)
		}
	}
	if s.flags.verbose {
		s.log = slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return nil
}

// noSuchCommand is what a word gets that is no command; without a word one gets the help page.
func (s *shell) noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return failf(exitUsage, "usage", lang.Words{
			EN: "%[1]s has no command %[2]q. Did you mean %[3]s?",
			FR: "%[1]s n'a pas de commande %[2]q. Vouliez-vous dire %[3]s ?",
		}, cmd.CommandPath(), args[0], strings.Join(near, ", "))
	}
	return failf(exitUsage, "usage", lang.Words{
		EN: "%[1]s has no command %[2]q. See %[1]s --help.",
		FR: "%[1]s n'a pas de commande %[2]q. Voir %[1]s --help.",
	}, cmd.CommandPath(), args[0])
}

// parent makes a command that only holds others.
func (s *shell) parent(use string, short lang.Words, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short.In(s.lang), Args: cobra.ArbitraryArgs}
	c.RunE = func(cmd *cobra.Command, args []string) error { return s.noSuchCommand(cmd, args) }
	c.AddCommand(children...)
	return c
}

// between accepts from least to most arguments; most < 0 is any number.
func (s *shell) between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return s.misused(cmd)
		}
		return nil
	}
}

// misused says how a command is meant to be written.
func (s *shell) misused(cmd *cobra.Command) error {
	return failf(exitUsage, "usage", lang.Words{
		EN: "Write: %s (more: %s --help)",
		FR: "Écrivez : %s (aide : %s --help)",
	}, useLine(cmd), cmd.CommandPath())
}

func useLine(cmd *cobra.Command) string {
	path := cmd.CommandPath()
	return strings.TrimSuffix(path, cmd.Name()) + cmd.Use
}

func (s *shell) flagError(cmd *cobra.Command, err error) error {
	s.flags.json = s.flags.json || s.jsonAsked // it may stand behind the flag that is wrong
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return failf(exitUsage, "usage", lang.Words{
			EN: "%[1]s has no flag %[2]q (see %[1]s --help). A text that begins with a dash goes after --.",
			FR: "%[1]s n'a pas d'option %[2]q (voir %[1]s --help). Un texte qui commence par un tiret se met après --.",
		}, cmd.CommandPath(), unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return failf(exitUsage, "usage", lang.Words{
			EN: "The flag --%s needs a value.", FR: "L'option --%s attend une valeur.",
		}, missing.GetSpecifiedName())
	case errors.As(err, &invalid):
		return failf(exitUsage, "usage", lang.Words{
			EN: "%[2]q is no value for --%[1]s (see %[3]s --help).", FR: "%[2]q ne convient pas à --%[1]s (voir %[3]s --help).",
		}, invalid.GetFlag().Name, invalid.GetValue(), cmd.CommandPath())
	}
	return failf(exitUsage, "usage", lang.Words{EN: "%s", FR: "%s"}, err)
}

// usageTemplate is cobra's page in our words.
func usageTemplate(l lang.Lang) string {
	return fmt.Sprintf(`%[1]s{{if .HasAvailableSubCommands}}
  {{.CommandPath}} %[2]s{{else}}
  {{.UseLine}}{{end}}{{if .HasExample}}

%[3]s
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{if eq (len .Groups) 0}}

%[4]s{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

%[5]s
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

%[6]s
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

%[7]s{{end}}
`,
		l.Say("Usage:", "Utilisation :"), l.Say("COMMAND [arguments]", "COMMANDE [arguments]"), l.Say("Examples:", "Exemples :"),
		l.Say("Commands:", "Commandes :"),
		l.Say("Flags:", "Options :"), l.Say("Flags of every command:", "Options de toutes les commandes :"),
		l.Say(`More about one: {{.CommandPath}} COMMAND --help`, `Pour en savoir plus : {{.CommandPath}} COMMANDE --help`))
}
