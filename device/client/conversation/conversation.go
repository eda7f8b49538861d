package conversation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"bulle/device/vault"
	"bulle/protocol/governance"
)

// What a caller can decide on.
var (
	ErrNoConversation = errors.New("there is no such conversation")
	ErrNotMember      = errors.New("this device is no longer in the conversation")
	ErrNotGroup       = errors.New("this conversation is not a group")
	ErrNotAdmin       = errors.New("only an administrator of the group may do this")
	ErrInside         = errors.New("they are in the group already")
	ErrNotInside      = errors.New("they are not in the group")
	ErrTooMany        = errors.New("a group has at most 256 devices")
	ErrTooLarge       = errors.New("this is too large to send")
	ErrNotEmoji       = errors.New("a reaction is one emoji")
	ErrNotEditable    = errors.New("this message cannot be changed: it is not yours, deleted, or too old")
	ErrTimer          = errors.New("a timer is between 5 seconds and 52 weeks")
)

// A Conversation as a list of conversations shows it.
type Conversation struct {
	ID       ID
	Kind     Kind
	Peer     governance.MemberID // of Direct
	Name     string              // of Group
	Members  []governance.MemberID
	Admins   []governance.MemberID // of Group: who manages it; nobody: everybody does
	Manages  bool                  // we may change it
	Muted    bool
	Active   bool // we are in it
	Unread   int
	Seen     Cursor // this member has read up to it
	Count    int
	Activity time.Time
	Pending  string // "", "creating", "changing", "leaving"
	Timer    int    // seconds that new messages live once they are read; 0: for ever
}

// Conversations returns all conversations, the newest activity first.
func (e *Engine) Conversations(ctx context.Context) ([]Conversation, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	var out []Conversation
	for _, name := range names {
		id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
		if err != nil || !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		c, err := e.Conversation(ctx, id)
		if errors.Is(err, ErrNoConversation) || id == e.own() {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Conversation) int { return b.Activity.Compare(a.Activity) })
	return out, nil
}

// Conversation returns one conversation.
func (e *Engine) Conversation(ctx context.Context, id ID) (Conversation, error) {
	v := e.view(ctx)
	m, ok, err := loadMeta(v, id)
	if err != nil {
		return Conversation{}, err
	}
	if !ok {
		return Conversation{}, ErrNoConversation
	}
	c := Conversation{
		ID: id, Kind: m.Kind, Peer: m.Peer, Name: m.Name, Members: m.Members, Active: !m.Outside,
		Timer:  int(m.Timer),
		Unread: int(m.Unread), Seen: m.ReadUpTo, Count: int(uint64(m.Last) - min(m.Erased, uint64(m.Last))), Activity: fromMillis(m.Activity), //nolint:gosec // G115: a count of records
	}
	c.Admins, c.Manages, c.Muted = m.Admins, !m.Outside && m.manages(e.Self.Member), m.Muted
	c.Pending, err = pending(v, id, m)
	return c, err
}

// pending says what of a conversation waits for the relay.
func pending(r reader, id ID, m *meta) (string, error) {
	if m.Leaving {
		return "leaving", nil
	}
	names, err := r.List(segment(id), vault.Range{Prefix: changePrefix, Limit: 1})
	if err != nil || len(names) == 0 {
		return "", ignoreMissing(err)
	}
	if len(m.Members) < 2 {
		return "creating", nil
	}
	return "changing", nil
}

func (m *meta) has(group [32]byte) bool { return slices.Contains(m.Threads, group) }

// ensureConversation returns what is kept of a conversation, and makes its segment
// if it is new.
func (e *Engine) ensureConversation(tx *vault.Tx, id ID, fresh *meta) (*meta, error) {
	m, ok, err := loadMeta(tx, id)
	if err != nil || ok {
		return m, err
	}
	if err := tx.NewSegment(segment(id)); err != nil {
		return nil, err
	}
	fresh.Activity = millis(e.Clock())
	return fresh, fresh.save(tx, id)
}

// allThreads returns the workers that Run starts.
func (e *Engine) allThreads(ctx context.Context) ([]workerKey, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	var out []workerKey
	for _, name := range names {
		id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
		if err != nil || !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		m, ok, err := loadMeta(e.view(ctx), id)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, group := range m.Threads {
			out = append(out, workerKey{kind: threadWorker, id: id, thread: group})
		}
	}
	return out, nil
}

// Waiting returns how many messages wait in the vault to be relayed.
func (e *Engine) Waiting(ctx context.Context) (int, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, seg := range names {
		if !strings.HasPrefix(seg, segmentPrefix) {
			continue
		}
		for _, prefix := range []string{queuePrefix, uploadPrefix} {
			waiting, err := e.view(ctx).List(seg, vault.Range{Prefix: prefix})
			if err != nil {
				return 0, err
			}
			count += len(waiting)
		}
	}
	return count, nil
}

// Unsent returns, of some own messages, those that are not on the relay, with the
// state they are in.
func (e *Engine) Unsent(ctx context.Context, ids []MessageID) (map[MessageID]State, error) {
	names, err := e.vault.Segments(ctx)
	if err != nil {
		return nil, err
	}
	out := map[MessageID]State{}
	for _, wanted := range ids {
		out[wanted] = Failed // until it is found
		for _, name := range names {
			id, err := ParseID(strings.TrimPrefix(name, segmentPrefix))
			if err != nil || !strings.HasPrefix(name, segmentPrefix) {
				continue
			}
			m, err := e.Message(ctx, id, wanted)
			if errors.Is(err, ErrNoMessage) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out[wanted] = m.State
			if m.State != Queued && m.State != Failed {
				delete(out, wanted)
			}
			break
		}
	}
	return out, nil
}
