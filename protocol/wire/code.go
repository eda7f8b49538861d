package wire

import (
	"fmt"

	"bulle/protocol/syntax"
)

// A Code is why a relay refused something. Codes are stable: a number never
// changes its meaning. A code is an error, so that callers can write
// errors.Is(err, wire.NotFound).
type Code uint16 //nolint:errname // it is a number of the protocol first

// Codes that end the connection: the client broke the protocol, or the relay
// will not go on. Everything else leaves the circuit as it was.
//
//nolint:errname // codes have the names of docs/protocol.md
const (
	Malformed    Code = 1 // not the one encoding of a message
	TooLarge     Code = 2 // a frame or a field above its limit
	UnknownKind  Code = 3 // a kind that does not exist or that a client may not send
	OutOfState   Code = 4 // before Open, a second Open, a number that does not rise, credit for nothing
	Unauthorised Code = 5 // the proof opens nothing
	TooMany      Code = 6 // above a limit of count: messages in a frame, requests in flight, subscriptions
	Silent       Code = 7 // nothing was heard for MaxSilence, or the client does not read
	Draining     Code = 8 // the relay shuts down: connect again, later or elsewhere
	Closed       Code = 9 // the relay closed this circuit: its right to be open ended
	Internal     Code = 10
)

// Codes that answer one request.
//
//nolint:errname // codes have the names of docs/protocol.md
const (
	NotFound          Code = 32 // no such object, or not for this category, or not with this cap: never said which
	Exists            Code = 33 // an object of this name with other parameters
	Sealed            Code = 34 // the channel takes no more cells; Seq is its next sequence number
	OverQuota         Code = 35 // the category has used what it may
	StorageFull       Code = 36 // the relay has no space for this now
	Truncated         Code = 37 // cells asked for are gone; Seq is the first one there is
	Rate              Code = 38 // too fast: later
	Ahead             Code = 39 // a position after the end of the channel or the log; Seq is that end
	Busy              Code = 40 // the relay could not carry it out in time; it may or may not have happened
	Stale             Code = 48 // the log has grown: fetch, and submit on its new head
	Refused           Code = 49 // a statement breaks a rule of the log
	InvitationUsed    Code = 50
	InvitationExpired Code = 51
	Claimed           Code = 52 // the relay has its founder already
)

// Fatal reports whether the connection ends after this code.
func (c Code) Fatal() bool { return c < NotFound }

// Error returns the code's stable name.
func (c Code) Error() string {
	if name, ok := c.name(); ok {
		return name
	}
	return fmt.Sprintf("code %d", uint16(c))
}

// Codes returns every code that exists, in order.
func Codes() []Code {
	var all []Code
	for c := range Code(64) {
		if _, ok := c.name(); ok {
			all = append(all, c)
		}
	}
	return all
}

func (c Code) name() (string, bool) {
	names := [...]string{
		Malformed: "malformed", TooLarge: "too large", UnknownKind: "unknown kind", OutOfState: "out of state",
		Unauthorised: "unauthorised", TooMany: "too many", Silent: "silent", Draining: "draining",
		Closed: "closed", Internal: "internal", NotFound: "not found", Exists: "exists", Sealed: "sealed",
		OverQuota: "over quota", StorageFull: "storage full", Truncated: "truncated", Rate: "rate", Ahead: "ahead",
		Busy: "busy", Stale: "stale", Refused: "refused", InvitationUsed: "invitation used",
		InvitationExpired: "invitation expired", Claimed: "claimed",
	}
	if int(c) >= len(names) || names[c] == "" {
		return "", false
	}
	return names[c], true
}

// A Refusal is the reply of kind ERROR. With request 0 it is about the connection
// as a whole. As an error it wraps its code.
//
//	struct {
//	    uint16 code;
//	    uint64 seq;      0 unless the code says what it means
//	} Refusal;
type Refusal struct { //nolint:errname // it is a message of the protocol first
	Reason Code
	Seq    uint64
}

// Kind is KindError.
func (*Refusal) Kind() Kind { return KindError }

// Code codes the fields in the order of the layout. Codes that this version does
// not know are read as they are.
func (r *Refusal) Code(c *syntax.Codec) {
	syntax.Enum16(c, &r.Reason)
	c.Uint64(&r.Seq)
}

// Error returns the name of the code.
func (r *Refusal) Error() string { return r.Reason.Error() }

// Unwrap returns the code.
func (r *Refusal) Unwrap() error { return r.Reason }
