package conversation

import (
	"cmp"
	"slices"
	"strings"

	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/syntax"
)

// Contents that are ahead of their message. A reaction, an edit or a deletion can
// come before the message that it is for: another device of its sender sent that,
// or it came in another thread. It waits in the vault under
//
//	a/ SENDER[32] TARGET[16] KIND[1]
//
// and takes effect when its message arrives. Often that never happens: the
// message was sent before this member came. So only the newest few of each member
// are kept; whoever sends many for nothing loses only its own.

const aheadPrefix = "a/"

// The bounds of what is kept ahead in one conversation.
const (
	maxAheadOfOne = 16
	maxAhead      = 512
)

// An ahead is a content that waits for the message that it is about.
type ahead struct {
	Arrived uint64 // in the order of arrival: a number of the conversation
	Content Content
}

// Code implements [syntax.Value].
func (x *ahead) Code(c *syntax.Codec) {
	codeVersion(c)
	c.Uint64(&x.Arrived)
	x.Content.Code(c)
}

func aheadName(from governance.MemberID, target MessageID, kind ContentKind) string {
	return aheadPrefix + string(from[:]) + string(target[:]) + string([]byte{byte(kind)})
}

// keepAhead keeps a content until the message that it is about arrives.
func (e *Engine) keepAhead(s *said, id ID, target MessageID) error {
	seg, name := segment(id), aheadName(s.from, target, s.Kind)
	var before ahead
	switch ok, err := load(s.tx, seg, name, &before); {
	case err != nil:
		return err
	case ok && before.Content.Sent > s.Sent:
		return nil
	case !ok:
		if room, err := e.aheadRoom(s.tx, id, s.from); err != nil || !room {
			return err
		}
	}
	if err := save(s.tx, seg, name, &ahead{Arrived: s.m.number(), Content: *s.Content}); err != nil {
		return err
	}
	if lifetime := s.lifetime(); lifetime > 0 { // nobody reads it: its time runs from now on
		expires := millis(e.Clock()) + uint64(lifetime)*1000
		if err := s.tx.Put(seg, expiryName(expires, lifetime, name), []byte{}); err != nil {
			return err
		}
		s.n.kick(workerKey{kind: expiryWorker})
	}
	return s.m.save(s.tx, id)
}

// aheadRoom makes room for one more content of a member, if need be by dropping
// the oldest of the same member.
func (e *Engine) aheadRoom(tx *vault.Tx, id ID, from governance.MemberID) (bool, error) {
	all, err := tx.List(segment(id), vault.Range{Prefix: aheadPrefix})
	if err != nil {
		return false, err
	}
	own := slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		return !strings.HasPrefix(name, aheadPrefix+string(from[:]))
	})
	if len(own) < maxAheadOfOne && len(all) < maxAhead {
		return true, nil
	}
	if len(own) == 0 {
		return false, nil
	}
	oldest, when := "", uint64(0)
	for _, name := range own {
		var x ahead
		if _, err := load(tx, segment(id), name, &x); err != nil {
			return false, err
		}
		if oldest == "" || x.Arrived < when {
			oldest, when = name, x.Arrived
		}
	}
	return true, tx.Delete(segment(id), oldest)
}

// arrivedLate gives the contents that waited for a message their effect.
func (w *threadWork) arrivedLate(s *said) error {
	seg := segment(w.conversation)
	names, err := s.tx.List(seg, vault.Range{Prefix: aheadPrefix})
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a[len(a)-1], b[len(b)-1]) })
	for _, name := range names {
		from, target, ok := parseAhead(name)
		if !ok || target != s.id {
			continue
		}
		var x ahead
		if _, err := load(s.tx, seg, name, &x); err != nil {
			return err
		}
		if err := s.tx.Delete(seg, name); err != nil {
			return err
		}
		if _, err := w.content(s.tx, s.n, s.m, from, &x.Content); err != nil {
			return err
		}
	}
	return nil
}

func parseAhead(name string) (from governance.MemberID, target MessageID, ok bool) {
	name = strings.TrimPrefix(name, aheadPrefix)
	if len(name) != len(from)+len(target)+1 {
		return from, target, false
	}
	copy(from[:], name)
	copy(target[:], name[len(from):])
	return from, target, true
}
