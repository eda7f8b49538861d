package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"bulle/device/client/link"
	"bulle/protocol/secret"
)

// NewManifest returns the manifest of data that is in memory, under a new random
// key, before anything is uploaded: [Put] uploads it.
func NewManifest(data []byte, class link.Class) *Manifest {
	return &Manifest{
		Key: secret.Random(KeySize), Size: uint64(len(data)), Hash: sha256.Sum256(data), Class: class,
	}
}

// Put uploads the data that a manifest was made from. It may be repeated.
func Put(ctx context.Context, blobs Blobs, m *Manifest, data []byte) error {
	if uint64(len(data)) != m.Size || sha256.Sum256(data) != m.Hash {
		return ErrSourceChanged
	}
	u := &Upload{Key: m.Key, Size: m.Size, Prefix: sha256.Sum256(nil), Class: m.Class}
	sent, err := u.Run(ctx, blobs, bytes.NewReader(data), Options{})
	if err != nil {
		return err
	}
	sent.Wipe()
	return nil
}

// Fetch downloads a file into memory. It fails with [ErrTooLarge] when the
// manifest says more than limit bytes.
func Fetch(ctx context.Context, blobs Blobs, m *Manifest, limit uint64) ([]byte, error) {
	if m.Size > limit {
		return nil, fmt.Errorf("%w: %d bytes where %d are allowed", ErrTooLarge, m.Size, limit)
	}
	data := make(memory, m.Size)
	if err := Download(ctx, blobs, m, data, 0, Options{}); err != nil {
		return nil, err
	}
	return data, nil
}

// memory is a Target of a fixed size.
type memory []byte

func (m memory) WriteAt(b []byte, at int64) (int, error) {
	return copy(m[at:], b), nil
}

func (m memory) ReadAt(b []byte, at int64) (int, error) {
	n := copy(b, m[min(at, int64(len(m))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
