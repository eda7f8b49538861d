package governance_test

import (
	"fmt"
	"testing"

	"bulle/protocol/governance"
)

// benchmarkLog reads a log of many members in one piece.
func benchmarkLog(b *testing.B, read func(*governance.Log, ...[]byte) error) {
	b.Helper()
	const members = 200
	bubble := newBubble(b)
	invitation := bubble.invite("invitation", members)
	for i := range members {
		bubble.append(bubble.admission(invitation, fmt.Sprint("member ", i))...)
	}
	size := 0
	for _, st := range bubble.all {
		size += len(st)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if err := read(governance.NewLog(bubble.log.State().Root()), bubble.all...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*members), "µs/member")
}

func BenchmarkVerify(b *testing.B) { benchmarkLog(b, (*governance.Log).Append) }
func BenchmarkResume(b *testing.B) { benchmarkLog(b, (*governance.Log).Resume) }
