package core

import (
	"context"
	"errors"
	"io"
	"sync"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

// Why a download was halted, and what the page is told of it.
var (
	errPaused    = &bridge.Error{Code: "paused"}
	errCancelled = &bridge.Error{Code: "cancelled"}
	errBusy      = &bridge.Error{Code: "busy"}
)

// downloads are the files that the page asked for: those that are on their way, and
// what is there of those that were paused or lost the relay. They live as long as
// the session does.
type downloads struct {
	announce func(event string, value any)

	mu  sync.Mutex
	all map[page.MessageID]*download
}

// A store has what is there of a file.
type store interface {
	io.WriterAt
	io.ReaderAt
	Size() int64
}

// A download is one of them. While it runs, its store is its own.
type download struct {
	of    page.MessageID
	store store
	halt  context.CancelCauseFunc // nil while it does not run
	shown page.Transfer           // guarded by the lock of downloads
	owner *downloads
}

// begin makes or continues a download. One file is fetched once at a time.
func (s *downloads) begin(ctx context.Context, of page.MessageID, empty store) (*download, context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.all[of]
	switch {
	case d != nil && d.halt != nil:
		return nil, nil, errBusy
	case d == nil:
		if s.all == nil {
			s.all = map[page.MessageID]*download{}
		}
		d = &download{of: of, store: empty, owner: s, shown: page.Transfer{Conversation: of.Conversation, Message: of.Message}}
		s.all[of] = d
	}
	d.shown.State = client.TransferWaiting.String()
	ctx, d.halt = context.WithCancelCause(ctx)
	return d, ctx, nil
}

// note keeps how far a download is. The client announces it by itself.
func (d *download) note(p client.Progress) {
	d.owner.mu.Lock()
	defer d.owner.mu.Unlock()
	d.shown.State, d.shown.Done, d.shown.Total = client.TransferMoving.String(), p.Done, p.Total
}

// end is called with how a download went. What is there of one that failed is kept,
// unless it was cancelled.
func (s *downloads) end(d *download, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.halt(nil)
	d.halt = nil
	d.shown.State = client.TransferEnded.String()
	switch {
	case err == nil, errors.Is(err, errCancelled):
		delete(s.all, d.of)
	case errors.Is(err, errPaused):
		d.shown.State = client.TransferPaused.String()
	}
	s.announce("transfer", d.shown)
}

// pause halts a download, which keeps what is there, also one that waits for the
// relay. To go on, the page asks for the file again.
func (s *downloads) pause(of page.MessageID) {
	s.stop(of, errPaused)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.all[of]; d != nil && d.halt == nil {
		d.shown.State = client.TransferPaused.String()
		s.announce("transfer", d.shown)
	}
}

// cancel halts a download and forgets what is there.
func (s *downloads) cancel(of page.MessageID) {
	s.stop(of, errCancelled)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.all[of]; d != nil && d.halt == nil {
		delete(s.all, of)
		d.shown.State = client.TransferEnded.String()
		s.announce("transfer", d.shown)
	}
}

func (s *downloads) stop(of page.MessageID, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.all[of]; d != nil && d.halt != nil {
		d.halt(why)
	}
}

// of returns the downloads of a conversation.
func (s *downloads) of(conversation string) []page.Transfer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []page.Transfer
	for of, d := range s.all {
		if of.Conversation == conversation && d.shown.State != client.TransferEnded.String() {
			out = append(out, d.shown)
		}
	}
	return out
}

// Transfers implements [page.Core].
func (c *Core) Transfers(_ context.Context, in page.ID) (page.Transfers, error) {
	cl, id, err := c.in(in.ID)
	if err != nil {
		return page.Transfers{}, err
	}
	up, err := cl.Uploads(id)
	if err != nil {
		return page.Transfers{}, err
	}
	all := list(up, func(t client.Transfer) page.Transfer { return transfer(id, t) })
	return page.Transfers{Transfers: append(all, c.downloads.of(in.ID)...)}, nil
}

// PauseTransfer implements [page.Core].
func (c *Core) PauseTransfer(_ context.Context, in page.Pausing) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	switch {
	case err != nil:
	case in.Upload:
		err = cl.PauseUpload(id, m, in.Paused)
	case in.Paused:
		c.downloads.pause(page.MessageID{Conversation: in.Conversation, Message: in.Message})
	}
	return bridge.None{}, err
}

// CancelTransfer implements [page.Core].
func (c *Core) CancelTransfer(_ context.Context, in page.Cancelling) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	switch {
	case err != nil:
	case in.Upload:
		err = cl.CancelUpload(id, m)
	default:
		c.downloads.cancel(page.MessageID{Conversation: in.Conversation, Message: in.Message})
	}
	return bridge.None{}, err
}

func transfer(in client.ConversationID, t client.Transfer) page.Transfer {
	return page.Transfer{
		Conversation: in.String(), Message: t.Message.String(), Upload: t.Upload, State: t.State.String(),
		Done: t.Progress.Done, Total: t.Progress.Total,
	}
}
