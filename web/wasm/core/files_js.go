package core

import (
	"context"
	"io"

	"bulle/device/client"
	"bulle/web/wasm/page"
)

// maxPreview is the largest file that is handed to the page in one piece.
const maxPreview = 256 << 20

// SendFile implements [page.Core].
func (c *Core) SendFile(_ context.Context, in page.FileDraft) (page.MessageID, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return page.MessageID{}, err
	}
	f := in.File
	m, err := cl.SendFile(id, client.FileSource{
		Name: f.Name, Size: f.Size, MediaType: f.Type, Caption: in.Caption, Content: &f,
	})
	return page.MessageID{Conversation: in.Conversation, Message: m.String()}, err
}

// ReadFile implements [page.Core].
func (c *Core) ReadFile(ctx context.Context, in page.MessageID) (page.Content, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return page.Content{}, err
	}
	if err := c.mayRead(in.Conversation, in.Message); err != nil {
		return page.Content{}, err
	}
	mid, err := client.ParseMessageID(in.Message)
	if err != nil {
		return page.Content{}, err
	}
	m, err := cl.Message(id, mid)
	switch {
	case err != nil:
		return page.Content{}, err
	case m.File == nil:
		return page.Content{}, client.ErrNoMessage
	case m.File.Size > maxPreview:
		return page.Content{}, client.ErrTooLarge
	}
	into := make(buffer, m.File.Size)
	if err := cl.SaveFile(ctx, id, mid, client.FileTarget{Content: into}, nil); err != nil {
		return page.Content{}, err
	}
	if err := c.mayRead(in.Conversation, in.Message); err != nil { // it may have closed meanwhile
		return page.Content{}, err
	}
	return page.Content{Bytes: into}, nil
}

// buffer is a file in memory of a size known before.
type buffer []byte

// WriteAt implements [io.WriterAt].
func (b buffer) WriteAt(p []byte, off int64) (int, error) {
	if off > int64(len(b)) {
		return 0, io.ErrShortWrite
	}
	if n := copy(b[off:], p); n < len(p) {
		return n, io.ErrShortWrite
	}
	return len(p), nil
}

// ReadAt implements [io.ReaderAt].
func (b buffer) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
