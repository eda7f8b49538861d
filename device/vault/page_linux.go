package vault

import (
	"fmt"
	"os"
	"syscall"
)

// madvDontDump keeps pages out of core dumps (madvise(2), MADV_DONTDUMP).
const madvDontDump = 16

// newPage returns a page outside the garbage collector's heap, so that no copy of
// it is ever made, locked in memory and left out of core dumps. When the page
// cannot be locked it is returned all the same, with the reason.
func newPage() ([]byte, error) {
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return make([]byte, os.Getpagesize()), fmt.Errorf("map a page: %w", err)
	}
	if err := syscall.Madvise(page, madvDontDump); err != nil {
		return page, fmt.Errorf("keep a page out of dumps: %w", err)
	}
	if err := syscall.Mlock(page); err != nil {
		return page, fmt.Errorf("lock a page (raise RLIMIT_MEMLOCK): %w", err)
	}
	return page, nil
}

// freePage gives a page back. A page of the heap is left to the collector.
func freePage(page []byte) {
	_ = syscall.Munmap(page) // fails only for a page that was never mapped
}
