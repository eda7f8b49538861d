//go:build !js

package link

import (
	"context"

	"bulle/protocol/mdns"
)

// resolve finds a relay on the local network by its name: Go's own resolver asks name
// servers only, and none knows bulle.local. Whoever answers must have the pinned key.
func resolve(ctx context.Context, host string) string { return mdns.Resolve(ctx, host) }
