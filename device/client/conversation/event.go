package conversation

import (
	"crypto/rand"

	"bulle/protocol/governance"
)

// An Event says that something changed in the vault.
type Event struct {
	Kind         EventKind
	Conversation ID
	Message      *Message // EventMessage, EventState; of EventGone its identifiers alone
	Transfer     *Transfer
	Warning      Warning
	Device       governance.DeviceID // EventHistory: which gets it; zero: this one
}

// EventKind says what an event is about.
type EventKind uint8

// The kinds of event.
const (
	EventMessage      EventKind = 1 // a message entered a history
	EventState        EventKind = 2 // its state changed
	EventConversation EventKind = 3 // members, name, unread count
	EventTransfer     EventKind = 4 // a file moved on
	EventWarning      EventKind = 5
	EventHistory      EventKind = 6 // a history that comes along moved on; Transfer is nil at its end
	EventGone         EventKind = 7 // a message left the history: deleted here, or expired
)

// A Transfer is how far a file has come.
type Transfer struct {
	Message     MessageID
	Upload      bool
	State       TransferState
	Done, Total int64
}

// TransferState says whether a file moves.
type TransferState uint8

// The states of a transfer.
const (
	TransferWaiting TransferState = 1 // for the relay, or for another file
	TransferMoving  TransferState = 2
	TransferPaused  TransferState = 3 // by its member
	TransferEnded   TransferState = 4 // all of it is through, or it was given up
)

// String returns the word that screens see.
func (s TransferState) String() string {
	return [...]string{"", "waiting", "moving", "paused", "ended"}[min(s, TransferEnded)]
}

// Warning is what a member should know about what the device has seen.
type Warning uint8

// The warnings.
const (
	WarningNone       Warning = 0
	WarningFork       Warning = 1 // the relay shows different members different logs
	WarningRollback   Warning = 2 // this vault was an older copy; its keys were renewed
	WarningTruncated  Warning = 3 // messages were gone before they could be read
	WarningCredential Warning = 4 // a device that the log does not know tried to enter
	WarningLost       Warning = 5 // a group cannot be followed any more
	WarningNotAdmin   Warning = 6 // what this member wanted of a group was dropped: it may not change it any more
)

// String returns the word that scripts see.
func (w Warning) String() string {
	switch w {
	case WarningFork:
		return "fork"
	case WarningRollback:
		return "rollback"
	case WarningTruncated:
		return "truncated"
	case WarningCredential:
		return "credential"
	case WarningLost:
		return "lost"
	case WarningNotAdmin:
		return "not-admin"
	default:
		return ""
	}
}

// systemRandom is crypto/rand as a reader.
type systemRandom struct{}

// Read implements [io.Reader].
func (systemRandom) Read(b []byte) (int, error) { return rand.Read(b) }

func (systemRandom) fill(b []byte) { rand.Read(b) } // never fails (crypto/rand)
