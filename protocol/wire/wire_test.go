package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"bulle/protocol/syntax"
	"bulle/protocol/wire"
)

// fill returns size bytes that count from start.
func fill(start byte, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

func id(start byte) [32]byte { return [32]byte(fill(start, 32)) }

// samples has each kind once, APPEND once more for its optional field.
func samples() []wire.Body {
	control := wire.Cap(id(3))
	cell := wire.Cells(bytes.Repeat([]byte{0xc3}, wire.CellSize))
	head := wire.LogHead{Length: 9, Hash: id(1)}
	return []wire.Body{
		&wire.Open{Proof: []byte("proof")},
		&wire.Renew{Proof: []byte("again")},
		&wire.Ping{},
		&wire.Create{Channel: id(1), Read: id(2), Write: id(3), Control: id(4), Class: wire.Month},
		&wire.AppendCells{Channel: id(1), Write: id(2), Cells: cell},
		&wire.AppendCells{Channel: id(1), Write: id(2), Control: &control, Cells: cell},
		&wire.Subscribe{Channel: id(1), Read: id(2), From: 7, Credit: 64},
		&wire.Credit{Cells: 32},
		&wire.Unsubscribe{Subscription: 5},
		&wire.Truncate{Channel: id(1), Control: id(2), UpTo: 1 << 40},
		&wire.CreatePool{Pool: id(1), Put: id(2), Take: id(3), Class: wire.Hour},
		&wire.Put{Pool: id(1), Cap: id(2), Item: []byte("item"), LastResort: true},
		&wire.Take{Pool: id(1), Cap: id(2)},
		&wire.BlobPut{Blob: id(1), Read: id(2), Delete: id(3), Class: wire.Day, Data: []byte("data")},
		&wire.BlobGet{Blob: id(1), Cap: id(2)},
		&wire.BlobDelete{Blob: id(1), Cap: id(2)},
		&wire.Head{},
		&wire.Fetch{From: 3, Max: 200},
		&wire.Submit{Statements: [][]byte{[]byte("one"), []byte("two")}},
		&wire.Watch{},
		&wire.Done{},
		&wire.Refusal{Reason: wire.Sealed, Seq: 12},
		&wire.Appended{First: 11},
		&wire.Subscribed{First: 1, Next: 2, Sealed: true},
		&wire.Count{Items: 20},
		&wire.Item{Item: []byte("item")},
		&wire.Blob{Data: []byte("data")},
		&head,
		&wire.Statements{Statements: [][]byte{}},
		&wire.Hello{Version: wire.Version, Challenge: id(1)},
		&wire.CellsEvent{First: 8, Cells: cell},
		&wire.End{Next: 10},
		&wire.HeadEvent{LogHead: head},
	}
}

func encode(tb testing.TB, request uint32, body wire.Body) []byte {
	tb.Helper()
	frame, err := wire.Append(nil, wire.Message{Request: request, Body: body})
	if err != nil {
		tb.Fatal(err)
	}
	return frame
}

// one reads a frame of one message, whichever side sent it.
func one(frame []byte, from wire.Side) (wire.Message, error) {
	read := wire.Requests
	if from == wire.FromRelay {
		read = wire.Replies
	}
	for m, err := range read(frame) {
		return m, err
	}
	return wire.Message{}, errors.New("no message")
}

// TestGolden compares every kind with its bytes in testdata/frames.txt. A run of
// the same byte is written as byte*count there.
func TestGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	seen := map[wire.Kind]bool{}
	for _, body := range samples() {
		kind := body.Kind()
		seen[kind] = true
		frame := encode(t, 0x01020304, body)
		fmt.Fprintf(&got, "%s: %s\n", kind, shorten(frame))
		m, err := one(frame, kind.From())
		if err != nil || m.Request != 0x01020304 || !reflect.DeepEqual(m.Body, body) {
			t.Errorf("%s comes back as %+v, %v", kind, m, err)
		}
	}
	for _, kind := range wire.Kinds() {
		if !seen[kind] {
			t.Errorf("%s has no golden bytes", kind)
		}
	}
	if got.String() != string(golden) {
		t.Errorf("testdata/frames.txt should read:\n%s", got.String())
	}
}

func shorten(b []byte) string {
	run := strings.Repeat("c3", wire.CellSize)
	return strings.ReplaceAll(hex.EncodeToString(b), run, fmt.Sprintf("(c3*%d)", wire.CellSize))
}

// TestDecodersTakeOneEncoding cuts and lengthens every frame.
func TestDecodersTakeOneEncoding(t *testing.T) {
	for _, body := range samples() {
		from := body.Kind().From()
		frame := encode(t, 1, body)
		content, err := syntax.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		for n := range frame {
			if n > 200 && n < len(frame)-200 {
				continue
			}
			if _, err := one(frame[:n], from); !errors.Is(err, wire.Malformed) {
				t.Errorf("%s cut to %d bytes: got %v", body.Kind(), n, err)
			}
		}
		if err := syntax.Unmarshal(append(content, 0), body.Kind().New()); err == nil {
			t.Errorf("%s takes a trailing byte", body.Kind())
		}
	}
}

func TestSeveralMessagesInAFrame(t *testing.T) {
	var frame []byte
	for i := range uint32(wire.MaxMessages) {
		frame = append(frame, encode(t, i, &wire.Ping{})...)
	}
	n := uint32(0)
	for m, err := range wire.Requests(frame) {
		if err != nil || m.Request != n {
			t.Fatalf("message %d: %+v, %v", n, m, err)
		}
		n++
	}
	if n != wire.MaxMessages {
		t.Fatalf("read %d messages", n)
	}
	var last error
	for _, err := range wire.Requests(append(frame, encode(t, n, &wire.Ping{})...)) {
		last = err
	}
	if !errors.Is(last, wire.TooMany) {
		t.Errorf("one message more: got %v", last)
	}
}

func TestEachSideReadsTheOther(t *testing.T) {
	for _, body := range samples() {
		other := wire.FromClient + wire.FromRelay - body.Kind().From()
		m, err := one(encode(t, 7, body), other)
		if !errors.Is(err, wire.UnknownKind) || m.Request != 7 {
			t.Errorf("%s from the wrong side: got %+v, %v", body.Kind(), m, err)
		}
	}
	frame := encode(t, 7, &wire.Ping{})
	frame[1] = 0xff
	if _, err := one(frame, wire.FromClient); !errors.Is(err, wire.UnknownKind) {
		t.Errorf("kind 255: got %v", err)
	}
}

// TestLimits puts every limit of a field at its bound and one above.
func TestLimits(t *testing.T) {
	cells := func(n int) wire.Cells { return make(wire.Cells, n*wire.CellSize) }
	list := func(n, size int) [][]byte {
		all := make([][]byte, n)
		for i := range all {
			all[i] = make([]byte, size)
		}
		return all
	}
	tests := []struct {
		name    string
		at, out wire.Body
		want    wire.Code
	}{
		{"MaxProof", &wire.Open{Proof: make([]byte, wire.MaxProof)}, &wire.Open{Proof: make([]byte, wire.MaxProof+1)}, wire.TooLarge},
		{"MaxCells", &wire.AppendCells{Cells: cells(wire.MaxCells)}, &wire.AppendCells{Cells: cells(wire.MaxCells + 1)}, wire.TooLarge},
		{"no cells", &wire.AppendCells{Cells: cells(1)}, &wire.AppendCells{}, wire.Malformed},
		{"CellSize", &wire.AppendCells{Cells: cells(1)}, &wire.AppendCells{Cells: cells(2)[:wire.CellSize+1]}, wire.Malformed},
		{
			"MaxItem", &wire.Put{Item: make([]byte, wire.MaxItem)},
			&wire.Put{Item: make([]byte, wire.MaxItem+1)}, wire.TooLarge,
		},
		{"empty item", &wire.Put{Item: []byte{1}}, &wire.Put{}, wire.Malformed},
		{
			"MaxBlob", &wire.BlobPut{Class: wire.Day, Data: make([]byte, wire.MaxBlob)},
			&wire.BlobPut{Class: wire.Day, Data: make([]byte, wire.MaxBlob+1)}, wire.TooLarge,
		},
		{"empty blob", &wire.BlobPut{Class: wire.Day, Data: []byte{1}}, &wire.BlobPut{Class: wire.Day}, wire.Malformed},
		{"highest class", &wire.Create{Class: wire.Month}, &wire.Create{Class: wire.Month + 1}, wire.Malformed},
		{"lowest class", &wire.CreatePool{Class: wire.Hour}, &wire.CreatePool{}, wire.Malformed},
		{"MaxFetch", &wire.Fetch{Max: wire.MaxFetch}, &wire.Fetch{Max: wire.MaxFetch + 1}, wire.TooLarge},
		{"empty fetch", &wire.Fetch{Max: 1}, &wire.Fetch{}, wire.Malformed},
		{
			"MaxStatement", &wire.Submit{Statements: list(wire.MaxSubmit, wire.MaxStatement)},
			&wire.Submit{Statements: list(1, wire.MaxStatement+1)}, wire.TooLarge,
		},
		{"MaxSubmit", &wire.Submit{Statements: list(wire.MaxSubmit, 1)}, &wire.Submit{Statements: list(wire.MaxSubmit+1, 1)}, wire.TooLarge},
		{"empty submit", &wire.Submit{Statements: list(1, 1)}, &wire.Submit{}, wire.Malformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := one(encode(t, 1, test.at), wire.FromClient); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			frame := outside(t, test.out)
			if _, err := one(frame, wire.FromClient); !errors.Is(err, test.want) {
				t.Errorf("one over: got %v, want %v", err, test.want)
			}
		})
	}
}

// outside encodes a body that breaks a limit, which Append refuses to do, by
// hiding it from the checks: it writes the same fields without limits.
func outside(t *testing.T, body wire.Body) []byte {
	t.Helper()
	if _, err := wire.Append(nil, wire.Message{Body: body}); err == nil {
		t.Errorf("a %s outside its limits can be written", body.Kind())
	}
	frame, err := syntax.Marshal(&raw{body})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// raw is a request with the fields of a body but none of its limits.
type raw struct{ body wire.Body }

func (r *raw) Code(c *syntax.Codec) {
	c.Sized(func(c *syntax.Codec) {
		kind, request := r.body.Kind(), uint32(1)
		syntax.Enum8(c, &kind)
		c.Uint32(&request)
		switch b := r.body.(type) {
		case *wire.Open:
			c.Opaque(&b.Proof)
		case *wire.AppendCells:
			c.Fixed(b.Channel[:])
			c.Fixed(b.Write[:])
			seal := false
			c.Bool(&seal)
			c.Opaque((*[]byte)(&b.Cells))
		case *wire.Put:
			c.Fixed(b.Pool[:])
			c.Fixed(b.Cap[:])
			c.Opaque(&b.Item)
			c.Bool(&b.LastResort)
		case *wire.BlobPut:
			c.Fixed(make([]byte, 96))
			syntax.Enum8(c, &b.Class)
			c.Opaque(&b.Data)
		case *wire.Create:
			c.Fixed(make([]byte, 128))
			syntax.Enum8(c, &b.Class)
		case *wire.CreatePool:
			c.Fixed(make([]byte, 96))
			syntax.Enum8(c, &b.Class)
		case *wire.Fetch:
			c.Uint64(&b.From)
			c.Uint32(&b.Max)
		case *wire.Submit:
			syntax.Vector(c, &b.Statements, (*syntax.Codec).Opaque)
		default:
			panic(fmt.Sprintf("no layout for %s", r.body.Kind()))
		}
	})
}

func TestFrameLimit(t *testing.T) {
	frame := make([]byte, wire.MaxFrame+1)
	if _, err := one(frame, wire.FromClient); !errors.Is(err, wire.TooLarge) {
		t.Errorf("a frame one byte over: got %v", err)
	}
	if _, err := one(nil, wire.FromClient); !errors.Is(err, wire.Malformed) {
		t.Errorf("an empty frame: got %v", err)
	}
	largest := encode(t, 1, &wire.BlobPut{Class: wire.Day, Data: make([]byte, wire.MaxBlob)})
	if len(largest) > wire.MaxFrame {
		t.Errorf("the largest message has %d bytes", len(largest))
	}
}

func TestCellsAreViews(t *testing.T) {
	cells := wire.Join([][]byte{bytes.Repeat([]byte{1}, wire.CellSize), bytes.Repeat([]byte{2}, wire.CellSize)})
	frame := encode(t, 1, &wire.AppendCells{Cells: cells})
	m, err := one(frame, wire.FromClient)
	if err != nil {
		t.Fatal(err)
	}
	read := m.Body.(*wire.AppendCells).Cells
	if read.Count() != 2 || read.At(1)[0] != 2 || read.From(1).Count() != 1 {
		t.Fatalf("read %d cells", read.Count())
	}
	frame[len(frame)-1] = 9
	if read.At(1)[wire.CellSize-1] != 9 {
		t.Error("the cells were copied")
	}
}

func TestCapsStayOutOfTexts(t *testing.T) {
	c := wire.Cap(id(0x41))
	text := fmt.Sprintf("%v %+v %#v %s %x", c, &wire.Take{Cap: c}, c, c, c)
	if strings.Contains(text, "ABCD") || strings.Contains(text, "4142") {
		t.Errorf("a cap shows in %q", text)
	}
	if !c.Hash().Accepts(c) || c.Hash().Accepts(wire.Cap(id(1))) {
		t.Error("Accepts does not compare")
	}
}

func TestCodesAreStable(t *testing.T) {
	golden, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, code := range wire.Codes() {
		fmt.Fprintf(&got, "%d %s fatal=%t\n", uint16(code), code, code.Fatal())
	}
	if got.String() != string(golden) {
		t.Errorf("testdata/codes.txt should read:\n%s", got.String())
	}
	err = fmt.Errorf("append: %w", &wire.Refusal{Reason: wire.Sealed, Seq: 3})
	var refusal *wire.Refusal
	if !errors.Is(err, wire.Sealed) || !errors.As(err, &refusal) || refusal.Seq != 3 {
		t.Errorf("a refusal does not wrap its code: %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	for _, body := range samples() {
		f.Add(encode(f, 1, body))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, read := range []func([]byte) func(func(wire.Message, error) bool){
			func(b []byte) func(func(wire.Message, error) bool) { return wire.Requests(b) },
			func(b []byte) func(func(wire.Message, error) bool) { return wire.Replies(b) },
		} {
			var again []byte
			for m, err := range read(frame) {
				if err != nil {
					again = nil
					break
				}
				again, err = wire.Append(again, m)
				if err != nil {
					t.Fatalf("%x decodes but does not encode: %v", frame, err)
				}
			}
			if again != nil && !bytes.Equal(again, frame) {
				t.Fatalf("%x decodes, but encodes as %x", frame, again)
			}
		}
	})
}
