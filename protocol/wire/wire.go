// Package wire is the language of a relay: what travels on a circuit and on a
// governance connection, byte for byte, with its limits and its error codes.
// docs/protocol.md tells the same for one who writes another client.
//
// Most callers need three functions: [Append] writes a message into a frame,
// [Requests] reads the messages that a client sent, [Replies] those that a relay
// sent.
//
//	client                                   relay
//	   |            <- Hello{challenge}        |    the relay speaks first
//	   |  Open{proof} ->                       |
//	   |                          <- Done      |    the circuit is open
//	   |  Append, Subscribe, Take ... ->       |    each has its own number,
//	   |            <- its reply or an Error   |    each gets exactly one reply
//	   |            <- Cells, Cells, End       |    events of a subscription
//	   |  Ping ->                 <- Done      |    at least once in MaxSilence
//
// A frame is one binary message of the transport (package over) and holds one or
// more wire messages, at most [MaxFrame] bytes:
//
//	struct { opaque message<V>; } ...          frame
//	struct {
//	    uint8  kind;
//	    uint32 request;
//	    select (kind) ... body;                message
//	}
//
// Everything is in the encoding of package syntax: lengths are in the shortest
// form, nothing is optional unless said, nothing may follow.
package wire

import (
	"errors"
	"iter"

	"bulle/protocol/syntax"
)

// Version is the version of the protocol that [Hello] announces.
const Version = 1

// A Message is one request, reply or event. Request is the number that the client
// gave to the request; a reply carries the number of its request and an event
// that of its subscription. It is 0 in what belongs to no request.
type Message struct {
	Request uint32
	Body    Body
}

// A Body is what a message says; its kind decides the layout.
type Body interface {
	syntax.Value
	Kind() Kind
}

// Append appends m to a frame and returns the extended frame. It fails only when
// a field of the body cannot be encoded, and never checks [MaxFrame]: the caller
// decides when a frame is full.
func Append(frame []byte, m Message) ([]byte, error) {
	return syntax.Append(frame, &m)
}

// Code writes the message as it stands in a frame; it is read by [Requests] and
// [Replies], which must know whose message it is.
func (m *Message) Code(c *syntax.Codec) {
	if c.Reading() {
		panic("wire: a message is read by Requests or Replies")
	}
	c.Sized(func(c *syntax.Codec) {
		kind := m.Body.Kind()
		syntax.Enum8(c, &kind)
		c.Uint32(&m.Request)
		m.Body.Code(c)
	})
}

// Requests yields the messages of a frame that a client sent. Cells and other
// large fields are views of the frame, which must not change while they are used.
// After an error, which is a *[Refusal] with a fatal code, nothing follows; the
// message beside the error holds the request number if that could be read.
func Requests(frame []byte) iter.Seq2[Message, error] {
	return messages(frame, FromClient)
}

// Replies is [Requests] for a frame that a relay sent.
func Replies(frame []byte) iter.Seq2[Message, error] {
	return messages(frame, FromRelay)
}

func messages(frame []byte, from Side) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if len(frame) > MaxFrame {
			yield(Message{}, &Refusal{Reason: TooLarge})
			return
		}
		if len(frame) == 0 {
			yield(Message{}, &Refusal{Reason: Malformed})
			return
		}
		for n := 0; len(frame) > 0; n++ {
			if n == MaxMessages {
				yield(Message{}, &Refusal{Reason: TooMany})
				return
			}
			var one envelope
			rest, err := syntax.UnmarshalPrefix(frame, &one)
			if err != nil {
				yield(Message{}, &Refusal{Reason: Malformed})
				return
			}
			m, err := one.open(from)
			if !yield(m, err) || err != nil {
				return
			}
			frame = rest
		}
	}
}

// An envelope is a message whose body was not read yet.
type envelope struct {
	kind    Kind
	request uint32
	body    []byte
}

func (e *envelope) Code(c *syntax.Codec) {
	c.Sized(func(c *syntax.Codec) {
		syntax.Enum8(c, &e.kind)
		c.Uint32(&e.request)
		c.RestView(&e.body)
	})
}

func (e *envelope) open(from Side) (Message, error) {
	m := Message{Request: e.request}
	k, ok := e.kind.entry()
	if !ok || k.from != from {
		return m, &Refusal{Reason: UnknownKind}
	}
	body := k.make()
	if err := syntax.Unmarshal(e.body, body); err != nil {
		code := Malformed
		if errors.Is(err, syntax.ErrTooLong) {
			code = TooLarge
		}
		return m, &Refusal{Reason: code}
	}
	m.Body = body
	return m, nil
}
