// Package harness drives the real binary for the end-to-end tests: it builds it
// once, starts relays and members' commands as processes of their own, kills them,
// and searches what they leave in memory and on disk.
//
// A test package calls [Main] from its TestMain; then [NewBubble] gives a relay
// with members. Nothing here sleeps: waiting is asking again until a deadline that
// only a broken run reaches.
package harness

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Patience bounds every wait for something that must happen. It is long because a
// loaded machine is slow, and reaching it is a failure.
const Patience = 90 * time.Second

// pace is how often a wait asks again.
const pace = 20 * time.Millisecond

// binaryVariable names the binary under test to the tests once it is built; set by
// hand, it makes them run another one, for instance with the race detector.
const binaryVariable = "BULLE_E2E_BINARY"

// Main builds the binary, runs the tests and returns their exit code.
func Main(m *testing.M) int {
	if os.Getenv(binaryVariable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "bulle-e2e-")
	if err != nil {
		return complain(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "bulle")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "bulle/cmd/bulle") //nolint:gosec // G204: the arguments are ours
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return complain(fmt.Errorf("build the binary: %w\n%s", err, out))
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return complain(err)
	}
	return m.Run()
}

func complain(err error) int {
	_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
	return 1
}

// Binary returns the path of the binary under test.
func Binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv(binaryVariable)
	if path == "" {
		t.Fatal("TestMain does not call harness.Main")
	}
	return path
}

// Eventually calls try until it returns true. What is being waited for goes into
// the failure when Patience ends first.
func Eventually(t *testing.T, what string, try func() bool) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for !try() {
		select {
		case <-deadline.C:
			t.Fatalf("waited %v in vain for %s", Patience, what)
		case <-tick.C:
		}
	}
}
