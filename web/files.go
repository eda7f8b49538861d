//go:build web

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:app/dist
var dist embed.FS

// Files returns the built app, or [ErrNotBuilt].
func Files() (fs.FS, error) { return fs.Sub(dist, "app/dist") }
