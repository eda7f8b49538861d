package conversation

import (
	"bulle/device/client/attachment"
	"bulle/protocol/syntax"
)

// File is the body of [KindFile]: what was written with it, and how to get it.
type File struct {
	Caption  string
	Manifest attachment.Manifest
}

// Code implements [syntax.Value].
func (f *File) Code(c *syntax.Codec) {
	codeText(c, &f.Caption)
	f.Manifest.Code(c)
}

// heardFile writes a file of a member into the history.
func (w *threadWork) heardFile(s *said) (*MessageID, error) {
	var f File
	if !decodes(s.Body, &f) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	defer f.Manifest.Wipe()
	rec := w.heardRecord(s, MessageFile)
	rec.Text = f.Caption
	var err error
	if rec.File, err = fileOf(&f.Manifest); err != nil {
		return nil, err
	}
	rec.Media = s.media()
	return w.enterHistory(s, rec)
}

// fileOf keeps the manifest as the history needs it.
func fileOf(m *attachment.Manifest) (*fileRecord, error) {
	encoded, err := syntax.Marshal(m)
	if err != nil {
		return nil, err
	}
	return &fileRecord{Name: m.Name, MediaType: m.Type, Size: m.Size, Hash: m.Hash, Manifest: encoded}, nil
}

// A mediaRecord is what is known of a picture, film or voice note before its
// file is fetched.
type mediaRecord struct {
	Voice         bool
	Width, Height uint32 // pixels; 0: unknown
	Duration      uint32 // milliseconds
	Preview       []byte // a small picture, or the waveform of a voice note
}

// WaveformSize is how many levels of its sound a voice note shows.
const WaveformSize = 64

// maxPreviewSide bounds the pictures that are shown without being asked for.
const maxPreviewSide = 1024

// sound drops a preview that is none: it is shown unasked, so that only a small picture
// of a known format counts, or the levels of a voice note.
func (m *mediaRecord) sound() *mediaRecord {
	p := attachment.ReadPicture(m.Preview)
	picture := p.Type != "" && p.Type != "image/gif" && max(p.Width, p.Height) <= maxPreviewSide
	if m.Voice != (len(m.Preview) == WaveformSize) || !m.Voice && !picture {
		m.Preview = []byte{}
	}
	return m
}

// Code implements [syntax.Value].
func (m *mediaRecord) Code(c *syntax.Codec) {
	c.Bool(&m.Voice)
	c.Uint32(&m.Width)
	c.Uint32(&m.Height)
	c.Uint32(&m.Duration)
	c.Opaque(&m.Preview)
}
