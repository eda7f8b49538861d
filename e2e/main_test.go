// Package e2e_test runs the real binary: a relay and its members, each a process
// with a directory of its own, talking over the loopback interface.
package e2e_test

import (
	"os"
	"testing"

	"bulle/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) } //nolint:forbidigo // only-main-exits: this is the tests' main

// Exit codes of the commands, as docs/commands.md promises them.
const (
	exitOffline    = 3
	exitPassphrase = 4
	exitNotFound   = 5
	exitRefused    = 6
	exitBusy       = 7
	exitUntrusted  = 9
)

// texts returns the texts of the messages in order, with the sender's name before
// each.
func texts(lines []harness.Line) (out []string) {
	for _, l := range lines {
		if l.Text("text") != "" {
			out = append(out, l.Text("from")+": "+l.Text("text"))
		}
	}
	return out
}
