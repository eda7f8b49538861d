package attachment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

// A Target is where a file is written. What was written is read back only to
// resume.
type Target interface {
	io.WriterAt
	io.ReaderAt
}

// Download writes a file to dst and returns nil only when all of it is there and
// its SHA-256 is the manifest's. have is how many bytes from the start an earlier
// attempt wrote: the whole chunks among them are read back and not fetched again,
// and should they turn out to be another file's, everything is fetched.
//
// It fails with [ErrGone] when the relay lacks a chunk and with [ErrDamaged] when
// a chunk or the whole is not what was sent; nothing of a chunk that does not
// open is written.
func Download(ctx context.Context, blobs Blobs, m *Manifest, dst Target, have uint64, opts Options) error {
	opts = opts.withDefaults()
	from := min(have/ChunkSize, m.Size/ChunkSize)
	err := download(ctx, blobs, m, dst, from, opts)
	if from > 0 && errors.Is(err, errOtherHash) {
		err = download(ctx, blobs, m, dst, 0, opts)
	}
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

// errOtherHash is an ErrDamaged that only the whole file shows.
var errOtherHash = fmt.Errorf("%w: its hash differs", ErrDamaged)

func download(ctx context.Context, blobs Blobs, m *Manifest, dst Target, from uint64, opts Options) error {
	d := &downloading{Manifest: m, blobs: blobs, dst: dst, sealer: opts.Sealer(m.Key), hash: sha256.New()}
	err := hashPrefix(ctx, d.hash, dst, from*ChunkSize)
	if errors.Is(err, ErrSourceChanged) { // dst is shorter than was said
		d.hash, from = sha256.New(), 0
	} else if err != nil {
		return err
	}
	showing := newPace(opts.Now, progressInterval)
	opts.Progress(from*ChunkSize, m.Size)
	p := &pipeline{window: opts.Window, start: func(*chunk) error { return nil }, work: d.get}
	p.finish = func(c *chunk) error {
		if err := d.write(c); err != nil {
			return err
		}
		if showing.due() {
			opts.Progress(min((c.number+1)*ChunkSize, m.Size), m.Size)
		}
		return nil
	}
	if err := p.run(ctx, from, m.Chunks()); err != nil {
		return err
	}
	if [sha256.Size]byte(d.hash.Sum(nil)) != m.Hash {
		return errOtherHash
	}
	opts.Progress(m.Size, m.Size)
	return nil
}

// downloading is one run of a download.
type downloading struct {
	*Manifest
	blobs  Blobs
	dst    Target
	sealer Sealer
	hash   hash.Hash // of what has been written
}

func (d *downloading) get(ctx context.Context, c *chunk) error {
	b := blob(d.Key, c.number)
	sealed, err := d.blobs.GetBlob(ctx, b.ID, b.Read)
	if errors.Is(err, link.ErrNotFound) {
		return ErrGone
	}
	if err != nil {
		return err
	}
	if c.plain == nil {
		c.plain = make([]byte, 0, ChunkSize)
	}
	plain, err := d.sealer.Open(c.plain[:0], c.number, sealed)
	if err != nil {
		return err
	}
	if len(plain) != ChunkSize {
		return ErrDamaged
	}
	c.plain = plain
	return nil
}

func (d *downloading) write(c *chunk) error {
	at := c.number * ChunkSize
	n := min(ChunkSize, d.Size-at)
	for _, b := range c.plain[n:] {
		if b != 0 {
			return ErrDamaged // padding is zeros
		}
	}
	d.hash.Write(c.plain[:n])
	if n == 0 {
		return nil
	}
	if _, err := d.dst.WriteAt(c.plain[:n], int64(at)); err != nil { // #nosec G115 -- at is at most MaxSize
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

// Delete deletes a file from the relay. What is already gone is no error.
func Delete(ctx context.Context, blobs Blobs, m *Manifest) error {
	return remove(ctx, blobs, m.Key, m.Chunks())
}

func remove(ctx context.Context, blobs Blobs, key *secret.Bytes, n uint64) error {
	nothing := func(*chunk) error { return nil }
	p := &pipeline{window: defaultWindow, start: nothing, finish: nothing}
	p.work = func(ctx context.Context, c *chunk) error {
		b := blob(key, c.number)
		if err := blobs.DeleteBlob(ctx, b.ID, b.Delete); !errors.Is(err, link.ErrNotFound) {
			return err
		}
		return nil
	}
	if err := p.run(ctx, 0, n); err != nil {
		return fmt.Errorf("delete the file: %w", err)
	}
	return nil
}
