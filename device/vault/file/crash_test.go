package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"bulle/device/vault"
	"bulle/device/vault/file"
)

var errFull = fmt.Errorf("write: %w", vault.ErrFull)

// small makes log files short, so that a short history has all that can happen.
var small = file.Options{LogSize: 2 << 10}

// A history is a row of batches, and what they leave.
type history struct {
	random *rand.Rand
	state  map[vault.Key][]byte // after the last acknowledged batch
	next   map[vault.Key][]byte // after the batch that is on its way
	dead   map[string]bool      // values that are gone, by their beginning
}

func newHistory() *history {
	return &history{
		random: rand.New(rand.NewPCG(3, 4)), state: map[vault.Key][]byte{}, next: map[vault.Key][]byte{},
		dead: map[string]bool{},
	}
}

func (h *history) batch() *vault.Batch {
	b := new(vault.Batch)
	h.next = maps.Clone(h.state)
	for range 1 + h.random.IntN(4) {
		var k vault.Key
		k[0] = byte(h.random.IntN(12))
		if slices.ContainsFunc(b.Puts, func(e vault.Entry) bool { return e.Key == k }) || slices.Contains(b.Deletes, k) {
			continue
		}
		if h.random.IntN(4) == 0 {
			b.Deletes = append(b.Deletes, k)
			delete(h.next, k)
			continue
		}
		value := make([]byte, vault.EraseLen+h.random.IntN(200))
		for i := range value {
			value[i] = byte(1 + h.random.IntN(255))
		}
		b.Puts = append(b.Puts, vault.Entry{Key: k, Label: []byte(fmt.Sprint("label", k[0])), Value: value})
		h.next[k] = value
	}
	return b
}

func (h *history) acknowledge() {
	for k, v := range h.state {
		if !bytes.Equal(h.next[k], v) {
			h.dead[string(v[:vault.EraseLen])] = true
		}
	}
	h.state = h.next
}

// matches reports whether a backend holds exactly this.
func matches(t *testing.T, b vault.Backend, state map[vault.Key][]byte) bool {
	t.Helper()
	loaded := 0
	err := b.Load(context.Background(), func(k vault.Key, label []byte) error {
		loaded++
		values, err := b.Get(context.Background(), []vault.Key{k})
		if err != nil {
			return err
		}
		if !bytes.Equal(values[0], state[k]) || string(label) != fmt.Sprint("label", k[0]) {
			return errors.New("another value")
		}
		return nil
	})
	return err == nil && loaded == len(state)
}

// erased fails when a dead value lies in any file.
func (h *history) erased(t *testing.T, d *disk, when string) {
	t.Helper()
	for name, f := range d.files {
		for dead := range h.dead {
			if bytes.Contains(f.data, []byte(dead)) {
				t.Fatalf("%s: a dead value lies in %s", when, name)
			}
		}
	}
}

const batches = 45

// run applies the history until it ends or fails.
func (h *history) run(t *testing.T, b vault.Backend, d *disk) error {
	t.Helper()
	for i := range batches {
		if i%10 == 9 {
			if err := b.SetSlot(t.Context(), i/10%2, bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
				return err
			}
		}
		if err := b.Apply(t.Context(), h.batch()); err != nil {
			return err
		}
		h.acknowledge()
		if d != nil {
			h.erased(t, d, fmt.Sprint("after batch ", i))
		}
	}
	return b.Close()
}

func TestHistoryErasesWhatItReplaces(t *testing.T) {
	d, h := newDisk(), newHistory()
	b, err := file.New(d, small)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.run(t, b, d); err != nil {
		t.Fatal(err)
	}
	if len(h.dead) < batches || d.files["00000001.log"] != nil {
		t.Errorf("%d values died; the first file is there: %v", len(h.dead), d.files["00000001.log"] != nil)
	}
}

// TestPowerCutAtEveryStep cuts the power at every step of a history, in several
// ways, and checks that all that was acknowledged is there, and nothing by halves.
func TestPowerCutAtEveryStep(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	cuts := 0
	for step := 1; ; step++ {
		finished := false
		for _, chance := range []float64{0, 0.5, 0.95, 1} {
			d, h := newDisk(), newHistory()
			d.cutAt, d.tear = step, random.IntN(400)
			b, err := file.New(d, small)
			if err == nil {
				err = h.run(t, b, nil)
			}
			if finished = err == nil && !d.out; finished {
				break
			}
			cuts++
			checkAfterCut(t, d.restart(random, chance), h, fmt.Sprintf("step %d, chance %v", step, chance))
		}
		if finished {
			break
		}
		if step > 120 {
			step += random.IntN(5) // the rest of the history is more of the same
		}
	}
	if cuts < 4*3*batches {
		t.Errorf("only %d cuts", cuts)
	}
}

func checkAfterCut(t *testing.T, d *disk, h *history, when string) {
	t.Helper()
	b, err := file.New(d, small)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	switch {
	case matches(t, b, h.state):
	case matches(t, b, h.next):
		h.acknowledge()
	default:
		t.Fatalf("%s: the log holds neither the state before nor after", when)
	}
	h.erased(t, d, when)
	for range 3 {
		if err := b.Apply(t.Context(), h.batch()); err != nil {
			t.Fatalf("%s, then: %v", when, err)
		}
		h.acknowledge()
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err = file.New(d, small); err != nil || !matches(t, b, h.state) {
		t.Fatalf("%s, opened twice: %v", when, err)
	}
}

// TestFailureAtEveryStep lets every step fail once, or from then on for a while,
// and checks that nothing acknowledged is lost and that the backend recovers.
func TestFailureAtEveryStep(t *testing.T) {
	eio := errors.New("input/output error")
	for _, cause := range []error{errFull, eio} {
		for step := 1; ; step++ {
			for _, run := range []int{1, 2, 5} {
				d := newDisk()
				for i := range run {
					d.fail[step+i], d.half[step+i] = cause, i == 0
				}
				failThrough(t, d, cause, fmt.Sprintf("%v, %d from step %d", cause, run, step))
				if d.steps < step {
					return
				}
			}
			if step > 60 {
				step += 6 // the rest of the history is more of the same
			}
		}
	}
}

func failThrough(t *testing.T, d *disk, cause error, when string) {
	t.Helper()
	h := newHistory()
	b, err := file.New(d, small)
	for tries := 0; err != nil && tries < 6; tries++ {
		if !errors.Is(err, cause) {
			t.Fatalf("%s: %v", when, err)
		}
		b, err = file.New(d, small)
	}
	if err != nil {
		t.Fatalf("%s: it does not recover: %v", when, err)
	}
	failures := 0
	for range batches {
		err := b.Apply(t.Context(), h.batch())
		if err == nil {
			h.acknowledge()
			continue
		}
		if failures++; !errors.Is(err, cause) && !errors.Is(err, vault.ErrBroken) || failures > 6 {
			t.Fatalf("%s: %v", when, err)
		}
		if !matches(t, b, h.state) {
			t.Fatalf("%s: a failed batch shows", when)
		}
		if errors.Is(err, vault.ErrBroken) {
			_ = b.Close()
			if b, err = file.New(d, small); err != nil && errors.Is(err, cause) {
				b, err = file.New(d, small)
			}
			for tries := 0; err != nil && tries < 6; tries++ {
				b, err = file.New(d, small)
			}
			if err != nil {
				t.Fatalf("%s: opened after ErrBroken: %v", when, err)
			}
			if matches(t, b, h.next) {
				h.acknowledge() // refused, and there all the same: allowed after ErrBroken
			}
		}
	}
	if !matches(t, b, h.state) {
		t.Fatalf("%s: something was lost", when)
	}
	_ = b.Close()
	if b, err = file.New(d, small); err != nil {
		t.Fatalf("%s: opened again: %v", when, err)
	}
	if !matches(t, b, h.state) {
		t.Fatalf("%s: something was lost after opening again", when)
	}
}

func TestFullDiskRecovers(t *testing.T) {
	d, h := newDisk(), newHistory()
	b, err := file.New(d, small)
	if err != nil {
		t.Fatal(err)
	}
	for i := range batches {
		d.full = i%3 == 1
		err := b.Apply(t.Context(), h.batch())
		if d.full != errors.Is(err, vault.ErrFull) || !d.full && err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
		if err == nil {
			h.acknowledge()
		}
		if !matches(t, b, h.state) {
			t.Fatalf("batch %d: something else is there", i)
		}
	}
}

// TestTornLastFrame cuts the frame that is being written at every byte.
func TestTornLastFrame(t *testing.T) {
	d, h := newDisk(), newHistory()
	b, err := file.New(d, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := b.Apply(t.Context(), h.batch()); err != nil {
			t.Fatal(err)
		}
		h.acknowledge()
	}
	before := d.clone()
	if err := b.Apply(t.Context(), h.batch()); err != nil {
		t.Fatal(err)
	}
	const name = "00000001.log"
	whole, start := d.files[name].data, len(before.files[name].data)
	for end := start; end <= len(whole); end++ {
		for _, tail := range []int{0, 100} { // a file may be longer than what was written
			cut := before.clone()
			data := append(slices.Clone(before.files[name].data), whole[start:end]...)
			cut.files[name].data = append(data, make([]byte, min(tail, len(whole)-end))...)
			b, err := file.New(cut, file.Options{})
			if err != nil {
				t.Fatalf("cut at %d of %d: %v", end, len(whole), err)
			}
			want := h.state
			if end == len(whole) {
				want = h.next
			}
			if !matches(t, b, want) {
				t.Fatalf("cut at %d of %d: something else is there", end-start, len(whole)-start)
			}
		}
	}
}

// TestLostBytesAreSeen cuts a closed log at every byte, and flips a bit in each.
func TestLostBytesAreSeen(t *testing.T) {
	d, h := newDisk(), newHistory()
	b, err := file.New(d, small)
	if err == nil {
		err = h.run(t, b, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	refused := func(err error) bool {
		return errors.Is(err, vault.ErrDamaged) || errors.Is(err, vault.ErrTruncated) || errors.Is(err, vault.ErrNewer)
	}
	for name, f := range d.files {
		for i := 0; i < len(f.data); i++ {
			if i > 1500 {
				i += 97 // zeros of the header, mostly
			}
			if i >= len(f.data) {
				break
			}
			cut := d.clone()
			cut.files[name].data = cut.files[name].data[:i]
			if _, err := file.New(cut, small); !errors.Is(err, vault.ErrTruncated) {
				t.Fatalf("%s cut at %d: %v", name, i, err)
			}
			flipped := d.clone()
			flipped.files[name].data[i] ^= 1 << (i % 8)
			b, err := file.New(flipped, small)
			if err != nil && !refused(err) {
				t.Fatalf("%s flipped at %d: %v", name, i, err)
			}
			if err == nil && lost(t, b, h.state) > 1 {
				t.Fatalf("%s flipped at %d: more than one value changed", name, i)
			}
		}
		gone := d.clone()
		delete(gone.files, name)
		if _, err := file.New(gone, small); name != "header" && !errors.Is(err, vault.ErrTruncated) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// lost counts the entries whose value is not the same: the vault sees that by itself.
func lost(t *testing.T, b vault.Backend, state map[vault.Key][]byte) (n int) {
	t.Helper()
	for k, v := range state {
		got, err := b.Get(t.Context(), []vault.Key{k})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[0], v) {
			n++
		}
	}
	return n
}
