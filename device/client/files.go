package client

import (
	"context"
	"errors"
	"io"

	"bulle/device/client/conversation"
)

// FileContent is a file being sent. The client closes it when it is done with it.
type FileContent interface {
	io.ReaderAt
	io.Closer
}

// FileSource is a file to be sent.
type FileSource struct {
	Name      string
	Size      int64
	MediaType string
	Caption   string
	Shown     Shown
	Content   FileContent
	Ref       string    // by which Config.OpenFile finds it again after a restart
	ReplyTo   MessageID // zero: nothing
}

// FileTarget is where a received file is written. Have is how many bytes from the
// start an earlier attempt wrote.
type FileTarget struct {
	Content interface {
		io.WriterAt
		io.ReaderAt
	}
	Have int64
}

func (f FileSource) outgoing() conversation.Outgoing {
	out := conversation.Outgoing{
		Name: f.Name, MediaType: f.MediaType, Caption: f.Caption, Shown: f.Shown, Size: f.Size, Reference: f.Ref,
		ReplyTo: f.ReplyTo,
	}
	if f.Content != nil {
		out.Content = f.Content
	}
	return out
}

// SendFile queues a file. It is a message at once, and goes out when all of it is on
// the relay.
func (c *Client) SendFile(id ConversationID, f FileSource) (MessageID, error) {
	peer, _ := c.peer(id)
	m, err := c.engine.SendFile(context.Background(), id, peer.ID, f.outgoing())
	return m, worded(err)
}

// SendFileAgain gives a message whose file was gone, [ReasonFile], the file again. It
// goes on where it was if this is the same file; of f only size, content and reference count.
func (c *Client) SendFileAgain(id ConversationID, m MessageID, f FileSource) error {
	return worded(c.engine.SendFileAgain(context.Background(), id, m, f.outgoing()))
}

// PauseUpload stops a file that is on its way to the relay, or lets it go on. Paused,
// it stays so over a restart.
func (c *Client) PauseUpload(id ConversationID, m MessageID, paused bool) error {
	return worded(c.engine.PauseUpload(context.Background(), id, m, paused))
}

// CancelUpload gives up a file that is on its way to the relay: its message fails with
// [ReasonCancelled].
func (c *Client) CancelUpload(id ConversationID, m MessageID) error {
	return worded(c.engine.CancelUpload(context.Background(), id, m))
}

// Uploads returns the files of a conversation that are on their way to the relay.
func (c *Client) Uploads(id ConversationID) ([]Transfer, error) {
	found, err := c.engine.Uploads(context.Background(), id)
	out := make([]Transfer, len(found))
	for i := range found {
		out[i] = transfer(&found[i])
	}
	return out, worded(err)
}

// SaveFile writes the file of a message to a target. It returns nil only when all
// of it is there and its hash is right. progress may be nil.
func (c *Client) SaveFile(ctx context.Context, id ConversationID, m MessageID, to FileTarget, progress func(Progress)) (err error) {
	info, err := c.Message(id, m)
	if err != nil {
		return err
	}
	if info.File == nil {
		return ErrNoMessage
	}
	r, err := c.begin()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.release()) }()
	if err := r.online(ctx); err != nil {
		return worded(err)
	}
	return worded(c.engine.Save(ctx, id, m, to.Content, to.Have, func(done, total int64) {
		if progress == nil {
			return
		}
		p := Progress{Done: done, Total: total}
		if done == total {
			p.SHA256 = info.File.SHA256
		}
		progress(p)
	}))
}
