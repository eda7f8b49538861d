package conversation

import "bulle/protocol/syntax"

// A note is what one device puts into the inbox of another, sealed for it alone
// (docs/conversations.md, "Inbox"). Who wrote it is not known before its content
// proves it: a Welcome is signed by a member whose key the governance log has.
//
//	struct {
//	    uint8 version = 1;
//	    uint8 kind;              // 1 welcome
//	    opaque welcome<V>;       // MLSMessage
//	    opaque tree<V>;          // ratchet_tree of the group, RFC 9420 section 12.4.3.3
//	} Note;
type note struct {
	Kind    noteKind
	Welcome []byte
	Tree    []byte
}

type noteKind uint8

const noteWelcome noteKind = 1

// Code implements [syntax.Value].
func (n *note) Code(c *syntax.Codec) {
	codeVersion(c)
	syntax.Enum8(c, &n.Kind)
	if c.Err() == nil && n.Kind != noteWelcome {
		c.Fail("a note of kind %d", n.Kind)
	}
	c.Opaque(&n.Welcome)
	c.Opaque(&n.Tree)
}
