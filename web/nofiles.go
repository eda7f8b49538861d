//go:build !web

package web

import "io/fs"

// Files returns the built app, or [ErrNotBuilt].
func Files() (fs.FS, error) { return nil, ErrNotBuilt }
