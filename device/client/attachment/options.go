package attachment

import (
	"context"
	"time"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

// Blobs is what a transfer needs of a relay. A [link.Session] has it.
type Blobs interface {
	PutBlob(ctx context.Context, b link.Blob) error
	GetBlob(ctx context.Context, id link.ID, read link.Cap) ([]byte, error)
	DeleteBlob(ctx context.Context, id link.ID, del link.Cap) error
}

// Options shape a transfer. The zero value is good.
type Options struct {
	// Window is how many chunks are under way at once; each takes half a MiB. The
	// default is 8, the most is 64.
	Window uint64
	// Progress is called from the transfer's own goroutine with the bytes of the
	// file that are through: at the start, at most ten times a second, and at the
	// end.
	Progress func(done, total uint64)
	// Save is called from the transfer's own goroutine to make an upload's state
	// durable, at most once a second, and at the end. Its failure ends the upload.
	Save func(*Upload) error
	// Now is the clock, time.Now by default.
	Now func() time.Time
	// Sealer makes the sealer of a file from its key, [NewSealer] by default.
	Sealer func(key *secret.Bytes) Sealer
}

const (
	defaultWindow = 8
	maxWindow     = 64

	saveInterval     = time.Second
	progressInterval = time.Second / 10
)

func (o Options) withDefaults() Options {
	if o.Window == 0 {
		o.Window = defaultWindow
	}
	o.Window = min(o.Window, maxWindow)
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	if o.Save == nil {
		o.Save = func(*Upload) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sealer == nil {
		o.Sealer = NewSealer
	}
	return o
}

// A pace lets something happen at most once in an interval.
type pace struct {
	now      func() time.Time
	interval time.Duration
	last     time.Time
}

func newPace(now func() time.Time, interval time.Duration) *pace {
	return &pace{now: now, interval: interval, last: now()}
}

func (p *pace) due() bool {
	now := p.now()
	if now.Sub(p.last) < p.interval {
		return false
	}
	p.last = now
	return true
}
