// Package membership is a relay's side of governance. It keeps the governance log
// of the bubble, durably, lets those read and extend it whom the log itself
// admits, and tells the relay which circuits may open.
//
// [Open] opens it, [Membership.Serve] serves one governance connection, and
// [Membership.Admit] judges the proof of a circuit. It holds public keys and
// sealed cards, and no key of a member.
package membership

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// Config is what a membership needs.
type Config struct {
	Path string   // file of the governance log; made if it does not exist
	Pin  [32]byte // SHA-256 of the relay's TLS public key: proofs are bound to it

	// Token is called by Open if the relay has no founder. The claim token that it
	// returns stays the caller's, who must not wipe it before Close.
	Token   func() (*secret.Bytes, error)
	Claimed func() error                         // called once the claim is durable, nil for nothing
	Removed func(func(governance.DeviceID) bool) // called once devices were removed, with what tells which are left; nil for nothing
	Now     func() time.Time                     // default time.Now
	Rand    io.Reader                            // of challenges, default crypto/rand
	Log     *slog.Logger                         // default none

	MaxConnections int // governance connections at a time, default 8192
	MaxUnopened    int // of which have not proved anything yet, default 256
	Burst          int // requests that a connection may make at once, default 256
	PerSecond      int // and then in each second, default 32
}

func (c *Config) defaults() error {
	if c.Path == "" {
		return errors.New("membership: the path of the governance log is missing")
	}
	if c.Pin == [32]byte{} {
		return errors.New("membership: the pin of the relay is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, f := range []struct {
		value *int
		then  int
	}{{&c.MaxConnections, 8192}, {&c.MaxUnopened, 256}, {&c.Burst, 256}, {&c.PerSecond, 32}} {
		if *f.value < 0 {
			return errors.New("membership: a limit is negative")
		}
		if *f.value == 0 {
			*f.value = f.then
		}
	}
	return nil
}

// A Membership is the governance of one relay. It may be used concurrently.
type Membership struct {
	cfg   Config
	log   *governance.Log
	token *secret.Bytes // nil if the relay was claimed when it was opened

	mu       sync.Mutex
	journal  *journal
	changed  chan struct{} // closed when the log has grown, then replaced
	conns    int
	unopened int

	stop  chan struct{} // closed by Close
	once  sync.Once
	ended sync.WaitGroup // connections
}

// Open opens the log, verifies all of it, and cuts off a batch that was torn by a
// crash. It fails with [ErrDamaged] if anything else is wrong with it.
func Open(cfg Config) (*Membership, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	m := &Membership{
		cfg: cfg, log: governance.NewUnpinnedLog(),
		changed: make(chan struct{}), stop: make(chan struct{}),
	}
	var all [][]byte
	j, torn, err := openJournal(cfg.Path, func(batch [][]byte) error {
		all = append(all, batch...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := m.log.Append(all...); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (%w)", ErrDamaged, err), j.close())
	}
	if s := m.log.State(); s.Claimed() && !s.Complete() {
		return nil, errors.Join(ErrDamaged, j.close())
	}
	if m.log.State().Length() == 0 && cfg.Token != nil {
		if m.token, err = cfg.Token(); err != nil {
			return nil, errors.Join(err, j.close())
		}
	}
	m.journal = j
	if torn > 0 {
		cfg.Log.Warn("cut off an unfinished write at the end of the governance log", slog.Int64("bytes", torn))
	}
	return m, nil
}

// Claimed reports whether the relay has a founder.
func (m *Membership) Claimed() bool { return m.log.State().Claimed() }

// Close ends all connections, waits for them, and closes the log.
func (m *Membership) Close() error {
	m.Drain()
	m.ended.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.journal == nil {
		return nil
	}
	err := m.journal.close()
	m.journal = nil
	return err
}

// Drain takes no more connections and tells those that there are to go. It does
// not wait.
func (m *Membership) Drain() {
	m.once.Do(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(m.stop)
	})
}

// An Admission is what a proof gives a circuit.
type Admission struct {
	Category governance.CategoryID
	Device   governance.DeviceID
}

// Admit judges the proof of a circuit by the log. It returns governance.ErrProof
// whatever is wrong.
func (m *Membership) Admit(_ context.Context, challenge [32]byte, proof []byte) (Admission, error) {
	p, err := governance.ParseProof(proof)
	if err != nil {
		return Admission{}, governance.ErrProof
	}
	d, err := p.VerifyDevice(m.log.State(), m.binding(governance.PurposeCircuit, challenge))
	if err != nil {
		return Admission{}, governance.ErrProof
	}
	return Admission{Category: p.Category, Device: d.ID}, nil
}

func (m *Membership) binding(p governance.Purpose, challenge [32]byte) governance.Binding {
	return governance.Binding{Purpose: p, Pin: m.cfg.Pin, Challenge: challenge}
}

// submit verifies statements, stores them, and only then tells anyone.
func (m *Membership) submit(statements [][]byte) error {
	first := !m.Claimed()
	store := func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.journal == nil {
			return errClosed
		}
		if err := m.journal.append(statements); err != nil {
			return storageError{err}
		}
		return nil
	}
	if err := m.log.Take(m.cfg.Now(), store, statements...); err != nil {
		return err
	}
	m.mu.Lock()
	close(m.changed)
	m.changed = make(chan struct{})
	m.mu.Unlock()
	if first {
		m.claimed()
	}
	m.removed(statements)
	return nil
}

// removed lets the relay end the circuits of devices that are gone.
func (m *Membership) removed(statements [][]byte) {
	if m.cfg.Removed == nil {
		return
	}
	for _, b := range statements {
		if st, err := governance.ParseStatement(b); err == nil && st.Kind() == governance.KindRemoval {
			m.cfg.Removed(func(id governance.DeviceID) bool {
				_, ok := m.log.State().Device(id)
				return ok
			})
			return
		}
	}
}

// claimed says that the bubble is born. The claim stands even if the token's file
// cannot be removed: the log refuses a second claim.
func (m *Membership) claimed() {
	m.cfg.Log.Info("the bubble has its founder")
	if m.cfg.Claimed == nil {
		return
	}
	if err := m.cfg.Claimed(); err != nil {
		m.cfg.Log.Error("forget the claim token", slog.Any("error", err))
	}
}

// fetch reads statements from the log.
func (m *Membership) fetch(from, count uint64, size int) ([][]byte, error) {
	m.mu.Lock()
	j := m.journal
	if j == nil {
		m.mu.Unlock()
		return nil, errClosed
	}
	p := j.find(from, count, size)
	m.mu.Unlock()
	return j.read(p)
}

// next returns a channel that is closed when the log grows beyond what it is now.
func (m *Membership) next() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

var errClosed = errors.New("membership is closed")

// A storageError says that the log could not be written: the disk is full or
// worse.
type storageError struct{ error }

func (e storageError) Unwrap() error { return e.error }
