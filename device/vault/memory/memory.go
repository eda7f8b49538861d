// Package memory is a vault backend in RAM: for tests, and for devices that must
// not write to a disk. Most callers need [New].
package memory

import (
	"bytes"
	"context"
	"sync"

	"bulle/device/vault"
	"bulle/protocol/secret"
)

// Backend is a [vault.Backend] in RAM. What it holds outlives the vault that is
// opened on it, until nothing refers to it: Close keeps it, so that a test or a
// screen lock can open the same vault again.
type Backend struct {
	mu      sync.RWMutex
	slots   [vault.NumSlots][]byte
	entries map[vault.Key]entry
	commits uint64
}

type entry struct{ label, value []byte }

// New returns an empty backend.
func New() *Backend { return &Backend{entries: make(map[vault.Key]entry)} }

// Copy returns a backend that holds the same, for good: what is changed, replaced
// or deleted in one of them stays in the other.
func Copy(from *Backend) *Backend {
	from.mu.RLock()
	defer from.mu.RUnlock()
	b := &Backend{entries: make(map[vault.Key]entry, len(from.entries)), commits: from.commits}
	for i, s := range from.slots {
		b.slots[i] = bytes.Clone(s)
	}
	for k, e := range from.entries {
		b.entries[k] = entry{bytes.Clone(e.label), append([]byte{}, e.value...)}
	}
	return b
}

// Slots implements [vault.Backend].
func (b *Backend) Slots(context.Context) ([vault.NumSlots][]byte, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out [vault.NumSlots][]byte
	for i, s := range b.slots {
		out[i] = bytes.Clone(s)
	}
	return out, nil
}

// SetSlot implements [vault.Backend].
func (b *Backend) SetSlot(_ context.Context, slot int, content []byte) error {
	if len(content) > vault.MaxSlot {
		return vault.ErrTooLarge
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	secret.Wipe(b.slots[slot])
	b.slots[slot] = bytes.Clone(content)
	return nil
}

// Load implements [vault.Backend].
func (b *Backend) Load(_ context.Context, each func(vault.Key, []byte) error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for k, e := range b.entries {
		if err := each(k, e.label); err != nil {
			return err
		}
	}
	return nil
}

// Get implements [vault.Backend].
func (b *Backend) Get(_ context.Context, keys []vault.Key) ([][]byte, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([][]byte, len(keys))
	for i, k := range keys {
		if e, ok := b.entries[k]; ok {
			out[i] = append([]byte{}, e.value...)
		}
	}
	return out, nil
}

// Apply implements [vault.Backend].
func (b *Backend) Apply(ctx context.Context, batch *vault.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range batch.Deletes {
		secret.Wipe(b.entries[k].value)
		delete(b.entries, k)
	}
	for _, e := range batch.Puts {
		secret.Wipe(b.entries[e.Key].value)
		b.entries[e.Key] = entry{bytes.Clone(e.Label), append([]byte{}, e.Value...)}
	}
	b.commits++
	return nil
}

// Commits implements [vault.Backend].
func (b *Backend) Commits() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.commits
}

// Close implements [vault.Backend]. The entries stay.
func (b *Backend) Close() error { return nil }
