// Command relay measures a relay and its clients together on one machine, over
// TLS on loopback: durable cells per second and their time from sender to
// receiver, on every store, and the memory of idle circuits. docs/performance.md
// explains the method. It prints one Markdown table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"bulle/server/relay"
	"bulle/server/relay/memory"
	"bulle/server/relay/pebble"
)

type options struct {
	time     time.Duration
	circuits int
	channels int
	cells    int
	window   int
	idle     int
	dir      string
	only     string
}

func main() {
	var o options
	flag.DurationVar(&o.time, "time", 2*time.Second, "how long each row is measured")
	flag.IntVar(&o.circuits, "circuits", 200, "circuits, half of them senders")
	flag.IntVar(&o.channels, "channels", 1000, "channels, each with one sender and one receiver")
	flag.IntVar(&o.cells, "cells", 16, "cells of an append")
	flag.IntVar(&o.window, "window", 1, "appends of a sender that wait for their reply")
	flag.IntVar(&o.idle, "idle", 10_000, "idle circuits; 0 leaves them out")
	flag.StringVar(&o.dir, "dir", ".", "the disk to measure: a directory is made in it, and removed")
	flag.StringVar(&o.only, "only", "", "measure this store only: log, memory or pebble")
	profile := flag.String("profile", "", "write a CPU profile to this file")
	dial := flag.String("dial", "", "internal: hold the idle circuits of another process")
	flag.Parse()
	run := func() error { return measure(context.Background(), o) }
	if *dial != "" {
		run = func() error { return holdIdle(context.Background(), *dial, o.idle) }
	}
	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		} else {
			defer stop()
		}
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "bench-relay-")
	if err != nil {
		return err
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}()
	fmt.Printf("| relay, %d circuits, %d channels, TLS, appends of %d cells | cells/s | p50 | p99 | at half of it p50 | p99 | one pair p50 | p99 |\n", o.circuits, o.channels, o.cells)
	fmt.Println("|---|---|---|---|---|---|---|---|")
	if o.only == "" {
		bare, err := bareLog(filepath.Join(dir, "bare"), o)
		if err != nil {
			return err
		}
		fmt.Printf("| a bare group-commit log, no network | %s | | | | | | |\n", thousands(bare))
	}
	rates := map[string]float64{}
	for _, s := range stores(dir) {
		if o.only != "" && o.only != s.name {
			continue
		}
		if err := s.measure(ctx, o, rates); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if rates["log"] > 0 {
		fmt.Printf("| pebble : log under the relay | %.0f %% | | | | | | |\n", 100*rates["pebble"]/rates["log"])
	}
	if o.idle == 0 {
		return nil
	}
	each, err := idle(ctx, o.idle)
	if err != nil {
		return fmt.Errorf("idle circuits: %w", err)
	}
	fmt.Printf("| memory of an idle circuit, of %d | %.1f KB | | | | | | |\n", o.idle, float64(each)/1000)
	return nil
}

// A store is one row of the table.
type store struct {
	name, title string
	open        func() (relay.Store, error)
}

func stores(dir string) []store {
	return []store{
		{"log", "the relay on a bare group-commit log", func() (relay.Store, error) {
			return openLog(filepath.Join(dir, "log"))
		}},
		{"memory", "the relay in memory", func() (relay.Store, error) {
			return memory.New(memory.Config{Bytes: 4 << 30})
		}},
		{"pebble", "the relay on pebble", func() (relay.Store, error) {
			return pebble.Open(pebble.Config{Dir: filepath.Join(dir, "pebble")})
		}},
	}
}

func (s store) measure(ctx context.Context, o options, rates map[string]float64) error {
	kept, err := s.open()
	if err != nil {
		return err
	}
	server, err := serve(kept)
	if err != nil {
		return errors.Join(err, kept.Close())
	}
	defer func() {
		if err := errors.Join(server.close(), kept.Close()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}()
	pair, err := load{circuits: 2, channels: 1, cells: 1, window: 1, time: o.time / 4}.run(ctx, server.target, 1)
	if err != nil {
		return err
	}
	full := load{circuits: o.circuits, channels: o.channels, cells: o.cells, window: o.window, time: o.time}
	all, err := full.run(ctx, server.target, 2)
	if err != nil {
		return err
	}
	half := full
	half.rate, half.time = all.rate/2, o.time/2
	calm, err := half.run(ctx, server.target, 3)
	if err != nil {
		return err
	}
	rates[s.name] = all.rate
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", s.title,
		thousands(all.rate), all.quantile(0.5), all.quantile(0.99), calm.quantile(0.5), calm.quantile(0.99), pair.quantile(0.5), pair.quantile(0.99))
	return nil
}

func thousands(n float64) string {
	return fmt.Sprintf("%d,%03d", int(n)/1000, int(n)%1000)
}

func startProfile(name string) (stop func(), err error) {
	f, err := os.Create(name) //nolint:gosec // G304: named on the command line
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // the profile is whole or useless
	}, nil
}
