// Package page is what the web page sees of the device core: plain structs that
// cross the bridge, and the methods that the page may call. It holds no keys and
// takes no decisions; both are bulle/device/client's.
package page

import (
	"time"

	"bulle/web/wasm/bridge"
)

// State says which screen comes first.
type State struct {
	Vault    string `enum:"none,locked,open"`
	Enrolled bool
}

// Passphrase carries one from or to the page. The page forgets it after the call.
type Passphrase struct {
	Passphrase string
}

// Strength judges a passphrase: below Floor it is refused.
type Strength struct {
	Bits  float64
	Floor float64
	Hint  string
}

// NewVault asks for a vault. With Keep false it exists in RAM only and is gone
// when the page is.
type NewVault struct {
	Passphrase string
	Keep       bool
}

// NewPassphrase changes one. With Rotate everything is sealed again under a new key
// too: a copy of the vault made before then no longer opens what is in it now.
type NewPassphrase struct {
	Old    string
	New    string
	Rotate bool
}

// Enrolment joins a bubble, or claims a fresh relay, by a link.
type Enrolment struct {
	Link string
	Name string
}

// LinkKind tells what a link is for before it is used.
type LinkKind struct {
	Kind    string `enum:"invitation,claim,device"`
	Address string
}

// Link carries a link.
type Link struct {
	Link string
}

// InviteTerms are the terms of an invitation.
type InviteTerms struct {
	Uses  int
	Hours int
}

// Overview is everything the first screen shows.
type Overview struct {
	Self          Contact
	Bubble        Bubble
	Contacts      []Contact
	Conversations []Conversation
	Status        Status
	Settings      Settings
	Mask          Mask
}

// Bubble says where the device is enrolled.
type Bubble struct {
	Address     string
	Fingerprint string
	Founder     bool
}

// Contact is a member of the category. Sealed says that Name is, as everywhere.
type Contact struct {
	ID       string
	Sealed   bool
	Name     string
	Self     bool
	Verified bool
	Devices  int
	Admin    bool // as a member of a group: manages it
	Blocked  bool
}

// Conversation is a row of the list.
type Conversation struct {
	ID      string
	Sealed  bool
	Kind    string `enum:"direct,group"`
	Name    string
	Members []Contact
	Active  bool
	Manages bool // this member may change it
	Muted   bool
	Unread  int
	Seen    float64 // the cursor up to which this member has read
	Count   int
	Timer   int // seconds that new messages live once they are read, 0: for ever
	Last    *Message
	Pending string `enum:",creating,changing,leaving"`
}

// Message is a line of a history.
type Message struct {
	ID           string
	Sealed       bool // texts, and names of people, groups and files
	Conversation string
	Cursor       float64
	From         string
	FromName     string
	Own          bool
	Kind         string `enum:"text,file,change"`
	Text         string
	File         *Attachment
	Change       *Change
	Sent         time.Time
	Received     time.Time
	State        string `enum:"queued,relayed,delivered,read,failed"`
	Reason       string `enum:",file,removed,too-large,cancelled"`
	ReplyTo      *Quote
	Reactions    []Reaction
	Edited       bool
	Deleted      bool
	Lifetime     int       // seconds that it may be kept once read, 0: for ever
	Expires      time.Time // when it will be erased; 1970 while that is open
}

// Quote is what is here of the message that another one replies to. Gone: nothing is.
type Quote struct {
	Message  string
	From     string
	FromName string
	Own      bool
	Kind     string `enum:"text,file,change"`
	Text     string
	Gone     bool
}

// Reaction is one emoji under a message, with the names of those who gave it.
type Reaction struct {
	Emoji string
	Count int
	Own   bool
	Names []string
}

// Reacting answers a message with an emoji; an empty one takes it back.
type Reacting struct {
	Conversation string
	Message      string
	Emoji        string
}

// Editing gives an own message another text.
type Editing struct {
	Conversation string
	Message      string
	Text         string
}

// Deletion takes a message out of this device's history, or an own one out of
// everybody's.
type Deletion struct {
	Conversation string
	Message      string
	Everyone     bool
}

// Timer says how many seconds new messages live once they are read, 0 for ever.
type Timer struct {
	Conversation string
	Seconds      int
}

// Gone names a message that left the history.
type Gone struct {
	Conversation string
	Message      string
	Cursor       float64
}

// Attachment describes a file of a message. What can be said of it without fetching it
// came with the message: a picture or film has Width, Height and perhaps Preview, a
// small picture; of a voice note Preview is 64 levels of its sound. Duration is in
// milliseconds.
type Attachment struct {
	Name      string
	MediaType string
	Size      int64
	SHA256    string
	Voice     bool
	Width     int
	Height    int
	Duration  int
	Preview   []byte
}

// Change is something that happened to a conversation itself.
type Change struct {
	Kind    string `enum:"created,added,removed,left,renamed,lost,timer,promoted,demoted,opened,device,device-gone"`
	Members []Contact
	Name    string
	Seconds int // of a timer; 0: off
}

// Settings of this device.
type Settings struct {
	NoReceipts bool
	Notices    string `enum:"off,bare,name,text"`
}

// Status of the link to the relay.
type Status struct {
	State   string `enum:"stopped,connecting,online,offline"`
	Reason  string
	Latency float64
	Queued  int
}

// Transfer is the progress of a file.
type Transfer struct {
	Conversation string
	Message      string
	Upload       bool
	State        string `enum:"waiting,moving,paused,ended"`
	Done         int64
	Total        int64
}

// Transfers are the files of a conversation that are on their way, either way.
type Transfers struct {
	Transfers []Transfer
}

// Pausing stops a file on its way, or lets it go on.
type Pausing struct {
	Conversation string
	Message      string
	Upload       bool
	Paused       bool
}

// Cancelling gives a file up that is on its way.
type Cancelling struct {
	Conversation string
	Message      string
	Upload       bool
}

// FileAgain gives a message whose file was gone the same file again.
type FileAgain struct {
	Conversation string
	Message      string
	File         bridge.File
}

// Warning is something that the member must know.
type Warning struct {
	Kind string `enum:"fork,rollback,truncated,credential,lost,not-admin"`
}

// Page asks for a part of a history, Limit messages: those around a message, else the
// oldest or those after a cursor, else those before one, else the newest.
type Page struct {
	Conversation string
	Around       string
	Oldest       bool
	After        float64
	Before       float64
	Limit        int
}

// Query searches one conversation, or all when Conversation is empty.
type Query struct {
	Conversation string
	Text         string
	Before       float64
	Limit        int
}

// Messages are in the order of the history.
type Messages struct {
	Messages []Message
}

// ID names a conversation, a member or a message.
type ID struct {
	ID string
}

// MessageID names a message within its conversation.
type MessageID struct {
	Conversation string
	Message      string
}

// Draft is a text to be sent.
type Draft struct {
	Conversation string
	Text         string
	ReplyTo      string
}

// FileDraft is a file to be sent, with what [Attachment] says of it.
type FileDraft struct {
	Conversation string
	Caption      string
	File         bridge.File
	ReplyTo      string
	Voice        bool
	Width        int
	Height       int
	Duration     int
	Preview      []byte
}

// Reading marks a history as read up to a message.
type Reading struct {
	Conversation string
	Upto         float64
}

// NewGroup makes a group.
type NewGroup struct {
	Name    string
	Members []string
}

// Membership adds or removes members.
type Membership struct {
	Conversation string
	Members      []string
}

// Role makes a member an administrator of a group, or a plain member.
type Role struct {
	Conversation string
	Member       string
	Admin        bool
}

// Naming renames a group.
type Naming struct {
	Conversation string
	Name         string
}

// SafetyNumber is compared over another way, digits aloud or payload as a QR.
type SafetyNumber struct {
	Digits  string
	Words   string
	Payload []byte
}

// Verification records the outcome.
type Verification struct {
	Member   string
	Verified bool
}

// Blocking blocks a member, or ends that.
type Blocking struct {
	Member  string
	Blocked bool
}

// Muting says whether a conversation's messages are announced.
type Muting struct {
	Conversation string
	Muted        bool
}

// Scan compares what a camera read with the contact's number.
type Scan struct {
	Member  string
	Payload []byte
}

// Match is the outcome of a scan.
type Match struct {
	Matches bool
}

// Content is a whole file, in the browser's memory. Picture is its type, if its first
// bytes are those of a picture that a page may show; then Width and Height are its size.
type Content struct {
	File    bridge.Blob
	Picture string
	Width   int
	Height  int
}
