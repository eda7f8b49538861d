package governance

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Log verifies statements one after the other and keeps the state that they
// imply. It keeps no statement: its owner stores what Append accepted.
//
//	hash of no statement   = 32 zero bytes
//	hash of n+1 statements = SHA-256("bulle 1 log", hash of n, SHA-256("bulle 1 statement hash", statement n))
//
// where each label is preceded by its length in one byte. Either the whole log has
// one hash everywhere or somebody was shown another log; see [Log.Compare].
//
// A Log may be used concurrently. Readers never wait for writers.
type Log struct {
	writing sync.Mutex
	current atomic.Pointer[history]
}

// A history is what a log is at one moment. Histories share their hashes: a later
// one only appends.
type history struct {
	state  *State
	hashes []Hash // hashes[n] is the hash of n statements
}

// NewLog returns the empty log of the bubble whose root key is root. It accepts no
// other claim.
func NewLog(root RootID) *Log { return newLog(newState(root)) }

// NewUnpinnedLog returns an empty log that accepts any claim, for a relay that
// waits for its founder.
func NewUnpinnedLog() *Log { return newLog(newState(RootID{})) }

func newLog(s *State) *Log {
	l := &Log{}
	l.current.Store(&history{state: s, hashes: make([]Hash, 1)})
	return l
}

// Append verifies statements, in order, and adds all of them or none. Errors are
// a [*RuleError].
func (l *Log) Append(statements ...[]byte) error {
	return l.append(statements, rules{signatures: true}, nil)
}

// Resume is Append without the signatures, for statements which this relay or
// device verified before and kept where nobody else can write.
func (l *Log) Resume(statements ...[]byte) error {
	return l.append(statements, rules{}, nil)
}

// Take is Append on the relay that takes statements first. It keeps the rules
// about time as well, which need a clock, and D7 for the end of the log; and it
// calls store, unless that is nil, once everything is verified: the log changes only
// if store succeeds, and store never runs twice at a time.
func (l *Log) Take(now time.Time, store func() error, statements ...[]byte) error {
	return l.append(statements, rules{signatures: true, now: now}, store)
}

func (l *Log) append(statements [][]byte, r rules, store func() error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	before := l.current.Load()
	after := &history{state: before.state.clone(), hashes: before.hashes}
	for _, b := range statements {
		if err := r.add(after.state, b); err != nil {
			return err
		}
		after.hashes = append(after.hashes, after.state.head.Hash)
	}
	if !r.now.IsZero() && !after.state.Complete() {
		return errNoDevice()
	}
	if store != nil {
		if err := store(); err != nil {
			return err
		}
	}
	l.current.Store(after)
	return nil
}

// Head is where the log ends.
func (l *Log) Head() Head { return l.State().Head() }

// State returns what the log implies now.
func (l *Log) State() *State { return l.current.Load().state }

// HashAt returns the hash of the first length statements, false if the log is
// shorter.
func (l *Log) HashAt(length uint64) (Hash, bool) {
	hashes := l.current.Load().hashes
	if length >= uint64(len(hashes)) {
		return Hash{}, false
	}
	return hashes[length], true
}

// A Relation is how another head relates to a log.
type Relation uint8

// The relations.
const (
	// Consistent: the log begins with exactly what the other one has.
	Consistent Relation = iota
	// Ahead: the other has more. Fetch it and compare again: if a relay does not
	// show what others have, it hides it.
	Ahead
	// Fork: the two are different histories. One of the two was lied to.
	Fork
)

// String returns the relation's name.
func (r Relation) String() string {
	return []string{"consistent", "ahead", "fork"}[min(r, Fork)]
}

// Compare says how a head that somebody else told relates to this log.
func (l *Log) Compare(theirs Head) Relation {
	switch own, ok := l.HashAt(theirs.Length); {
	case !ok:
		return Ahead
	case own != theirs.Hash:
		return Fork
	}
	return Consistent
}

// chain returns the hash of a log and one more statement.
func chain(h, statement Hash) Hash {
	return labelled("bulle 1 log", h[:], statement[:])
}
