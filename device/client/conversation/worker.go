package conversation

import (
	"context"
	"errors"
	"sync"
	"time"

	"bulle/device/client/link"
	"bulle/device/vault"
)

// Workers. Each is one goroutine that makes passes: it brings its own piece of the
// work as far as it goes, says so, and waits for a kick, a deadline or the relay.
//
//	pass ──ok──> settled for the round it began in ──> wait ──kick──> pass
//	  └──failed──> settled with the error ──> wait (Retry, or kick) ──┘
//
// A round is a number. [Engine.Settle] raises it, kicks everyone, and waits until
// every worker has finished a pass that began in that round, with nothing left to
// do. Whoever makes work for another worker unsettles it before it settles itself,
// so that the last one to settle leaves nothing behind.

// A workerKey names a worker. Thread workers carry the conversation and group.
type workerKey struct {
	kind   workerKind
	id     ID
	thread [32]byte
}

type workerKind uint8

const (
	inboxWorker   workerKind = 1
	mailWorker    workerKind = 2
	keyWorker     workerKind = 3
	uploadWorker  workerKind = 4
	threadWorker  workerKind = 5
	siblingWorker workerKind = 6
	expiryWorker  workerKind = 7
)

type worker struct {
	key workerKey
	// pass does what there is to do; a thread's also waits for cells by itself. It is
	// told the round that it began in. errAgain asks for another pass at once,
	// errFinished ends the worker.
	pass func(ctx context.Context, w *worker, round uint64) error
	rest time.Duration // how long it waits after a pass that went well, if nobody kicks it; 0: for ever

	mu     sync.Mutex
	kicked bool
	cancel context.CancelFunc // ends the wait that is going on

	// guarded by the engine's lock
	settled uint64 // the round it is settled for
	failed  error  // how its last pass ended
}

var (
	errFinished = errors.New("finished")
	errAgain    = errors.New("again")
)

// kickLocked wakes the worker; the kick is kept if it is not waiting. The engine's
// lock is held, so that no worker is settled and kicked at once.
func (w *worker) kickLocked() {
	w.settled = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kicked = true
	if w.cancel != nil {
		w.cancel()
	}
}

// waiting returns a context that ends with a kick, after d (0: never), or with
// ctx. The caller calls awake after its wait.
func (w *worker) waiting(ctx context.Context, d time.Duration) context.Context {
	var cancel context.CancelFunc
	if d > 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kicked {
		cancel()
	}
	w.cancel = cancel
	return ctx
}

// awake ends a wait and takes the kick, if there was one, whatever else ended the
// wait: the caller now does what it was kicked for.
func (w *worker) awake() (kicked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kicked, w.kicked = w.kicked, false
	if w.cancel != nil {
		w.cancel()
		w.cancel = nil
	}
	return kicked
}

// Run works with the relay until ctx ends: it is then done and returns nil, with
// every goroutine ended. It fails only when a hook stopped the engine, or when it
// cannot begin. It closes ready, unless that is nil, when Settle may be called. One
// Run at a time.
func (e *Engine) Run(ctx context.Context, relay link.Session, ready chan<- struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	start := func(w *worker) {
		running.Go(func() {
			if err := e.work(ctx, w); errors.Is(err, ErrStopped) {
				cancel()
			}
		})
	}
	if err := e.startWorkers(ctx, relay, start); err != nil {
		return err
	}
	if ready != nil {
		close(ready)
	}
	<-ctx.Done()
	e.mu.Lock()
	e.spawn = nil // no worker starts another from here on
	e.mu.Unlock()
	running.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.workers)
	e.settledLocked()
	return e.crashed
}

func (e *Engine) startWorkers(ctx context.Context, relay link.Session, start func(*worker)) error {
	threads, err := e.allThreads(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if e.spawn != nil {
		e.mu.Unlock()
		return errors.New("the engine runs already")
	}
	e.spawn = func(w *worker) {
		e.workers[w.key] = w
		start(w)
	}
	e.relay = relay
	e.readInboxOnce = false
	e.mu.Unlock()
	for kind, pass := range map[workerKind]func(context.Context, *worker, uint64) error{
		inboxWorker: e.inboxPass, mailWorker: e.mailPass, keyWorker: e.keyPass, uploadWorker: e.uploadPass,
		siblingWorker: e.siblingPass, expiryWorker: e.expiryPass,
	} {
		e.start(&worker{key: workerKey{kind: kind}, pass: pass})
	}
	for _, key := range threads {
		e.kick(key)
	}
	return nil
}

// work runs one worker.
func (e *Engine) work(ctx context.Context, w *worker) error {
	for {
		round := e.begin(w)
		err := w.pass(ctx, w, round)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errAgain):
			continue
		case errors.Is(err, ErrStopped), errors.Is(err, errFinished):
			e.finish(w)
			return err
		}
		e.settle(w, round, err)
		retry := w.rest
		if err != nil {
			retry = e.Retry
			e.Log("a step failed and will be tried again", err)
		}
		wait := w.waiting(ctx, retry)
		<-wait.Done()
		w.awake()
	}
}

// start begins a worker unless there is one with its key or Run has ended.
func (e *Engine) start(w *worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spawn != nil && e.workers[w.key] == nil {
		e.spawn(w)
	}
}

// kick wakes a worker, and starts that of a thread that has none yet.
func (e *Engine) kick(key workerKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.workers[key]; w != nil {
		w.kickLocked()
	} else if key.kind == threadWorker && e.spawn != nil {
		t := &threadWork{engine: e, conversation: key.id, id: key.thread}
		e.spawn(&worker{key: key, pass: t.pass})
	}
}

// Wake makes every worker look again: the relay is back.
func (e *Engine) Wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.workers {
		w.kickLocked()
	}
}

// begin returns the round that a pass begins in.
func (e *Engine) begin(w *worker) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.settled = 0
	return e.round
}

// settle says that a worker has nothing left to do of a round, or failed.
func (e *Engine) settle(w *worker, round uint64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = err
	if !w.kicked {
		w.settled = round + 1 // so that 0 means never
	}
	e.settledLocked()
}

// now returns the round that goes on.
func (e *Engine) now() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.round
}

// finish takes a worker out.
func (e *Engine) finish(w *worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.workers[w.key] == w {
		delete(e.workers, w.key)
	}
	e.settledLocked()
}

func (e *Engine) settledLocked() {
	close(e.settled)
	e.settled = make(chan struct{})
}

// Settle returns when everything that waited on the relay when it was called has
// been received, and everything that waited in the vault has been sent and
// acknowledged, or cannot be now. It returns a failure to write the vault, or else
// to reach the relay.
// Run must be running.
func (e *Engine) Settle(ctx context.Context) error {
	e.mu.Lock()
	e.round++
	want := e.round + 1
	for _, w := range e.workers {
		w.kickLocked()
	}
	e.mu.Unlock()
	for {
		e.mu.Lock()
		done, changed, failed := e.settledForLocked(want)
		e.mu.Unlock()
		if done {
			return failed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *Engine) settledForLocked(want uint64) (done bool, changed <-chan struct{}, failed error) {
	if e.crashed != nil || e.spawn == nil {
		return true, nil, errors.Join(ErrNotRunning, e.crashed)
	}
	done = true
	for _, w := range e.workers {
		if w.settled < want {
			done = false
		}
		if remote(w.failed) && failed == nil || errors.Is(w.failed, vault.ErrFull) || errors.Is(w.failed, vault.ErrBroken) {
			failed = w.failed // what is wrong with the vault goes first
		}
	}
	return done, e.settled, failed
}

// ErrNotRunning says that only a running engine can do this.
var ErrNotRunning = errors.New("the engine does not run")
