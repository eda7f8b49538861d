package conversation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"bulle/device/client/attachment"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Files. A file that is sent is a message at once, and an upload until all of it is
// on the relay; then its manifest is queued like a text. The upload's state is in
// the vault, so that it goes on after a crash: its source is opened again by the
// reference that the sender gave, or else by the sender ([Engine.SendFileAgain]).
// A text does not wait for a file that was queued before it.

// Source is the content of a file being sent.
type Source interface {
	io.ReaderAt
	io.Closer
}

// An Outgoing file, as a member sends it.
type Outgoing struct {
	Name, MediaType, Caption string
	Shown                    Shown
	Size                     int64
	Content                  Source
	Reference                string    // what Config.Open finds it by, after a restart
	ReplyTo                  MessageID // zero: none
}

// An upload is a file on its way to the relay.
type upload struct {
	Cursor    Cursor
	Message   MessageID
	Content   Content // without its body, which comes last
	Caption   string
	Reference string
	State     attachment.Upload
	// version 2
	Phase phase
}

// phase says what is to become of an upload.
type phase uint8

const (
	moving    phase = 0 // it goes on by itself
	paused    phase = 1 // its member stopped it for now
	missing   phase = 2 // held: its source is gone, and its member has to choose it again
	cancelled phase = 3 // held: what it put on the relay is to be deleted
)

// Code implements [syntax.Value].
func (u *upload) Code(c *syntax.Codec) {
	second := codeVersions(c, u.Phase != moving)
	c.Uint64((*uint64)(&u.Cursor))
	c.Fixed(u.Message[:])
	u.Content.Code(c)
	c.String(&u.Caption)
	c.String(&u.Reference)
	u.State.Code(c)
	if !second {
		return
	}
	syntax.Enum8(c, &u.Phase)
	if c.Err() == nil && u.Phase > cancelled {
		c.Fail("phase %d of an upload", u.Phase)
	}
	checkVersion(c, second, u.Phase != moving)
}

// SendFile queues a file. The engine closes its content when it is done with it.
func (e *Engine) SendFile(ctx context.Context, id ID, peer governance.MemberID, f Outgoing) (MessageID, error) {
	if err := f.check(); err != nil {
		return MessageID{}, err
	}
	c := e.newContent(KindFile, []byte{})
	rec := e.ownRecord(&c, MessageFile)
	size := uint64(f.Size) //nolint:gosec // G115: checked
	rec.Reply = f.ReplyTo
	if shown := f.Shown.media(); shown != nil {
		if err := c.extend(extensionMedia, shown); err != nil {
			return MessageID{}, fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		rec.Media = c.media()
	}
	rec.Text, rec.File = f.Caption, &fileRecord{Name: f.Name, MediaType: f.MediaType, Size: size, Manifest: []byte{}}
	state := attachment.NewUpload(f.Name, f.MediaType, size, channelClass)
	defer state.Wipe()
	u := &upload{Message: rec.ID, Caption: f.Caption, Reference: f.Reference, State: *state}
	e.keepSource(rec.ID, f.Content)
	err := e.update(ctx, "send file", func(tx *vault.Tx, n *notes) error {
		m, at, err := e.compose(tx, n, id, peer, rec, &c)
		if err != nil {
			return err
		}
		u.Cursor, u.Content = at, c
		if err := save(tx, segment(id), numbered(uploadPrefix, m.number()), u); err != nil {
			return err
		}
		n.kick(workerKey{kind: uploadWorker})
		return e.ensureThread(tx, n, id, m)
	})
	if err != nil {
		e.dropSource(rec.ID)
	}
	return rec.ID, err
}

// media is the extension that says it, nil if there is nothing to say.
func (s *Shown) media() *Media {
	if !s.Voice && s.Width <= 0 && s.Height <= 0 && s.Duration <= 0 && len(s.Preview) == 0 {
		return nil
	}
	within := func(n int64) uint32 { return uint32(max(0, min(n, math.MaxUint32))) }
	m := &Media{Width: within(int64(s.Width)), Height: within(int64(s.Height)), Duration: within(s.Duration.Milliseconds()), Preview: s.Preview}
	if s.Voice {
		m.Flags |= MediaVoice
	}
	return m
}

func (f *Outgoing) check() error {
	switch {
	case f.Size < 0 || f.Size > attachment.MaxSize, len(f.Name) > attachment.MaxName, len(f.MediaType) > attachment.MaxType,
		len(f.Caption) > MaxText, !utf8.ValidString(f.Name), !utf8.ValidString(f.MediaType), !utf8.ValidString(f.Caption):
		return ErrTooLarge
	}
	return nil
}

func (e *Engine) keepSource(id MessageID, s Source) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s != nil {
		e.sources[id] = s
	}
}

// source returns the content of an upload, opened again if need be.
func (e *Engine) source(u *upload) (Source, error) {
	e.mu.Lock()
	s := e.sources[u.Message]
	e.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if e.Open == nil || u.Reference == "" {
		return nil, attachment.ErrSourceChanged
	}
	s, err := e.Open(u.Reference)
	if err != nil {
		return nil, attachment.ErrSourceChanged
	}
	e.keepSource(u.Message, s)
	return s, nil
}

func (e *Engine) dropSource(id MessageID) {
	e.mu.Lock()
	s := e.sources[id]
	delete(e.sources, id)
	e.mu.Unlock()
	if s != nil {
		_ = s.Close() // it was only read
	}
}

// uploadPass uploads what waits, one file after the other. A file that cannot be
// read now does not hold up the others.
func (e *Engine) uploadPass(ctx context.Context, _ *worker, _ uint64) error {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, seg := range names {
		id, err := ParseID(strings.TrimPrefix(seg, segmentPrefix))
		if err != nil || !strings.HasPrefix(seg, segmentPrefix) {
			continue
		}
		if err := e.discarded(ctx, id); err != nil {
			return err
		}
		for prefix, step := range map[string]func(context.Context, ID, string) error{heldPrefix: e.dropHeld, uploadPrefix: e.upload} {
			waiting, err := e.view(ctx).List(seg, vault.Range{Prefix: prefix})
			if err != nil {
				return ignoreMissing(err)
			}
			for _, name := range waiting {
				err := step(ctx, id, name)
				if remote(err) || errors.Is(err, ErrStopped) || ctx.Err() != nil {
					return err
				}
				failed = errors.Join(failed, err)
			}
		}
	}
	return failed
}

// upload brings one file to the relay and queues its manifest, unless its member
// halts it.
func (e *Engine) upload(ctx context.Context, id ID, name string) error {
	running, end := e.halting(ctx, id, name)
	defer end()
	var u upload
	if ok, err := load(e.view(ctx), segment(id), name, &u); err != nil || !ok {
		return err
	}
	defer u.State.Wipe()
	if u.Phase == paused {
		return nil
	}
	src, err := e.source(&u)
	if err != nil {
		return e.giveUp(ctx, id, name, &u)
	}
	manifest, err := u.State.Run(running, e.relay, src, attachment.Options{
		Progress: func(done, total uint64) { e.transferred(id, u.Message, TransferMoving, done, total) },
		Save: func(*attachment.Upload) error {
			return e.update(ctx, "upload", func(tx *vault.Tx, _ *notes) error { return saveUpload(tx, id, name, &u) })
		},
	})
	switch {
	case errors.Is(err, attachment.ErrSourceChanged), errors.Is(err, attachment.ErrTooLarge):
		return e.giveUp(ctx, id, name, &u)
	case errors.Is(context.Cause(running), errHalted) && ctx.Err() == nil && !errors.Is(err, ErrStopped):
		if manifest != nil {
			manifest.Wipe()
		}
		return e.tellUpload(ctx, id, name)
	case err != nil:
		return fmt.Errorf("upload a file: %w", err)
	}
	defer manifest.Wipe()
	err = e.uploaded(ctx, id, name, &u, manifest)
	if errors.Is(err, errHalted) {
		return e.tellUpload(ctx, id, name)
	}
	if err == nil {
		e.dropSource(u.Message)
	}
	return err
}

// saveUpload keeps the state of an upload that was not given up meanwhile. Its
// phase is its member's: what the vault says holds.
func saveUpload(tx *vault.Tx, id ID, name string, u *upload) error {
	var now upload
	switch ok, err := load(tx, segment(id), name, &now); {
	case err != nil:
		return err
	case !ok:
		return errGone
	}
	now.State.Wipe()
	u.Phase = now.Phase
	return save(tx, segment(id), name, u)
}

// uploaded turns an upload into a content that waits to be sealed.
func (e *Engine) uploaded(ctx context.Context, id ID, name string, u *upload, manifest *attachment.Manifest) error {
	body, err := syntax.Marshal(&File{Caption: u.Caption, Manifest: *manifest})
	if err != nil {
		return err
	}
	defer secret.Wipe(body)
	u.Content.Body = body
	return e.update(ctx, "uploaded", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return err
		}
		if err := saveUpload(tx, id, name, u); err != nil {
			return err
		}
		if u.Phase != moving {
			return errHalted
		}
		rec, err := loadMessage(tx, id, u.Cursor)
		if err != nil {
			return err
		}
		if rec.File, err = fileOf(manifest); err != nil {
			return err
		}
		if err := save(tx, segment(id), messagePrefix+u.Cursor.key(), rec); err != nil {
			return err
		}
		if err := tx.Delete(segment(id), name); err != nil {
			return err
		}
		n.tell(Event{Kind: EventTransfer, Conversation: id, Transfer: &Transfer{
			Message: u.Message, Upload: true, State: TransferEnded, Done: int64(manifest.Size), Total: int64(manifest.Size), //nolint:gosec // G115: at most attachment.MaxSize
		}})
		if err := save(tx, segment(id), numbered(queuePrefix, m.number()), &queued{Cursor: u.Cursor, Content: u.Content}); err != nil {
			return err
		}
		return e.ensureThread(tx, n, id, m)
	})
}

// giveUp marks a file that cannot be sent. What is there of it is held for when its
// member chooses the file again.
func (e *Engine) giveUp(ctx context.Context, id ID, name string, u *upload) error {
	e.dropSource(u.Message)
	return e.update(ctx, "upload failed", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return err
		}
		if err := saveUpload(tx, id, name, u); err != nil {
			return err
		}
		if err := hold(tx, id, name, u, missing); err != nil {
			return err
		}
		return failMessage(tx, n, id, m, u.Cursor, ReasonFile)
	})
}

// Save writes the file of a message to a target. The first have bytes are there
// from an earlier attempt. It returns nil only when all of it is there and its hash
// is right.
func (e *Engine) Save(ctx context.Context, id ID, message MessageID, to attachment.Target, have int64, progress func(done, total int64)) error {
	v := e.view(ctx)
	at, ok, err := findMessage(v, id, message)
	if err != nil || !ok {
		return orNoMessage(err)
	}
	rec, err := loadMessage(v, id, at)
	if err != nil {
		return err
	}
	if rec.File == nil || len(rec.File.Manifest) == 0 {
		return ErrNoMessage
	}
	defer secret.Wipe(rec.File.Manifest)
	var manifest attachment.Manifest
	if err := syntax.Unmarshal(rec.File.Manifest, &manifest); err != nil {
		return fmt.Errorf("read the manifest of a file: %w", err)
	}
	defer manifest.Wipe()
	e.mu.Lock()
	relay := e.relay
	e.mu.Unlock()
	if relay == nil {
		return ErrNotRunning
	}
	return attachment.Download(ctx, relay, &manifest, to, uint64(max(have, 0)), attachment.Options{
		Progress: func(done, total uint64) {
			e.Notify(received(id, message, done, total))
			progress(int64(done), int64(total)) //nolint:gosec // G115: at most attachment.MaxSize
		},
	})
}
