package memory

import (
	"bytes"
	"math/rand/v2"
	"sync"

	"bulle/server/relay/ledger"
)

// A list is a skip list (Pugh, 1990): a sorted list whose nodes have, with
// falling probability, further pointers that skip more and more of it. One in
// four nodes of a level is on the next one, so 12 levels serve 16 million keys.
type list struct {
	mu   sync.RWMutex
	head node
}

const (
	levels = 12
	rise   = 4
)

type node struct {
	key, value []byte
	next       []*node
}

func newList() *list { return &list{head: node{next: make([]*node, levels)}} }

// seek returns the first node at or behind a key, and notes in prev, when that is
// there, the last node before the key on each level.
func (l *list) seek(key []byte, prev *[levels]*node) *node {
	at := &l.head
	for level := levels - 1; level >= 0; level-- {
		for at.next[level] != nil && bytes.Compare(at.next[level].key, key) < 0 {
			at = at.next[level]
		}
		if prev != nil {
			prev[level] = at
		}
	}
	return at.next[0]
}

// Get implements [ledger.KV].
func (l *list) Get(key []byte) ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if n := l.seek(key, nil); n != nil && bytes.Equal(n.key, key) {
		return n.value, nil
	}
	return nil, nil
}

// Scan implements [ledger.KV].
func (l *list) Scan(from, to []byte, f func([]byte, ledger.Value) bool) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for n := l.seek(from, nil); n != nil && bytes.Compare(n.key, to) < 0; n = n.next[0] {
		if !f(n.key, func() ([]byte, error) { return n.value, nil }) {
			break
		}
	}
	return nil
}

// Write implements [ledger.KV].
func (l *list) Write(b *ledger.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, op := range b.Ops {
		switch {
		case op.End != nil:
			l.deleteLocked(op.Key, func(key []byte) bool { return bytes.Compare(key, op.End) < 0 })
		case op.Value == nil:
			l.deleteLocked(op.Key, func(key []byte) bool { return bytes.Equal(key, op.Key) })
		default:
			l.setLocked(op.Key, op.Value)
		}
	}
	return nil
}

func (l *list) setLocked(key, value []byte) {
	var prev [levels]*node
	if n := l.seek(key, &prev); n != nil && bytes.Equal(n.key, key) {
		n.value = value
		return
	}
	height := 1
	for height < levels && rand.IntN(rise) == 0 { //nolint:gosec // G404: decides the shape of the list only
		height++
	}
	n := &node{key: key, value: value, next: make([]*node, height)}
	for level := range height {
		n.next[level], prev[level].next[level] = prev[level].next[level], n
	}
}

// deleteLocked deletes nodes from a key on, as long as they are in the range.
func (l *list) deleteLocked(from []byte, in func(key []byte) bool) {
	var prev [levels]*node
	for n := l.seek(from, &prev); n != nil && in(n.key); n = n.next[0] {
		for level := range n.next {
			prev[level].next[level] = n.next[level]
		}
	}
}
