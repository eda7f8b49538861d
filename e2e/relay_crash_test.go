package e2e_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"bulle/e2e/harness"
	"bulle/protocol/wire"
)

const (
	crashChannels = 4
	crashWriters  = 6
	crashWindow   = 8 // appends of a writer that wait for their reply
)

// TestKilledRelay kills a relay at random moments while circuits append to it with
// all they have, and starts it again. Afterwards every acknowledged cell is there
// at the number it was acknowledged with, no cell is there twice, and there is an
// order of all operations, over all the crashes, in which every answer was right.
func TestKilledRelay(t *testing.T) {
	t.Parallel()
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	r := harness.NewRelay(t)
	f := found(t, r)
	l := &crashLog{start: time.Now(), acknowledged: map[byte]map[uint64][]uint64{}}
	setup := f.open(t)
	for n := range byte(crashChannels) {
		l.acknowledged[n] = map[uint64][]uint64{}
		if _, err := setup.ask(t.Context(), crashChannel(n)); err != nil {
			t.Fatal(err)
		}
	}
	setup.close()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range rounds {
		l.begin()
		var writing sync.WaitGroup
		for id := range crashWriters {
			w := &crashWriter{
				id: id, log: l, circuit: f.open(t), waiting: map[uint32]crashOp{},
				random: rand.New(rand.NewPCG(random.Uint64(), 0)),
			}
			writing.Go(func() { w.run(t) })
		}
		timer := time.NewTimer(100*time.Millisecond + time.Duration(random.Int64N(int64(400*time.Millisecond))))
		<-timer.C
		r.Kill()
		writing.Wait()
		r.Start(t)
		looker := f.open(t)
		l.settle(t, looker)
		looker.close()
	}
	reader := f.open(t)
	defer reader.close()
	for n := range byte(crashChannels) {
		l.verify(t, reader, n)
	}
	t.Logf("%d operations", len(l.history))
	if result := porcupine.CheckOperationsTimeout(crashModel(), l.history, time.Minute); result != porcupine.Ok {
		t.Errorf("the history: %v", result)
	}
}

func crashChannel(n byte) *wire.Create {
	return &wire.Create{
		Channel: wire.ID{n}, Class: wire.Day,
		Read: wire.Cap{'r'}.Hash(), Write: wire.Cap{'w'}.Hash(), Control: wire.Cap{'c'}.Hash(),
	}
}

// A crashOp is what a writer asked: to append cells, or to truncate.
type crashOp struct {
	channel byte
	cells   uint64
	upTo    uint64
	mark    uint64 // of the first cell; those behind it count on
	call    time.Duration
}

// A crashAnswer is the reply; unknown when the relay died first.
type crashAnswer struct {
	unknown bool
	first   uint64
}

// crashLog is what all writers know together.
type crashLog struct {
	start time.Time

	mu           sync.Mutex
	marks        uint64
	history      []porcupine.Operation
	acknowledged map[byte]map[uint64][]uint64 // channel, first number: marks
	highest      [crashChannels]uint64

	began   int                   // where the round began in history
	reached [crashChannels]uint64 // highest, then
}

// begin notes where a round begins.
func (l *crashLog) begin() { l.began, l.reached = len(l.history), l.highest }

// settle looks after a crash what became of the appends that were not answered,
// so that the history holds no more doubt than it must: without it there would be
// too many orders to try.
func (l *crashLog) settle(t *testing.T, c *rawCircuit) {
	t.Helper()
	var first [crashChannels]uint64
	var numbers [crashChannels]map[uint64]uint64 // of the first cell with a mark
	for n := range byte(crashChannels) {
		var got map[uint64]uint64
		first[n], got = readChannel(t, c, n, l.reached[n])
		numbers[n] = map[uint64]uint64{}
		for seq, mark := range got {
			numbers[n][mark] = seq
		}
	}
	settled := l.history[:l.began]
	for _, op := range l.history[l.began:] {
		in, out := op.Input.(crashOp), op.Output.(crashAnswer)
		seq, there := numbers[in.channel][in.mark]
		switch {
		case !out.unknown || in.cells == 0:
		case there:
			op.Output = crashAnswer{first: seq}
		case first[in.channel] <= l.reached[in.channel]:
			continue // it would be there: it never happened
		}
		settled = append(settled, op)
	}
	l.history = settled
}

func (l *crashLog) newMarks(n uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks += n
	return l.marks - n
}

func (l *crashLog) note(id int, op crashOp, a crashAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// What was not answered has happened or not when the relay is dead, which is
	// before the next one starts.
	l.history = append(l.history, porcupine.Operation{
		ClientId: id, Input: op, Call: int64(op.call), Output: a, Return: int64(time.Since(l.start)),
	})
	if op.cells > 0 && !a.unknown {
		marks := make([]uint64, op.cells)
		for i := range marks {
			marks[i] = op.mark + uint64(i)
		}
		l.acknowledged[op.channel][a.first] = marks
		l.highest[op.channel] = max(l.highest[op.channel], a.first+op.cells)
	}
}

// A crashWriter appends until the relay is gone.
type crashWriter struct {
	id      int
	log     *crashLog
	circuit *rawCircuit
	random  *rand.Rand
	waiting map[uint32]crashOp
}

func (w *crashWriter) run(t *testing.T) {
	t.Helper()
	defer w.circuit.close()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	for {
		err := w.ask(ctx)
		for err == nil && len(w.waiting) >= crashWindow {
			err = w.answer(ctx)
		}
		if err == nil {
			continue
		}
		if !drained(err) {
			t.Errorf("writer %d: %v", w.id, err)
		}
		for _, op := range w.waiting {
			w.log.note(w.id, op, crashAnswer{unknown: true})
		}
		return
	}
}

func (w *crashWriter) ask(ctx context.Context) error {
	op := crashOp{channel: byte(w.random.IntN(crashChannels)), call: time.Since(w.log.start)}
	var body wire.Body
	if op.channel == 0 && w.random.IntN(20) == 0 { // one channel is truncated now and then
		w.log.mu.Lock()
		op.upTo = w.log.highest[0] / 2
		w.log.mu.Unlock()
		body = &wire.Truncate{Channel: wire.ID{op.channel}, Control: wire.Cap{'c'}, UpTo: op.upTo}
	} else {
		op.cells = 1 + w.random.Uint64N(wire.MaxCells)
		op.mark = w.log.newMarks(op.cells)
		body = &wire.AppendCells{Channel: wire.ID{op.channel}, Write: wire.Cap{'w'}, Cells: crashCells(op)}
	}
	w.waiting[w.circuit.request+1] = op // before it is sent: it may arrive even if sending fails
	_, err := w.circuit.send(ctx, body)
	return err
}

func crashCells(op crashOp) wire.Cells {
	cells := make(wire.Cells, op.cells*wire.CellSize)
	for i := range op.cells {
		binary.BigEndian.PutUint64(cells[i*wire.CellSize:], op.mark+i)
		cells[i*wire.CellSize+8] = op.channel
	}
	return cells
}

func (w *crashWriter) answer(ctx context.Context) error {
	m, err := w.circuit.next(ctx)
	if err != nil {
		return err
	}
	op, ok := w.waiting[m.Request]
	if !ok {
		return fmt.Errorf("a message to nothing: %v", m.Body)
	}
	delete(w.waiting, m.Request)
	switch b := m.Body.(type) {
	case *wire.Appended:
		w.log.note(w.id, op, crashAnswer{first: b.First})
	case *wire.Done:
		w.log.note(w.id, op, crashAnswer{})
	default:
		return fmt.Errorf("the answer to an operation is %v", b)
	}
	return nil
}

// verify reads a channel from its start.
func (l *crashLog) verify(t *testing.T, c *rawCircuit, n byte) {
	t.Helper()
	_, got := readChannel(t, c, n, 0)
	lost := 0
	for first, marks := range l.acknowledged[n] {
		for i, mark := range marks {
			seq := first + uint64(i)
			if have, ok := got[seq]; ok && have != mark || !ok && n != 0 {
				lost++
			}
		}
	}
	if lost > 0 || len(l.acknowledged[n]) == 0 {
		t.Errorf("channel %d: %d acknowledged cells of %d appends are not where they were", n, lost, len(l.acknowledged[n]))
	}
}

// readChannel reads a channel from a position, or from the first cell behind it
// that is there, to its end. It checks that no cell is missing or there twice, and
// returns the mark of each number.
func readChannel(t *testing.T, c *rawCircuit, n byte, from uint64) (first uint64, marks map[uint64]uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	first, subscription, next := subscribeFrom(ctx, t, c, n, from)
	marks = map[uint64]uint64{}
	seen := map[uint64]bool{}
	for at := first; at < next; {
		m, err := c.next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, ok := m.Body.(*wire.CellsEvent)
		if !ok || m.Request != subscription || b.First != at {
			t.Fatalf("channel %d from %d: got %v %+v at %d", n, first, m.Body.Kind(), m.Body, at)
		}
		for i := range b.Cells.Count() {
			mark := binary.BigEndian.Uint64(b.Cells.At(i))
			if seen[mark] || b.Cells.At(i)[8] != n {
				t.Errorf("channel %d: cell %d is there twice, or of another channel", n, at)
			}
			seen[mark], marks[at] = true, mark
			at++
		}
		credit, err := wire.Append(nil, wire.Message{Request: subscription, Body: &wire.Credit{Cells: uint32(b.Cells.Count())}})
		if err == nil {
			err = c.conn.Write(ctx, credit)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.ask(ctx, &wire.Unsubscribe{Subscription: subscription}); err != nil {
		t.Fatal(err)
	}
	return first, marks
}

// subscribeFrom subscribes at a position, or at the first cell there is.
func subscribeFrom(ctx context.Context, t *testing.T, c *rawCircuit, n byte, at uint64) (first uint64, subscription uint32, next uint64) {
	t.Helper()
	for {
		reply, err := c.ask(ctx, &wire.Subscribe{Channel: wire.ID{n}, Read: wire.Cap{'r'}, From: at, Credit: wire.MaxCells})
		if err == nil {
			return at, c.request, reply.(*wire.Subscribed).Next
		}
		var refusal *wire.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != wire.Truncated || refusal.Seq <= at {
			t.Fatal(err)
		}
		at = refusal.Seq
	}
}

// crashModel is a channel that only grows and is truncated. What was not answered
// happened at some time or never did.
func crashModel() porcupine.Model {
	type state struct{ first, next uint64 }
	model := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, crashChannels)
			for _, op := range history {
				n := op.Input.(crashOp).channel
				parts[n] = append(parts[n], op)
			}
			return parts
		},
		Init: func() []any { return []any{state{}} },
		Step: func(s, input, output any) []any {
			was, in, out := s.(state), input.(crashOp), output.(crashAnswer)
			done := state{was.first, was.next + in.cells}
			if in.cells == 0 {
				if in.upTo > was.next {
					return nil
				}
				done = state{max(was.first, in.upTo), was.next}
			}
			switch {
			case out.unknown:
				return []any{was, done}
			case in.cells > 0 && out.first != was.next:
				return nil
			}
			return []any{done}
		},
		Equal: func(a, b any) bool { return a.(state) == b.(state) },
	}
	return model.ToModel()
}
