package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"bulle/server/node"
	"bulle/web"
)

// serveFlags are what the command line may say; what is said here goes before the config file.
type serveFlags struct {
	config, data, listen, address, store string
	quota, quotaCategory, reserve        string
	names, acme                          []string
	acmeDirectory                        string
	cert, key, guide, mdns               string
	lan                                  bool
	check, emptyStore, newCA, newKey     bool
}

// lanGuide is where --lan serves the guide to the relay's certificate.
const lanGuide = ":8080"

func serveCommand(s *shell) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: s.lang.Say("Run the relay of a bubble", "Faire tourner le relais d'une bulle"),
		Long: s.lang.Say(`Run the relay of a bubble until it is told to stop (Ctrl-C or SIGTERM).

The first start makes the data directory and the relay's key, and prints a claim link: whoever opens it first
founds the bubble. The relay stores sealed data and can read none of it.`,
			`Faire tourner le relais d'une bulle jusqu'à ce qu'on l'arrête (Ctrl-C ou SIGTERM).

La première fois, il crée son dossier de données et sa clé, et affiche un lien de prise de possession : qui
l'ouvre le premier fonde la bulle. Le relais garde des données scellées et ne peut en lire aucune.`),
		Example: "  bulle serve\n  bulle serve --data /srv/bulle --listen 0.0.0.0:8443 --address chat.example.org:8443",
		Args:    s.between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.serve(cmd, f)
		},
	}
	cmd.Flags().StringVar(&f.data, "data", "", s.lang.Say("data `DIR` (default: bulle-relay in your data directory)",
		"`DOSSIER` de données (par défaut : bulle-relay dans votre dossier de données)"))
	cmd.Flags().StringVar(&f.listen, "listen", "", s.lang.Say("listen on `HOST:PORT` (default "+node.DefaultListen+"; port 0 picks one)",
		"écouter sur `HÔTE:PORT` (par défaut "+node.DefaultListen+" ; le port 0 en choisit un)"))
	cmd.Flags().StringVar(&f.address, "address", "", s.lang.Say("`HOST:PORT` that links carry (default: an address of this machine)",
		"`HÔTE:PORT` inscrit dans les liens (par défaut : une adresse de cette machine)"))
	cmd.Flags().StringArrayVar(&f.names, "name", nil, s.lang.Say("another `NAME` or address by which browsers reach the relay",
		"un autre `NOM` ou adresse par où les navigateurs joignent le relais"))
	cmd.Flags().StringVar(&f.cert, "cert", "", s.lang.Say("`FILE` with a certificate of your own and its chain, in PEM",
		"`FICHIER` avec votre propre certificat et sa chaîne, en PEM"))
	cmd.Flags().StringVar(&f.key, "key", "", s.lang.Say("`FILE` with the key of --cert, in PEM", "`FICHIER` avec la clé de --cert, en PEM"))
	cmd.Flags().StringSliceVar(&f.acme, "acme", nil, s.lang.Say("get a certificate for `DOMAIN` by ACME, with --acme-directory",
		"obtenir un certificat pour `DOMAINE` par ACME, avec --acme-directory"))
	cmd.Flags().StringVar(&f.acmeDirectory, "acme-directory", "", s.lang.Say("`URL` of the authority that --acme asks; its terms are accepted",
		"`URL` de l'autorité que --acme interroge ; ses conditions sont acceptées"))
	cmd.Flags().StringVar(&f.guide, "guide", "", s.lang.Say("also show how to trust the relay on `HOST:PORT`, plain HTTP, private addresses only",
		"montrer aussi comment faire confiance au relais sur `HÔTE:PORT`, en HTTP simple, aux adresses privées seulement"))
	cmd.Flags().StringVar(&f.mdns, "mdns", "", s.lang.Say("answer for `NAME` on the local network, like "+node.DefaultMDNS,
		"répondre au nom `NOM` sur le réseau local, comme "+node.DefaultMDNS))
	cmd.Flags().BoolVar(&f.lan, "lan", false, s.lang.Say("short for --mdns "+node.DefaultMDNS+" --guide "+lanGuide,
		"raccourci pour --mdns "+node.DefaultMDNS+" --guide "+lanGuide))
	cmd.Flags().BoolVar(&f.newCA, "new-ca", false, s.lang.Say("make another certificate authority; every browser has to install it",
		"créer une autre autorité de certification, à installer dans chaque navigateur"))
	cmd.Flags().BoolVar(&f.newKey, "new-key", false, s.lang.Say("go on with another key than before; every device and link refuses it",
		"continuer avec une autre clé qu'avant ; tous les liens la refusent"))
	cmd.Flags().StringVar(&f.store, "store", "", s.lang.Say("`pebble` (on disk, default) or memory (messages are gone at the end)",
		"`pebble` (sur disque, par défaut) ou memory (les messages disparaissent à l'arrêt)"))
	cmd.Flags().StringVar(&f.quota, "quota", "", s.lang.Say("keep at most `SIZE` in all, like 20GiB", "garder au plus `TAILLE` en tout, comme 20GiB"))
	cmd.Flags().StringVar(&f.quotaCategory, "quota-category", "", s.lang.Say("keep at most `SIZE` for one category (default: as --quota)",
		"garder au plus `TAILLE` pour une catégorie (par défaut : comme --quota)"))
	cmd.Flags().StringVar(&f.reserve, "reserve", "", s.lang.Say("leave `SIZE` of the disk free (default 256MiB)",
		"laisser `TAILLE` libre sur le disque (par défaut 256MiB)"))
	cmd.Flags().BoolVar(&f.emptyStore, "empty-store", false, s.lang.Say("start although the stored messages are gone",
		"démarrer bien que les messages gardés aient disparu"))
	cmd.Flags().StringVar(&f.config, "config", "", s.lang.Say("read settings from `FILE` (docs/operate.md)",
		"lire les réglages dans `FICHIER` (docs/operate.md)"))
	cmd.Flags().BoolVar(&f.check, "check", false, s.lang.Say("check the settings and exit", "vérifier les réglages et s'arrêter"))
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		for _, name := range []string{"vault", "passphrase-file"} { // a relay has neither
			if flag := cmd.InheritedFlags().Lookup(name); flag != nil {
				flag.Hidden = true
			}
		}
		cmd.Root().HelpFunc()(cmd, args)
	})
	return cmd
}

// serve runs the relay.
func (s *shell) serve(cmd *cobra.Command, f serveFlags) error {
	cfg, err := s.serveConfig(f)
	if err == nil {
		err = cfg.Check()
	}
	if f.check {
		return s.checked(err)
	}
	if err != nil {
		return wordProblem(err)
	}
	cfg.Log = s.log
	cfg.Notice = s.notice
	if app, err := web.Files(); err == nil {
		if _, err := web.Manifest(app); err != nil {
			return wordApp(err)
		}
		cfg.Page = web.Handler(app)
	}
	if limit, ok := node.AvailableMemory(); ok && s.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 4 * 3) // collect harder before the machine has to kill
	}
	n, err := node.New(cfg)
	if err != nil {
		return wordProblem(err)
	}
	info, err := n.Info()
	if err == nil {
		err = s.announce(info)
	}
	if err != nil {
		return errors.Join(wordProblem(err), n.Close())
	}
	defer s.reloadOnHangup(cmd.Context(), n)()
	return n.Run(cmd.Context())
}

// reloadOnHangup lets SIGHUP make the relay read its certificate again, until the
// function that it returns is called.
func (s *shell) reloadOnHangup(ctx context.Context, n *node.Node) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	life, end := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for {
			select {
			case <-hangups:
				n.Reload()
			case <-life.Done():
				return
			}
		}
	})
	return func() {
		signal.Stop(hangups)
		end()
		listening.Wait()
	}
}

// notice tells on stderr what the person should know while the relay runs.
func (s *shell) notice(err error) {
	var f *failure
	if errors.As(wordProblem(err), &f) {
		s.note(f.words.EN, f.words.FR, f.args...)
	}
}

// serveConfig joins the config file and the command line.
func (s *shell) serveConfig(f serveFlags) (cfg node.Config, err error) {
	if f.config != "" {
		if cfg, err = node.ReadFile(f.config); err != nil {
			return node.Config{}, err
		}
	}
	for _, flag := range []struct {
		said string
		to   *string
	}{{f.data, &cfg.Data}, {f.listen, &cfg.Listen}, {f.address, &cfg.Address}, {f.cert, &cfg.Certificate}, {f.key, &cfg.Key}, {f.guide, &cfg.Guide}, {f.acmeDirectory, &cfg.ACMEDirectory}, {f.mdns, &cfg.MDNS}} {
		if flag.said != "" {
			*flag.to = flag.said
		}
	}
	if f.store != "" {
		cfg.Store = node.StoreKind(f.store)
	}
	for _, flag := range []struct {
		name, said string
		to         *uint64
	}{{"--quota", f.quota, &cfg.Quota.Total}, {"--quota-category", f.quotaCategory, &cfg.Quota.Category}, {"--reserve", f.reserve, &cfg.Quota.Reserve}} {
		if flag.said == "" {
			continue
		}
		var ok bool
		if *flag.to, ok = node.ParseSize(flag.said); !ok {
			return node.Config{}, &node.StartError{Problem: node.BadSize, Subject: flag.name, Detail: flag.said}
		}
	}
	cfg.EmptyStore, cfg.NewAuthority, cfg.NewKey = f.emptyStore, f.newCA, f.newKey
	cfg.Names = append(cfg.Names, f.names...)
	if len(f.acme) > 0 {
		cfg.ACME = f.acme
	}
	if f.lan {
		cfg.MDNS, cfg.Guide = cmp.Or(cfg.MDNS, node.DefaultMDNS), cmp.Or(cfg.Guide, lanGuide)
	}
	if cfg.Data == "" {
		cfg.Data = s.relayData()
	}
	return cfg, nil
}

// relayData is where a relay keeps its data unless told otherwise (XDG Base Directory specification); empty if
// there is no such place.
func (s *shell) relayData() string {
	if data := s.getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "bulle-relay")
	}
	if home := s.getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "bulle-relay")
	}
	return ""
}

// checked is the result of --check: exit code 0 or 1.
func (s *shell) checked(err error) error {
	if err != nil {
		err = wordProblem(err)
		var f *failure
		if errors.As(err, &f) {
			f.code = exitGeneral
		}
		return err
	}
	if s.flags.json {
		return s.line(struct {
			Valid bool `json:"valid"`
		}{true})
	}
	s.say("The settings are valid.", "Les réglages sont valides.")
	return nil
}

// servingLine is the JSON of `bulle serve`, printed once it listens.
type servingLine struct {
	Address     string `json:"address"`
	Fingerprint string `json:"fingerprint"`
	Authority   string `json:"authority"`
	Guide       string `json:"guide"`
	Claim       string `json:"claim"`
}

// announce prints how to reach the relay.
func (s *shell) announce(info node.Info) error {
	if s.flags.json {
		return s.line(servingLine(info))
	}
	s.say("The relay listens on https://%s", "Le relais écoute sur https://%s", info.Address)
	s.say("Its fingerprint is %s", "Son empreinte est %s", info.Fingerprint)
	if err := s.announceGuide(info); err != nil {
		return err
	}
	if info.Claim == "" {
		s.say("The bubble has its founder. Stop the relay with Ctrl-C.", "La bulle a son fondateur. Arrêtez le relais par Ctrl-C.")
		return nil
	}
	s.say("", "")
	s.say("Nobody has claimed it yet. Whoever opens this link first founds the bubble, so keep it to yourself:",
		"Personne n'en a encore pris possession. Qui ouvre ce lien le premier fonde la bulle ; gardez-le pour vous :")
	s.say("\n  %s\n", "\n  %s\n", info.Claim)
	if err := s.drawCode([]byte(info.Claim)); err != nil {
		return err
	}
	s.say("In another terminal: bulle claim 'LINK' --name YOUR_NAME", "Dans un autre terminal : bulle claim 'LIEN' --name VOTRE_NOM")
	return nil
}

// announceGuide prints what a browser needs: where the guide is, and the fingerprint
// that a person compares.
func (s *shell) announceGuide(info node.Info) error {
	if info.Authority == "" {
		return nil
	}
	s.say("", "")
	s.say("Browsers are shown how to trust it at %s", "Les navigateurs apprennent à lui faire confiance sur %s", info.Guide)
	s.say("There they compare this fingerprint of its certificate authority:", "Ils y comparent cette empreinte de son autorité de certification :")
	const half = 48 // 16 bytes of AB: each
	s.say("\n  %s\n  %s\n", "\n  %s\n  %s\n", info.Authority[:half], info.Authority[half:])
	if !strings.HasPrefix(info.Guide, "http:") {
		return nil
	}
	return s.drawCode([]byte(info.Guide))
}
