package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bulle/cmd/bulle/qr"
	"bulle/device/client"
	"bulle/device/terminal"
	"bulle/device/terminal/lang"
)

func chatCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "chat",
		Short: s.lang.Say("Talk in a full-screen client", "Discuter dans un client plein écran"),
		Long: s.lang.Say(`Talk in a full-screen client. F1 shows its keys.

What is on the screen is decrypted in memory only; nothing is written but the files you save.`,
			`Discuter dans un client plein écran. F1 en montre les touches.

Ce qui est à l'écran n'est déchiffré qu'en mémoire ; rien n'est écrit hormis les fichiers que vous enregistrez.`),
		Args: s.between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, out := interactive(s.stdin), interactive(s.stdout)
			if in == nil || out == nil {
				return failf(exitUsage, "no_terminal", lang.Words{
					EN: "bulle chat needs a terminal. Scripts use bulle send, read and listen.",
					FR: "bulle chat a besoin d'un terminal. Les scripts utilisent bulle send, read et listen.",
				})
			}
			ctx := cmd.Context()
			return s.withClient(ctx, func(c *client.Client) error {
				if err := c.Start(ctx); err != nil {
					return fmt.Errorf("start client: %w", err)
				}
				return terminal.Run(ctx, terminal.Config{
					Client: c, Input: in, Output: out, Environ: os.Environ(), Lang: s.lang,
					Word: func(err error) string {
						f := s.word(err)
						return f.words.In(s.lang, f.args...)
					},
					QR:    func(payload []byte) (string, error) { return qr.Plain(string(payload)) },
					Home:  s.getenv("HOME"),
					Saves: s.downloads(),
				})
			})
		},
	}
}

// downloads is the folder that saving suggests: the person's downloads if there are any, else the home.
func (s *shell) downloads() string {
	home := s.getenv("HOME")
	if dir := s.getenv("XDG_DOWNLOAD_DIR"); dir != "" {
		return dir
	}
	for _, name := range []string{"Downloads", "Téléchargements"} {
		if at, err := os.Stat(filepath.Join(home, name)); err == nil && at.IsDir() {
			return "~/" + name
		}
	}
	return "~"
}
