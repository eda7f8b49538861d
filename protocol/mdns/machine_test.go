//go:build linux

package mdns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inNamespace runs f on a thread that has a network of its own, and returns once f has.
// The thread ends with it.
func inNamespace(t *testing.T, f func(run func(line string) error) error) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: nobody else gets this network
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("unshare: %w", err)
			return
		}
		done <- f(func(line string) error {
			words := strings.Fields(line)
			out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w: %s", line, err, out)
			}
			return nil
		})
	}()
	return done
}

// TestOnARealNetwork joins two machines, which are two network namespaces, by a cable
// and lets the second find the first by name.
func TestOnARealNetwork(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: making a network of one's own needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("skipped: ip (iproute2) is not installed")
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	ready, plugged := make(chan int, 1), make(chan struct{})
	var found []netip.Addr
	asker := inNamespace(t, func(run func(string) error) error {
		ready <- syscall.Gettid()
		select {
		case <-plugged:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, line := range []string{"ip addr add 192.168.77.2/24 dev cable1", "ip link set cable1 up"} {
			if err := run(line); err != nil {
				return err
			}
		}
		defer stop()
		var err error
		found, err = Lookup(ctx, "BULLE.local.")
		return err
	})
	var thread int
	select {
	case thread = <-ready:
	case err := <-asker:
		t.Skipf("skipped: this machine gives no network of one's own: %v", err)
	}
	relay := inNamespace(t, func(run func(string) error) error {
		for _, line := range []string{
			fmt.Sprintf("ip link add cable0 type veth peer name cable1 netns %d", thread),
			"ip addr add 192.168.77.1/24 dev cable0",
			"ip link set cable0 up",
		} {
			if err := run(line); err != nil {
				return cableError{err}
			}
		}
		close(plugged)
		network := Machine{Use: func(name string, a netip.Addr) bool { return name == "cable0" && a.IsPrivate() }}
		r, err := New(Config{Name: "bulle.local", Network: network, Notice: func(string) {}})
		if err != nil {
			return err
		}
		r.Run(ctx) // on this thread, which has the network
		return nil
	})
	err := <-relay
	var noCable cableError
	if errors.As(err, &noCable) {
		stop()
		t.Skipf("skipped: this machine joins no networks: %v", err)
	}
	if err := errors.Join(err, <-asker); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found, netip.MustParseAddr("192.168.77.1")) {
		t.Errorf("found %v", found)
	}
}

// cableError says that the kernel has no virtual cables for us.
type cableError struct{ error }
