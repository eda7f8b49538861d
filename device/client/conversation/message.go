package conversation

import (
	"time"

	"bulle/protocol/governance"
)

// A Message is one line of a history, as this device knows it.
type Message struct {
	ID           MessageID
	Conversation ID
	Cursor       Cursor
	From         governance.MemberID
	Own          bool
	Kind         MessageKind
	Text         string
	File         *FileInfo
	Change       *Change
	Sent         time.Time
	Received     time.Time
	State        State
	Reason       Reason
	ReplyTo      MessageID // zero: it replies to nothing
	Reactions    []Reacted // in the order in which members first reacted
	Edited       bool      // its text is not the first
	Deleted      bool      // by its sender, for everyone: nothing else of it is left
	Lifetime     int       // seconds that it may be kept once read; 0: for ever
	Expires      time.Time // when it will be erased, if that is known; else zero
}

// Reacted is the reaction of one member.
type Reacted struct {
	Member governance.MemberID
	Emoji  string
}

// FileInfo describes the file of a message. The hash is zero until its sender
// has read it whole.
type FileInfo struct {
	Name      string
	MediaType string
	Size      int64
	SHA256    [32]byte
	Shown     Shown
}

// Shown is what can be shown of a file before it is fetched. Its zero value says nothing.
type Shown struct {
	Voice         bool          // a voice note
	Width, Height int           // pixels of a picture or film; 0: unknown
	Duration      time.Duration // of sound or film; 0: none
	Preview       []byte        // a small JPEG, WebP or PNG; of a voice note its waveform
}

// A Change is something that happened to the conversation itself. The message's
// From did it.
type Change struct {
	Kind    ChangeKind
	Members []governance.MemberID
	Name    string
	Seconds int // ChangeTimer; 0: off
}

// message shows a record. What others sent is delivered, then read once this
// member has read that far.
func (r *record) message(id ID, at Cursor, m *meta) Message {
	out := Message{
		ID: r.ID, Conversation: id, Cursor: at, From: r.From, Own: r.Own, Kind: r.Kind, Text: r.Text,
		Sent: fromMillis(r.Sent), Received: fromMillis(r.Received), State: r.State, Reason: r.Reason,
		ReplyTo: r.Reply, Edited: r.Edited != 0, Deleted: r.Deleted, Lifetime: int(r.Lifetime),
	}
	for _, x := range r.Reactions {
		if x.Emoji != "" {
			out.Reactions = append(out.Reactions, Reacted{x.Member, x.Emoji})
		}
	}
	if r.Expires != 0 {
		out.Expires = fromMillis(r.Expires)
	}
	if !r.Own {
		out.State = Delivered
		if at <= m.ReadUpTo {
			out.State = Read
		}
	}
	if f := r.File; f != nil {
		out.File = &FileInfo{Name: f.Name, MediaType: f.MediaType, Size: int64(f.Size), SHA256: f.Hash} //nolint:gosec // G115: bounded when it was read
		if x := r.Media; x != nil {
			out.File.Shown = Shown{
				Voice: x.Voice, Width: int(x.Width), Height: int(x.Height),
				Duration: time.Duration(x.Duration) * time.Millisecond, Preview: x.Preview,
			}
		}
	}
	if x := r.Change; x != nil {
		out.Change = &Change{Kind: x.Kind, Members: x.Members, Name: x.Name}
		if x.Kind == ChangeTimer {
			out.Change.Seconds, out.Lifetime = out.Lifetime, 0
		}
	}
	return out
}

func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

// fromMillis bounds a time that another member chose, so that it can be shown.
func fromMillis(ms uint64) time.Time {
	const year9999 = 253402300799999
	return time.UnixMilli(int64(min(ms, year9999)))
}
