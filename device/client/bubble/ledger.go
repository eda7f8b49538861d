package bubble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"bulle/device/client/contact"
	"bulle/device/vault"
	"bulle/protocol/governance"
)

// A Ledger follows the governance log: it verifies each statement once, keeps it in
// the vault's segment "log" under its number, and answers who is in the category.
//
// The relay could show two members two logs, or hide the newest statements from
// one. Members therefore tell each other their heads inside messages: [Ledger.Heard]
// compares, reads on when another has more, and calls OnFork when that does not
// lead to the same history.
//
// It may be used concurrently. It implements conversation.Directory.
type Ledger struct {
	cfg Config
	log *governance.Log

	mu        sync.Mutex
	directory *contact.Directory
	conn      Connection // of Follow, nil when it has none
	claimed   governance.Head
	forked    bool
	nudge     chan struct{} // tells Follow that somebody has seen more

	reading sync.Mutex // held while the log is read from the relay
}

// Config of [Open]. All but the functions called On... are required.
type Config struct {
	Vault    *vault.Vault
	Identity *Identity
	Dial     Dialer
	OnChange func() // the log has grown; it must not block
	OnFork   func() // once; it must not block
	Retry    time.Duration
}

const logSegment = "log"

// Open reads the log that the vault holds.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	if cfg.OnChange == nil {
		cfg.OnChange = func() {}
	}
	if cfg.OnFork == nil {
		cfg.OnFork = func() {}
	}
	if cfg.Retry == 0 {
		cfg.Retry = 5 * time.Second
	}
	l := &Ledger{cfg: cfg, log: governance.NewLog(cfg.Identity.Root), nudge: make(chan struct{}, 1)}
	var all [][]byte // in one piece: each Resume copies the whole state
	err := cfg.Vault.Scan(ctx, logSegment, vault.Range{}, func(_ string, statement []byte) error {
		all = append(all, append([]byte(nil), statement...))
		return nil
	})
	if err == nil {
		err = l.log.Resume(all...)
	}
	if err != nil && !errors.Is(err, vault.ErrNoSegment) {
		return nil, fmt.Errorf("read the governance log: %w", err)
	}
	l.refreshDirectory()
	return l, nil
}

// keep writes statements that were verified, from a position on.
func keep(tx *vault.Tx, from uint64, statements [][]byte) error {
	if err := ensureSegment(tx, logSegment); err != nil {
		return err
	}
	for i, s := range statements {
		name := binary.BigEndian.AppendUint64(nil, from+uint64(i))
		if err := tx.Put(logSegment, string(name), s); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) refreshDirectory() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.directory = contact.NewDirectory(l.directory, l.log.State(), l.cfg.Identity.Category, l.cfg.Identity.Directory)
}

// Now returns who is in the category.
func (l *Ledger) Now() *contact.Directory {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.directory
}

// Head returns how far the log was read.
func (l *Ledger) Head() governance.Head { return l.log.Head() }

// State returns what the log implies.
func (l *Ledger) State() *governance.State { return l.log.State() }

// Forked reports whether two histories were seen.
func (l *Ledger) Forked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forked
}

// Heard compares the head that another member has seen with ours.
func (l *Ledger) Heard(h governance.Head) {
	switch l.log.Compare(h) {
	case governance.Consistent:
	case governance.Ahead:
		l.mu.Lock()
		if h.Length > l.claimed.Length {
			l.claimed = h
		}
		l.mu.Unlock()
		select {
		case l.nudge <- struct{}{}:
		default:
		}
	case governance.Fork:
		l.fork()
	}
}

func (l *Ledger) fork() {
	l.mu.Lock()
	first := !l.forked
	l.forked = true
	l.mu.Unlock()
	if first {
		l.cfg.OnFork()
	}
}

// Refresh reads the log to the relay's end.
func (l *Ledger) Refresh(ctx context.Context) error {
	l.mu.Lock()
	c := l.conn
	l.mu.Unlock()
	if c != nil {
		return l.catchUp(ctx, c)
	}
	c, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // nothing is under way on it
	return l.catchUp(ctx, c)
}

func (l *Ledger) dial(ctx context.Context) (Connection, error) {
	id := l.cfg.Identity
	key := id.DeviceKey()
	return l.cfg.Dial(ctx, id.Address, id.Pin, func(b governance.Binding) []byte {
		return governance.ProveDevice(key, id.Category, b)
	})
}

// catchUp reads, verifies and keeps what is new, then settles what others claimed.
func (l *Ledger) catchUp(ctx context.Context, c Connection) error {
	l.reading.Lock()
	defer l.reading.Unlock()
	from := l.log.Head().Length
	statements, err := CatchUp(ctx, c, l.log)
	if len(statements) > 0 {
		for at := 0; at < len(statements); at += page {
			chunk := statements[at:min(at+page, len(statements))]
			if err := l.cfg.Vault.Update(ctx, func(tx *vault.Tx) error { return keep(tx, from+uint64(at), chunk) }); err != nil { //nolint:gosec // G115: an index
				return fmt.Errorf("keep the governance log: %w", err)
			}
		}
		l.refreshDirectory()
		l.cfg.OnChange()
	}
	if errors.Is(err, ErrFork) {
		l.fork()
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	claimed := l.claimed
	l.claimed = governance.Head{}
	l.mu.Unlock()
	if claimed.Length > 0 && l.log.Compare(claimed) != governance.Consistent {
		l.fork() // hidden from us, or another history
	}
	return nil
}

// Follow keeps a connection and reads the log whenever it grows, until ctx ends.
func (l *Ledger) Follow(ctx context.Context) {
	for ctx.Err() == nil {
		wait := l.cfg.Retry
		if l.follow(ctx) { // it was cut off: perhaps because this device was removed
			wait = min(wait, reconnect)
		}
		select {
		case <-ctx.Done():
		case <-l.nudge:
		case <-time.After(wait):
		}
	}
}

// reconnect is how soon a connection that was cut off is opened again.
const reconnect = 100 * time.Millisecond

// follow follows the log on one connection. Whatever ends it, it is tried again; it
// reports whether the log was read to its end before.
func (l *Ledger) follow(ctx context.Context) (connected bool) {
	c, err := l.dial(ctx)
	if err != nil {
		return false
	}
	l.setConnection(c)
	defer func() {
		l.setConnection(nil)
		_ = c.Close() // nothing is under way on it
	}()
	if _, err := c.Watch(ctx); err != nil {
		return false
	}
	for {
		if l.catchUp(ctx, c) != nil {
			return connected
		}
		if l.gone() {
			return false // nothing more will come
		}
		connected = true
		if l.await(ctx, c) != nil {
			return connected
		}
	}
}

// gone reports whether the log has removed this device.
func (l *Ledger) gone() bool {
	key := l.cfg.Identity.DeviceKey()
	defer key.Wipe()
	_, gone := l.log.State().RemovedDevice(key.ID())
	return gone
}

// await waits until the log has grown, or somebody says so.
func (l *Ledger) await(ctx context.Context, c Connection) error {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	grown := make(chan error, 1)
	go func() {
		_, err := c.NextHead(wait, l.log.Head().Length)
		grown <- err
	}()
	select {
	case err := <-grown:
		return err
	case <-l.nudge:
		cancel()
		<-grown //nolint:errcheck // it was told to end
		return ctx.Err()
	}
}

func (l *Ledger) setConnection(c Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
}
