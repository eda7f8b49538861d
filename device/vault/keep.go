package vault

import (
	"sync"

	"bulle/protocol/secret"
)

// slotSize is the room for one key in locked memory.
const slotSize = 64

// A keep owns the long-lived keys of an open vault, in pages that the system
// neither swaps out nor dumps where it can promise that. It may be used
// concurrently; empty must come last.
type keep struct {
	mu      sync.Mutex
	pages   [][]byte
	free    [][]byte
	warning string // why pages are not locked, "" while they are
}

// store moves a secret of at most slotSize bytes into the keep and wipes s.
func (k *keep) store(s *secret.Bytes) *secret.Bytes {
	defer s.Wipe()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.free) == 0 {
		k.growLocked()
	}
	slot := k.free[len(k.free)-1]
	k.free = k.free[:len(k.free)-1]
	return secret.New(slot[:copy(slot, s.Reveal()):slotSize])
}

// drop wipes a secret that store returned and frees its slot.
func (k *keep) drop(s *secret.Bytes) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := s.Reveal(); b != nil {
		k.free = append(k.free, b[:slotSize])
	}
	s.Wipe()
}

// empty wipes every page and gives it back. No secret of the keep may be in use.
func (k *keep) empty() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.pages {
		secret.Wipe(p)
		freePage(p)
	}
	k.pages, k.free = nil, nil
}

func (k *keep) growLocked() {
	page, err := newPage()
	if err != nil && k.warning == "" {
		k.warning = "keys may be swapped to disk: " + err.Error()
	}
	k.pages = append(k.pages, page)
	for ; len(page) >= slotSize; page = page[slotSize:] {
		k.free = append(k.free, page[:slotSize:slotSize])
	}
}
