package conversation

import (
	"slices"

	"bulle/protocol/syntax"
)

// Extensions of a content. They stand in the order of their types, each at most
// once. One that is malformed is as good as absent: what it adds to is still said.

// The extensions that this version knows.
const (
	extensionReply    uint16 = 1 // Reply, of texts and files
	extensionLifetime uint16 = 2 // Lifetime, of all but receipts
	extensionMedia    uint16 = 3 // Media, of files
)

// The bounds of a lifetime, in seconds. What another chose is brought within them.
const (
	MinLifetime = 5
	MaxLifetime = 52 * 7 * 24 * 3600
)

// MaxPreview is the size in bytes of the largest preview.
const MaxPreview = 12 << 10

// maxSide is the largest width or height that anybody may claim, in pixels.
const maxSide = 1 << 16

// Reply says which message a text or a file replies to: MessageID target. What
// that message says is looked up where it is shown, never copied: nobody can put
// words into the mouth of another.
type Reply struct{ Target MessageID }

// Code implements [syntax.Value].
func (r *Reply) Code(c *syntax.Codec) { c.Fixed(r.Target[:]) }

// Lifetime says how long a message may be kept once it was read: uint32 seconds.
type Lifetime struct{ Seconds uint32 }

// Code implements [syntax.Value].
func (l *Lifetime) Code(c *syntax.Codec) { c.Uint32(&l.Seconds) }

// MediaVoice marks a voice note among the flags of [Media].
const MediaVoice = 1

// Media is what can be shown of a file before it is fetched:
//
//	struct {
//	    uint8  flags;        // 1: a voice note; others are ignored
//	    uint32 width;        // pixels, at most 65,536; 0: unknown
//	    uint32 height;
//	    uint32 milliseconds; // how long it plays; 0: it does not
//	    opaque preview<V>;   // a small JPEG, WebP or PNG, or 64 bytes of waveform; at most 12 KiB
//	} Media;
type Media struct {
	Flags                   uint8
	Width, Height, Duration uint32
	Preview                 []byte
}

// Code implements [syntax.Value].
func (m *Media) Code(c *syntax.Codec) {
	c.Uint8(&m.Flags)
	c.Uint32(&m.Width)
	c.Uint32(&m.Height)
	c.Uint32(&m.Duration)
	c.Opaque(&m.Preview)
	if c.Err() == nil && (m.Width > maxSide || m.Height > maxSide || len(m.Preview) > MaxPreview) {
		c.Fail("a picture of %d by %d with %d bytes of preview", m.Width, m.Height, len(m.Preview))
	}
}

// extend puts an extension into its place, instead of one of its type.
func (m *Content) extend(kind uint16, value syntax.Value) error {
	data, err := syntax.Marshal(value)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(m.Extensions, func(x Extension) bool { return x.Type >= kind })
	if i < 0 {
		i = len(m.Extensions)
	} else if m.Extensions[i].Type == kind {
		m.Extensions = slices.Delete(m.Extensions, i, i+1)
	}
	m.Extensions = slices.Insert(m.Extensions, i, Extension{Type: kind, Data: data})
	return nil
}

// extension reads the extension of a type and reports whether it is there.
func (m *Content) extension(kind uint16, value syntax.Value) bool {
	i := slices.IndexFunc(m.Extensions, func(x Extension) bool { return x.Type == kind })
	return i >= 0 && decodes(m.Extensions[i].Data, value)
}

// size returns about how many bytes the content takes in an envelope.
func (m *Content) size() int {
	n := len(m.Body)
	for _, x := range m.Extensions {
		n += len(x.Data)
	}
	return n
}

// reply returns the message that a content replies to, zero if none.
func (m *Content) reply() MessageID {
	var r Reply
	if !m.extension(extensionReply, &r) {
		return MessageID{}
	}
	return r.Target
}

// lifetime returns how long a content may be kept once read, 0 for ever.
func (m *Content) lifetime() uint32 {
	var l Lifetime
	if !m.extension(extensionLifetime, &l) || l.Seconds == 0 {
		return 0
	}
	return min(max(l.Seconds, MinLifetime), MaxLifetime)
}

// media returns what is known of a file before it is fetched, nil if nothing.
func (m *Content) media() *mediaRecord {
	var x Media
	if !m.extension(extensionMedia, &x) {
		return nil
	}
	rec := &mediaRecord{
		Voice: x.Flags&MediaVoice != 0, Width: x.Width, Height: x.Height, Duration: x.Duration, Preview: x.Preview,
	}
	return rec.sound()
}
