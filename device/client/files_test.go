package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"bulle/device/client"
)

// content is a file in memory.
type content struct {
	*bytes.Reader
	closed *int
}

func (c content) Close() error {
	*c.closed++
	return nil
}

// broken fails after some reads, as a program that ends.
type broken struct {
	content
	left int
	stop context.CancelFunc
}

func (b *broken) ReadAt(p []byte, at int64) (int, error) {
	if b.left--; b.left < 0 {
		b.stop()
		return 0, io.ErrUnexpectedEOF
	}
	return b.content.ReadAt(p, at)
}

// target is a file that is written.
type target struct{ b []byte }

func (f *target) WriteAt(p []byte, at int64) (int, error) {
	if need := int(at) + len(p); need > len(f.b) {
		f.b = append(f.b, make([]byte, need-len(f.b))...)
	}
	return copy(f.b[at:], p), nil
}

func (f *target) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(f.b).ReadAt(p, at) }

func sample(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	return b
}

// last returns the newest message of a conversation.
func (p *person) last(in string) client.Message {
	p.t.Helper()
	messages, err := p.History(p.to(in).ID, 0, 1)
	check(p.t, err)
	if len(messages) != 1 {
		p.t.Fatalf("%s has no message", in)
	}
	return messages[0]
}

func TestFilesArriveWhole(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	for _, size := range []int{0, 1, 256 << 10, 700_000} {
		data, closed := sample(size), 0
		_, err := alice.SendFile(alice.to("bob").ID, client.FileSource{
			Name: "file.bin", MediaType: "application/x-test", Caption: "look", Size: int64(size),
			Content: content{bytes.NewReader(data), &closed},
		})
		check(t, err)
		alice.sync()
		bob.sync()
		m := bob.last("alice")
		if m.File == nil || m.File.Name != "file.bin" || m.File.Size != int64(size) || m.Text != "look" || m.File.SHA256 != sha256.Sum256(data) {
			t.Fatalf("bob sees %+v", m)
		}
		if own := alice.last("bob"); own.File.SHA256 != m.File.SHA256 || own.State != client.StateRelayed || closed != 1 {
			t.Errorf("alice sees %+v, closed %d times", own, closed)
		}
		var got target
		var end client.Progress
		check(t, bob.SaveFile(t.Context(), m.Conversation, m.ID, client.FileTarget{Content: &got}, func(p client.Progress) { end = p }))
		if !bytes.Equal(got.b, data) || end.Done != int64(size) || end.SHA256 != m.File.SHA256 {
			t.Errorf("%d bytes: %d arrived, %+v", size, len(got.b), end)
		}
	}
	text := alice.say("bob", "no file")
	if err := alice.SaveFile(t.Context(), alice.to("bob").ID, text, client.FileTarget{Content: &target{}}, nil); !errors.Is(err, client.ErrNoMessage) {
		t.Errorf("saving a text: %v", err)
	}
}

func TestAnUploadGoesOnAfterARestart(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice, bob := all[0], all[1]
	data, closed := sample(3_000_000), 0
	ctx, stop := context.WithCancel(t.Context())
	id, err := alice.SendFile(alice.to("bob").ID, client.FileSource{
		Name: "file.bin", Size: int64(len(data)), Ref: "the file",
		Content: &broken{content: content{bytes.NewReader(data), &closed}, left: 5, stop: stop},
	})
	check(t, err)
	_ = alice.Sync(ctx) // it ends in the middle
	check(t, alice.Close())
	reopened := 0
	cfg := alice.config()
	cfg.OpenFile = func(ref string) (client.FileContent, error) {
		if reopened++; ref != "the file" {
			t.Errorf("reference %q", ref)
		}
		return content{bytes.NewReader(data), &closed}, nil
	}
	alice.Client, err = client.Open(t.Context(), cfg)
	check(t, err)
	alice.sync()
	bob.sync()
	var got target
	m := bob.last("alice")
	check(t, bob.SaveFile(t.Context(), m.Conversation, m.ID, client.FileTarget{Content: &got}, nil))
	if !bytes.Equal(got.b, data) || m.ID != id || reopened != 1 {
		t.Errorf("%d of %d bytes, opened again %d times", len(got.b), len(data), reopened)
	}
}

func TestAFileThatIsGoneFails(t *testing.T) {
	_, all := people(t, "alice", "bob")
	alice := all[0]
	id, err := alice.SendFile(alice.to("bob").ID, client.FileSource{Name: "gone", Size: 5})
	check(t, err)
	alice.sync()
	if m := alice.last("bob"); m.State != client.StateFailed || m.Reason != client.ReasonFile {
		t.Errorf("the message is %v: %v", m.State, m.Reason)
	}
	if err := alice.WaitSent(t.Context(), id); !errors.Is(err, client.ErrSendFailed) {
		t.Errorf("waiting for it: %v", err)
	}
	if _, err := alice.SendFile(alice.to("bob").ID, client.FileSource{Name: "negative", Size: -1}); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("a negative size: %v", err)
	}
}
