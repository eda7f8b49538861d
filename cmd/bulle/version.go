package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// protocolVersion is the version of the relay protocol this binary speaks; docs/protocol.md describes it.
const protocolVersion = 1

func versionCommand(s *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: s.lang.Say("Show which build this is", "Afficher la version de ce programme"),
		Args:  s.between(0, 0),
		RunE: func(*cobra.Command, []string) error {
			v := version()
			if s.flags.json {
				return s.line(v)
			}
			s.say("bulle %s (%s, %s)", "bulle %s (%s, %s)", v.Version, v.Go, v.Platform)
			return nil
		},
	}
}

// versionLine is the JSON of `bulle version`.
type versionLine struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Protocol int    `json:"protocol"`
}

// version reads what the toolchain recorded; there is no stamp to keep up to date and no time in it.
func version() versionLine {
	v := versionLine{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Protocol: protocolVersion}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			v.Revision = setting.Value
		}
	}
	return v
}
