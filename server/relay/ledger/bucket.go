package ledger

import (
	"time"

	"bulle/protocol/wire"
)

// Expiry needs no time beside an item. Cells and blobs lie in the bucket of the
// hour or the day in which they came, and a bucket is dropped whole once even its
// youngest item has outlived the class.

// A bucket is the number of an hour or a day since 1970.
type bucket uint32

// An hour is the number of an hour since 1970, the finest time that a ledger keeps.
type hour uint32

const hoursPerDay = 24

func hourOf(t time.Time) hour {
	return hour(max(t.Unix(), 0) / 3600) //nolint:gosec // G115: enough for 490,000 years
}

func (h hour) day() uint32 { return uint32(h) / hoursPerDay }

// hours returns the length of a class's buckets and of its life, in hours.
func hours(c wire.Class) (length, life uint32) {
	switch c {
	case wire.Hour:
		return 1, 1
	case wire.Day:
		return 1, hoursPerDay
	case wire.Week:
		return hoursPerDay, 7 * hoursPerDay
	default:
		return hoursPerDay, 30 * hoursPerDay
	}
}

// bucketAt returns the bucket that takes what comes at an hour.
func bucketAt(c wire.Class, at hour) bucket {
	length, _ := hours(c)
	return bucket(uint32(at) / length)
}

// expired reports whether everything in a bucket has outlived its class.
func (b bucket) expired(c wire.Class, at hour) bool {
	length, life := hours(c)
	return uint32(at) >= (uint32(b)+1)*length+life
}

// start returns the hour in which a bucket begins.
func (b bucket) start(c wire.Class) hour {
	length, _ := hours(c)
	return hour(uint32(b) * length)
}

// keepDays is for how many days the record of a channel or a pool outlives its
// last use. It is longer than the life of any cell.
const keepDays = 32
