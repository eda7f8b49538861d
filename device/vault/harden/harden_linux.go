package harden

import (
	"bytes"
	"os"
	"syscall"
)

// prSetDumpable is PR_SET_DUMPABLE of prctl(2): with 0, there is no core dump, and
// no one but root reads the memory through /proc or ptrace.
const prSetDumpable = 4

func process() (warnings []string) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0); errno != 0 {
		warnings = append(warnings, "other programs of yours may read the keys in memory: "+errno.Error())
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		warnings = append(warnings, "a crash may write the keys to a core dump: "+err.Error())
	}
	if swaps, err := os.ReadFile("/proc/swaps"); err == nil && hasSwap(swaps) {
		warnings = append(warnings, "this machine swaps: messages on screen may reach its disk, unless the swap is encrypted or off")
	}
	return warnings
}

// hasSwap reports whether /proc/swaps lists anything but RAM below its title.
func hasSwap(swaps []byte) bool {
	_, list, _ := bytes.Cut(swaps, []byte("\n"))
	for line := range bytes.Lines(list) {
		if !bytes.HasPrefix(line, []byte("/dev/zram")) {
			return true
		}
	}
	return false
}
