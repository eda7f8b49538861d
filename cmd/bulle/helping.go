package main

import (
	"github.com/spf13/cobra"
)

func helpCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: s.lang.Say("Explain a command", "Expliquer une commande"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || found == nil {
				return s.noSuchCommand(cmd.Root(), args)
			}
			if len(rest) > 0 {
				return s.noSuchCommand(found, rest)
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

func completionCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: s.lang.Say("Print a script that completes commands in your shell", "Afficher un script de complétion pour votre shell"),
		Example: s.lang.Say(
			"  bash   bulle completion bash > ~/.local/share/bash-completion/completions/bulle\n"+
				"  zsh    bulle completion zsh > \"${fpath[1]}/_bulle\"\n"+
				"  fish   bulle completion fish > ~/.config/fish/completions/bulle.fish",
			"  bash   bulle completion bash > ~/.local/share/bash-completion/completions/bulle\n"+
				"  zsh    bulle completion zsh > \"${fpath[1]}/_bulle\"\n"+
				"  fish   bulle completion fish > ~/.config/fish/completions/bulle.fish"),
		Args:      s.between(1, 1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(s.stdout, true)
			case "zsh":
				return root.GenZshCompletion(s.stdout)
			case "fish":
				return root.GenFishCompletion(s.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.stdout)
			}
			return s.misused(cmd)
		},
	}
}
