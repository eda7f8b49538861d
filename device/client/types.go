package client

import (
	"encoding/hex"
	"time"

	"bulle/device/client/conversation"
	"bulle/protocol/governance"
)

// MemberID names a member of the bubble: the fingerprint of its identity key.
type MemberID = governance.MemberID

// ConversationID names a conversation on every device of its members.
type ConversationID = conversation.ID

// MessageID names a message; its sender drew it at random.
type MessageID = conversation.MessageID

// Cursor is a position in the history of one conversation; 1 is its first message.
type Cursor = conversation.Cursor

// A Contact is a member of the same category.
type Contact struct {
	ID       MemberID
	Name     string // the pseudonym; a later member with a name that is taken shows as "name (2)"
	Self     bool
	Verified bool // the safety number was compared
	Devices  int
	Admin    bool // as a member of a group: manages it
	Blocked  bool // what it says in the conversation of two is dropped; screens hide it in groups
}

// A Bubble says where this device is enrolled.
type Bubble struct {
	Address     string // host:port of the relay
	Fingerprint string // hexadecimal SHA-256 of the relay's TLS key
	Founder     bool
}

// A Conversation as a list of conversations shows it.
type Conversation struct {
	ID      ConversationID
	Kind    Kind
	Name    string    // the contact's, or the group's
	Members []Contact // this member too, while it is inside
	Active  bool      // false after leaving or being removed: the history stays readable
	Manages bool      // this member may add, remove, rename and give roles
	Muted   bool      // new messages are not announced
	Unread  int
	Seen    Cursor        // this member has read up to it
	Count   int           // messages in the history
	Newest  Cursor        // the position of the newest; some before it may be gone
	Timer   time.Duration // how long messages live that are sent from now on, once read; 0: for ever
	Last    *Message      // nil before the first
	Pending string        // what waits for the relay: "", "creating", "changing", "leaving"
}

// Kind tells a conversation of two from a group.
type Kind = conversation.Kind

// The kinds of conversation.
const (
	KindDirect = conversation.Direct
	KindGroup  = conversation.Group
)

// A Message is one line of a history.
type Message struct {
	ID           MessageID
	Conversation ConversationID
	Cursor       Cursor
	From         MemberID
	FromName     string
	Own          bool
	Kind         MessageKind
	Text         string    // of a file: what was written with it
	File         *FileInfo // MessageFile
	Change       *Change   // MessageChange
	Sent         time.Time // by the sender's clock
	Received     time.Time // by ours
	State        State
	Reason       Reason // why the state is StateFailed
	ReplyTo      *Quote
	Reactions    []Reaction    // in the order in which each emoji first came
	Edited       bool          // this is not its first text
	Deleted      bool          // by its sender, for everyone; nothing else of it is left
	Lifetime     time.Duration // how long it may be kept once read; 0: for ever
	Expires      time.Time     // when it will be erased; zero while that is open
}

// A Quote is what this device has of the message that another one replies to: it is
// looked up here each time, and nobody can put words into another's mouth.
type Quote struct {
	Message  MessageID
	From     MemberID
	FromName string
	Own      bool
	Kind     MessageKind
	Text     string // its beginning; of a file its name if nothing was written with it
	Gone     bool   // not here: never came, deleted, or expired
}

// A Reaction is one emoji with which members answered a message.
type Reaction struct {
	Emoji   string
	Own     bool // this member is one of them
	Members []Contact
}

// MessageKind says what a message holds.
type MessageKind = conversation.MessageKind

// The kinds of message.
const (
	MessageText   = conversation.MessageText
	MessageFile   = conversation.MessageFile
	MessageChange = conversation.MessageChange
)

// FileInfo describes a file. The hash is zero until the sender has read it whole.
type FileInfo struct {
	Name      string
	MediaType string
	Size      int64
	SHA256    [32]byte
	Shown     Shown
}

// Shown is what can be shown of a file before it is fetched.
type Shown = conversation.Shown

// WaveformSize is how many levels of its sound a voice note shows.
const WaveformSize = conversation.WaveformSize

// A Change is something that happened to a conversation itself.
type Change struct {
	Kind    ChangeKind
	Members []Contact
	Name    string        // ChangeRenamed and ChangeCreated
	Timer   time.Duration // ChangeTimer; 0: off
}

// ChangeKind says what happened.
type ChangeKind = conversation.ChangeKind

// The kinds of change.
const (
	ChangeCreated    = conversation.ChangeCreated
	ChangeAdded      = conversation.ChangeAdded
	ChangeRemoved    = conversation.ChangeRemoved
	ChangeLeft       = conversation.ChangeLeft
	ChangeRenamed    = conversation.ChangeRenamed
	ChangeLost       = conversation.ChangeLost
	ChangeTimer      = conversation.ChangeTimer
	ChangeDevice     = conversation.ChangeDevice
	ChangeDeviceGone = conversation.ChangeDeviceGone
	ChangePromoted   = conversation.ChangePromoted // became administrators of the group
	ChangeDemoted    = conversation.ChangeDemoted
	ChangeOpened     = conversation.ChangeOpened // its last administrator is gone: everybody may change it
)

// State is how far a message has come. It never claims more than is known.
type State = conversation.State

// The states. An incoming message is delivered until it is read.
const (
	StateQueued    = conversation.Queued    // in this device's vault
	StateRelayed   = conversation.Relayed   // durable on the relay
	StateDelivered = conversation.Delivered // every other member has it
	StateRead      = conversation.Read      // every other member has read it
	StateFailed    = conversation.Failed    // will not be sent; see Reason
)

// Reason says why a message failed.
type Reason = conversation.Reason

// The reasons.
const (
	ReasonNone     = conversation.ReasonNone
	ReasonFile     = conversation.ReasonFile     // the file is gone or has changed
	ReasonRemoved  = conversation.ReasonRemoved  // no longer a member of the conversation
	ReasonTooLarge = conversation.ReasonTooLarge // larger than an item can be
	// ReasonCancelled is a file that this member gave up while it was on its way.
	ReasonCancelled = conversation.ReasonCancelled
)

// A Draft is a message to be sent.
type Draft struct {
	Text    string    // 1 to [MaxText] bytes of UTF-8
	ReplyTo MessageID // zero: nothing
}

// EditWindow is how long after it was sent a message can be edited.
const EditWindow = conversation.EditWindow

// The bounds of a timer.
const (
	MinTimer = conversation.MinLifetime * time.Second
	MaxTimer = conversation.MaxLifetime * time.Second
)

// IsEmoji reports whether s is one emoji, as a reaction has to be.
func IsEmoji(s string) bool { return conversation.IsEmoji(s) }

// MaxText is the length in bytes of the longest text.
const MaxText = conversation.MaxText

// Settings of the device.
type Settings struct {
	NoReceipts bool // others do not learn when this member reads
	Notices    Notices
}

// InviteOptions of [Client.Invite].
type InviteOptions struct {
	Uses    int           // how many may join, up to MaxUses; 0 means 1
	Expires time.Duration // 0 means 7 days
}

// MaxUses is how many people one invitation can let in.
const MaxUses = governance.MaxUses

// Fingerprint returns b in hexadecimal, as screens show keys and hashes.
func Fingerprint(b []byte) string { return hex.EncodeToString(b) }
