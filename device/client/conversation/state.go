package conversation

// Kind tells a conversation of two from a group.
type Kind uint8

// The kinds of conversation.
const (
	Direct Kind = 1
	Group  Kind = 2
)

// String returns "direct" or "group".
func (k Kind) String() string {
	if k == Group {
		return "group"
	}
	return "direct"
}

// State is how far a message has come. It never claims more than is known.
type State uint8

// The states, in the order in which a message passes them.
const (
	Queued    State = 1 // in this device's vault
	Relayed   State = 2 // durable on the relay
	Delivered State = 3 // every other member of the conversation has it
	Read      State = 4 // every other member has read it
	Failed    State = 5 // it will not be sent
)

// String returns the word that scripts see.
func (s State) String() string {
	switch s {
	case Queued:
		return "queued"
	case Relayed:
		return "relayed"
	case Delivered:
		return "delivered"
	case Read:
		return "read"
	case Failed:
		return "failed"
	default:
		return "unknown"
	}
}

// Reason says why a message failed.
type Reason uint8

// The reasons.
const (
	ReasonNone     Reason = 0
	ReasonFile     Reason = 1 // the file is gone or has changed
	ReasonRemoved  Reason = 2 // this device is no longer in the conversation
	ReasonTooLarge Reason = 3 // larger than an item can be
	// ReasonCancelled is a file that its member gave up while it was on its way.
	ReasonCancelled Reason = 4
)

// String returns the word that scripts see.
func (r Reason) String() string {
	switch r {
	case ReasonFile:
		return "file"
	case ReasonRemoved:
		return "removed"
	case ReasonTooLarge:
		return "too-large"
	case ReasonCancelled:
		return "cancelled"
	default:
		return ""
	}
}

// MessageKind says what a message of a history holds.
type MessageKind uint8

// The kinds of message.
const (
	MessageText   MessageKind = 1
	MessageFile   MessageKind = 2
	MessageChange MessageKind = 3
)

// String returns the word that scripts see.
func (k MessageKind) String() string {
	switch k {
	case MessageFile:
		return "file"
	case MessageChange:
		return "change"
	default:
		return "text"
	}
}

// ChangeKind says what happened to a conversation itself.
type ChangeKind uint8

// The kinds of change.
const (
	ChangeCreated    ChangeKind = 1
	ChangeAdded      ChangeKind = 2
	ChangeRemoved    ChangeKind = 3
	ChangeLeft       ChangeKind = 4
	ChangeRenamed    ChangeKind = 5
	ChangeLost       ChangeKind = 6  // messages were gone before this device could read them
	ChangeTimer      ChangeKind = 7  // messages live for another time from now on
	ChangePromoted   ChangeKind = 8  // became administrators of the group
	ChangeDemoted    ChangeKind = 9  // are administrators no longer
	ChangeDevice     ChangeKind = 10 // a member who is inside came with a further device
	ChangeDeviceGone ChangeKind = 11 // a device of a member who stays inside was removed
	ChangeOpened     ChangeKind = 12 // the last administrator is gone: everybody may change the group
)

// String returns the word that scripts see.
func (k ChangeKind) String() string {
	switch k {
	case ChangeCreated:
		return "created"
	case ChangeAdded:
		return "added"
	case ChangeRemoved:
		return "removed"
	case ChangeLeft:
		return "left"
	case ChangeRenamed:
		return "renamed"
	case ChangeLost:
		return "lost"
	case ChangeTimer:
		return "timer"
	case ChangeDevice:
		return "device"
	case ChangeDeviceGone:
		return "device-gone"
	case ChangePromoted:
		return "promoted"
	case ChangeDemoted:
		return "demoted"
	case ChangeOpened:
		return "opened"
	default:
		return "unknown"
	}
}
