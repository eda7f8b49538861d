package page

import "time"

// Device is one of this member's. Its name is shown on the member's own screens alone.
type Device struct {
	ID      string
	Sealed  bool
	Name    string
	Self    bool
	Added   time.Time // to the hour
	History *Coming   // its history is on its way
}

// Coming is how much of a history has come, in messages.
type Coming struct {
	Done, Total int64
}

// Devices are the member's devices, this one first, and the link that is open.
type Devices struct {
	Devices []Device
	Linking *Linking
}

// Linking is how far a link has come, on the device that made it and on the one that
// came by it. Code stands on both; the member compares it.
type Linking struct {
	Phase   string `enum:"waiting,asked,confirming,done,failed"`
	Link    string
	Name    string // what the device that asks calls itself
	Code    string
	Expires time.Time
	Failure string // a code, once it failed
}

// DeviceName names one of the member's devices.
type DeviceName struct {
	ID   string
	Name string
}
