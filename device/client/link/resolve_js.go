package link

import "context"

// resolve leaves names to the browser.
func resolve(_ context.Context, host string) string { return host }
