package attachment_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"bulle/device/client/attachment"
)

// The smallest pictures of each kind of WebP, of 3 by 2 pixels: lossy, lossless, with
// alpha.
const (
	lossy    = "UklGRjgAAABXRUJQVlA4ICwAAACQAQCdASoDAAIAAsBMJaACdLoAA5gA/u5DH+5sc4twV/9tD/9aH/60P+lAAA=="
	lossless = "UklGRhwAAABXRUJQVlA4TA8AAAAvAkAAAAcQ/Y/+ByKi/wEA"
	extended = "UklGRloAAABXRUJQVlA4WAoAAAAQAAAAAgAAAQAAQUxQSAcAAAAAgICAgICAAFZQOCAsAAAAkAEAnQEqAwACAALATCWgAnS6AAOYAP7uQx/ubHOLcFf/bQ//Wh/+tD/pQAA="
)

func pictures(tb testing.TB) map[string][]byte {
	tb.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 3, 2), palette())
	out := map[string][]byte{}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		tb.Fatal(err)
	}
	out["image/png"] = bytes.Clone(b.Bytes())
	b.Reset()
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	out["image/jpeg"] = bytes.Clone(b.Bytes())
	b.Reset()
	if err := gif.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	out["image/gif"] = bytes.Clone(b.Bytes())
	for name, text := range map[string]string{"image/webp": lossy, "image/webp lossless": lossless, "image/webp extended": extended} {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			tb.Fatal(err)
		}
		out[name] = raw
	}
	return out
}

func TestPicturesAreKnownByTheirBytes(t *testing.T) {
	for name, b := range pictures(t) {
		got := attachment.ReadPicture(b)
		if got.Width != 3 || got.Height != 2 || got.Type != name[:len(got.Type)] || got.Type == "" {
			t.Errorf("%s: %+v", name, got)
		}
		for n := range 10 {
			if got := attachment.ReadPicture(b[:n]); got.Type != "" {
				t.Errorf("the first %d bytes of %s are taken for %+v", n, name, got)
			}
		}
	}
	exif := append([]byte("\xff\xd8\xff\xe1\x00\x0aExif\x00\x00MM"), pictures(t)["image/jpeg"][2:]...)
	if got := attachment.ReadPicture(exif); got.Type != "image/jpeg" || got.Width != 3 {
		t.Errorf("with a segment before: %+v", got)
	}
	for name, b := range map[string]string{
		"svg":      `<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>`,
		"text":     "a text that is longer than every header, so that nothing is out of range",
		"no sides": "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x00\x00\x00\x00\x00",
		"negative": "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xff\xff\xff\x00\x00\x00\x01",
		"loop":     "\xff\xd8\xff\xe0\x00\x00\xff\xe0\x00\x00\xff\xe0\x00\x00",
	} {
		if got := attachment.ReadPicture([]byte(b)); got.Type != "" {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
}

func FuzzReadPicture(f *testing.F) {
	for _, b := range pictures(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := attachment.ReadPicture(b)
		if (p.Type == "") != (p.Width == 0) || p.Width < 0 || p.Height < 0 {
			t.Errorf("%+v", p)
		}
		known, kind, err := image.DecodeConfig(bytes.NewReader(b))
		if err == nil && known.Width > 0 && known.Height > 0 && p.Type == "image/"+kind && (known.Width != p.Width || known.Height != p.Height) {
			t.Errorf("%s: %+v, and the library says %d by %d", kind, p, known.Width, known.Height)
		}
	})
}

func palette() color.Palette { return color.Palette{color.Black, color.White} }
