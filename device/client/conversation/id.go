package conversation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"bulle/protocol/governance"
)

// ID names a conversation, the same on every device of its members. That of a
// conversation of two follows from the two members; that of a group is the
// identifier of its MLS group.
type ID [32]byte

// MessageID names a message. It follows from its sender and a number that the
// sender drew at random, so nobody can send a message under another's identifier.
type MessageID [16]byte

// Cursor is a position in the history of one conversation, from 1 upwards. A message
// keeps its own, and no other gets it when it is gone: there may be gaps. Other
// devices number differently.
type Cursor uint64

// errID says that a text is not an identifier in hexadecimal.
var errID = errors.New("not an identifier in hexadecimal")

// String returns the identifier in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// String returns the identifier in hexadecimal.
func (id MessageID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what [ID.String] wrote.
func ParseID(s string) (id ID, err error) { return id, parseHex(id[:], s) }

// ParseMessageID reads what [MessageID.String] wrote.
func ParseMessageID(s string) (id MessageID, err error) { return id, parseHex(id[:], s) }

func parseHex(into []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(into) {
		return errID
	}
	copy(into, b)
	return nil
}

// DirectID returns the conversation of two members; their order does not matter.
func DirectID(a, b governance.MemberID) ID {
	if string(a[:]) > string(b[:]) {
		a, b = b, a
	}
	h := sha256.New()
	h.Write([]byte("bulle 1 direct conversation"))
	h.Write(a[:])
	h.Write(b[:])
	return ID(h.Sum(nil))
}

// messageID derives the identifier of the message that sender drew nonce for.
func messageID(sender governance.MemberID, nonce [16]byte) MessageID {
	h := sha256.New()
	h.Write([]byte("bulle 1 message"))
	h.Write(sender[:])
	h.Write(nonce[:])
	return MessageID(h.Sum(nil)[:16])
}

// key returns the cursor as the vault's names sort it.
func (c Cursor) key() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(c))
	return string(b[:])
}

func cursorOf(key string) Cursor {
	if len(key) != 8 {
		return 0
	}
	return Cursor(binary.BigEndian.Uint64([]byte(key)))
}
