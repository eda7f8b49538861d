package conversation

import (
	"context"

	"bulle/device/client/attachment"
	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Discarding. When a file of ours is deleted for everyone, its chunks leave the
// relay as well: whoever sent a file holds the right to delete it. Its manifest, and
// nothing else of the message, waits under d/NUMBER until the relay has done so.

const discardPrefix = "d/"

// manifest returns the manifest of the file of a message, nil if there is none.
func (r *record) manifest() *attachment.Manifest {
	var m attachment.Manifest
	if r.File == nil || len(r.File.Manifest) == 0 || !decodes(r.File.Manifest, &m) {
		return nil
	}
	return &m
}

// discard notes that a file is to be deleted on the relay, and ends its key in
// memory.
func (e *Engine) discard(tx *vault.Tx, n *notes, id ID, m *meta, file *attachment.Manifest) error {
	if file == nil {
		return nil
	}
	defer file.Wipe()
	// What it was called is nobody's business any more.
	file.Name, file.Type, file.Preview = "", "", []byte{}
	if err := save(tx, segment(id), numbered(discardPrefix, m.number()), file); err != nil {
		return err
	}
	n.kick(workerKey{kind: uploadWorker})
	return m.save(tx, id)
}

// discarded deletes on the relay what waits for that in one conversation.
func (e *Engine) discarded(ctx context.Context, id ID) error {
	seg := segment(id)
	names, err := e.view(ctx).List(seg, vault.Range{Prefix: discardPrefix})
	if err != nil {
		return ignoreMissing(err)
	}
	for _, name := range names {
		b, err := e.view(ctx).Get(seg, name)
		if err != nil {
			return ignoreMissing(err)
		}
		var file attachment.Manifest
		err = syntax.Unmarshal(b, &file)
		secret.Wipe(b)
		if err == nil {
			err = attachment.Delete(ctx, e.relay, &file)
			file.Wipe()
			if remote(err) || ctx.Err() != nil {
				return err
			}
		}
		if err := e.update(ctx, "discarded", func(tx *vault.Tx, _ *notes) error { return tx.Delete(seg, name) }); err != nil {
			return err
		}
	}
	return nil
}
