//go:build goexperiment.runtimesecret

package secret

import (
	"runtime"
	"runtime/secret"
)

// Do runs f and erases the stack, registers and heap that it used when it
// returns (package runtime/secret). Results must be copied into buffers that the
// caller owns.
func Do(f func()) { secret.Do(f) }

// Erases reports whether [Do] erases what f leaves behind.
func Erases() bool {
	return runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64")
}
