//go:build !goexperiment.runtimesecret

package secret

// Do runs f. Where the program is built with GOEXPERIMENT=runtimesecret, on a
// platform that supports it, the stack, registers and heap that f used are erased
// when it returns (package runtime/secret); elsewhere f just runs. Results must be
// copied into buffers that the caller owns.
func Do(f func()) { f() }

// Erases reports whether [Do] erases what f leaves behind.
func Erases() bool { return false }
