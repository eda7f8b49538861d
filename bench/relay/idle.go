package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"bulle/protocol/over"
	"bulle/server/relay/memory"
	"bulle/server/relay/websocket"
)

// idle opens n circuits from another process and returns by how many bytes each
// of them made this process grow, as the system counts it.
func idle(ctx context.Context, n int) (bytesEach int64, err error) {
	if err := allowFiles(uint64(n) + 1000); err != nil { //nolint:gosec // G115: a count
		return 0, err
	}
	store, err := memory.New(memory.Config{})
	if err != nil {
		return 0, err
	}
	s, err := serve(store)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.close() }()
	before, err := resident()
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-idle", strconv.Itoa(n), //nolint:gosec // G204: this program itself
		"-dial", s.target.Host+" "+hex.EncodeToString(s.target.Pin[:]))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return 0, fmt.Errorf("the clients: %w, %w", err, cmd.Wait())
	}
	if have := s.engine.Circuits(); have != n {
		return 0, fmt.Errorf("%d circuits are open", have)
	}
	after, err := resident()
	if err != nil {
		return 0, err
	}
	if err := stdin.Close(); err != nil {
		return 0, err
	}
	return (after - before) / int64(n), cmd.Wait()
}

// resident returns the memory of this process, after everything unused was given
// back.
func resident() (int64, error) {
	for range 3 { // stacks shrink by half in each collection
		runtime.GC()
	}
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// holdIdle is the other process: it opens n circuits, says so, and holds them
// until its input ends.
func holdIdle(ctx context.Context, where string, n int) error {
	if err := allowFiles(uint64(n) + 1000); err != nil { //nolint:gosec // G115: a count
		return err
	}
	host, pin, _ := strings.Cut(where, " ")
	target := over.Target{Host: host, Path: websocket.CircuitPath}
	if _, err := hex.Decode(target.Pin[:], []byte(pin)); err != nil {
		return err
	}
	var failed errorList
	var dialing sync.WaitGroup
	work := make(chan struct{})
	held := make(chan *client, n)
	for range 32 {
		dialing.Go(func() {
			for range work {
				c, err := dial(ctx, target)
				failed.add(err)
				held <- c
			}
		})
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	dialing.Wait()
	if err := failed.join(); err != nil {
		return err
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(held)
	return err
}

// allowFiles raises the limit of open files if it has to and may.
func allowFiles(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= n {
		return nil
	}
	limit.Cur = n
	limit.Max = max(limit.Max, n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("allow %d open files: %w", n, err)
	}
	return nil
}
