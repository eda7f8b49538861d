package relay

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"bulle/protocol/wire"
)

// recentTime is how long new cells stay in memory for their subscribers.
const recentTime = 5 * time.Second

// A run is consecutive cells of a channel.
type run struct {
	first uint64
	cells wire.Cells
}

func (r run) next() uint64 { return r.first + uint64(r.cells.Count()) } //nolint:gosec // G115: a count

// cut returns the part of a run from a position inside it, at most n cells.
func (r run) cut(from uint64, n int) run {
	cells := r.cells.From(int(from - r.first)) //nolint:gosec // G115: from lies in the run
	return run{from, cells[:min(len(cells), n*wire.CellSize)]}
}

// A topic is a channel that has subscribers.
type topic struct {
	id wire.ID

	mu     sync.Mutex
	subs   []*subscription
	next   uint64 // what is durable ends here, as far as the topic knows
	sealed bool
	tail   []run // the last cells, without a gap; may be empty
}

// A subscription is a position of one circuit in one channel. All but the first
// three fields belong to the circuit's mutex.
type subscription struct {
	circuit *circuit
	topic   *topic
	request uint32

	next   uint64
	credit uint32
	active bool // SUBSCRIBED is on its way: cells may follow
	queued bool // in the circuit's list of those that may have something to send
	ended  bool
}

// join adds a subscription to the topic of its channel, which appears with it.
func (e *Engine) join(id wire.ID, s *subscription) {
	e.topicsMu.Lock()
	defer e.topicsMu.Unlock()
	t := e.topics[id]
	if t == nil {
		t = &topic{id: id}
		e.topics[id] = t
	}
	s.topic = t
	t.mu.Lock()
	t.subs = append(t.subs, s)
	t.mu.Unlock()
}

// leave takes a subscription out of its topic, which goes with its last one.
func (e *Engine) leave(s *subscription) {
	e.topicsMu.Lock()
	defer e.topicsMu.Unlock()
	t := s.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.subs, s)
	if i < 0 {
		return
	}
	t.subs = slices.Delete(t.subs, i, i+1)
	if len(t.subs) == 0 {
		t.tail = nil
		delete(e.topics, t.id)
	}
}

// learn tells a topic where its channel stands.
func (t *topic) learn(s State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = max(t.next, s.Next)
	t.sealed = t.sealed || s.Sealed
}

// publish hands a durable run to the subscribers of its channel.
func (e *Engine) publish(id wire.ID, r run, sealed bool) {
	e.topicsMu.RLock()
	t := e.topics[id]
	e.topicsMu.RUnlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	if n := len(t.tail); n > 0 && t.tail[n-1].next() != r.first {
		t.tail = nil
	}
	t.tail = append(t.tail, r)
	t.next = max(t.next, r.next())
	t.sealed = t.sealed || sealed
	for _, s := range t.subs {
		s.circuit.wake(s)
	}
	t.mu.Unlock()
	e.recent.add(t, r, e.tick())
}

// after returns the cells at a position, at most n: from the topic's memory or
// from the store. at is where to go on: behind the cells, or further if cells were
// deleted. more reports whether there is more, end that there will be none.
func (e *Engine) after(t *topic, from uint64, n int) (got run, at uint64, more, end bool, err error) {
	got, next, sealed := t.recall(from, n)
	if got.cells == nil && from < next {
		first, cells, err := e.store.Read(t.id, from)
		if err != nil {
			return run{}, from, false, false, err
		}
		if got.first = first; len(cells) > 0 {
			got = run{first, cells}.cut(first, n)
		}
	}
	at = max(from, got.next())
	return got, at, at < next, sealed && at >= next, nil
}

// recall looks for a position in the tail.
func (t *topic) recall(from uint64, n int) (got run, next uint64, sealed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	got.first = from
	if len(t.tail) > 0 && from >= t.tail[0].first && from < t.next {
		i, found := slices.BinarySearchFunc(t.tail, from, func(r run, seq uint64) int { return cmp.Compare(r.first, seq) })
		if !found {
			i--
		}
		if from < t.tail[i].next() {
			got = t.tail[i].cut(from, n)
		}
	}
	return got, t.next, t.sealed
}

// recent is what all tails hold together, oldest first, so that it stays bounded.
type recent struct {
	budget int

	mu     sync.Mutex
	runs   []recentRun
	bytes  int
	oldest int // runs before it are gone
}

type recentRun struct {
	topic *topic
	first uint64
	size  int
	tick  int64
}

func (r *recent) add(t *topic, got run, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, recentRun{t, got.first, len(got.cells), now})
	r.bytes += len(got.cells)
	for r.bytes > r.budget {
		r.dropLocked()
	}
}

// age drops what is old.
func (r *recent) age(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.oldest < len(r.runs) && now-r.runs[r.oldest].tick > int64(recentTime) {
		r.dropLocked()
	}
}

// dropLocked drops the oldest run. The oldest of all is the oldest of its topic.
func (r *recent) dropLocked() {
	old := r.runs[r.oldest]
	r.runs[r.oldest] = recentRun{}
	r.oldest++
	r.bytes -= old.size
	if r.oldest*2 > len(r.runs) {
		n := copy(r.runs, r.runs[r.oldest:])
		clear(r.runs[n:])
		r.runs, r.oldest = r.runs[:n], 0
	}
	old.topic.mu.Lock()
	defer old.topic.mu.Unlock()
	if tail := old.topic.tail; len(tail) > 0 && tail[0].first == old.first {
		tail[0] = run{}
		old.topic.tail = tail[1:]
	}
}
