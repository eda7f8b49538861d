package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"bulle/device/client/link"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// An Upload is a file on its way to the relay, and what has to be kept to go on
// after an interruption: write it to the vault when [Options.Save] hands it over.
// It holds the file key.
//
//	struct {
//	    uint8  version = 1;
//	    opaque key[32];
//	    uint64 size;
//	    uint64 done;         chunks that the relay has, all of the first
//	    opaque prefix[32];   SHA-256 of the bytes of those chunks
//	    uint8  class;
//	    opaque name<V>;
//	    opaque type<V>;
//	    opaque preview<V>;
//	} Upload;
type Upload struct {
	Key     *secret.Bytes
	Size    uint64
	Done    uint64
	Prefix  [sha256.Size]byte
	Class   link.Class
	Name    string
	Type    string
	Preview []byte
}

// Code implements [syntax.Value].
func (u *Upload) Code(c *syntax.Codec) {
	codeVersion(c)
	codeKey(c, &u.Key)
	c.Uint64(&u.Size)
	c.Uint64(&u.Done)
	c.Fixed(u.Prefix[:])
	codeAbout(c, u.Size, &u.Class, &u.Name, &u.Type, &u.Preview)
	if u.Size <= MaxSize && u.Done > chunks(u.Size) {
		c.Fail("%d chunks done of %d", u.Done, chunks(u.Size))
	}
}

// NewUpload returns the upload of a file of size bytes under a new random key.
func NewUpload(name, contentType string, size uint64, class link.Class) *Upload {
	return &Upload{
		Key: secret.Random(KeySize), Size: size, Prefix: sha256.Sum256(nil),
		Class: class, Name: name, Type: contentType,
	}
}

// Run puts what the relay lacks and returns the manifest, whose key is a copy.
// After an error it may be called again, with this value or with the one that was
// saved last. It returns [ErrSourceChanged] when src is not what the upload began
// with; then only a new upload can send it.
func (u *Upload) Run(ctx context.Context, blobs Blobs, src io.ReaderAt, opts Options) (*Manifest, error) {
	if err := u.check(); err != nil {
		return nil, err
	}
	r := &uploading{Upload: u, blobs: blobs, src: src, opts: opts.withDefaults(), hash: sha256.New()}
	if err := r.resume(ctx); err != nil {
		return nil, fmt.Errorf("resume upload: %w", err)
	}
	if err := r.run(ctx); err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	return &Manifest{
		Key: u.Key.Clone(), Size: u.Size, Hash: u.Prefix,
		Class: u.Class, Name: u.Name, Type: u.Type, Preview: bytes.Clone(u.Preview),
	}, nil
}

func (u *Upload) check() error {
	if _, err := syntax.Marshal(u); err != nil {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return nil
}

// Sent returns how many bytes of the file the relay has for sure.
func (u *Upload) Sent() uint64 { return min(u.Done*ChunkSize, u.Size) }

// Abort deletes what an upload that will not be finished has put.
func (u *Upload) Abort(ctx context.Context, blobs Blobs) error {
	return remove(ctx, blobs, u.Key, min(chunks(u.Size), u.Done+maxWindow))
}

// Wipe ends the file key.
func (u *Upload) Wipe() { u.Key.Wipe() }

// uploading is one run of an upload.
type uploading struct {
	*Upload
	blobs   Blobs
	src     io.ReaderAt
	opts    Options
	sealer  Sealer
	hash    hash.Hash // of what has been read
	unsaved bool
}

// resume checks that source and relay still have what was done before.
func (r *uploading) resume(ctx context.Context) error {
	if r.Done > 0 {
		b := blob(r.Key, 0)
		_, err := r.blobs.GetBlob(ctx, b.ID, b.Read)
		switch {
		case errors.Is(err, link.ErrNotFound): // expired, or the relay is a new one
			r.Done, r.Prefix = 0, sha256.Sum256(nil)
		case err != nil:
			return err
		}
	}
	if err := hashPrefix(ctx, r.hash, r.src, r.Sent()); err != nil {
		return err
	}
	if [sha256.Size]byte(r.hash.Sum(nil)) != r.Prefix {
		return ErrSourceChanged
	}
	return nil
}

func (r *uploading) run(ctx context.Context) error {
	r.sealer = r.opts.Sealer(r.Key)
	saving := newPace(r.opts.Now, saveInterval)
	showing := newPace(r.opts.Now, progressInterval)
	r.opts.Progress(r.Sent(), r.Size)
	p := &pipeline{window: r.opts.Window, start: r.read, work: r.put}
	p.finish = func(c *chunk) error {
		r.Done, r.Prefix, r.unsaved = c.number+1, c.prefix, true
		if showing.due() {
			r.opts.Progress(r.Sent(), r.Size)
		}
		if saving.due() {
			return r.save()
		}
		return nil
	}
	err := p.run(ctx, r.Done, chunks(r.Size))
	if err == nil {
		err = r.atEnd()
	}
	if saveErr := r.save(); err == nil {
		err = saveErr
	}
	if err == nil {
		r.opts.Progress(r.Size, r.Size)
	}
	return err
}

func (r *uploading) save() error {
	if !r.unsaved {
		return nil
	}
	r.unsaved = false
	if err := r.opts.Save(r.Upload); err != nil {
		return fmt.Errorf("save the state of the upload: %w", err)
	}
	return nil
}

// read fills a chunk from the source.
func (r *uploading) read(c *chunk) error {
	if c.plain == nil {
		c.plain = make([]byte, ChunkSize)
	}
	at := c.number * ChunkSize
	n := min(ChunkSize, r.Size-at)
	if err := readFull(r.src, c.plain[:n], at); err != nil {
		return err
	}
	clear(c.plain[n:])
	r.hash.Write(c.plain[:n])
	r.hash.Sum(c.prefix[:0])
	return nil
}

// put seals a chunk and gives it to the relay.
func (r *uploading) put(ctx context.Context, c *chunk) (err error) {
	if c.sealed == nil {
		c.sealed = make([]byte, 0, sealedSize)
	}
	if c.sealed, err = r.sealer.Seal(c.sealed, c.number, c.plain); err != nil {
		return err
	}
	b := blob(r.Key, c.number)
	b.Class, b.Data = r.Class, c.sealed
	if err := r.blobs.PutBlob(ctx, b); errors.Is(err, link.ErrExists) {
		return ErrSourceChanged // the relay has this chunk with other bytes
	} else if err != nil {
		return err
	}
	return nil
}

// atEnd checks that the source has not grown.
func (r *uploading) atEnd() error {
	var b [1]byte
	n, err := r.src.ReadAt(b[:], int64(r.Size)) // #nosec G115 -- Size is at most MaxSize
	if n > 0 {
		return ErrSourceChanged
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the file: %w", err)
	}
	return nil
}

// readFull reads len(b) bytes of a source at an offset.
func readFull(src io.ReaderAt, b []byte, at uint64) error {
	if len(b) == 0 {
		return nil
	}
	n, err := src.ReadAt(b, int64(at)) // #nosec G115 -- at is at most MaxSize
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return ErrSourceChanged
	case err == nil:
		err = io.ErrNoProgress
	}
	return fmt.Errorf("read the file: %w", err)
}

// hashPrefix adds the first n bytes of a source to a hash.
func hashPrefix(ctx context.Context, h hash.Hash, src io.ReaderAt, n uint64) error {
	if n == 0 {
		return nil
	}
	buf := make([]byte, ChunkSize)
	for at := uint64(0); at < n; at += ChunkSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(ChunkSize, n-at)]
		if err := readFull(src, part, at); err != nil {
			return err
		}
		h.Write(part)
	}
	return nil
}
