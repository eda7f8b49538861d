// Package conversation is what a device does with its conversations: it keeps
// their history, seals and opens what members say, changes groups, and goes on
// from the vault wherever a crash left it.
//
// Most callers need [New] and [Engine.Run], which works with a relay until its
// context ends; the other methods of [Engine] read and write the vault and leave
// the rest to Run.
//
//	caller ── Send, Change, MarkRead ──> vault <──> worker of each thread ── cells ──┐
//	                                      ^  ^                                       │
//	                                      │  └───> inbox worker    <── welcomes ───  relay
//	                                      ├──────> mail worker     ─── welcomes ──>  │
//	                                      ├──────> key worker      ─── packages ──>  │
//	                                      ├──────> upload worker   ─── blobs ─────> ─┘
//	                                      └──────> expiry worker
//
// How to check it by reading:
//   - A vault transaction is the lock. Whoever changes a record reads it in the same
//     transaction; transactions run one after the other.
//   - The MLS group of a thread is in the memory of one goroutine, its worker. What a
//     worker holds in memory is a copy of the vault: when a step fails it is thrown
//     away and read again.
//   - A worker learns everything about its channel by reading it in order: also
//     whether its own messages and commits got there.
//   - Write, send, then tell: a step's new state is durable before its bytes leave,
//     and screens hear of it after both.
package conversation

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"bulle/device/client/contact"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// Self is this device.
type Self struct {
	Member    governance.MemberID
	Device    governance.DeviceID
	Signature *mls.SignatureKey
	Inbox     *delivery.Inbox
	Pool      *delivery.Pool
	Key       *secret.Bytes // the category's directory key
}

// Directory is the governance log as the engine needs it. Its methods may be
// called concurrently.
type Directory interface {
	// Now returns who is in the category as of what was read of the log.
	Now() *contact.Directory
	// Head returns how far the log was read.
	Head() governance.Head
	// Heard is told the head that another member has seen.
	Heard(governance.Head)
	// Refresh reads the log to its end.
	Refresh(ctx context.Context) error
}

// Healing says when a device refreshes its keys in a group: with the first
// message after either bound. What a thief copied from the device before then
// opens nothing that is sent afterwards.
type Healing struct {
	Age      time.Duration // since our last commit; default 24 hours
	Messages uint32        // of ours since then; default 100
}

// Config of [New]. Vault, Self and Directory are required.
type Config struct {
	Vault     *vault.Vault
	Self      Self
	Directory Directory
	Clock     func() time.Time             // default time.Now
	Rand      io.Reader                    // for MLS; default crypto/rand
	Log       func(what string, err error) // default discards
	Healing   Healing
	// ReceiptDelay is how long receipts wait for more of them; default 1 second.
	ReceiptDelay time.Duration
	// Retry is how long a worker waits after a failure that nobody announces the
	// end of; default 5 seconds.
	Retry time.Duration
	// Blocked says whether this member has blocked another one; nil: nobody.
	Blocked func(tx *vault.Tx, member governance.MemberID) (bool, error)
	// Noted is given what a sibling told with [Engine.Note], in the transaction that
	// takes it from the channel.
	Noted func(tx *vault.Tx, key string, value []byte) error
	// Notes returns what a new sibling is told of what was noted before.
	Notes func(ctx context.Context) (map[string][]byte, error)
	// Notify is told what happened, after it is durable. It must not block.
	Notify func(Event)
	// Open opens the file of an upload again, by the reference it was given.
	Open func(reference string) (Source, error)
	// Hook is called with the name of each step before and after it. An error stops
	// the engine there, as a crash would. For tests.
	Hook func(step string) error
	// Sealing is shown, for each sealing of a conversation, what must never be there
	// twice: key and nonce of an MLS message, salt of a cell. It must not keep the
	// slice. For tests.
	Sealing func(once []byte)
}

// Engine owns the conversations of one device. Its methods may be called
// concurrently.
type Engine struct {
	Config
	vault *vault.Vault

	mu            sync.Mutex
	workers       map[workerKey]*worker // while Run runs
	spawn         func(*worker)         // nil while it does not
	relay         link.Session          // of this or the last Run
	round         uint64
	settled       chan struct{} // closed and replaced when a worker finishes a round
	crashed       error
	sources       map[MessageID]Source // files whose owner left them open for us
	running       map[upKey]context.CancelCauseFunc
	readInboxOnce bool // the inbox was read to its end since Run began
}

// ErrStopped says that a hook stopped the engine.
var ErrStopped = errors.New("stopped by a hook")

// New returns an engine on a vault. It reads nothing yet.
func New(c Config) (*Engine, error) {
	if c.Vault == nil || c.Directory == nil || c.Self.Signature == nil || c.Self.Inbox == nil || c.Self.Pool == nil {
		return nil, errors.New("conversation: the config lacks the vault, the directory or the device")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = systemRandom{}
	}
	if c.Log == nil {
		c.Log = func(string, error) {}
	}
	if c.Healing.Age == 0 {
		c.Healing.Age = 24 * time.Hour
	}
	if c.Healing.Messages == 0 {
		c.Healing.Messages = 100
	}
	if c.ReceiptDelay == 0 {
		c.ReceiptDelay = time.Second
	}
	if c.Retry == 0 {
		c.Retry = 5 * time.Second
	}
	if c.Notify == nil {
		c.Notify = func(Event) {}
	}
	return &Engine{
		Config: c, vault: c.Vault,
		workers: map[workerKey]*worker{}, settled: make(chan struct{}), sources: map[MessageID]Source{},
		running: map[upKey]context.CancelCauseFunc{},
	}, nil
}

func (e *Engine) authority() *authority { return &authority{directory: e.Directory.Now} }

// mls is what a group needs from outside, with the judge of its credentials.
func (e *Engine) mls(creds *authority) mls.Config {
	c := mls.Config{Rand: e.Rand, Now: e.Clock, Credentials: creds, RequirePrivate: true}
	if e.Sealing != nil {
		c.Sealing = func(key, nonce []byte) { e.Sealing(append(key[:len(key):len(key)], nonce...)) }
	}
	return c
}

func (e *Engine) view(ctx context.Context) view { return view{ctx, e.vault} }

// notes is what a transaction wants done once it is durable.
type notes struct {
	events []Event
	wake   []workerKey
	heard  []governance.Head
}

func (n *notes) tell(ev Event)       { n.events = append(n.events, ev) }
func (n *notes) kick(k ...workerKey) { n.wake = append(n.wake, k...) }

// update runs a transaction as a named step, then tells what it noted.
func (e *Engine) update(ctx context.Context, step string, f func(*vault.Tx, *notes) error) error {
	if err := e.at(step); err != nil {
		return err
	}
	var n notes
	if err := e.vault.Update(ctx, func(tx *vault.Tx) error { return f(tx, &n) }); err != nil {
		return err
	}
	for _, h := range n.heard {
		e.Directory.Heard(h)
	}
	for _, k := range n.wake {
		e.kick(k)
	}
	for _, ev := range n.events {
		e.Notify(ev)
	}
	return e.at(step + " done")
}

// Retire ends the engine for good: from here on nothing is read from the relay or
// written to the vault, and what would be fails with err.
func (e *Engine) Retire(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.crashed == nil {
		e.crashed = errors.Join(ErrStopped, err)
	}
}

// at lets a test stop the engine at a step. After that no step begins.
func (e *Engine) at(step string) error {
	e.mu.Lock()
	crashed := e.crashed
	e.mu.Unlock()
	if crashed != nil || e.Hook == nil {
		return crashed
	}
	if err := e.Hook(step); err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.crashed = errors.Join(ErrStopped, err)
		return e.crashed
	}
	return nil
}

// remote reports whether an error says that the relay could not be asked: what
// was tried may have happened, and is tried again.
func remote(err error) bool {
	for _, known := range []error{
		link.ErrOffline, link.ErrTimeout, link.ErrUnreachable, link.ErrDraining, link.ErrInternal,
		link.ErrOverQuota, link.ErrStorageFull, link.ErrRate, link.ErrBusy, link.ErrUnauthorised, link.ErrPinChanged, link.ErrProtocol, link.ErrClosed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
