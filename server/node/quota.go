package node

import (
	"strconv"
	"strings"

	"bulle/server/relay/ledger"
)

// leastSize is the smallest bound that can be set: below it not even one file's
// chunk fits, and nobody means it.
const leastSize = 1 << 20

// ParseSize reads a number of bytes as a person writes it: a whole number with MiB,
// GiB or TiB right after it.
func ParseSize(s string) (uint64, bool) {
	for unit, shift := range map[string]uint{"MiB": 20, "GiB": 30, "TiB": 40} {
		number, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || n == 0 || n > 1<<62>>shift || number != strconv.FormatUint(n, 10) {
			return 0, false
		}
		return n << shift, true
	}
	return 0, false
}

// checkQuota refuses bounds that contradict each other. What is zero has a default.
func checkQuota(q *ledger.Quota, store StoreKind) error {
	for _, bound := range []struct {
		name  string
		value uint64
	}{{"quota", q.Total}, {"quota_category", q.Category}, {"reserve", q.Reserve}} {
		if bound.value != 0 && bound.value < leastSize {
			return problem(BadSize, bound.name, strconv.FormatUint(bound.value, 10))
		}
	}
	if q.Total != 0 && q.Category > q.Total {
		return problem(QuotaExceedsTotal, "quota_category", "quota")
	}
	if q.Reserve != 0 && store == StoreMemory {
		return problem(ReserveWithoutDisk, "reserve", string(store))
	}
	return nil
}
