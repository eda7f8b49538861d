package wire

import "fmt"

// A Kind says what a message is. The upper half of the byte groups them; a kind
// never changes its meaning or its layout.
type Kind uint8

// What a client sends. All but [KindCredit] get exactly one reply.
const (
	KindOpen        Kind = 0x01 // Done; on a governance connection too
	KindRenew       Kind = 0x02 // Done
	KindPing        Kind = 0x03 // Done; on a governance connection too
	KindCreate      Kind = 0x10 // Done
	KindAppend      Kind = 0x11 // Appended
	KindSubscribe   Kind = 0x12 // Subscribed, then events
	KindCredit      Kind = 0x13 // no reply
	KindUnsubscribe Kind = 0x14 // Done
	KindTruncate    Kind = 0x15 // Done
	KindCreatePool  Kind = 0x20 // Done
	KindPut         Kind = 0x21 // Count
	KindTake        Kind = 0x22 // Item
	KindBlobPut     Kind = 0x30 // Done
	KindBlobGet     Kind = 0x31 // Blob
	KindBlobDelete  Kind = 0x32 // Done
	KindHead        Kind = 0x38 // LogHead; only on a governance connection, as the next three
	KindFetch       Kind = 0x39 // Statements
	KindSubmit      Kind = 0x3a // LogHead
	KindWatch       Kind = 0x3b // LogHead, then events
)

// What a relay sends in reply.
const (
	KindDone       Kind = 0x40
	KindError      Kind = 0x41
	KindAppended   Kind = 0x42
	KindSubscribed Kind = 0x43
	KindCount      Kind = 0x44
	KindItem       Kind = 0x45
	KindBlob       Kind = 0x46
	KindLogHead    Kind = 0x47
	KindStatements Kind = 0x48
)

// What a relay sends by itself.
const (
	KindHello     Kind = 0x80
	KindCells     Kind = 0x81
	KindEnd       Kind = 0x82
	KindHeadEvent Kind = 0x83
)

// A Side is who may send a kind.
type Side uint8

// The two sides of a connection.
const (
	FromClient Side = iota + 1
	FromRelay
)

type entry struct {
	name string
	from Side
	make func() Body
}

// entry finds the row of the table of kinds.
func (k Kind) entry() (entry, bool) {
	rows := [...]entry{
		KindOpen:        {"OPEN", FromClient, func() Body { return new(Open) }},
		KindRenew:       {"RENEW", FromClient, func() Body { return new(Renew) }},
		KindPing:        {"PING", FromClient, func() Body { return new(Ping) }},
		KindCreate:      {"CREATE", FromClient, func() Body { return new(Create) }},
		KindAppend:      {"APPEND", FromClient, func() Body { return new(AppendCells) }},
		KindSubscribe:   {"SUBSCRIBE", FromClient, func() Body { return new(Subscribe) }},
		KindCredit:      {"CREDIT", FromClient, func() Body { return new(Credit) }},
		KindUnsubscribe: {"UNSUBSCRIBE", FromClient, func() Body { return new(Unsubscribe) }},
		KindTruncate:    {"TRUNCATE", FromClient, func() Body { return new(Truncate) }},
		KindCreatePool:  {"CREATE POOL", FromClient, func() Body { return new(CreatePool) }},
		KindPut:         {"PUT", FromClient, func() Body { return new(Put) }},
		KindTake:        {"TAKE", FromClient, func() Body { return new(Take) }},
		KindBlobPut:     {"BLOB PUT", FromClient, func() Body { return new(BlobPut) }},
		KindBlobGet:     {"BLOB GET", FromClient, func() Body { return new(BlobGet) }},
		KindBlobDelete:  {"BLOB DELETE", FromClient, func() Body { return new(BlobDelete) }},
		KindHead:        {"HEAD", FromClient, func() Body { return new(Head) }},
		KindFetch:       {"FETCH", FromClient, func() Body { return new(Fetch) }},
		KindSubmit:      {"SUBMIT", FromClient, func() Body { return new(Submit) }},
		KindWatch:       {"WATCH", FromClient, func() Body { return new(Watch) }},
		KindDone:        {"DONE", FromRelay, func() Body { return new(Done) }},
		KindError:       {"ERROR", FromRelay, func() Body { return new(Refusal) }},
		KindAppended:    {"APPENDED", FromRelay, func() Body { return new(Appended) }},
		KindSubscribed:  {"SUBSCRIBED", FromRelay, func() Body { return new(Subscribed) }},
		KindCount:       {"COUNT", FromRelay, func() Body { return new(Count) }},
		KindItem:        {"ITEM", FromRelay, func() Body { return new(Item) }},
		KindBlob:        {"BLOB", FromRelay, func() Body { return new(Blob) }},
		KindLogHead:     {"LOG HEAD", FromRelay, func() Body { return new(LogHead) }},
		KindStatements:  {"STATEMENTS", FromRelay, func() Body { return new(Statements) }},
		KindHello:       {"HELLO", FromRelay, func() Body { return new(Hello) }},
		KindCells:       {"CELLS", FromRelay, func() Body { return new(CellsEvent) }},
		KindEnd:         {"END", FromRelay, func() Body { return new(End) }},
		KindHeadEvent:   {"HEAD EVENT", FromRelay, func() Body { return new(HeadEvent) }},
	}
	if int(k) >= len(rows) || rows[k].make == nil {
		return entry{}, false
	}
	return rows[k], true
}

// Kinds returns every kind that exists, in order.
func Kinds() []Kind {
	var all []Kind
	for k := range 256 {
		if _, ok := Kind(k).entry(); ok {
			all = append(all, Kind(k))
		}
	}
	return all
}

// New returns an empty body of the kind, nil if there is no such kind.
func (k Kind) New() Body {
	if e, ok := k.entry(); ok {
		return e.make()
	}
	return nil
}

// From returns the side that may send the kind, 0 if there is no such kind.
func (k Kind) From() Side {
	e, _ := k.entry()
	return e.from
}

// String returns the name of the kind as docs/protocol.md writes it.
func (k Kind) String() string {
	if e, ok := k.entry(); ok {
		return e.name
	}
	return fmt.Sprintf("kind %#02x", uint8(k))
}
