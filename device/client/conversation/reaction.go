package conversation

import (
	"context"
	"slices"

	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// A Reaction answers a message with one emoji; an empty one takes it back. A
// member has one on each message, the newest by the clock of the member who sent
// it:
//
//	struct {
//	    MessageID target;
//	    opaque    emoji<V>;  // UTF-8, 1 to 32 bytes, one emoji; or empty
//	} Reaction;
type Reaction struct {
	Target MessageID
	Emoji  string
}

// Code implements [syntax.Value].
func (r *Reaction) Code(c *syntax.Codec) {
	c.Fixed(r.Target[:])
	c.String(&r.Emoji)
	if c.Err() == nil && r.Emoji != "" && !IsEmoji(r.Emoji) {
		c.Fail("a reaction of %d bytes that is not one emoji", len(r.Emoji))
	}
}

// heardReaction puts the reaction of a member on the message that it is for.
func (w *threadWork) heardReaction(s *said) (*MessageID, error) {
	var r Reaction
	if !decodes(s.Body, &r) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	return nil, w.amend(s, r.Target, func(rec *record) bool { return rec.react(s.from, r.Emoji, s.Sent) })
}

// React answers a message with an emoji, instead of the one before; an empty one
// takes it back.
func (e *Engine) React(ctx context.Context, id ID, message MessageID, emoji string) error {
	if emoji != "" && !IsEmoji(emoji) {
		return ErrNotEmoji
	}
	return e.about(ctx, "react", id, message, func(a *amendment) error {
		if a.rec.State == Failed {
			return ErrNoMessage // the others do not have it
		}
		sent := millis(e.Clock())
		if i := slices.IndexFunc(a.rec.Reactions, func(x reaction) bool { return x.Member == e.Self.Member }); i >= 0 {
			if a.rec.Reactions[i].Emoji == emoji {
				return nil
			}
			sent = max(sent, a.rec.Reactions[i].Sent+1)
		} else if emoji == "" {
			return nil
		}
		if !a.rec.react(e.Self.Member, emoji, sent) {
			return ErrNoMessage
		}
		return e.send(a, KindReaction, sent, &Reaction{Target: message, Emoji: emoji})
	})
}

// react notes what a member answers a message with and reports whether that
// changes it.
func (r *record) react(member governance.MemberID, emoji string, sent uint64) bool {
	next := reaction{Member: member, Emoji: emoji, Sent: sent}
	i := slices.IndexFunc(r.Reactions, func(x reaction) bool { return x.Member == member })
	switch {
	case r.Deleted || r.Kind == MessageChange:
		return false
	case i < 0:
		if len(r.Reactions) >= maxLeaves {
			return false
		}
		r.Reactions = append(r.Reactions, next)
	case sent < r.Reactions[i].Sent || r.Reactions[i] == next:
		return false
	default:
		r.Reactions[i] = next
	}
	return true
}

// A reaction is what one member answered a message with. An empty emoji was taken
// back; it stays so that an older one that arrives later does not come back.
type reaction struct {
	Member governance.MemberID
	Emoji  string
	Sent   uint64 // Unix milliseconds, that member's clock
}

// Code implements [syntax.Value].
func (r *reaction) Code(c *syntax.Codec) {
	c.Fixed(r.Member[:])
	c.String(&r.Emoji)
	c.Uint64(&r.Sent)
}
