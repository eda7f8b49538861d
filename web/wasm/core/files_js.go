package core

import (
	"context"
	"errors"
	"io"
	"syscall/js"
	"time"

	"bulle/device/client"
	"bulle/device/client/attachment"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

// SendFile implements [page.Core].
func (c *Core) SendFile(_ context.Context, in page.FileDraft) (page.MessageID, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return page.MessageID{}, err
	}
	f := source(in.File, in.Caption)
	if f.ReplyTo, err = replyTo(in.ReplyTo); err != nil {
		return page.MessageID{}, err
	}
	f.Shown = client.Shown{
		Voice: in.Voice, Width: in.Width, Height: in.Height,
		Duration: time.Duration(in.Duration) * time.Millisecond, Preview: in.Preview,
	}
	m, err := cl.SendFile(id, f)
	return page.MessageID{Conversation: in.Conversation, Message: m.String()}, err
}

// SendFileAgain implements [page.Core].
func (c *Core) SendFileAgain(_ context.Context, in page.FileAgain) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.SendFileAgain(id, m, source(in.File, ""))
}

func source(f bridge.File, caption string) client.FileSource {
	return client.FileSource{Name: f.Name, Size: f.Size, MediaType: f.Type, Caption: caption, Content: &f}
}

// ReadFile implements [page.Core]. It goes on where an earlier call was halted, or
// lost the relay, in this session. What is masked is not given out, even if it was
// open when the file was asked for.
func (c *Core) ReadFile(ctx context.Context, in page.MessageID) (page.Content, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return page.Content{}, err
	}
	if err := c.mayRead(in.Conversation, in.Message); err != nil {
		return page.Content{}, err
	}
	d, ctx, err := c.downloads.begin(ctx, in, &sink{})
	if err != nil {
		return page.Content{}, err
	}
	err = cl.SaveFile(ctx, id, m, client.FileTarget{Content: d.store, Have: d.store.Size()}, d.note)
	if halted := context.Cause(ctx); err != nil && errors.As(halted, new(*bridge.Error)) {
		err = halted
	}
	c.downloads.end(d, err)
	if err != nil {
		return page.Content{}, err
	}
	if err := c.mayRead(in.Conversation, in.Message); err != nil {
		return page.Content{}, err
	}
	into, ok := d.store.(*sink)
	if !ok {
		return page.Content{}, client.ErrNoMessage
	}
	return into.content(), nil
}

// A sink is a file that is being saved, in the memory of the browser.
type sink struct {
	parts []js.Value // Blobs
	fresh []js.Value // Uint8Arrays that are in no Blob yet
	size  int64
	young int64 // bytes in fresh
	head  []byte
}

const (
	// sinkPart is how much is gathered before the browser takes it.
	sinkPart = 8 << 20
	// sinkHead is how much of the start is kept to see what the file is.
	sinkHead = 256 << 10
	// maxPixels bounds the pictures that a page decodes: a small file can claim to be
	// larger than every memory.
	maxPixels = 100e6
)

// Size implements [store].
func (s *sink) Size() int64 { return s.size }

// WriteAt implements [io.WriterAt]. What was behind it is forgotten.
func (s *sink) WriteAt(p []byte, off int64) (int, error) {
	if off > s.size {
		return 0, io.ErrShortWrite
	}
	if off < s.size {
		s.cut(off)
	}
	b := js.Global().Get("Uint8Array").New(len(p))
	js.CopyBytesToJS(b, p)
	s.head = append(s.head, p[:max(0, min(len(p), sinkHead-len(s.head)))]...)
	s.fresh = append(s.fresh, b)
	s.size, s.young = s.size+int64(len(p)), s.young+int64(len(p))
	if s.young >= sinkPart {
		s.pack()
	}
	return len(p), nil
}

func (s *sink) cut(size int64) {
	s.pack()
	s.parts, s.size = []js.Value{bridge.NewBlob(s.parts).Head(size)}, size
	s.head = s.head[:min(size, int64(len(s.head)))]
}

func (s *sink) pack() {
	if len(s.fresh) > 0 {
		s.parts = append(s.parts, bridge.NewBlob(s.fresh).Value())
	}
	s.fresh, s.young = nil, 0
}

// ReadAt implements [io.ReaderAt].
func (s *sink) ReadAt(p []byte, off int64) (int, error) {
	s.pack()
	return bridge.NewBlob(s.parts).ReadAt(p, off)
}

func (s *sink) content() page.Content {
	s.pack()
	out := page.Content{File: bridge.NewBlob(s.parts)}
	if p := attachment.ReadPicture(s.head); p.Width*p.Height <= maxPixels {
		out.Picture, out.Width, out.Height = p.Type, p.Width, p.Height
	}
	return out
}
