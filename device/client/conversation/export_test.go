package conversation

import (
	"context"
	"slices"

	"bulle/device/client/attachment"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// Formats returns a value of each format of this package that is kept or sent, by
// the name of its golden file.
func Formats() map[string]syntax.Value {
	member, id := governance.MemberID{1}, MessageID{2}
	content := Content{Kind: KindText, Nonce: [16]byte{3}, Sent: 4, Body: []byte{5, 'h', 'e', 'l', 'l', 'o'}, Extensions: []Extension{{1, []byte{6}}}}
	manifest := attachment.Manifest{Key: secret.New(make([]byte, 32)), Size: 7, Class: link.Month, Name: "n", Type: "t", Preview: []byte{}}
	parcel := delivery.Parcel{Channel: link.ID{8}, Cells: [][]byte{make([]byte, link.CellSize)}}
	return map[string]syntax.Value{
		"envelope.bin":     &Envelope{Head: governance.Head{Length: 9}, Read: 10, Contents: []Content{content}},
		"text.bin":         &Text{Text: "hello"},
		"file.bin":         &File{Caption: "c", Manifest: manifest},
		"receipts.bin":     &Receipts{Delivered: []MessageID{id}, Read: []MessageID{id}},
		"note.bin":         &note{Kind: noteWelcome, Welcome: []byte{11}, Tree: []byte{12}},
		"description.bin":  &description{Kind: Group, Name: "g"},
		"description2.bin": &description{Kind: Group, Name: "g", Admins: []governance.MemberID{member, {2}}, Timer: 69},
		"meta.bin": &meta{
			Kind: Group, Peer: member, Name: "g", Last: 13, ReadUpTo: 14, Unread: 15, Activity: 16, Numbers: 17,
			Threads: [][32]byte{{18}}, Members: []governance.MemberID{member}, Generation: 19, Leaving: true,
		},
		"record.bin": &record{
			ID: id, From: member, Own: true, Kind: MessageFile, Sent: 20, Received: 21, State: Relayed, Text: "x",
			File:    &fileRecord{Name: "n", MediaType: "t", Size: 22, Manifest: []byte{23}},
			Change:  &changeRecord{Kind: ChangeAdded, Members: []governance.MemberID{member}, Name: "g"},
			Waiting: []recipient{{member, true}}, Readers: 24,
		},
		"record2.bin": &record{
			ID: id, From: member, Kind: MessageText, Sent: 50, Received: 51, State: Delivered, Text: "y", Waiting: []recipient{},
			Reply: MessageID{52}, Reactions: []reaction{{member, "👍", 53}}, Edited: 54, Deleted: true, Lifetime: 55, Expires: 56,
			Media: &mediaRecord{Voice: true, Width: 57, Height: 58, Duration: 59, Preview: []byte{60}},
		},
		"meta2.bin": &meta{
			Kind: Direct, Peer: member, Threads: [][32]byte{}, Members: []governance.MemberID{}, Timer: 61, Erased: 62,
			Admins: []governance.MemberID{member}, Muted: true,
		},
		"change2.bin":  &change{Kind: intendTimer, Members: []governance.MemberID{}, Packages: [][]byte{}, Seconds: 63, Admin: true},
		"ahead.bin":    &ahead{Arrived: 64, Content: content},
		"reaction.bin": &Reaction{Target: id, Emoji: "👍"},
		"edit.bin":     &Edit{Target: id, Text: "hello"},
		"delete.bin":   &Delete{Target: id},
		"reply.bin":    &Reply{Target: id},
		"lifetime.bin": &Lifetime{Seconds: 3600},
		"media.bin":    &Media{Flags: MediaVoice, Width: 65, Height: 66, Duration: 67, Preview: []byte{68}},
		"queued.bin":   &queued{Cursor: 25, Content: content},
		"change.bin":   &change{Kind: intendAdd, Members: []governance.MemberID{member}, Name: "g", Packages: [][]byte{{26}}, Proposed: 27},
		"line.bin": &line{
			Epoch: 28, Lane: 29, Secret: [64]byte{30}, Created: true, Position: 31, Status: inside, Generation: 32, Heal: true,
			LastCommit: 33, OwnMessages: 34, Truncated: 35, Leaving: []uint32{36}, Acks: []ack{{37, 38, 39, 40}}, Past: []pastChannel{{Epoch: 41, End: 42}},
		},
		"outgoing.bin": &outgoing{Parcel: parcel, Queue: []string{"q"}, Messages: []Cursor{43}, Proposal: true},
		"pending.bin":  &pendingCommit{Parcel: parcel, State: []byte{44}},
		"upload.bin": &upload{
			Cursor: 45, Message: id, Content: content, Caption: "c", Reference: "r",
			State: attachment.Upload{Key: secret.New(make([]byte, 32)), Size: 46, Class: link.Month},
		},
		"upload2.bin": &upload{
			Cursor: 69, Message: id, Content: content, State: attachment.Upload{Key: secret.New(make([]byte, 32)), Size: 70, Class: link.Month},
			Phase: paused,
		},
		"syncread.bin":     &Sync{About: aboutRead, Conversation: ID{71}, Messages: []MessageID{id}},
		"syncnote.bin":     &Sync{About: aboutNote, Key: "k", Value: []byte{72}},
		"syncremoved.bin":  &Sync{About: aboutRemoved, Conversation: ID{73}, Messages: []MessageID{id}},
		"historybegin.bin": &historyItem{Number: 1, Part: partBegin, Count: 74},
		"historyconversation.bin": &historyItem{
			Number: 2, Part: partConversation, ID: ID{75},
			Meta: meta{Kind: Group, Name: "g", Members: []governance.MemberID{member}, Outside: true},
		},
		"historymessages.bin": &historyItem{Number: 3, Part: partMessages, ID: ID{76}, Messages: []past{{Read: true, Record: []byte{77}}}},
		"historynotes.bin":    &historyItem{Number: 4, Part: partNotes, Value: []byte{78}},
		"historyend.bin":      &historyItem{Number: 5, Part: partEnd},
		"historyout.bin": &historyOut{
			Secret: [64]byte{79}, Begun: 80, Number: 81, Sent: 82, Total: 83, Done: []ID{{84}}, Now: ID{85}, Next: 86, Notes: true, Parcel: &parcel,
		},
		"historyin.bin": &historyIn{Secret: [64]byte{87}, Position: 88, Number: 89, Done: 90, Total: 91},
		"inbox.bin":     &inboxState{Created: true, Position: 47},
		"pool.bin":      &poolState{Created: true, LastResort: 49, Filled: 48},
	}
}

// A Channel is what one epoch of a group left on a relay, and what opens it.
type Channel struct {
	ID     link.ID
	Secret [64]byte
}

// Channel returns the channel that a conversation is in.
func (e *Engine) Channel(ctx context.Context, id ID) (Channel, error) {
	m, _, err := loadMeta(e.view(ctx), id)
	if err != nil {
		return Channel{}, err
	}
	key, err := e.speaker(e.view(ctx), id, m)
	if err != nil {
		return Channel{}, err
	}
	t, err := e.loadThread(ctx, id, key.thread)
	if err != nil {
		return Channel{}, err
	}
	return Channel{t.channel.ID(), t.line.Secret}, nil
}

// OpenAll tries to open cells with everything that the vault holds now, as a thief of
// it would, and returns how many items open down to their plaintext.
func (e *Engine) OpenAll(ctx context.Context, id ID, c Channel, cells [][]byte) (opened int, err error) {
	m, _, err := loadMeta(e.view(ctx), id)
	if err != nil {
		return 0, err
	}
	s := secret.Copy(c.Secret[:])
	channel, err := delivery.NewChannel(s, nil)
	if err != nil {
		return 0, err
	}
	asm := channel.Assembler()
	for i, cell := range cells {
		item, err := asm.Add(uint64(i), cell)
		if err != nil || item == nil {
			continue
		}
		data, _ := item.Inline()
		for _, group := range m.Threads {
			t, err := e.loadThread(ctx, id, group) // as stolen, each time
			if err != nil {
				return opened, err
			}
			if r, err := t.group.Receive(data); err == nil {
				if _, ok := r.(*mls.Application); ok {
					opened++
				}
			}
			t.wipe()
		}
	}
	return opened, nil
}

// Stopped reports whether a hook has stopped the engine.
func (e *Engine) Stopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.crashed != nil
}

// Say queues any content, as a device that keeps no rules would.
func (e *Engine) Say(ctx context.Context, id ID, kind ContentKind, value syntax.Value, x ...Extension) (MessageID, error) {
	body, err := syntax.Marshal(value)
	if err != nil {
		return MessageID{}, err
	}
	return e.SayRaw(ctx, id, kind, body, x...)
}

// SayRaw is Say for a body that no codec would write.
func (e *Engine) SayRaw(ctx context.Context, id ID, kind ContentKind, body []byte, x ...Extension) (MessageID, error) {
	c := e.newContent(kind, body)
	c.Extensions = append(c.Extensions, x...)
	return messageID(e.Self.Member, c.Nonce), e.SayContent(ctx, id, c)
}

// SayContent queues a content as it is.
func (e *Engine) SayContent(ctx context.Context, id ID, c Content) error {
	return e.update(ctx, "say", func(tx *vault.Tx, n *notes) error {
		m, _, err := loadMeta(tx, id)
		if err != nil {
			return err
		}
		return e.queue(tx, n, id, m, &queued{Content: c})
	})
}

// MessageIDOf returns the identifier that a content has as a message.
func MessageIDOf(sender governance.MemberID, c *Content) MessageID { return messageID(sender, c.Nonce) }

// Records returns how many records of a conversation have a prefix.
func (e *Engine) Records(ctx context.Context, id ID, prefix string) (int, error) {
	names, err := e.view(ctx).List(segment(id), vault.Range{Prefix: prefix})
	return len(names), err
}

// A Force is a commit that a hostile client makes, whatever the rule says.
type Force struct {
	Remove, Admins []governance.MemberID
	Name           string
}

// Force has the next commit of a group be one that the rule of rule.go may forbid.
// The engine must not be running.
func (e *Engine) Force(ctx context.Context, id ID, f Force) error {
	m, _, err := loadMeta(e.view(ctx), id)
	if err != nil {
		return err
	}
	key, err := e.speaker(e.view(ctx), id, m)
	if err != nil {
		return err
	}
	t, err := e.loadThread(ctx, id, key.thread)
	if err != nil {
		return err
	}
	o := mls.CommitOptions{SkipStored: true}
	for _, leaf := range t.group.Members() {
		if member, _, _ := parseCredential(leaf.Credential); slices.Contains(f.Remove, member) {
			o.Remove = append(o.Remove, leaf.Leaf)
		}
	}
	if len(f.Admins) > 0 || f.Name != "" {
		d, err := describe(t.group.Extensions())
		if err != nil {
			return err
		}
		for _, id := range f.Admins {
			d.setAdmin(id, true)
		}
		if f.Name != "" {
			d.Name = f.Name
		}
		extensions, err := d.extensions()
		if err != nil {
			return err
		}
		o.Extensions = &extensions
	}
	commit, err := t.group.Commit(o)
	if err != nil {
		return err
	}
	state, err := commit.Marshal()
	if err != nil {
		return err
	}
	parcel, err := t.channel.Pack(commit.Message(), channelClass)
	if err != nil {
		return err
	}
	return e.update(ctx, "force", func(tx *vault.Tx, _ *notes) error {
		t.pending = &pendingCommit{Parcel: *parcel, State: state}
		if err := t.saveRatchet(tx); err != nil {
			return err
		}
		return save(tx, segment(id), t.name("pending"), t.pending)
	})
}

// Lane returns in which channel of which epoch a conversation is.
func (e *Engine) Lane(ctx context.Context, id ID) (epoch uint64, lane uint32, err error) {
	m, _, err := loadMeta(e.view(ctx), id)
	if err != nil {
		return 0, 0, err
	}
	key, err := e.speaker(e.view(ctx), id, m)
	if err != nil {
		return 0, 0, err
	}
	var l line
	_, err = load(e.view(ctx), segment(id), threadName(key.thread, "line"), &l)
	return l.Epoch, l.Lane, err
}

// HeardRemoved does what a sibling says that took messages out of its history.
func (e *Engine) HeardRemoved(ctx context.Context, id ID, removed ...MessageID) error {
	return e.update(ctx, "removed", func(tx *vault.Tx, n *notes) error { return e.heardRemoved(tx, n, id, removed) })
}
