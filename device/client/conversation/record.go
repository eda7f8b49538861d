package conversation

import (
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// What a vault keeps of a conversation (docs/conversations.md, "Records"). Each
// conversation has a segment of its own, named "conversation/" and the identifier
// in hexadecimal:
//
//	meta             meta      what a list of conversations shows
//	m/CURSOR         record    one message of the history
//	i/MESSAGE-ID     CURSOR    where a message is; says "seen before" too
//	q/NUMBER         queued    a content that waits to be sealed
//	u/NUMBER         upload    a file that waits to be uploaded
//	h/NUMBER         upload    one whose message failed, of which something is held
//	c/NUMBER         change    a change of the group that waits to be committed
//	r/NUMBER         Receipts  receipts that wait to be sent
//	a/...            ahead     a content whose message has not come, see ahead.go
//	x/...                      when a message is due, see expire.go
//	d/NUMBER         manifest  a file that is to be deleted on the relay, see discard.go
//	t/GROUP/...                one MLS group, see thread.go
//
// CURSOR and NUMBER are eight bytes, most significant first. Each record begins
// with its version (version.go).

// A meta is what is kept of a conversation as a whole.
type meta struct {
	Kind       Kind
	Peer       governance.MemberID // of Direct: the other member
	Name       string              // of Group
	Last       Cursor              // of the newest message
	ReadUpTo   Cursor              // this member has read up to here
	Unread     uint32
	Activity   uint64                // Unix milliseconds of the newest message
	Numbers    uint64                // the last number given to a queued content, upload or change
	Threads    [][32]byte            // MLS groups of the conversation, oldest first
	Members    []governance.MemberID // as of the newest commit; empty before the first
	Generation uint32                // of two members: that of the next group
	Outside    bool                  // removed from the group, or left it
	Leaving    bool                  // asked to leave it
	// version 2
	Timer  uint32                // seconds that messages live from now on; 0: for ever
	Erased uint64                // messages that left the history: Last counts them
	Admins []governance.MemberID // as Members: those who manage the group; nobody: all do
	Muted  bool                  // no notifications
}

// maxThreads bounds the MLS groups of a conversation of two: a peer that makes
// them without end is not followed.
const maxThreads = 16

// Code implements [syntax.Value].
func (m *meta) Code(c *syntax.Codec) {
	second := codeVersions(c, m.newer())
	syntax.Enum8(c, &m.Kind)
	c.Fixed(m.Peer[:])
	c.String(&m.Name)
	c.Uint64((*uint64)(&m.Last))
	c.Uint64((*uint64)(&m.ReadUpTo))
	c.Uint32(&m.Unread)
	c.Uint64(&m.Activity)
	c.Uint64(&m.Numbers)
	syntax.Vector(c, &m.Threads, func(c *syntax.Codec, id *[32]byte) { c.Fixed(id[:]) })
	codeMembers(c, &m.Members)
	c.Uint32(&m.Generation)
	c.Bool(&m.Outside)
	c.Bool(&m.Leaving)
	if !second {
		return
	}
	c.Uint32(&m.Timer)
	c.Uint64(&m.Erased)
	codeMembers(c, &m.Admins)
	c.Bool(&m.Muted)
	checkVersion(c, second, m.newer())
}

// newer reports whether the meta says what only version 2 can say.
func (m *meta) newer() bool { return m.Timer != 0 || m.Erased != 0 || len(m.Admins) > 0 || m.Muted }

// A record is one message of a history.
type record struct {
	ID       MessageID
	From     governance.MemberID
	Own      bool
	Kind     MessageKind
	Sent     uint64 // Unix milliseconds, the sender's clock
	Received uint64 // Unix milliseconds, ours
	State    State
	Reason   Reason
	Text     string
	File     *fileRecord
	Change   *changeRecord
	Waiting  []recipient // own message: the members who have not read it
	Readers  uint32      // and how many have
	// version 2
	Reply     MessageID  // the message that it replies to; zero: none
	Reactions []reaction // one of each member, in the order of their first
	Edited    uint64     // Unix milliseconds of its newest edit, the sender's clock; 0: never
	Deleted   bool       // by its sender, for everyone: nothing of it is left but this
	Lifetime  uint32     // seconds from when it was read, or sent, to when it is erased; 0: for ever; of ChangeTimer: the timer
	Expires   uint64     // Unix milliseconds, our clock, once that time runs
	Media     *mediaRecord
}

// Code implements [syntax.Value].
func (r *record) Code(c *syntax.Codec) {
	second := codeVersions(c, r.newer())
	c.Fixed(r.ID[:])
	c.Fixed(r.From[:])
	c.Bool(&r.Own)
	syntax.Enum8(c, &r.Kind)
	c.Uint64(&r.Sent)
	c.Uint64(&r.Received)
	syntax.Enum8(c, &r.State)
	syntax.Enum8(c, &r.Reason)
	c.String(&r.Text)
	syntax.Optional(c, &r.File, func(c *syntax.Codec, f *fileRecord) { f.Code(c) })
	syntax.Optional(c, &r.Change, func(c *syntax.Codec, x *changeRecord) { x.Code(c) })
	syntax.Values(c, &r.Waiting)
	c.Uint32(&r.Readers)
	if !second {
		return
	}
	c.Fixed(r.Reply[:])
	syntax.Values(c, &r.Reactions)
	c.Uint64(&r.Edited)
	c.Bool(&r.Deleted)
	c.Uint32(&r.Lifetime)
	c.Uint64(&r.Expires)
	syntax.Optional(c, &r.Media, func(c *syntax.Codec, m *mediaRecord) { m.Code(c) })
	checkVersion(c, second, r.newer())
}

// newer reports whether the record says what only version 2 can say.
func (r *record) newer() bool {
	return r.Reply != MessageID{} || len(r.Reactions) > 0 || r.Edited != 0 || r.Deleted ||
		r.Lifetime != 0 || r.Expires != 0 || r.Media != nil
}

// A fileRecord is the file of a message. Manifest is empty until an own file is
// uploaded.
type fileRecord struct {
	Name, MediaType string
	Size            uint64
	Hash            [32]byte
	Manifest        []byte
}

// Code implements [syntax.Value].
func (f *fileRecord) Code(c *syntax.Codec) {
	c.String(&f.Name)
	c.String(&f.MediaType)
	c.Uint64(&f.Size)
	c.Fixed(f.Hash[:])
	c.Opaque(&f.Manifest)
}

// A changeRecord is something that happened to the conversation itself.
type changeRecord struct {
	Kind    ChangeKind
	Members []governance.MemberID
	Name    string
}

// Code implements [syntax.Value].
func (x *changeRecord) Code(c *syntax.Codec) {
	syntax.Enum8(c, &x.Kind)
	codeMembers(c, &x.Members)
	c.String(&x.Name)
}

// A recipient is a member who has not read an own message yet.
type recipient struct {
	Member    governance.MemberID
	Delivered bool
}

// Code implements [syntax.Value].
func (r *recipient) Code(c *syntax.Codec) {
	c.Fixed(r.Member[:])
	c.Bool(&r.Delivered)
}

// A queued content waits to be sealed and relayed. Cursor is its message.
type queued struct {
	Cursor  Cursor
	Content Content
}

// Code implements [syntax.Value].
func (q *queued) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Uint64((*uint64)(&q.Cursor))
	q.Content.Code(c)
}

// change is an intention: what this member wants of the group. It stays until a
// commit that has its effect, whoever made it, was processed.
type change struct {
	Kind     intention
	Members  []governance.MemberID
	Name     string
	Packages [][]byte // key packages taken for it and not used by a commit that won
	Proposed uint64   // leave: 1 + the epoch in which it was proposed
	// version 2
	Seconds uint32 // timer
	Admin   bool   // role: what Members become
}

type intention uint8

const (
	intendAdd    intention = 1
	intendRemove intention = 2
	intendRename intention = 3
	intendLeave  intention = 4
	intendTimer  intention = 5
	intendRole   intention = 6
)

// Code implements [syntax.Value].
func (x *change) Code(c *syntax.Codec) {
	second := codeVersions(c, x.newer())
	syntax.Enum8(c, &x.Kind)
	codeMembers(c, &x.Members)
	c.String(&x.Name)
	syntax.Vector(c, &x.Packages, func(c *syntax.Codec, b *[]byte) { c.Opaque(b) })
	c.Uint64(&x.Proposed)
	if second {
		c.Uint32(&x.Seconds)
		c.Bool(&x.Admin)
	}
	checkVersion(c, second, x.newer())
}

// newer reports whether the change says what only version 2 can say. A timer
// that is switched off is such a thing too.
func (x *change) newer() bool {
	return x.Kind == intendTimer || x.Kind == intendRole || x.Seconds != 0 || x.Admin
}

func codeMembers(c *syntax.Codec, ids *[]governance.MemberID) {
	syntax.Vector(c, ids, func(c *syntax.Codec, id *governance.MemberID) { c.Fixed(id[:]) })
}
