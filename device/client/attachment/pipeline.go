package attachment

import (
	"context"
	"fmt"
)

// A pipeline moves the chunks of a file through three stages with a bounded
// number under way:
//
//	start (one after the other) -> work (concurrently) -> finish (one after the other, in order)
//
// The buffers of a chunk belong to the stage it is in. They are reused once the
// chunk is finished, so that memory depends on the window and not on the file.
type pipeline struct {
	window uint64
	start  func(*chunk) error
	work   func(context.Context, *chunk) error
	finish func(*chunk) error
}

type chunk struct {
	number uint64
	plain  []byte   // ChunkSize bytes
	sealed []byte   // capacity sealedSize
	prefix [32]byte // SHA-256 of the file up to the end of this chunk
	done   bool     // work has ended
	err    error    // of work
}

// run moves the chunks first to last-1. It returns the first failure in the order
// of the chunks after every stage has ended.
func (p *pipeline) run(ctx context.Context, first, last uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ring := make([]chunk, min(p.window, last-first))
	worked := make(chan *chunk, len(ring))
	slot := func(n uint64) *chunk { return &ring[n%uint64(len(ring))] }
	started, finished := first, first
	err := func() error {
		for finished < last {
			for started < last && started-finished < uint64(len(ring)) {
				c := slot(started)
				*c = chunk{number: started, plain: c.plain, sealed: c.sealed[:0]}
				if err := p.start(c); err != nil {
					return err
				}
				started++
				go func() {
					c.err = p.work(ctx, c)
					worked <- c
				}()
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			(<-worked).done = true
			for finished < started && slot(finished).done {
				c := slot(finished)
				if c.err != nil {
					return fmt.Errorf("chunk %d: %w", c.number, c.err)
				}
				if err := p.finish(c); err != nil {
					return err
				}
				finished++
			}
		}
		return nil
	}()
	cancel()
	p.drain(slot, finished, started, worked)
	return err
}

// drain waits for the chunks that are still under way.
func (*pipeline) drain(slot func(uint64) *chunk, finished, started uint64, worked <-chan *chunk) {
	waiting := 0
	for n := finished; n < started; n++ {
		if !slot(n).done {
			waiting++
		}
	}
	for range waiting {
		<-worked
	}
}
