package attachment_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bulle/device/client/attachment"
	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/protocol/syntax"
)

// sample returns n bytes that are the same in every run.
func sample(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// target is a file in memory that grows.
type target struct{ b []byte }

func (m *target) WriteAt(b []byte, at int64) (int, error) {
	if need := int(at) + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[at:], b), nil
}

func (m *target) ReadAt(b []byte, at int64) (int, error) { return bytes.NewReader(m.b).ReadAt(b, at) }

func upload(t *testing.T, blobs attachment.Blobs, data []byte) *attachment.Manifest {
	t.Helper()
	u := attachment.NewUpload("name.txt", "text/plain", uint64(len(data)), link.Week)
	m, err := u.Run(t.Context(), blobs, bytes.NewReader(data), attachment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFileArrivesWhole(t *testing.T) {
	const c = attachment.ChunkSize
	for _, size := range []int{0, 1, c - 1, c, c + 1, 9*c + 17, 20 * c} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			relay := linktest.New()
			data := sample(size)
			m := upload(t, relay.Session(), data)
			if m.Hash != sha256.Sum256(data) || m.Size != uint64(size) || m.Name != "name.txt" {
				t.Fatalf("the manifest says %+v", m)
			}
			if _, _, blobs := relay.Counts(); uint64(blobs) != m.Chunks() {
				t.Errorf("%d blobs for %d chunks", blobs, m.Chunks())
			}
			var shown []uint64
			opts := attachment.Options{Progress: func(done, _ uint64) { shown = append(shown, done) }}
			var got target
			if err := attachment.Download(t.Context(), relay.Session(), m, &got, 0, opts); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.b, data) {
				t.Error("the file arrived changed")
			}
			if shown[0] != 0 || shown[len(shown)-1] != uint64(size) {
				t.Errorf("progress went %v", shown)
			}
			for range 2 {
				if err := attachment.Delete(t.Context(), relay.Session(), m); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, blobs := relay.Counts(); blobs != 0 {
				t.Errorf("%d blobs after Delete", blobs)
			}
			err := attachment.Download(t.Context(), relay.Session(), m, &got, 0, attachment.Options{})
			if !errors.Is(err, attachment.ErrGone) {
				t.Errorf("after Delete: got %v, want ErrGone", err)
			}
		})
	}
}

// TestBlobsHideNameSizeAndContent looks at what the relay holds.
func TestBlobsHideNameSizeAndContent(t *testing.T) {
	relay := linktest.New()
	upload(t, relay.Session(), bytes.Repeat([]byte("planted "), 1000))
	relay.EditBlobs(func(data []byte) []byte {
		if len(data) != 32+attachment.ChunkSize+16 {
			t.Errorf("a blob of %d bytes", len(data))
		}
		if bytes.Contains(data, []byte("planted")) || bytes.Contains(data, []byte("name.txt")) {
			t.Error("the blob shows what it holds")
		}
		return data
	})
}

// interrupted fails after a number of calls.
type interrupted struct {
	attachment.Blobs
	mu   sync.Mutex
	left int
}

func (i *interrupted) pass() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.left--; i.left < 0 {
		return link.ErrOffline
	}
	return nil
}

func (i *interrupted) PutBlob(ctx context.Context, b link.Blob) error {
	if err := i.pass(); err != nil {
		return err
	}
	return i.Blobs.PutBlob(ctx, b)
}

func (i *interrupted) GetBlob(ctx context.Context, id link.ID, read link.Cap) ([]byte, error) {
	if err := i.pass(); err != nil {
		return nil, err
	}
	return i.Blobs.GetBlob(ctx, id, read)
}

// reopen is what a restart does to a state: the bytes come back from the vault.
func reopen(t *testing.T, u *attachment.Upload) *attachment.Upload {
	t.Helper()
	b, err := syntax.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	again := new(attachment.Upload)
	if err := syntax.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestUploadGoesOnAfterEveryInterruption(t *testing.T) {
	relay := linktest.New()
	data := sample(11*attachment.ChunkSize + 5)
	state := attachment.NewUpload("f", "", uint64(len(data)), link.Day)
	saved := reopen(t, state)
	opts := attachment.Options{Window: 3, Save: func(u *attachment.Upload) error {
		saved = reopen(t, u)
		return nil
	}}
	runs := 0
	for {
		runs++
		m, err := saved.Run(t.Context(), &interrupted{Blobs: relay.Session(), left: 4}, bytes.NewReader(data), opts)
		if err == nil {
			if m.Hash != sha256.Sum256(data) {
				t.Error("the manifest has another hash")
			}
			break
		}
		if !errors.Is(err, link.ErrOffline) || runs > 20 {
			t.Fatalf("run %d: %v", runs, err)
		}
	}
	if runs < 3 {
		t.Errorf("done in %d runs: nothing was interrupted", runs)
	}
	if _, _, blobs := relay.Counts(); blobs != 12 {
		t.Errorf("%d blobs for 12 chunks", blobs)
	}
}

func TestUploadStartsAgainWhenTheRelayForgot(t *testing.T) {
	data := sample(3 * attachment.ChunkSize)
	state := attachment.NewUpload("f", "", uint64(len(data)), link.Hour)
	first := &interrupted{Blobs: linktest.New().Session(), left: 2}
	if _, err := state.Run(t.Context(), first, bytes.NewReader(data), attachment.Options{Window: 1}); !errors.Is(err, link.ErrOffline) {
		t.Fatal(err)
	}
	if state.Done == 0 {
		t.Fatal("nothing was done before the interruption")
	}
	relay := linktest.New()
	m, err := state.Run(t.Context(), relay.Session(), bytes.NewReader(data), attachment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got target
	if err := attachment.Download(t.Context(), relay.Session(), m, &got, 0, attachment.Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedSourceIsRefused(t *testing.T) {
	const c = attachment.ChunkSize
	data := sample(6 * c)
	flipped := func(at int) []byte {
		b := bytes.Clone(data)
		b[at] ^= 1
		return b
	}
	for name, changed := range map[string][]byte{
		"done chunk":        flipped(10),
		"chunk under way":   flipped(3*c + 10),
		"shorter":           data[:5*c],
		"longer":            append(bytes.Clone(data), 0),
		"shorter than done": data[:c],
	} {
		t.Run(name, func(t *testing.T) {
			relay := linktest.New()
			state := attachment.NewUpload("f", "", uint64(len(data)), link.Day)
			broken := &interrupted{Blobs: relay.Session(), left: 4}
			if _, err := state.Run(t.Context(), broken, bytes.NewReader(data), attachment.Options{Window: 1}); !errors.Is(err, link.ErrOffline) {
				t.Fatal(err)
			}
			state.Done, state.Prefix = 2, sha256.Sum256(data[:2*c]) // the save of the other two was lost
			_, err := state.Run(t.Context(), relay.Session(), bytes.NewReader(changed), attachment.Options{})
			if !errors.Is(err, attachment.ErrSourceChanged) {
				t.Errorf("got %v, want ErrSourceChanged", err)
			}
		})
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	relay := linktest.New()
	data := sample(30 * attachment.ChunkSize)
	state := attachment.NewUpload("f", "", uint64(len(data)), link.Day)
	if _, err := state.Run(t.Context(), &interrupted{Blobs: relay.Session(), left: 20}, bytes.NewReader(data), attachment.Options{}); err == nil {
		t.Fatal("not interrupted")
	}
	if err := state.Abort(t.Context(), relay.Session()); err != nil {
		t.Fatal(err)
	}
	if _, _, blobs := relay.Counts(); blobs != 0 {
		t.Errorf("%d blobs left", blobs)
	}
}

func TestDownloadGoesOn(t *testing.T) {
	relay := linktest.New()
	data := sample(9*attachment.ChunkSize + 1)
	m := upload(t, relay.Session(), data)
	var got target
	err := attachment.Download(t.Context(), &interrupted{Blobs: relay.Session(), left: 5}, m, &got, 0, attachment.Options{Window: 2})
	if !errors.Is(err, link.ErrOffline) || len(got.b) == 0 {
		t.Fatalf("got %v with %d bytes", err, len(got.b))
	}
	counting := &interrupted{Blobs: relay.Session(), left: 100}
	if err := attachment.Download(t.Context(), counting, m, &got, uint64(len(got.b)), attachment.Options{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.b, data) {
		t.Error("the file arrived changed")
	}
	if used := 100 - counting.left; used >= 10 {
		t.Errorf("%d chunks were fetched again", used)
	}
}

func TestDownloadDoesNotTrustWhatWasThere(t *testing.T) {
	relay := linktest.New()
	data := sample(4 * attachment.ChunkSize)
	m := upload(t, relay.Session(), data)
	other := &target{b: bytes.Repeat([]byte{7}, len(data))}
	short := &target{}
	for name, dst := range map[string]*target{"another file": other, "fewer bytes than said": short} {
		if err := attachment.Download(t.Context(), relay.Session(), m, dst, 3*attachment.ChunkSize, attachment.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(dst.b, data) {
			t.Errorf("%s: the file arrived changed", name)
		}
	}
}

func TestADamagedChunkIsRefused(t *testing.T) {
	for _, at := range []int{0, 31, 32, 1000, 32 + attachment.ChunkSize, 32 + attachment.ChunkSize + 15} {
		relay := linktest.New()
		m := upload(t, relay.Session(), sample(100))
		relay.EditBlobs(func(data []byte) []byte { data[at] ^= 0x10; return data })
		var got target
		err := attachment.Download(t.Context(), relay.Session(), m, &got, 0, attachment.Options{})
		if !errors.Is(err, attachment.ErrDamaged) || len(got.b) != 0 {
			t.Errorf("bit in byte %d: got %v and %d bytes, want ErrDamaged and none", at, err, len(got.b))
		}
	}
	relay := linktest.New()
	m := upload(t, relay.Session(), sample(100))
	relay.EditBlobs(func(data []byte) []byte { return data[:len(data)-1] })
	if err := attachment.Download(t.Context(), relay.Session(), m, &target{}, 0, attachment.Options{}); !errors.Is(err, attachment.ErrDamaged) {
		t.Errorf("truncated: got %v", err)
	}
	m = upload(t, relay.Session(), sample(100))
	m.Hash[0] ^= 1
	if err := attachment.Download(t.Context(), relay.Session(), m, &target{}, 0, attachment.Options{}); !errors.Is(err, attachment.ErrDamaged) {
		t.Errorf("another hash: got %v", err)
	}
	m.Hash[0] ^= 1
	m.Size--
	if err := attachment.Download(t.Context(), relay.Session(), m, &target{}, 0, attachment.Options{}); !errors.Is(err, attachment.ErrDamaged) {
		t.Errorf("another size: got %v", err)
	}
}

// slow answers after a second and counts what waits.
type slow struct {
	attachment.Blobs
	mu         sync.Mutex
	now, most  int
	cancelAt   int
	cancelFunc context.CancelFunc
}

func (s *slow) PutBlob(ctx context.Context, b link.Blob) error {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	if s.cancelAt--; s.cancelAt == 0 {
		s.cancelFunc()
	}
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	select {
	case <-time.After(time.Second):
		return s.Blobs.PutBlob(ctx, b)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestWindowPaceAndCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := sample(40 * attachment.ChunkSize)
		var shown, saved int
		opts := attachment.Options{
			Window:   4,
			Progress: func(uint64, uint64) { shown++ },
			Save:     func(*attachment.Upload) error { saved++; return nil },
		}
		blobs := &slow{Blobs: linktest.New().Session()}
		u := attachment.NewUpload("f", "", uint64(len(data)), link.Day)
		if _, err := u.Run(t.Context(), blobs, bytes.NewReader(data), opts); err != nil {
			t.Fatal(err)
		}
		if blobs.most != 4 {
			t.Errorf("%d chunks at once, want the window of 4", blobs.most)
		}
		if shown > 13 || saved > 11 { // ten rounds of a second, start and end
			t.Errorf("%d progress calls, %d saves", shown, saved)
		}

		ctx, cancel := context.WithCancel(t.Context())
		blobs = &slow{Blobs: linktest.New().Session(), cancelAt: 9, cancelFunc: cancel}
		u = attachment.NewUpload("f", "", uint64(len(data)), link.Day)
		if _, err := u.Run(ctx, blobs, bytes.NewReader(data), opts); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if blobs.now != 0 {
			t.Errorf("%d chunks under way after Run", blobs.now)
		}
	})
}

func TestSaveFailureEndsTheUpload(t *testing.T) {
	full := errors.New("vault full")
	u := attachment.NewUpload("f", "", 1, link.Day)
	_, err := u.Run(t.Context(), linktest.New().Session(), bytes.NewReader([]byte{1}), attachment.Options{
		Save: func(*attachment.Upload) error { return full },
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	for name, u := range map[string]*attachment.Upload{
		"size": attachment.NewUpload("f", "", attachment.MaxSize+1, link.Day),
		"name": attachment.NewUpload(string(make([]byte, attachment.MaxName+1)), "", 1, link.Day),
		"utf8": attachment.NewUpload("\xff", "", 1, link.Day),
		"type": attachment.NewUpload("f", string(make([]byte, attachment.MaxType+1)), 1, link.Day),
	} {
		if _, err := u.Run(t.Context(), linktest.New().Session(), bytes.NewReader(nil), attachment.Options{}); !errors.Is(err, attachment.ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrTooLarge", name, err)
		}
	}
}

func TestDataInMemory(t *testing.T) {
	relay := linktest.New()
	data := sample(attachment.ChunkSize + 9)
	m := attachment.NewManifest(data, link.Week)
	for range 2 {
		if err := attachment.Put(t.Context(), relay.Session(), m, data); err != nil {
			t.Fatal(err)
		}
	}
	got, err := attachment.Fetch(t.Context(), relay.Session(), m, uint64(len(data)))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := attachment.Fetch(t.Context(), relay.Session(), m, uint64(len(data))-1); !errors.Is(err, attachment.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if err := attachment.Put(t.Context(), relay.Session(), m, data[1:]); !errors.Is(err, attachment.ErrSourceChanged) {
		t.Errorf("got %v, want ErrSourceChanged", err)
	}
}
