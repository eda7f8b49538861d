// Package veil keeps what a page shows unreadable until its member asks to read
// it. A [Veil] seals every text on its way to the page under a key of this session
// alone, and opens one conversation, or one item of it, for a short time after an
// answered challenge:
//
//	Seal --> page shows the sealed bytes
//	                       gesture --> Challenge --> Reveal --> Open, Open, ...
//	                                                   |
//	                        Cover, Spend or the time --'--> key zeroed, told
//
// The keys form a chain, each made from the one before by HKDF:
//
//	session key -> key of a conversation -> key of an item -> key and nonce of a text
//
// A reveal holds the second or the third and nothing above it. Most callers need
// [New], [Veil.Seal], [Veil.Reveal] and [Veil.Open].
package veil

import (
	"errors"
	"sync"
	"time"

	"bulle/protocol/secret"
)

// ErrMasked says that this may not be read now: nothing is revealed, something else
// is, or the challenge was not answered. It is one refusal for all of these.
var ErrMasked = errors.New("veil: masked")

const (
	keySize = 32

	// MinShown is the shortest time that a reveal may be asked to last.
	MinShown = 3 * time.Second
	// DefaultShown is how long a reveal lasts unless the member chose otherwise.
	DefaultShown = 10 * time.Second
	// MaxShown is the longest time that a reveal may last.
	MaxShown = 60 * time.Second

	maxSpent = 4096 // items that one reveal remembers as out of sight; at most, it ends
)

// A Scope says what a text belongs to: an item (a message, a person) of a
// conversation, or the conversation itself when Item is empty.
type Scope struct {
	Conversation string
	Item         string
}

// covers reports whether a reveal of s shows what belongs to t.
func (s Scope) covers(t Scope) bool {
	return s.Conversation == t.Conversation && (s.Item == "" || s.Item == t.Item)
}

// A Veil lives as long as a session. Its methods may be called concurrently.
type Veil struct {
	session *secret.Bytes
	salts   *secret.Bytes
	covered func() // told, without the lock, when a reveal ended by its time

	mu    sync.Mutex
	gate  gate
	shown *reveal // at most one
}

// reveal is something that may be read now.
type reveal struct {
	scope Scope
	key   *secret.Bytes // of the conversation, or of the item
	spent map[string]bool
	end   *time.Timer
}

// New returns a veil under which nothing is revealed. covered is called when time
// ends a reveal; it must not block.
func New(covered func()) *Veil {
	session := secret.Random(keySize)
	return &Veil{
		session: session,
		salts:   secret.DeriveSHA256(secret.ScreenSalt, session, nil, nil, keySize),
		covered: covered,
	}
}

// Reveal lets the page read s for the time shown, bounded by [MinShown] and
// [MaxShown], if answer answers the open challenge for this purpose: see
// [Veil.Challenge]. Whatever was revealed before ends.
func (v *Veil) Reveal(s Scope, purpose string, answer []byte, shown time.Duration) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.coverLocked()
	if !v.gate.passes(purpose, answer) {
		return ErrMasked
	}
	r := &reveal{scope: s, spent: map[string]bool{}}
	r.key = secret.DeriveSHA256(secret.ScreenConversation, v.session, nil, []byte(s.Conversation), keySize)
	if s.Item != "" {
		conversation := r.key
		r.key = itemKey(conversation, s.Item)
		conversation.Wipe()
	}
	r.end = time.AfterFunc(bounded(shown), func() { v.expire(r) })
	v.shown = r
	return nil
}

// Shorten ends the present reveal after the time shown from now, if that is sooner.
func (v *Veil) Shorten(shown time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shown != nil && v.shown.end.Stop() {
		v.shown.end.Reset(bounded(shown))
	}
}

// Cover ends the present reveal and zeroes its key.
func (v *Veil) Cover() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.coverLocked()
}

// Spend says that s went out of sight: it cannot be opened again in this reveal,
// which ends if it was for s alone.
func (v *Veil) Spend(s Scope) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.shown
	switch {
	case r == nil || !r.scope.covers(s):
	case r.scope == s || len(r.spent) >= maxSpent:
		v.coverLocked()
	default:
		r.spent[s.Item] = true
	}
}

// Shows reports whether s may be read now.
func (v *Veil) Shows(s Scope) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.showsLocked(s)
}

func (v *Veil) showsLocked(s Scope) bool {
	return v.shown != nil && v.shown.scope.covers(s) && !v.shown.spent[s.Item]
}

func (v *Veil) coverLocked() {
	if v.shown == nil {
		return
	}
	v.shown.end.Stop()
	v.shown.key.Wipe()
	v.shown = nil
}

func (v *Veil) expire(r *reveal) {
	v.mu.Lock()
	mine := v.shown == r
	if mine {
		v.coverLocked()
	}
	v.mu.Unlock()
	if mine {
		v.covered()
	}
}

func bounded(shown time.Duration) time.Duration { return max(MinShown, min(shown, MaxShown)) }
