//go:build hybrid

package mls

// Suites lists the suites implemented here.
func Suites() []Suite { return []Suite{Hybrid} }

// classical reports that there is no suite but the hybrid one.
func (*algorithms) classical() bool { return false }
