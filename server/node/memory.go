package node

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"
)

// AvailableMemory returns how many bytes of RAM this process may use: what its
// control group allows, or what the machine has. It reports false when neither can
// be told.
func AvailableMemory() (int64, bool) {
	least, ok := int64(math.MaxInt64), false
	for _, read := range []func() (int64, bool){groupMemory, machineMemory} {
		if n, known := read(); known {
			least, ok = min(least, n), true
		}
	}
	return least, ok
}

// groupMemory reads the limit of the control group (cgroup v2).
func groupMemory() (int64, bool) {
	b, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil && n > 0 // "max" is no limit
}

// machineMemory reads MemTotal of /proc/meminfo, in units of 1024 bytes.
func machineMemory() (int64, bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) == 3 && fields[0] == "MemTotal:" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n << 10, err == nil && n > 0
		}
	}
	return 0, false
}
