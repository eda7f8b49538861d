// Command file measures how fast files travel: read, hashed, sealed, sent over TLS
// to a relay that makes them durable, and back, with both ends and the relay on
// the same cores. The yardstick is plain AES-256-GCM by `openssl speed` in the
// same run.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bulle/device/client/attachment"
	"bulle/device/client/link"
)

const runs = 3

func main() {
	size := flag.Uint64("size", 128<<20, "bytes of the file")
	flag.Parse()
	if err := run(context.Background(), *size); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, size uint64) error {
	dir, err := os.MkdirTemp("", "bulle-bench-file-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := table{size: size}
	fmt.Printf("## Files: %d MiB in MB/s, median of %d (slowest to fastest)\n\n", size>>20, runs)
	fmt.Println("| what | MB/s | of openssl |\n|---|---|---|")
	if t.yardstick, err = openssl(ctx); err != nil {
		fmt.Printf("| (no yardstick: %v) | | |\n", err)
	} else {
		t.row("AES-256-GCM by openssl speed, one core, 256 KiB", []float64{t.yardstick})
	}
	if err := t.sealing(ctx); err != nil {
		return err
	}
	src, err := random(filepath.Join(dir, "source"), size)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	for _, kind := range []string{"memory", "pebble"} {
		if err := t.travel(ctx, kind, filepath.Join(dir, kind), src); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

// random makes a file of random bytes.
func random(path string, size uint64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- a path of ours
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(f, rand.Reader, int64(size)); err != nil { // #nosec G115 -- a flag of the caller
		return nil, err
	}
	return f, nil
}

type table struct {
	size      uint64
	yardstick float64 // MB/s
}

// measure times f and adds a row.
func (t *table) measure(what string, f func() error) error {
	var rates []float64
	for range runs {
		start := time.Now()
		if err := f(); err != nil {
			return err
		}
		rates = append(rates, float64(t.size)/1e6/time.Since(start).Seconds())
	}
	t.row(what, rates)
	return nil
}

func (t *table) row(what string, rates []float64) {
	slices.Sort(rates)
	median := rates[len(rates)/2]
	ratio := ""
	if t.yardstick > 0 {
		ratio = fmt.Sprintf("%.3f", median/t.yardstick)
	}
	fmt.Printf("| %s | %.0f (%.0f to %.0f) | %s |\n", what, median, rates[0], rates[len(rates)-1], ratio)
}

// sealing measures what a device does without any network.
func (t *table) sealing(ctx context.Context) error {
	return t.measure("hash and seal, no relay", func() error {
		u := attachment.NewUpload("f", "", t.size, link.Day)
		_, err := u.Run(ctx, nowhere{}, zeros{int64(t.size)}, attachment.Options{}) // #nosec G115 -- a flag of the caller
		return err
	})
}

// travel measures both ways over a relay.
func (t *table) travel(ctx context.Context, kind, dir string, src *os.File) (err error) {
	r, err := serve(kind, dir, 2*t.size+256<<20)
	if err != nil {
		return err
	}
	defer func() {
		if e := r.close(); err == nil {
			err = e
		}
	}()
	l, err := link.New(r.config)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if err := l.WaitOnline(ctx); err != nil {
		return err
	}
	var m *attachment.Manifest
	err = t.measure("send over a relay, "+kind, func() error {
		if m != nil {
			if err := attachment.Delete(ctx, l, m); err != nil {
				return err
			}
		}
		u := attachment.NewUpload("f", "", t.size, link.Day)
		m, err = u.Run(ctx, l, src, attachment.Options{})
		return err
	})
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(src.Name()+"."+kind, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- a path of ours
	if err != nil {
		return err
	}
	defer func() { _ = dst.Close() }()
	return t.measure("receive over a relay, "+kind, func() error {
		return attachment.Download(ctx, l, m, dst, 0, attachment.Options{})
	})
}

// zeros is a file of zeros.
type zeros struct{ size int64 }

func (z zeros) ReadAt(b []byte, at int64) (int, error) {
	n := min(int64(len(b)), max(0, z.size-at))
	clear(b[:n])
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// nowhere takes every blob and keeps none.
type nowhere struct{}

func (nowhere) PutBlob(context.Context, link.Blob) error { return nil }

func (nowhere) GetBlob(context.Context, link.ID, link.Cap) ([]byte, error) {
	return nil, link.ErrNotFound
}

func (nowhere) DeleteBlob(context.Context, link.ID, link.Cap) error { return link.ErrNotFound }
