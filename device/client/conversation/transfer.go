package conversation

import (
	"context"
	"errors"
	"slices"

	"bulle/device/vault"
)

// What a member does to files on their way. An upload that waits is at u/NUMBER; one
// whose message failed, but of which something is kept, is held at h/NUMBER:
//
//	      SendFile                    PauseUpload
//	──────────────> u/ moving <──────────────────────────> u/ paused
//	                 │  ^                                     │
//	   source gone   │  │ SendFileAgain                       │
//	                 v  │                                     │ CancelUpload
//	                h/ missing ──────────> h/ cancelled <─────┘
//	                                        │ deleted from the relay
//	                                        v nothing

const heldPrefix = "h/"

// ErrNoUpload says that a file is not on its way: it was sent, or failed, before.
var ErrNoUpload = errors.New("this file is not on its way any more")

// errHalted ends the run of an upload whose member paused or cancelled it.
var errHalted = errors.New("halted by its member")

// An upKey names an upload that runs.
type upKey struct {
	id   ID
	name string
}

// halting returns a context that ends when the upload is halted. It is asked for
// before the upload is read, so that no halt falls in between.
func (e *Engine) halting(ctx context.Context, id ID, name string) (running context.Context, end func()) {
	running, cancel := context.WithCancelCause(ctx)
	key := upKey{id, name}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[key] = cancel
	return running, func() {
		e.mu.Lock()
		delete(e.running, key)
		e.mu.Unlock()
		cancel(nil)
	}
}

func (e *Engine) halt(id ID, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cancel := e.running[upKey{id, name}]; cancel != nil {
		cancel(errHalted)
	}
}

// findUpload returns the upload of a message, held or not, and its name.
func findUpload(r reader, id ID, message MessageID) (name string, u *upload, err error) {
	for _, prefix := range []string{uploadPrefix, heldPrefix} {
		names, err := r.List(segment(id), vault.Range{Prefix: prefix})
		if err != nil {
			return "", nil, ignoreMissing(err)
		}
		for _, name := range names {
			u := new(upload)
			if ok, err := load(r, segment(id), name, u); err != nil || !ok {
				return "", nil, orNoMessage(err)
			}
			if u.Message == message {
				return name, u, nil
			}
			u.State.Wipe()
		}
	}
	return "", nil, ErrNoUpload
}

// hold keeps an upload whose message has failed.
func hold(tx *vault.Tx, id ID, name string, u *upload, p phase) error {
	if err := tx.Delete(segment(id), name); err != nil {
		return err
	}
	u.Phase = p
	return save(tx, segment(id), heldPrefix+name[len(heldPrefix):], u)
}

// PauseUpload stops an upload until it is told to go on, over a restart too.
func (e *Engine) PauseUpload(ctx context.Context, id ID, message MessageID, stop bool) error {
	var at string
	err := e.update(ctx, "pause", func(tx *vault.Tx, n *notes) error {
		name, u, err := findUpload(tx, id, message)
		if err != nil {
			return err
		}
		defer u.State.Wipe()
		if u.Phase != moving && u.Phase != paused {
			return ErrNoUpload
		}
		at, u.Phase = name, moving
		if stop {
			u.Phase = paused
		}
		if err := save(tx, segment(id), name, u); err != nil {
			return err
		}
		n.tell(Event{Kind: EventTransfer, Conversation: id, Transfer: u.transfer()})
		n.kick(workerKey{kind: uploadWorker})
		return nil
	})
	if err == nil && stop {
		e.halt(id, at)
	}
	return err
}

// CancelUpload gives a file up. What is on the relay of it is deleted when the relay
// can be asked.
func (e *Engine) CancelUpload(ctx context.Context, id ID, message MessageID) error {
	var at string
	err := e.update(ctx, "cancel", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return orNoMessage(err)
		}
		name, u, err := findUpload(tx, id, message)
		if err != nil {
			return err
		}
		defer u.State.Wipe()
		at = name
		if err := hold(tx, id, name, u, cancelled); err != nil {
			return err
		}
		n.tell(Event{Kind: EventTransfer, Conversation: id, Transfer: u.transfer()})
		n.kick(workerKey{kind: uploadWorker})
		return failMessage(tx, n, id, m, u.Cursor, ReasonCancelled)
	})
	if err != nil {
		return err
	}
	e.halt(id, at)
	e.dropSource(message)
	return nil
}

// SendFileAgain gives an upload whose source was gone another one, which has to have
// the same bytes: it goes on where it was. The engine closes the source.
func (e *Engine) SendFileAgain(ctx context.Context, id ID, message MessageID, f Outgoing) error {
	kept := false
	err := e.update(ctx, "send again", func(tx *vault.Tx, n *notes) error {
		m, ok, err := loadMeta(tx, id)
		if err != nil || !ok {
			return orNoMessage(err)
		}
		name, u, err := findUpload(tx, id, message)
		if err != nil {
			return err
		}
		defer u.State.Wipe()
		switch {
		case u.Phase != missing:
			return ErrNoUpload
		case m.Outside || m.Leaving:
			return ErrNotMember
		case f.Size < 0 || uint64(f.Size) != u.State.Size:
			return ErrOtherFile
		}
		if err := tx.Delete(segment(id), name); err != nil {
			return err
		}
		u.Phase, u.Reference = moving, f.Reference
		if err := save(tx, segment(id), uploadPrefix+name[len(heldPrefix):], u); err != nil {
			return err
		}
		n.kick(workerKey{kind: uploadWorker})
		if err := setState(tx, n, id, m, u.Cursor, Queued, ReasonNone); err != nil {
			return err
		}
		e.keepSource(message, f.Content)
		kept = true
		return e.ensureThread(tx, n, id, m)
	})
	switch {
	case err == nil:
	case kept:
		e.dropSource(message)
	case f.Content != nil:
		_ = f.Content.Close() // it was not even read
	}
	return err
}

// ErrOtherFile says that a file is not the one that was being sent.
var ErrOtherFile = errors.New("this is another file than the one that was being sent")

// Uploads returns the files of a conversation that are on their way to the relay.
func (e *Engine) Uploads(ctx context.Context, id ID) ([]Transfer, error) {
	v := e.view(ctx)
	names, err := v.List(segment(id), vault.Range{Prefix: uploadPrefix})
	if err != nil {
		return nil, ignoreMissing(err)
	}
	var out []Transfer
	for _, name := range names {
		var u upload
		if ok, err := load(v, segment(id), name, &u); err != nil {
			return nil, err
		} else if ok {
			out = append(out, *u.transfer())
			u.State.Wipe()
		}
	}
	return slices.Clip(out), nil
}

// transfer shows an upload that does not run.
func (u *upload) transfer() *Transfer {
	t := &Transfer{
		Message: u.Message, Upload: true, State: TransferWaiting,
		Done: int64(u.State.Sent()), Total: int64(u.State.Size), //nolint:gosec // G115: at most attachment.MaxSize
	}
	switch u.Phase {
	case paused:
		t.State = TransferPaused
	case missing, cancelled:
		t.State = TransferEnded
	case moving:
	}
	return t
}

// dropHeld deletes what a cancelled upload has put on the relay.
func (e *Engine) dropHeld(ctx context.Context, id ID, name string) error {
	var u upload
	if ok, err := load(e.view(ctx), segment(id), name, &u); err != nil || !ok {
		return err
	}
	defer u.State.Wipe()
	if u.Phase != cancelled {
		return nil
	}
	if err := u.State.Abort(ctx, e.relay); remote(err) || ctx.Err() != nil {
		return err // otherwise it expires
	}
	return e.update(ctx, "cancelled", func(tx *vault.Tx, _ *notes) error { return tx.Delete(segment(id), name) })
}

// tellUpload tells screens how an upload stands that does not run any more.
func (e *Engine) tellUpload(ctx context.Context, id ID, name string) error {
	var u upload
	ok, err := load(e.view(ctx), segment(id), name, &u)
	if err != nil || !ok {
		return err
	}
	defer u.State.Wipe()
	e.Notify(Event{Kind: EventTransfer, Conversation: id, Transfer: u.transfer()})
	return nil
}

func (e *Engine) transferred(id ID, message MessageID, s TransferState, done, total uint64) {
	t := &Transfer{Message: message, Upload: true, State: s, Done: int64(done), Total: int64(total)} //nolint:gosec // G115: at most attachment.MaxSize
	e.Notify(Event{Kind: EventTransfer, Conversation: id, Transfer: t})
}

// received is the event of a file that is being saved.
func received(id ID, message MessageID, done, total uint64) Event {
	t := &Transfer{Message: message, State: TransferMoving, Done: int64(done), Total: int64(total)} //nolint:gosec // G115: at most attachment.MaxSize
	if done == total {
		t.State = TransferEnded
	}
	return Event{Kind: EventTransfer, Conversation: id, Transfer: t}
}
