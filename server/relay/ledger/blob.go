package ledger

import (
	"bytes"
	"fmt"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// blob returns the record of a blob, nil if there is none or its bucket is gone.
func (l *Ledger) blob(id wire.ID) (*blobRecord, error) {
	r := new(blobRecord)
	found, err := load(l.kv, tableIndex.key(id), r)
	if err != nil || !found || !l.usage.live(tableBlobs, r.Class, r.Bucket) {
		return nil, err
	}
	return r, nil
}

func (t *tx) putBlob(category relay.Category, b *wire.BlobPut) (wire.Body, error) {
	r, err := t.l.blob(b.Blob)
	if err != nil {
		return nil, err
	}
	if r != nil {
		data, err := t.l.kv.Get(blobKey(r.Class, r.Bucket, b.Blob))
		if err != nil {
			return nil, fmt.Errorf("compare a blob: %w", err)
		}
		if r.Category != category || r.Class != b.Class || r.Read != b.Read || r.Delete != b.Delete || !bytes.Equal(data, b.Data) {
			return refuse(wire.Exists)
		}
		return &wire.Done{}, nil
	}
	if code := t.room(category, len(b.Data)); code != 0 {
		return refuse(code)
	}
	r = &blobRecord{
		Category: category, Class: b.Class, Bucket: bucketAt(b.Class, t.hour), Read: b.Read, Delete: b.Delete,
		Size: uint32(len(b.Data)), //nolint:gosec // G115: at most MaxBlob
	}
	t.batch.set(tableIndex.key(b.Blob), encode(r))
	t.batch.set(blobKey(r.Class, r.Bucket, b.Blob), b.Data)
	t.mark(b.Blob, 0)
	t.use(usageKey{tableBlobs, r.Class, r.Bucket, category}, int64(len(b.Data)))
	return &wire.Done{}, nil
}

func (t *tx) deleteBlob(category relay.Category, b *wire.BlobDelete) (wire.Body, error) {
	r, err := t.l.blob(b.Blob)
	switch {
	case err != nil:
		return nil, err
	case r == nil, !allowed(r.Category, category, r.Delete, b.Cap):
		return refuse(wire.NotFound)
	}
	t.batch.delete(tableIndex.key(b.Blob))
	t.batch.delete(blobKey(r.Class, r.Bucket, b.Blob))
	t.mark(b.Blob, 0)
	t.use(usageKey{tableBlobs, r.Class, r.Bucket, category}, -int64(r.Size))
	t.l.forget.add(tableBlobs.bucketBounds(r.Class, r.Bucket))
	t.l.forget.add(tableIndex.bounds())
	return &wire.Done{}, nil
}

// Blob implements [relay.Store].
func (l *Ledger) Blob(c relay.Category, id wire.ID, read wire.Cap) ([]byte, error) {
	r, err := l.blob(id)
	if err != nil {
		return nil, fmt.Errorf("get a blob: %w", err)
	}
	if r == nil || !allowed(r.Category, c, r.Read, read) {
		return nil, wire.NotFound
	}
	data, err := l.kv.Get(blobKey(r.Class, r.Bucket, id))
	if err != nil {
		return nil, fmt.Errorf("get a blob: %w", err)
	}
	if data == nil {
		return nil, wire.NotFound
	}
	return data, nil
}
