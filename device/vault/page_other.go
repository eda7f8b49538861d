//go:build !linux

package vault

import (
	"errors"
	"runtime"
)

// newPage returns a page of the heap: here the system cannot lock one. In a
// browser the worker's whole memory is zero-filled when the vault is locked.
func newPage() ([]byte, error) {
	if runtime.GOOS == "js" {
		return make([]byte, 4096), nil
	}
	return make([]byte, 4096), errors.New("this system is not supported")
}

func freePage([]byte) {}
