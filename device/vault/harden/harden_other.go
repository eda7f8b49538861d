//go:build !linux

package harden

// process does nothing: in a browser there is no core dump, and other systems are
// not supported.
func process() []string { return nil }
