package membership

import "time"

// A bucket bounds how often something may happen: burst at once, then so many a
// second. Its owner serialises its use.
type bucket struct {
	burst, perSecond float64
	level            float64
	at               time.Time
}

func newBucket(burst, perSecond int, now time.Time) bucket {
	return bucket{burst: float64(burst), perSecond: float64(perSecond), level: float64(burst), at: now}
}

// take reports whether it may happen now.
func (b *bucket) take(now time.Time) bool {
	if d := now.Sub(b.at); d > 0 {
		b.level = min(b.burst, b.level+d.Seconds()*b.perSecond)
	}
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
