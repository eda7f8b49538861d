package conversation_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"

	"bulle/device/client/attachment"
	"bulle/device/client/conversation"
)

// A source is a file in memory. stop is called once, before the read that comes after
// some others.
type source struct {
	*bytes.Reader
	mu     sync.Mutex
	left   int
	stop   func()
	closed int
}

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	s.mu.Lock()
	stop := s.stop
	if s.left--; s.left > 0 {
		stop = nil
	}
	if stop != nil {
		s.stop = nil
	}
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	return s.Reader.ReadAt(p, at)
}

func (s *source) Close() error {
	s.closed++
	return nil
}

// fileOf returns a file of n bytes, and what is called before one of its last chunks
// is read.
func fileOf(n int, stop func()) conversation.Outgoing {
	data := bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21}, n/7+1)[:n]
	return conversation.Outgoing{
		Name: "file.bin", Size: int64(n), Content: &source{Reader: bytes.NewReader(data), left: n/attachment.ChunkSize - 1, stop: stop},
	}
}

// A sinkhole is a file that is written.
type sinkhole struct{ b []byte }

func (f *sinkhole) WriteAt(p []byte, at int64) (int, error) {
	f.b = append(f.b[:at], p...)
	return len(p), nil
}

func (f *sinkhole) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(f.b).ReadAt(p, at) }

// last returns the newest message of a conversation.
func (d *device) last(id conversation.ID) conversation.Message {
	d.world.t.Helper()
	messages := must(d.History(d.world.t.Context(), id, 0, 1))(d.world.t)
	if len(messages) != 1 {
		d.world.t.Fatalf("%s has no message", d.name)
	}
	return messages[0]
}

// saves checks that a device gets the file of the newest message whole.
func (d *device) saves(id conversation.ID, size int) {
	d.world.t.Helper()
	t := d.world.t
	m := d.last(id)
	if m.File == nil {
		t.Fatalf("%s has %+v", d.name, m)
	}
	var to sinkhole
	d.start()
	err := d.Save(t.Context(), id, m.ID, &to, 0, func(int64, int64) {})
	if err := errors.Join(err, d.halt()); err != nil {
		t.Fatal(err)
	}
	if len(to.b) != size || sha256.Sum256(to.b) != m.File.SHA256 {
		t.Errorf("%s saved %d bytes of %d", d.name, len(to.b), size)
	}
}

func (d *device) blobs() int {
	_, _, n := d.world.relay.Counts()
	return n
}

func TestAPausedUploadStaysPausedAndGoesOn(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	ctx, id, size := t.Context(), alice.Direct(bob.id()), 40*attachment.ChunkSize
	var message conversation.MessageID
	file := fileOf(size, func() { check(t, alice.PauseUpload(ctx, id, message, true)) })
	message = must(alice.SendFile(ctx, id, bob.id(), file))(t)
	alice.sync()
	there := alice.blobs()
	if there == 0 || there >= 40 || alice.last(id).State != conversation.Queued {
		t.Fatalf("paused with %d chunks there, the message is %v", there, alice.last(id).State)
	}
	alice.restart()
	alice.sync()
	waiting := must(alice.Uploads(ctx, id))(t)
	if alice.blobs() != there || len(waiting) != 1 || waiting[0].State != conversation.TransferPaused || waiting[0].Done == 0 {
		t.Fatalf("after a restart %d chunks are there, and %+v waits", alice.blobs(), waiting)
	}
	if n := must(alice.Waiting(ctx))(t); n != 1 {
		t.Errorf("%d messages wait", n)
	}
	alice.say(bob, "meanwhile") // it does not wait for the file
	alice.sync()
	bob.sync()
	if got := bob.said(id); !slices.Equal(got, []string{"alice: meanwhile"}) {
		t.Errorf("bob has %q", got)
	}

	check(t, alice.PauseUpload(ctx, id, message, false))
	alice.sync() // the source was not to be opened again: this engine has no Open
	if m := must(alice.Message(ctx, id, message))(t); m.State != conversation.Failed || m.Reason != conversation.ReasonFile {
		t.Fatalf("the message is %v: %v", m.State, m.Reason)
	}
	if n := must(alice.Waiting(ctx))(t); n != 0 {
		t.Errorf("%d messages wait", n)
	}
	check(t, alice.SendFileAgain(ctx, id, message, fileOf(size, nil)))
	alice.sync()
	bob.sync()
	bob.saves(id, size)
	if alice.blobs() != 40 || must(alice.Message(ctx, id, message))(t).State != conversation.Delivered && alice.trySync() != nil {
		t.Errorf("%d chunks on the relay", alice.blobs())
	}
	if err := alice.PauseUpload(ctx, id, message, true); !errors.Is(err, conversation.ErrNoUpload) {
		t.Errorf("pausing what was sent: %v", err)
	}
	if err := alice.CancelUpload(ctx, id, message); !errors.Is(err, conversation.ErrNoUpload) {
		t.Errorf("cancelling what was sent: %v", err)
	}
}

func TestACancelledUploadLeavesNothing(t *testing.T) {
	for name, offline := range map[string]bool{"online": false, "offline": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice, bob := w.join("alice"), w.join("bob")
			bob.sync()
			ctx, id := t.Context(), alice.Direct(bob.id())
			var message conversation.MessageID
			file := fileOf(30*attachment.ChunkSize, func() {
				if offline {
					alice.session.Cut()
				}
				check(t, alice.CancelUpload(ctx, id, message))
			})
			message = must(alice.SendFile(ctx, id, bob.id(), file))(t)
			_ = alice.trySync() // offline it fails
			if m := alice.last(id); m.State != conversation.Failed || m.Reason != conversation.ReasonCancelled {
				t.Errorf("the message is %v: %v", m.State, m.Reason)
			}
			alice.session.Restore()
			alice.sync()
			if n := alice.blobs(); n != 0 {
				t.Errorf("%d chunks are still on the relay", n)
			}
			if src, ok := file.Content.(*source); !ok || src.closed != 1 {
				t.Errorf("the file was closed %d times", src.closed)
			}
			if err := alice.SendFileAgain(ctx, id, message, fileOf(30*attachment.ChunkSize, nil)); !errors.Is(err, conversation.ErrNoUpload) {
				t.Errorf("sending it again: %v", err)
			}
		})
	}
}

func TestOnlyTheSameFileGoesOn(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	ctx, id, size := t.Context(), alice.Direct(bob.id()), 40*attachment.ChunkSize
	var message conversation.MessageID
	message = must(alice.SendFile(ctx, id, bob.id(), fileOf(size, func() {
		check(t, alice.PauseUpload(ctx, id, message, true))
	})))(t)
	alice.sync()
	alice.restart()
	check(t, alice.PauseUpload(ctx, id, message, false))
	alice.sync()
	if err := alice.SendFileAgain(ctx, id, message, fileOf(size-1, nil)); !errors.Is(err, conversation.ErrOtherFile) {
		t.Errorf("a file of another size: %v", err)
	}
	other := fileOf(size, nil)
	other.Content = &source{Reader: bytes.NewReader(make([]byte, size))}
	check(t, alice.SendFileAgain(ctx, id, message, other))
	alice.sync()
	if m := alice.last(id); m.State != conversation.Failed || m.Reason != conversation.ReasonFile {
		t.Errorf("with another content the message is %v: %v", m.State, m.Reason)
	}
	check(t, alice.SendFileAgain(ctx, id, message, fileOf(size, nil)))
	alice.sync()
	bob.sync()
	bob.saves(id, size)
}

// TestAFileSurvivesACrashAtEachStep kills the sender at each of its steps, while it
// pauses a file and lets it go on, and while it cancels one.
func TestAFileSurvivesACrashAtEachStep(t *testing.T) {
	for n, steps := 1, 1; n <= steps && !t.Failed(); n += stride() {
		w := newWorld(t)
		alice, bob := w.join("alice"), w.join("bob")
		bob.sync()
		ctx, id, size := t.Context(), alice.Direct(bob.id()), 3*attachment.ChunkSize
		alice.sync()
		count := alice.crashAt(n)
		var message, dropped conversation.MessageID
		send := func(into *conversation.MessageID) {
			alice.survive(func() error {
				if *into = named(t, alice, id, *into); *into != (conversation.MessageID{}) {
					return nil
				}
				m, err := alice.SendFile(ctx, id, bob.id(), fileOf(size, nil))
				*into = m
				return err
			})
		}
		halt := func(f func() error) {
			alice.survive(func() error {
				if err := f(); !errors.Is(err, conversation.ErrNoUpload) {
					return err
				}
				return nil
			})
		}
		send(&message)
		halt(func() error { return alice.PauseUpload(ctx, id, message, true) })
		alice.surviveSync()
		halt(func() error { return alice.PauseUpload(ctx, id, message, false) })
		alice.surviveSync()
		halt(func() error {
			if must(alice.Message(ctx, id, message))(t).State != conversation.Failed {
				return nil
			}
			return alice.SendFileAgain(ctx, id, message, fileOf(size, nil))
		})
		alice.surviveSync()
		send(&dropped)
		halt(func() error { return alice.CancelUpload(ctx, id, dropped) })
		alice.surviveSync()
		bob.surviveSync()
		if got := alice.blobs(); got != 3 {
			t.Errorf("crash %d: %d chunks on the relay, want those of one file", n, got)
		}
		if got := len(bob.said(id)); got != 1 {
			t.Errorf("crash %d: bob has %d files", n, got)
		}
		bob.saves(id, size)
		steps = *count
	}
}

// named returns a message, unless it is not in the history: then nothing.
func named(t *testing.T, d *device, id conversation.ID, m conversation.MessageID) conversation.MessageID {
	t.Helper()
	if _, err := d.Message(t.Context(), id, m); err != nil {
		return conversation.MessageID{}
	}
	return m
}

func TestWhatIsShownOfAFile(t *testing.T) {
	png := func(w, h byte) []byte {
		return append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00"), w, 0, 0, 0, h, 0, 8, 2, 0, 0, 0)
	}
	wave := bytes.Repeat([]byte{9}, conversation.WaveformSize)
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	bob.sync()
	id := alice.Direct(bob.id())
	for name, c := range map[string]struct {
		shown conversation.Shown
		want  int // bytes of preview
	}{
		"a picture":            {conversation.Shown{Width: 1200, Height: 800, Preview: png(1, 1)}, 29},
		"a voice note":         {conversation.Shown{Voice: true, Duration: 12e9, Preview: wave}, 64},
		"a preview of text":    {conversation.Shown{Width: 1, Height: 1, Preview: []byte("<svg/>")}, 0},
		"a huge preview":       {conversation.Shown{Width: 1, Height: 1, Preview: png(255, 1)}, 0},
		"a picture as a voice": {conversation.Shown{Voice: true, Preview: png(1, 1)}, 0},
		"a voice as a picture": {conversation.Shown{Width: 1, Preview: wave}, 0},
		"nothing":              {conversation.Shown{}, 0},
	} {
		f := fileOf(100, nil)
		f.Shown = c.shown
		must(alice.SendFile(t.Context(), id, bob.id(), f))(t)
		alice.sync()
		bob.sync()
		for _, d := range []*device{alice, bob} {
			got := d.last(id).File.Shown
			if len(got.Preview) != c.want || got.Voice != c.shown.Voice || got.Width != c.shown.Width || got.Duration != c.shown.Duration {
				t.Errorf("%s: %s is shown %+v", name, d.name, got)
			}
		}
	}
	f := fileOf(100, nil)
	f.Shown.Preview = make([]byte, conversation.MaxPreview+1)
	if _, err := alice.SendFile(t.Context(), id, bob.id(), f); !errors.Is(err, conversation.ErrTooLarge) {
		t.Errorf("a preview that is too large: %v", err)
	}
}
